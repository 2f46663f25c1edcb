"""A whole installation in a temporary folder: CRM, registry, keys, and the console script.

The script can be run as a process of its own, which loads Airflow and all else first; in a copy of
a process that has loaded it; and, where nobody is killed and nothing is at once, in this process.
"""

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
from typer.testing import CliRunner

from fairness_audit.cli.app import app
from fairness_audit.demo.prepare import prepare
from fairness_audit.demo.services import CONNECTION, airflow_connection
from fairness_audit.demo.timeline import TODAY
from fairness_audit.ledger.keys import create_keys
from fairness_audit.settings import Settings
from tests import CHECKOUT
from tests.servers.console import Console

PROGRAM = "from fairness_audit.cli.app import main; main()"
WITHIN = 280

Call = Callable[..., tuple[int, str]]
"""Runs the console script to its end: exit code and output."""


@dataclass(frozen=True)
class Installation:
    """Where its state is, and the environment its processes run in."""

    state: Path
    environment: dict[str, str]

    @classmethod
    def holding_the_sample(cls, state: Path, postgres: str, leads: int) -> "Installation":
        """Make keys, a sample CRM and its registered models; its Airflow is that of the tests."""
        inherited = {
            name: value
            for name, value in os.environ.items()
            if not name.startswith(("AIRFLOW_", "FAIRNESS_AUDIT_", "MLFLOW_"))
        } | {"AIRFLOW_HOME": os.environ["AIRFLOW_HOME"]}
        installation = cls(
            state,
            inherited
            | {
                "FAIRNESS_AUDIT_HOME": str(CHECKOUT),
                "FAIRNESS_AUDIT_STATE": str(state),
                "PYTHONPATH": str(CHECKOUT / "plugins"),
                "COLUMNS": "80",
                CONNECTION: airflow_connection(postgres),
            },
        )
        create_keys(installation.settings)
        prepare(postgres, installation.settings.registry_url, leads=leads)
        return installation

    @property
    def settings(self) -> Settings:
        """The settings its processes see."""
        keys = self.state / "keys"
        return Settings(
            home=CHECKOUT,
            state=self.state,
            ledger_url=f"sqlite:///{self.state / 'ledger.db'}",
            heads=str(self.state / "heads"),
            registry_url=f"sqlite:///{self.state / 'mlflow.db'}",
            signing_key=keys / "signing.pem",
            trusted_keys=keys / "trusted",
            subject_key=keys / "subject.key",
        )

    def call(self, *arguments: str) -> tuple[int, str]:
        """Run the console script in a process of its own."""
        done = subprocess.run(
            [sys.executable, "-c", PROGRAM, *arguments],
            env=self.environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=WITHIN,
            check=False,
        )
        return done.returncode, done.stdout

    @contextmanager
    def here(self) -> Iterator[Call]:
        """Run the console script in this process, which loads Airflow once."""

        def called(*arguments: str) -> tuple[int, str]:
            result = CliRunner().invoke(app, arguments)
            return result.exit_code, result.output

        with pytest.MonkeyPatch.context() as patch:
            for name, value in self.environment.items():
                patch.setenv(name, value)
            yield called

    def audit_killed_after(self, step: str, console: Console, *arguments: str) -> None:
        """Start an audit, and kill it with all its children when a step has ended."""
        run = console.start("run", *arguments)
        with run.stdout as lines:
            seen = [line for line in lines if _killed_by(line, step, run.pid)]
        run.wait()
        assert run.returncode == -signal.SIGKILL
        assert len(seen) == 1, f"the step {step} was not reached"

    def files(self) -> dict[str, Path]:
        """The published record files, by name."""
        return {path.name: path for path in self.settings.records.rglob("*.json")}

    def records(self) -> dict[str, bytes]:
        """The published record files, by name."""
        return {path.name: path.read_bytes() for path in self.settings.records.rglob("*.json")}


def _killed_by(line: str, step: str, pid: int) -> bool:
    reached = line.split()[:1] == [step]
    if reached:
        os.killpg(pid, signal.SIGKILL)
    return reached


AS_OF = ("--as-of", TODAY.replace(tzinfo=None).isoformat())
