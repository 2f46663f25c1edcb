"""The relay passes on a clear yes about the object that was asked about, and nothing else."""

import json
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, RedirectResponse, Response
from starlette.routing import Route

from fairness_audit.demo.vendors.serving import serving
from fairness_audit.web import relay as relaying
from fairness_audit.web.admission import answer
from fairness_audit.web.relay import Airflow, relay
from tests.servers.api_server import free_port
from tests.servers.gate_api import Caller, Reply, a_review

UID = a_review()["request"]["uid"]
YES = answer(UID, True, record_id="ab")


@dataclass
class FakeAirflow:
    """Gives tokens, and the reply it was told to give; remembers who asked."""

    reply: Response = field(default_factory=lambda: JSONResponse(YES))
    token: str = "first"
    logins: list[dict[str, str]] = field(default_factory=list)
    asked: list[bytes] = field(default_factory=list)
    refuses_with: int = 401

    def app(self) -> Starlette:
        async def login(request: Request) -> Response:
            self.logins.append(await request.json())
            return JSONResponse({"access_token": self.token}, 201)

        async def admission(request: Request) -> Response:
            if request.headers["authorization"] != f"Bearer {self.token}":
                return JSONResponse({}, self.refuses_with)
            self.asked.append(await request.body())
            return self.reply

        return Starlette(
            routes=[
                Route("/auth/token", login, methods=["POST"]),
                Route("/fairness/api/v1/admission", admission, methods=["POST"]),
                Route("/elsewhere", lambda _: JSONResponse(YES), methods=["GET", "POST"]),
            ]
        )


@pytest.fixture
def airflow() -> FakeAirflow:
    return FakeAirflow()


@pytest.fixture
def login(tmp_path: Path) -> Path:
    (tmp_path / "username").write_text("kubernetes\n")
    (tmp_path / "password").write_text("pass word\n")
    return tmp_path


@pytest.fixture
def caller(airflow: FakeAirflow, login: Path) -> Iterator[Caller]:
    with ExitStack() as stack:
        address = stack.enter_context(serving(airflow.app()))
        with httpx.Client(base_url=address, timeout=2) as client:
            yield Caller(stack.enter_context(serving(relay(Airflow(address, login, client)))))


def asked(caller: Caller, review: Any = None) -> Reply:
    return caller.post("/admission", {}, a_review() if review is None else review)


def denied(reply: Reply) -> str:
    """Why; fails unless it is a well-formed no about the object that was asked about."""
    assert reply.status == 200
    response = reply.json["response"]
    assert (response["uid"], response["allowed"]) == (UID, False)
    return str(response["status"]["message"])


def test_what_the_gate_says_is_passed_on(caller: Caller, airflow: FakeAirflow) -> None:
    assert asked(caller).json == YES
    airflow.reply = JSONResponse(answer(UID, False, "block: lead_scoring version 1: fail"))
    assert denied(asked(caller)) == "fairness audit: block: lead_scoring version 1: fail"
    assert [json.loads(review) for review in airflow.asked] == [a_review()] * 2
    assert airflow.logins == [{"username": "kubernetes", "password": "pass word"}]


@pytest.mark.parametrize("status", [401, 403])
def test_a_token_that_ended_is_renewed(caller: Caller, airflow: FakeAirflow, status: int) -> None:
    asked(caller)
    airflow.token, airflow.refuses_with = "second", status
    assert asked(caller).json == YES
    assert len(airflow.logins) == 2


def other(**changes: Any) -> dict[str, Any]:
    return YES | {"response": YES["response"] | changes}


@pytest.mark.parametrize(
    "reply",
    [
        JSONResponse(YES, 201),
        JSONResponse(YES, 409),
        JSONResponse(YES, 500),
        JSONResponse(YES, 503),
        RedirectResponse("/elsewhere", 307),
        RedirectResponse("/elsewhere", 302),
        HTMLResponse("<html>allowed: true</html>"),
        Response(b""),
        JSONResponse(None),
        JSONResponse(True),
        JSONResponse([YES]),
        JSONResponse({"allowed": True}),
        JSONResponse(other(uid="another")),
        JSONResponse(other(uid=None)),
        JSONResponse(other(allowed="true")),
        JSONResponse(other(allowed=1)),
        JSONResponse(other(allowed=None)),
        JSONResponse(other(patch="W10=", patchType="JSONPatch")),
        JSONResponse(YES | {"kind": "Status"}),
        JSONResponse(YES | {"apiVersion": "admission.k8s.io/v1beta1"}),
        JSONResponse(YES | {"response": None}),
        JSONResponse({"decision": "allow"}),
    ],
    ids=lambda reply: f"{reply.status_code} {bytes(reply.body)[:70].decode()}",
)
def test_what_is_no_clear_yes_is_a_no(
    caller: Caller, airflow: FakeAirflow, reply: Response
) -> None:
    airflow.reply = reply
    assert denied(asked(caller)).startswith("fairness audit: the gate")


def test_an_airflow_that_is_down_is_a_no(login: Path) -> None:
    address = f"http://127.0.0.1:{free_port()}"
    with ExitStack() as stack:
        client = stack.enter_context(httpx.Client(base_url=address, timeout=2))
        served = stack.enter_context(serving(relay(Airflow(address, login, client))))
        assert "ConnectError" in denied(asked(Caller(served)))


def test_a_password_that_cannot_be_read_is_a_no_that_does_not_show_it(
    caller: Caller, login: Path
) -> None:
    (login / "password").unlink()
    assert denied(asked(caller)) == (
        "fairness audit: the gate did not answer (FileNotFoundError); try again"
    )


@pytest.mark.parametrize(
    "body",
    [b"", b"{", b"[]", b"null", {}, {"request": None}, {"request": {"uid": 1}},
     {"request": {"uid": ""}}, {"request": {"uid": "a\nb"}}, {"request": {"uid": "u" * 201}}],
)  # fmt: skip
def test_what_is_no_review_is_an_error(caller: Caller, airflow: FakeAirflow, body: Any) -> None:
    reply = asked(caller, body)
    assert reply.status == 422
    assert "allowed" not in reply.text
    assert airflow.logins == []


def test_a_review_is_read_only_so_far(caller: Caller, airflow: FakeAirflow) -> None:
    assert asked(caller, b" " * (relaying.LARGEST + 1)).status == 413
    assert airflow.logins == []


def test_only_the_question_and_the_health_are_routes(caller: Caller) -> None:
    assert caller.get("/healthz").status == 200
    for path in ("/", "/admission", "/openapi.json", "/metrics", "/admission/"):
        assert caller.get(path).status in (404, 405, 307)
