"""A whole Airflow as processes of this machine, and the users who log in to it."""

import json
import os
import secrets
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import quote

from tests.servers.api_server import free_port
from tests.servers.gate_api import Caller, Reply

Found = TypeVar("Found")
_STARTS_WITHIN = 150.0
_HAPPENS_WITHIN = 120.0


@dataclass(frozen=True)
class Question:
    """A task that waits for a person."""

    dag_id: str
    run_id: str
    task_id: str
    map_index: int

    @property
    def path(self) -> str:
        """Where the API takes the answer."""
        run = f"/api/v2/dags/{self.dag_id}/dagRuns/{quote(self.run_id, safe='')}"
        return f"{run}/taskInstances/{self.task_id}/{self.map_index}/hitlDetails"


@dataclass(frozen=True)
class AirflowSite:
    """A running Airflow, and the users who may log in."""

    caller: Caller
    passwords: Mapping[str, str]
    home: Path
    _tokens: dict[str, str] = field(default_factory=dict)

    def ask(self, user: str, method: str, path: str, body: Any = None) -> Reply:
        """Ask its API as a user who is logged in."""
        headers = {"Authorization": f"Bearer {self._token(user)}"}
        if body is not None:
            headers["Content-Type"] = "application/json"
        content = None if body is None else json.dumps(body).encode()
        return self.caller.send(method, path, headers, content)

    def trigger(self, dag_id: str, conf: Mapping[str, Any], user: str = "root") -> str:
        """Start a run; its id."""
        body = {"logical_date": None, "conf": dict(conf)}
        reply = self.ask(user, "POST", f"/api/v2/dags/{dag_id}/dagRuns", body)
        assert reply.status == 200, reply.text
        return str(reply.json["dag_run_id"])

    def ended(self, dag_id: str, run_id: str) -> dict[str, str]:
        """The states of a run, `run` and each task, once it has ended."""
        run = f"/api/v2/dags/{dag_id}/dagRuns/{quote(run_id, safe='')}"

        def state() -> str | None:
            reply = self.ask("root", "GET", run)
            return str(reply.json["state"]) if reply.status == 200 else None

        ended = until(lambda: (now := state()) in ("success", "failed") and now, self.told)
        tasks = self.ask("root", "GET", f"{run}/taskInstances").json["task_instances"]
        return {"run": str(ended)} | {
            f"{each['task_id']}{'' if each['map_index'] < 0 else each['map_index']}": each["state"]
            for each in tasks
        }

    def question(self, run_id: str, task_id: str, map_index: int = -1) -> Question:
        """The question of a task, once it waits for an answer."""
        question = Question("review_audit", run_id, task_id, map_index)
        until(lambda: self._state(question) == "awaiting_input", self.told)
        return question

    def answered(self, question: Question, user: str, option: str, **form: Any) -> str:
        """Answer as a user, and again if the question is asked again; how its task ended.

        Airflow may take a task for failed that is answered while it still parks it. It then asks
        anew, and what was answered is gone.
        """

        def ended() -> str | None:
            state = self._state(question)
            if state == "awaiting_input":
                detail = self.ask("root", "GET", question.path).json
                if not detail["response_received"]:
                    reply = self.answer(question, user, option, **form)
                    assert reply.status == 200, reply.text
            return state if state in ("success", "failed") else None

        return str(until(ended, self.told))

    def _state(self, question: Question) -> str | None:
        task = question.path.removesuffix("/hitlDetails").removesuffix("/-1")
        reply = self.ask("root", "GET", task)
        return str(reply.json["state"]) if reply.status == 200 else None

    def answer(self, question: Question, user: str, option: str, **form: Any) -> Reply:
        """Answer as a user."""
        body = {"chosen_options": [option], "params_input": form}
        return self.ask(user, "PATCH", question.path, body)

    def unanswered(self, question: Question) -> str:
        """Let the time for an answer pass, and again if the question is asked again; how it ended.

        Airflow may ask anew, as in `answered`; the new question has the whole time again.
        """

        def ended() -> str | None:
            state = self._state(question)
            if state == "awaiting_input":
                self._move_clock_past(question)
            return state if state in ("success", "failed") else None

        return str(until(ended, self.told))

    def _move_clock_past(self, question: Question) -> None:
        with closing(sqlite3.connect(self.home / "airflow.db", timeout=60)) as database, database:
            database.execute(
                "UPDATE task_instance SET trigger_timeout = '2020-01-01 00:00:00.000000'"
                " WHERE run_id = ? AND task_id = ? AND state = 'awaiting_input'",
                (question.run_id, question.task_id),
            )

    def log_of(self, run_id: str, task_id: str) -> str:
        """What a task wrote, in all its tries."""
        logs = sorted(self.home.glob(f"logs/*/run_id={run_id}/task_id={task_id}/**/*.log"))
        return "\n".join(log.read_text() for log in logs)

    def told(self) -> str:
        """The end of what it wrote."""
        return (self.home / "standalone.log").read_text(errors="replace")[-3000:]

    def _token(self, user: str) -> str:
        if user not in self._tokens:
            login = {"username": user, "password": self.passwords[user]}
            reply = self.caller.post("/auth/token", {"Content-Type": "application/json"}, login)
            assert reply.status == 201, reply.text
            self._tokens[user] = str(reply.json["access_token"])
        return self._tokens[user]


@contextmanager
def airflow_site(
    home: Path, dags: Path, users: Mapping[str, str], environment: Mapping[str, str]
) -> Iterator[AirflowSite]:
    """Start one with DAGs of a folder; stop it with all its processes.

    Args:
        home: a folder that does not exist yet.
        dags: the folder of its DAGs.
        users: name and role.
        environment: the whole environment it runs in, but for what is set here.
    """
    home.mkdir(parents=True)
    passwords = {user: secrets.token_urlsafe(12) for user in users}
    (home / "passwords.json").write_text(json.dumps(passwords))
    port = free_port()
    address = f"http://127.0.0.1:{port}"
    settings = {
        "API__BASE_URL": address,
        "API__HOST": "127.0.0.1",
        "API__PORT": str(port),
        "API__WORKERS": "1",
        "API_AUTH__JWT_SECRET": secrets.token_urlsafe(64),
        "CORE__DAGS_FOLDER": str(dags),
        "CORE__EXECUTION_API_SERVER_URL": f"{address}/execution/",
        "CORE__LOAD_EXAMPLES": "False",
        "CORE__PARALLELISM": "4",
        "CORE__SIMPLE_AUTH_MANAGER_PASSWORDS_FILE": str(home / "passwords.json"),
        "CORE__SIMPLE_AUTH_MANAGER_USERS": ",".join(f"{u}:{role}" for u, role in users.items()),
        "SCHEDULER__TRIGGER_TIMEOUT_CHECK_INTERVAL": "2",
        "USAGE_DATA_COLLECTION__ENABLED": "False",
    }
    given = {f"AIRFLOW__{name}": value for name, value in settings.items()}
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    with (home / "standalone.log").open("wb") as output:
        process = subprocess.Popen(
            [sys.executable, "-m", "airflow", "standalone"],
            env={**environment, **given, "AIRFLOW_HOME": str(home), "PATH": path},
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    site = AirflowSite(Caller(address), passwords, home)
    try:
        until(lambda: _is_up(site, process), site.told, _STARTS_WITHIN)
        yield site
    finally:
        for sent in (signal.SIGTERM, signal.SIGKILL):
            with suppress(ProcessLookupError):
                os.killpg(process.pid, sent)
            with suppress(subprocess.TimeoutExpired):
                process.wait(15)


def until(
    found: Callable[[], Found], told: Callable[[], str], seconds: float = _HAPPENS_WITHIN
) -> Found:
    """What a call gives once that is true."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if result := found():
            return result
        time.sleep(1)
    raise AssertionError(f"did not happen within {seconds:.0f} s: {told()}")


def _is_up(site: AirflowSite, process: subprocess.Popen[bytes]) -> bool:
    assert process.poll() is None, site.told()
    with suppress(OSError):
        health = site.caller.get("/api/v2/monitor/health")
        dags = site.ask("root", "GET", "/api/v2/dags/review_audit")
        return dags.status == 200 and health.json["scheduler"]["status"] == "healthy"
    return False
