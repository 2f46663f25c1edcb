"""An Airflow of this machine's own, and one DAG run in this process with a line per step.

Nothing here is used when an installed Airflow runs the DAGs; `fairness-audit run` and the demo
use it. The environment must be set before Airflow is imported, so every import of it is inside a
function.
"""

import base64
import contextlib
import logging
import os
import secrets
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TextIO, TypeVar

from fairness_audit.errors import SettingsError
from fairness_audit.files import write_bytes
from fairness_audit.records.door import StepResult
from fairness_audit.records.steps import CANDIDATE, Flow, Step
from fairness_audit.settings import Settings

Door = TypeVar("Door", bound=StepResult)


@dataclass
class Ended:
    """How a run ended: what each finished step gave, and what the first failed one failed of."""

    run_id: str
    succeeded: bool
    given: dict[str, StepResult] = field(default_factory=dict)
    failed_step: str | None = None
    error: BaseException | str | None = None

    def newest(self, kind: type[Door]) -> Door | None:
        """The last thing of a kind that a step gave."""
        return next(
            (each for each in reversed(self.given.values()) if isinstance(each, kind)), None
        )


def configure(settings: Settings) -> Path:
    """Set Airflow's environment, where nobody has set it; return its home."""
    home = Path(os.environ.setdefault("AIRFLOW_HOME", str(settings.state / "airflow")))
    for name, value in _configuration(settings, home).items():
        os.environ.setdefault(f"AIRFLOW__{name}", value)
    return home


def prepare(settings: Settings) -> None:
    """Set Airflow's environment and migrate its database once."""
    home = configure(settings)
    migrated = home / ".migrated"
    if migrated.exists():
        return
    print("  preparing Airflow's own database (once)", flush=True)
    with output_to(home / "migrate.log"):
        from airflow.utils.db import initdb

        initdb()
    migrated.touch()


def run_audit(
    settings: Settings,
    model: str,
    model_version: str | None,
    as_of: str | None,
    rollback: str | None = None,
) -> Ended:
    """Run the audit of one model as its DAG; see :func:`run`."""
    return run(
        f"audit_{model}",
        settings.home / "dags" / "audit_models.py",
        {"model_version": model_version, "as_of": as_of, "rollback": rollback},
        settings.state / "logs" / f"{model}.log",
    )


def run_candidate(
    settings: Settings, model: str, version: str, as_of: str | None, *, promotes: bool = True
) -> Ended:
    """Run the audit of one candidate as its DAG; see :func:`run`."""
    return run(
        "audit_candidate",
        settings.home / "dags" / "audit_candidate.py",
        {"model": model, "version": version, "as_of": as_of, "promote": promotes},
        settings.state / "logs" / f"{model}.log",
    )


def run(
    dag_id: str, dag_file: Path, conf: dict[str, Any], log: Path, *, flow: Flow = CANDIDATE
) -> Ended:
    """Run one DAG to its end; print a line per step, while Airflow's own output goes to ``log``.

    Its tasks are steps of ``flow``; that of candidates has all there are.

    Raises:
        SettingsError: when the DAG file does not give this DAG.
    """
    ended = Ended(run_id="", succeeded=False)
    with output_to(log) as terminal:
        dag = _dag(dag_id, dag_file)
        for each in dag.tasks:
            each.retries = 0  # somebody is watching: show the error now
        with _listening(_listener(ended, flow, terminal)), _progress_on(terminal):
            dag_run = dag.test(run_conf=conf)
    ended.run_id = dag_run.run_id
    ended.succeeded = str(dag_run.state) == "success"
    return ended


def _configuration(settings: Settings, home: Path) -> dict[str, str]:
    return {
        "CORE__DAGS_FOLDER": str(settings.home / "dags"),
        "CORE__PLUGINS_FOLDER": str(settings.home / "plugins"),
        "CORE__LOAD_EXAMPLES": "False",
        "CORE__FERNET_KEY": _kept(home / "fernet.key", 32),
        "CORE__AUTH_MANAGER": (
            "airflow.api_fastapi.auth.managers.simple.simple_auth_manager.SimpleAuthManager"
        ),
        "API_AUTH__JWT_SECRET": _kept(home / "jwt.key", 64),
        "API__SECRET_KEY": _kept(home / "api.key", 64),
        "USAGE_DATA_COLLECTION__ENABLED": "False",
        "LOGGING__BASE_LOG_FOLDER": str(home / "logs"),
    }


def _kept(file: Path, size: int) -> str:
    """A random secret that is made once and kept beside Airflow's database."""
    if not file.exists():
        file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        write_bytes(file, base64.urlsafe_b64encode(secrets.token_bytes(size)))
        file.chmod(0o600)
    return file.read_text(encoding="ascii")


def _dag(dag_id: str, dag_file: Path) -> Any:
    from airflow.dag_processing.dagbag import DagBag

    bag = DagBag(dag_file)
    if dag_id not in bag.dags:
        faults = "; ".join(bag.import_errors.values()) or f"it has {sorted(bag.dags)}"
        raise SettingsError(f"{dag_file} has no DAG {dag_id}: {faults}")
    return bag.dags[dag_id]


def _listener(ended: Ended, flow: Flow, terminal: TextIO) -> object:
    from airflow.listeners import hookimpl

    def tell(step: str, what: str, since: float) -> None:
        seconds = time.monotonic() - since
        print(f"  {step:<10}{what:<52}{seconds:6.1f} s", file=terminal, flush=True)

    class Listener:
        since = 0.0

        @hookimpl
        def on_task_instance_running(self, previous_state: Any, task_instance: Any) -> None:
            self.since = time.monotonic()

        @hookimpl
        def on_task_instance_success(self, previous_state: Any, task_instance: Any) -> None:
            step = task_instance.task_id
            content = task_instance.xcom_pull(task_ids=step)
            given = ended.given[step] = flow.part(step).door.model_validate(content)
            tell(step, given.summary, self.since)

        @hookimpl
        def on_task_instance_skipped(self, previous_state: Any, task_instance: Any) -> None:
            tell(task_instance.task_id, "not promoted", self.since)

        @hookimpl
        def on_task_instance_failed(
            self, previous_state: Any, task_instance: Any, error: Any
        ) -> None:
            if ended.error is None:  # what failed later failed because of this
                ended.failed_step, ended.error = task_instance.task_id, error
            step = task_instance.task_id
            tell(step, "blocked" if step == Step.GATE else "failed", self.since)

    return Listener()


@contextlib.contextmanager
def _listening(listener: object) -> Iterator[None]:
    from airflow.sdk.listener import get_listener_manager

    manager: Any = get_listener_manager()
    manager.add_listener(listener)
    try:
        yield
    finally:
        manager.pm.unregister(listener)


@contextlib.contextmanager
def _progress_on(terminal: TextIO) -> Iterator[None]:
    """Show how far a long reading has come, which otherwise only the task's log says."""

    class Shown(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            print(f"            {record.getMessage()}", file=terminal, flush=True)

    progress, shown = logging.getLogger("fairness_audit.steps.extract.progress"), Shown()
    level = progress.level
    progress.setLevel(logging.INFO)
    progress.addHandler(shown)
    try:
        yield
    finally:
        progress.removeHandler(shown)
        progress.setLevel(level)


@contextlib.contextmanager
def output_to(log: Path) -> Iterator[TextIO]:
    """Send all output, of libraries and child processes too, to a file; yield the terminal."""
    log.parent.mkdir(parents=True, exist_ok=True)
    kept = [os.dup(1), os.dup(2)]
    for stream in (sys.stdout, sys.stderr):
        stream.flush()
    with log.open("ab") as file, os.fdopen(os.dup(1), "w", encoding="utf-8") as terminal:
        os.dup2(file.fileno(), 1)
        os.dup2(file.fileno(), 2)
        try:
            yield terminal
        finally:
            for stream in (sys.stdout, sys.stderr):
                stream.flush()
            for number, descriptor in enumerate(kept, start=1):
                os.dup2(descriptor, number)
                os.close(descriptor)
