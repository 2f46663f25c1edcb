"""An installation that has audited and can be asked: policy, ledger, keys, an MLflow registry."""

import os
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from fairness_audit.files import write_bytes
from fairness_audit.ledger.keys import public_pem
from fairness_audit.records.finding import Judgement, Verdict
from fairness_audit.records.population import Population
from fairness_audit.records.signed.audit import PublishedRecord
from fairness_audit.registry.mlflow import MlflowRegistry
from tests import CHECKOUT
from tests.builders.published import FAILED, MODEL, SIGNER, a_loaded_policy, published


def before_the_gate(version: str) -> str:
    """What the steps before the gate give it, as a DAG file spells it."""
    population = Population(
        model=MODEL,
        model_version=version,
        path=Path("population.parquet"),
        digest="0" * 64,
        rows=90,
        decisions=100,
    )
    record = PublishedRecord(record_id="0" * 64, file=Path("record.json"), verdict=Verdict.PASS)
    return ", ".join(repr(each.model_dump(mode="json")) for each in (population, record))


@dataclass(frozen=True)
class Gated:
    """Lead scoring: version 1 failed its audit, 2 passed, 3 was never audited."""

    folder: Path

    @classmethod
    def made(cls, folder: Path) -> "Gated":
        """Make it. What the audits were about is not here, only what they gave."""
        gated = cls(folder)
        (folder / "sql").mkdir(parents=True)
        loaded = a_loaded_policy(folder)
        write_bytes(folder / "keys" / "trusted" / "key.pem", public_pem(SIGNER.public_key))
        client = gated.registry._client
        client.create_registered_model(MODEL)
        for version in ("1", "2", "3"):
            source = folder / "artifacts" / version
            write_bytes(source / "MLmodel", f"version {version}\n".encode())
            client.create_model_version(MODEL, source.as_uri())
        failed = Judgement(verdict=Verdict.FAIL, findings=(FAILED,))
        for version, judged in (("1", {"judgement": failed}), ("2", {})):
            digest = gated.registry.artifact_digest(MODEL, version)
            now = datetime.now(UTC)
            published(loaded, folder, version=version, artifact_digest=digest, now=now, **judged)
        return gated

    @property
    def registry(self) -> MlflowRegistry:
        """Its registry."""
        return MlflowRegistry(f"sqlite:///{self.folder / 'mlflow.db'}")

    @property
    def variables(self) -> dict[str, str]:
        """The environment that names it."""
        return {
            "FAIRNESS_AUDIT_HOME": str(self.folder),
            "FAIRNESS_AUDIT_STATE": str(self.folder),
            "MLFLOW_DISABLE_TELEMETRY": "true",
        }

    @property
    def environment(self) -> dict[str, str]:
        """The whole environment of a process of it."""
        inherited = {
            name: value
            for name, value in os.environ.items()
            if not name.startswith(("AIRFLOW_", "FAIRNESS_AUDIT_", "MLFLOW_"))
        }
        return inherited | self.variables | {"PYTHONPATH": str(CHECKOUT / "plugins")}
