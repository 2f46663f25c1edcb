"""MLflow's webhook: what MLflow itself sends is taken, and nothing else is."""

import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import Any

import httpx
import pytest
import uvicorn
import yaml
from cryptography.fernet import Fernet
from fastapi import FastAPI

from fairness_audit.errors import SettingsError
from fairness_audit.files import write_bytes
from fairness_audit.installation import Installation
from fairness_audit.registry.mlflow import workspace
from fairness_audit.settings import Settings
from fairness_audit.web.mlflow_webhook import (
    Registered,
    audits_of,
    run_id_of,
    signature_of,
    webhook_router,
    webhook_secret,
)
from tests.builders.domain import policy_content
from tests.servers.compose_file import compose_file

SECRET = "s" * 40
NOW = 1_790_000_000
DELIVERY = "2f1d7a3e-5b0c-4c7a-9a39-0c5a1f7d3b11"
WITHIN = 60.0


@dataclass
class FakeTrigger:
    """Starts one run per delivery, as Airflow does by the runs' names."""

    started: list[Registered] = field(default_factory=list)
    heard: threading.Event = field(default_factory=threading.Event)

    def __call__(self, registered: Registered) -> Sequence[str]:
        if registered not in self.started:
            self.started.append(registered)
        self.heard.set()
        return [run_id_of("lead_scoring", registered)]


def app_of(trigger: FakeTrigger, secret: str = SECRET, **given: Any) -> FastAPI:
    app = FastAPI()
    app.include_router(webhook_router(trigger, lambda: secret, **given))
    return app


@pytest.fixture
def trigger() -> FakeTrigger:
    return FakeTrigger()


@pytest.fixture
def client(trigger: FakeTrigger) -> Iterator[httpx.Client]:
    with calling(app_of(trigger, clock=lambda: float(NOW))) as client:
        yield client


def a_body(**changes: Any) -> dict[str, Any]:
    version = {"name": "lead_scoring", "version": "7", "source": "models:/m-1", "run_id": None,
               "tags": {"a": "b"}, "description": None}  # fmt: skip
    body = {"entity": "model_version", "action": "created", "timestamp": "2026-09-21T00:00:00Z"}
    return body | {"data": version | changes.pop("data", {})} | changes


def posted(client: httpx.Client, body: dict[str, Any] | bytes, **changes: str) -> httpx.Response:
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    delivery, at = changes.get("delivery", DELIVERY), changes.get("at", str(NOW))
    headers = {
        "X-MLflow-Delivery-Id": delivery,
        "X-MLflow-Timestamp": at,
        "X-MLflow-Signature": changes.get(
            "signature", signature_of(changes.get("secret", SECRET), delivery, at, content)
        ),
    }
    return client.post("/mlflow", content=content, headers=headers)


def test_a_version_that_was_made_is_audited(client: httpx.Client, trigger: FakeTrigger) -> None:
    answer = posted(client, a_body())
    assert (answer.status_code, answer.json()) == (
        202,
        {"started": [f"webhook__lead_scoring__7__{DELIVERY}"]},
    )
    assert trigger.started == [Registered("lead_scoring", "7", DELIVERY)]


@pytest.mark.parametrize(
    ("said", "ours", "starts"),
    [
        (None, "default", True),
        ("default", "default", True),
        ("team-b", "default", False),
        ("team-b", "team-b", True),
        ("Team-B", "team-b", False),
        (None, "team-b", False),
        ("", "team-b", False),
    ],
)
def test_a_model_of_another_workspace_is_another_model(
    trigger: FakeTrigger, said: str | None, ours: str, starts: bool
) -> None:
    """Its name may be that of an audited one: what is registered there starts nothing here."""
    app = app_of(trigger, clock=lambda: float(NOW), workspace=lambda: ours)
    with calling(app) as client:
        answer = posted(client, a_body(workspace=said))
    assert answer.status_code == 202
    assert bool(answer.json()["started"]) is bool(trigger.started) is starts


def test_the_workspace_is_that_of_mlflow_s_client(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("MLFLOW_WORKSPACE", raising=False)
    assert workspace() == "default"
    monkeypatch.setenv("MLFLOW_WORKSPACE", " team-b ")
    assert workspace() == "team-b"


def test_what_is_sent_again_starts_nothing(client: httpx.Client, trigger: FakeTrigger) -> None:
    assert [posted(client, a_body()).status_code for _ in range(3)] == [202] * 3
    assert len(trigger.started) == 1


@pytest.mark.parametrize(
    "changes",
    [
        {"secret": "t" * 40},
        {"signature": ""},
        {"signature": "v1,AAAA"},
        {"signature": "v1,!"},
        {"at": str(NOW - 301)},
        {"at": str(NOW + 301)},
        {"at": "yesterday"},
        {"at": "-1"},
        {"delivery": "../../etc"},
        {"delivery": ""},
    ],
)
def test_what_is_not_signed_just_now_starts_nothing(
    client: httpx.Client, trigger: FakeTrigger, changes: dict[str, str]
) -> None:
    assert posted(client, a_body(), **changes).status_code == 401
    assert trigger.started == []


@pytest.mark.parametrize("header", ["Delivery-Id", "Timestamp", "Signature"])
def test_a_signature_is_of_body_time_and_delivery(
    client: httpx.Client, trigger: FakeTrigger, header: str
) -> None:
    content = json.dumps(a_body()).encode()
    headers = {
        "X-MLflow-Delivery-Id": DELIVERY,
        "X-MLflow-Timestamp": str(NOW),
        "X-MLflow-Signature": signature_of(SECRET, DELIVERY, str(NOW), content),
    }
    other = json.dumps(a_body(data={"version": "8"})).encode()
    assert client.post("/mlflow", content=other, headers=headers).status_code == 401
    changed = headers | {"X-MLflow-Delivery-Id": DELIVERY[::-1]}
    assert client.post("/mlflow", content=content, headers=changed).status_code == 401
    changed = headers | {"X-MLflow-Timestamp": str(NOW + 1)}
    assert client.post("/mlflow", content=content, headers=changed).status_code == 401
    del headers[f"X-MLflow-{header}"]
    assert client.post("/mlflow", content=content, headers=headers).status_code == 401
    assert trigger.started == []


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"[]",
        b"{}",
        b"\xff",
        a_body(extra=1),
        a_body(data={"extra": 1}),
        a_body(data={"version": 7}),
        a_body(data={"version": "latest"}),
        a_body(data={"version": "0"}),
        a_body(data={"name": ""}),
        a_body(data={"tags": {"a": 1}}),
    ],
)
def test_a_body_that_mlflow_does_not_post_starts_nothing(
    client: httpx.Client, trigger: FakeTrigger, body: Any
) -> None:
    answer = posted(client, body)
    assert answer.status_code == 422
    assert answer.json()["reason"].startswith("not what MLflow posts: ")
    assert trigger.started == []


def test_a_huge_body_is_not_read(client: httpx.Client) -> None:
    assert posted(client, b" " * (64 * 1024 + 1)).status_code == 413


@pytest.mark.parametrize(
    ("entity", "action"), [("registered_model", "created"), ("model_version_tag", "set")]
)
def test_other_events_are_taken_and_start_nothing(
    client: httpx.Client, trigger: FakeTrigger, entity: str, action: str
) -> None:
    answer = posted(client, a_body(entity=entity, action=action))
    assert (answer.status_code, answer.json()) == (202, {"started": []})
    assert trigger.started == []


def test_without_a_secret_nothing_is_taken_and_nothing_told(
    trigger: FakeTrigger, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def none() -> str:
        raise SettingsError("/run/secrets/hook: names no file")

    app = FastAPI()
    app.include_router(webhook_router(trigger, none, clock=lambda: float(NOW)))
    with calling(app) as client:
        answer = posted(client, a_body())
    assert answer.status_code == 503
    assert "/run/secrets" not in answer.text
    for content, said in ((None, "names no file"), ("short", "has fewer than 32 characters")):
        file = tmp_path / f"{content}"
        if content:
            file.write_text(content)
        monkeypatch.setenv("FAIRNESS_AUDIT_HOOK_SECRET", str(file))
        with pytest.raises(SettingsError, match=said):
            webhook_secret(Settings.from_environment())
    file.write_text(SECRET + "\n")
    assert webhook_secret(Settings.from_environment()) == SECRET


def test_the_deployment_gives_the_secret_to_the_api_server_alone(tmp_path: Path) -> None:
    """It writes the secret to the file that its setting names, for nobody else to read."""
    services = compose_file()["services"]
    given = "${MLFLOW_WEBHOOK_SECRET:?see .env.example}"
    assert [name for name in services if given in str(services[name])] == ["airflow-apiserver"]
    environment = services["airflow-apiserver"]["environment"]
    file = tmp_path / "hook-secret"
    assert environment["HOOK_SECRET"] == given
    (line,) = (
        line.replace("$$", "$")
        for line in services["airflow-apiserver"]["command"][-1].splitlines()
        if '"$$HOOK_SECRET"' in line
    )
    variables = {"HOOK_SECRET": SECRET, "FAIRNESS_AUDIT_HOOK_SECRET": str(file)}
    subprocess.run(["bash", "-euc", line], env=variables, check=True)
    assert file.read_text() == SECRET
    assert file.stat().st_mode & 0o777 == 0o600
    place = PurePosixPath(environment["FAIRNESS_AUDIT_HOOK_SECRET"]).parent
    in_memory = (
        PurePosixPath(each.split(":")[0]) for each in services["airflow-apiserver"]["tmpfs"]
    )
    assert place in in_memory


def test_only_policies_that_let_candidates_be_audited_are_asked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "sql").mkdir()
    section = {"candidate": {"selects": {"top_share": "2/5"}}}
    for model, changes in (("one", section), ("two", {}), ("three", section)):
        file = tmp_path / "expectations" / model / "policy.yaml"
        file.parent.mkdir(parents=True)
        registered = "other" if model == "three" else "lead_scoring"
        gate = {"registered_model": registered, "alias": "champion", "valid_days": 3}
        content = policy_content(model=model, gate=gate, **changes)
        file.write_text(yaml.safe_dump(content))
    monkeypatch.setenv("FAIRNESS_AUDIT_HOME", str(tmp_path))
    assert audits_of(Installation.from_environment(), "lead_scoring") == ["one"]
    assert audits_of(Installation.from_environment(), "unheard_of") == []


# --- a real MLflow server -----------------------------------------------------------------------


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def receiving(app: FastAPI) -> Iterator[str]:
    """The app behind a real port, in a thread of this process."""
    port = free_port()
    server = uvicorn.Server(uvicorn.Config(app, port=port, log_level="warning", lifespan="off"))
    thread = threading.Thread(target=server.run)
    thread.start()
    try:
        waited_for(lambda: server.started)
        yield f"http://127.0.0.1:{port}"
    finally:
        server.should_exit = True
        thread.join()


@contextmanager
def calling(app: FastAPI) -> Iterator[httpx.Client]:
    with receiving(app) as address, httpx.Client(base_url=address) as client:
        yield client


@contextmanager
def mlflow_server(folder: Path) -> Iterator[str]:
    """A stock MLflow server that may call this machine."""
    port = free_port()
    command = [sys.executable, "-m", "mlflow", "server", "--port", str(port), "--workers", "1"]
    command += ["--backend-store-uri", f"sqlite:///{folder / 'mlflow.db'}"]
    command += ["--artifacts-destination", str(folder / "artifacts")]
    environment = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("MLFLOW_", "FAIRNESS_AUDIT_", "_MLFLOW"))
    } | {
        "MLFLOW_DISABLE_TELEMETRY": "true",
        "MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false",
        "MLFLOW_WEBHOOK_ALLOWED_SCHEMES": "http",
        "MLFLOW_WEBHOOK_ALLOW_PRIVATE_IPS": "true",
        "MLFLOW_WEBHOOK_SECRET_ENCRYPTION_KEY": Fernet.generate_key().decode(),
    }
    log = folder / "server.log"
    with log.open("wb") as output:
        server = subprocess.Popen(
            command, env=environment, stdout=output, stderr=output, start_new_session=True
        )
    address = f"http://127.0.0.1:{port}"

    def answers() -> bool:
        assert server.poll() is None, log.read_text()[-2000:]
        with suppress(httpx.TransportError):
            return httpx.get(f"{address}/health", timeout=2).status_code == 200
        return False

    try:
        waited_for(answers)
        yield address
    finally:
        with suppress(ProcessLookupError):
            os.killpg(server.pid, signal.SIGKILL)
        server.wait()


def waited_for(true: Any) -> None:
    deadline = time.monotonic() + WITHIN
    while not true():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.02)


def test_what_a_real_mlflow_sends_is_taken(tmp_path: Path, trigger: FakeTrigger) -> None:
    from mlflow import MlflowClient

    with receiving(app_of(trigger)) as here, mlflow_server(tmp_path) as address:
        client = MlflowClient(tracking_uri=address, registry_uri=address)
        client.create_webhook(
            name="audit", url=f"{here}/mlflow", secret=SECRET, events=["model_version.created"]
        )
        client.create_registered_model("lead_scoring")
        experiment = client.create_experiment("candidates")
        logged = client.create_logged_model(experiment, name="model")
        write_bytes(tmp_path / "made" / "MLmodel", b"flavors: {}\n")
        client.log_model_artifacts(logged.model_id, str(tmp_path / "made"))
        client.create_model_version(
            "lead_scoring", logged.artifact_location, model_id=logged.model_id
        )
        assert trigger.heard.wait(WITHIN)
    (registered,) = trigger.started
    assert (registered.registered_model, registered.version) == ("lead_scoring", "1")
