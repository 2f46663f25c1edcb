"""A whole installation in a temporary folder: CRM, registry, keys, and the console script."""

import os
import signal
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from fairness_audit.demo.prepare import prepare
from fairness_audit.demo.services import CONNECTION, airflow_connection
from fairness_audit.demo.timeline import TODAY
from fairness_audit.ledger.keys import create_keys
from fairness_audit.settings import Settings
from tests import CHECKOUT

PROGRAM = "from fairness_audit.cli.app import app; app()"
WITHIN = 120


@dataclass(frozen=True)
class Installation:
    """Where its state is, and the environment its processes run in."""

    state: Path
    environment: dict[str, str]

    @classmethod
    def holding_the_sample(cls, state: Path, postgres: str, leads: int) -> "Installation":
        """Make keys, a sample CRM and its registered models."""
        inherited = {
            name: value
            for name, value in os.environ.items()
            if not name.startswith(("AIRFLOW_", "FAIRNESS_AUDIT_", "MLFLOW_"))
        }
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

    def start(self, *arguments: str) -> subprocess.Popen[str]:
        """Start the console script; its output can be read as it comes."""
        return subprocess.Popen(
            [sys.executable, "-c", PROGRAM, *arguments],
            env=self.environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )

    def call(self, *arguments: str) -> tuple[int, str]:
        """Run the console script to its end: exit code and output."""
        process = self.start(*arguments)
        output, _ = process.communicate(timeout=WITHIN)
        return process.returncode, output

    def audit_killed_after(self, step: str, *arguments: str) -> None:
        """Start an audit, and kill it with all its children when a step has ended."""
        process = self.start("run", *arguments)
        assert process.stdout is not None
        with process.stdout as lines:
            seen = [line for line in lines if _killed_by(line, step, process)]
        process.wait(WITHIN)
        assert len(seen) == 1, f"the step {step} was not reached"

    def files(self) -> dict[str, Path]:
        """The published record files, by name."""
        return {path.name: path for path in self.settings.records.rglob("*.json")}

    def records(self) -> dict[str, bytes]:
        """The published record files, by name."""
        return {path.name: path.read_bytes() for path in self.settings.records.rglob("*.json")}


def _killed_by(line: str, step: str, process: subprocess.Popen[str]) -> bool:
    reached = line.split()[:1] == [step]
    if reached:
        os.killpg(process.pid, signal.SIGKILL)
    return reached


AS_OF = ("--as-of", TODAY.replace(tzinfo=None).isoformat())
