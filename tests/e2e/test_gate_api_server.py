"""The gate in Airflow's real API server: Airflow's logins, Airflow's rights, our answers."""

import json
import os
import ssl
import subprocess
import sys
from collections.abc import Iterator

import httpx
import jwt
import pytest

from fairness_audit.files import write_bytes
from tests.builders.gated import Gated
from tests.builders.gating_files import GATING
from tests.servers.api_server import ApiServer, a_certificate, api_server, free_port, wait_until
from tests.servers.gate_api import a_review, a_service

API = "/fairness/api/v1"
GATE = f"{API}/gate"


@pytest.fixture(scope="module")
def gated(tmp_path_factory: pytest.TempPathFactory) -> Gated:
    return Gated.made(tmp_path_factory.mktemp("gated") / "state")


@pytest.fixture(scope="module")
def server(gated: Gated, airflow_database: None) -> Iterator[ApiServer]:
    with api_server(gated.folder / "api-server", gated.variables) as started:
        yield started


def test_the_gate_answers_as_the_records_say(server: ApiServer, gated: Gated) -> None:
    ada = server.as_user("ada")
    told = {
        version: server.caller.get(f"{GATE}/lead_scoring/{version}", ada)
        for version in ("1", "2", "3", "99")
    }
    assert {version: reply.status for version, reply in told.items()} == {
        "1": 409,
        "2": 200,
        "3": 409,
        "99": 409,
    }
    allowed = told["2"].json
    assert (allowed["decision"], allowed["certain"]) == ("allow", True)
    digest = gated.registry.artifact_digest("lead_scoring", "2")
    assert allowed["artifactDigest"] == digest
    assert told["1"].json["reasons"][0].startswith("four_fifths: ")
    assert told["3"].json["reasons"] == [
        "there is no audit record of lead_scoring version 3; audit it first"
    ]
    assert told["99"].json["certain"] is True  # whether it is registered or not
    unknown = server.caller.get(f"{GATE}/lead_score/2", ada)
    assert (unknown.status, unknown.json["decision"]) == (404, "block")


def test_what_is_promoted_may_stay_or_may_not(server: ApiServer, gated: Gated) -> None:
    ada = server.as_user("ada")
    assert server.caller.get(f"{GATE}/lead_scoring", ada).status == 409  # nothing is promoted
    for version, status in (("1", 409), ("2", 200)):
        gated.registry.promote("lead_scoring", version, "champion")
        reply = server.caller.get(f"{GATE}/lead_scoring", ada)
        assert (reply.status, reply.json["modelVersion"]) == (status, version)
        assert reply.json["alias"] == "champion"


def test_a_ledger_that_is_away_is_no_yes(server: ApiServer, gated: Gated) -> None:
    ada, ledger = server.as_user("ada"), gated.folder / "ledger.db"
    away = ledger.rename(ledger.with_name("away.db"))
    try:
        reply = server.caller.get(f"{GATE}/lead_scoring/2", ada)
    finally:
        away.rename(ledger)
    assert (reply.status, reply.json["decision"], reply.json["certain"]) == (503, "block", False)
    assert reply.headers["retry-after"] == "30"
    assert server.caller.get(f"{GATE}/lead_scoring/2", ada).status == 200


@pytest.mark.parametrize("user", ["ada", "grace", "root"])
def test_every_role_that_reads_dags_may_ask(server: ApiServer, user: str) -> None:
    assert server.caller.get(f"{GATE}/lead_scoring/2", server.as_user(user)).status == 200


@pytest.mark.parametrize("user", ["guest", "other"])
def test_who_may_not_read_the_dag_may_not_ask(server: ApiServer, user: str) -> None:
    header = server.as_user(user)
    for path in ("lead_scoring/2", "lead_scoring", "no_such_model/2"):
        reply = server.caller.get(f"{GATE}/{path}", header)
        assert (reply.status, reply.json["decision"]) == (403, "block")
    review = server.caller.post(f"{API}/admission", header, a_review())
    assert review.json["response"]["allowed"] is False


def test_the_dag_that_must_be_readable_is_the_models_own(server: ApiServer) -> None:
    reply = server.caller.get(f"{GATE}/other_model/1", server.as_user("other"))
    assert reply.status == 404  # it may ask, and there is no such model


def tokens(server: ApiServer) -> dict[str, dict[str, str]]:
    genuine = server.token("ada")
    claims = jwt.decode(genuine, options={"verify_signature": False})
    forged = jwt.encode(claims, "k" * 64, algorithm="HS512")
    unsigned = jwt.encode(claims, None, algorithm="none")
    cut = genuine.rpartition(".")[0] + "."
    return {
        "none": {},
        "empty": {"Authorization": "Bearer "},
        "basic": {"Authorization": "Basic YWRhOmFkYQ=="},
        "noise": {"Authorization": "Bearer noise"},
        "forged": {"Authorization": f"Bearer {forged}"},
        "unsigned": {"Authorization": f"Bearer {unsigned}"},
        "cut": {"Authorization": f"Bearer {cut}"},
        "cookie of another name": {"Cookie": f"token={genuine}"},
        "forged cookie": {"Cookie": f"_token={forged}"},
        "genuine": {"Authorization": f"Bearer {genuine}"},
        "genuine cookie": {"Cookie": f"_token={genuine}"},
    }


def routes(server: ApiServer) -> list[tuple[str, str]]:
    described = server.caller.get("/fairness/openapi.json", server.as_user("ada")).json
    (place,) = described["servers"]
    return [("GET", "/fairness/openapi.json")] + [
        (method.upper(), place["url"] + path.format(model="lead_scoring", version="2"))
        for path, methods in described["paths"].items()
        for method in methods
    ]


def test_every_route_wants_a_login_as_airflows_own_api_does(server: ApiServer) -> None:
    asked = routes(server)
    assert len(asked) == 4
    for name, headers in tokens(server).items():
        own = server.caller.get("/api/v2/dags", headers).status
        assert own == (200 if name.startswith("genuine") else own)
        for method, path in asked:
            body = json.dumps(a_review()).encode() if method == "POST" else None
            reply = server.caller.send(method, path, headers, body)
            assert reply.status == own, (name, path)
            assert reply.is_a_yes == name.startswith("genuine"), (name, path)
    without = [tokens(server)[name] for name in ("none", "empty", "basic")]
    assert [server.caller.get(asked[0][1], header).status for header in without] == [401] * 3


def test_there_is_no_other_description(server: ApiServer) -> None:
    for path in ("docs", "redoc", "openapi.yaml", "", "api", "api/v1"):
        assert server.caller.get(f"/fairness/{path}", server.as_user("ada")).status == 404


ODD = [
    f"/{GATE}/lead_scoring/2",
    f"{GATE}//lead_scoring/2",
    f"{GATE}/lead_scoring//2",
    f"{GATE}/lead_scoring/2/",
    f"{GATE}/lead_scoring/2%0a",
    f"{GATE}/lead_scoring/2%0d%0aX: y",
    f"{GATE}/lead_scoring/..",
    f"{GATE}/lead_scoring/../../gate/lead_scoring/2",
    f"{GATE}/..%2fgate/lead_scoring/2",
    f"{GATE}/lead_scoring/%2e%2e",
    "/fairness/../fairness/api/v1/gate/lead_scoring/2",
    "/fairness%2fapi/v1/gate/lead_scoring/../2",
    "/Fairness/api/v1/gate/lead_scoring/2",
    "/fairness/api/v1/gates/lead_scoring/2",
    "/fairnes/api/v1/gate/lead_scoring/2",
    "/api/v1/gate/lead_scoring/2",
]


@pytest.mark.parametrize("path", [path.replace(" ", "%20") for path in ODD])
def test_an_odd_spelling_gives_no_decision_to_allow(server: ApiServer, path: str) -> None:
    """Outside of `/fairness/` Airflow's pages answer any path with 200: only a body is a yes."""
    for headers in ({}, server.as_user("ada")):
        reply = server.caller.get(path, headers)
        assert '"allow"' not in reply.text
        if reply.status == 200:
            assert reply.headers["content-type"].startswith("text/html")
        else:
            assert 400 <= reply.status < 500, reply.text


def test_kubernetes_is_answered(server: ApiServer) -> None:
    header = server.as_user("ada")
    for version, allowed in (("1", False), ("2", True), ("3", False), ("99", False)):
        review = a_review(object=a_service(version=version))
        reply = server.caller.post(f"{API}/admission", header, review)
        assert reply.status == 200
        assert reply.json["response"]["allowed"] is allowed
        assert reply.json["response"]["uid"] == review["request"]["uid"]


def test_the_log_holds_no_token_and_no_fault_of_ours(server: ApiServer) -> None:
    token = server.token("ada")
    server.caller.get(f"{GATE}/lead_scoring/2", {"Authorization": f"Bearer {token}"})
    log = server.log.read_text()
    assert token not in log
    assert "Traceback" not in log


def test_other_processes_of_airflow_do_not_load_the_api() -> None:
    """Airflow loads every plugin in scheduler, workers and DAG processor too."""
    program = (
        "import sys\n"
        "from airflow import plugins_manager\n"
        "apps, _ = plugins_manager.get_fastapi_plugins()\n"
        "print([app['url_prefix'] for app in apps], 'fairness_audit.web' in sys.modules)\n"
    )
    command = [sys.executable, "-c", program]
    done = subprocess.run(command, env=os.environ, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[-1] == "['/fairness/webhooks', '/fairness'] False"


# --- by way of the relay, and by the script for CI ----------------------------------------------


@pytest.fixture(scope="module")
def relay(server: ApiServer, gated: Gated) -> Iterator[tuple[str, ssl.SSLContext]]:
    """The relay as Kubernetes runs it, over TLS: its address, and whom a client trusts."""
    folder = gated.folder / "relay"
    certificate, key = a_certificate(folder)
    for name, content in (("username", "ada"), ("password", server.passwords["ada"])):
        write_bytes(folder / name, content.encode())
    port = free_port()
    command = [sys.executable, "-m", "fairness_audit.web.relay", "--airflow"]
    command += [server.caller.address, "--login", str(folder), "--certificate", str(certificate)]
    command += ["--key", str(key), "--host", "127.0.0.1", "--port", str(port)]
    process = subprocess.Popen(command, env=gated.environment, stdout=subprocess.DEVNULL)
    trusting = ssl.create_default_context(cafile=str(certificate))
    try:
        wait_until(
            lambda: httpx.get(f"https://127.0.0.1:{port}/healthz", verify=trusting), process
        )
        yield f"https://127.0.0.1:{port}/admission", trusting
    finally:
        process.terminate()
        process.wait(20)


def test_the_relay_asks_the_gate_for_kubernetes(relay: tuple[str, ssl.SSLContext]) -> None:
    address, trusting = relay
    for version, allowed in (("1", False), ("2", True), ("3", False)):
        review = a_review(object=a_service(version=version))
        response = httpx.post(address, json=review, verify=trusting, timeout=30).json()["response"]
        assert (response["uid"], response["allowed"]) == (review["request"]["uid"], allowed)


def test_the_script_for_ci_says_yes_only_to_an_allow(server: ApiServer) -> None:
    def code(version: str, **changes: str) -> int:
        asks = {"AIRFLOW": server.caller.address, "TOKEN": server.token("ada")}
        script = [str(GATING / "ci" / "ask-over-http.sh"), "lead_scoring", version]
        done = subprocess.run(script, env=os.environ | asks | changes, check=False)
        return done.returncode

    assert [code(version) for version in ("2", "1", "3", "99")] == [0, 1, 1, 1]
    assert code("2", TOKEN="noise") != 0
    assert code("2", AIRFLOW=f"{server.caller.address}/") != 0  # Airflow's pages, with 200
    assert code("2", AIRFLOW=f"http://127.0.0.1:{free_port()}") != 0
