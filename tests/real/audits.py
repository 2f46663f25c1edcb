"""An installation whose CRMs hold the real tables, and its audits, each run once as its DAG."""

import shutil
import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

import pytest

from fairness_audit.demo.services import airflow_connection
from fairness_audit.ledger.keys import create_keys
from fairness_audit.ledger.ledger import Ledger
from fairness_audit.pipeline import local as local_airflow
from fairness_audit.pipeline.local import Ended
from fairness_audit.policy.load import LoadedPolicy, load_policy
from fairness_audit.records.finding import Finding, Judgement
from fairness_audit.records.measurement import Measurement, MeasurementFile
from fairness_audit.records.population import Population
from fairness_audit.records.signed.audit import AuditRecord, GateDecision
from fairness_audit.records.signed.dsse import unverified_record
from fairness_audit.records.validation import Check, ValidationReport
from fairness_audit.registry.mlflow import MlflowRegistry
from fairness_audit.settings import Settings
from fairness_audit.steps.measure import read_measurements
from tests.real.crm_tables import DECISIONS

HERE = Path(__file__).parent
CHECKOUT = HERE.parents[1]

AS_OF = {
    "coupon_mailing": "2018-01-02T00:00:00",
    "deposit_calls": "2011-01-01T00:00:00",
    "recidivism_risk": "2016-12-31T00:00:00",
    "income_forecast": "1994-01-02T00:00:00",
}
"""The first moment at which every decision is mature; the windows end with the last of them."""

Key = tuple[str, str, str, str | None, str | None]


@dataclass(frozen=True)
class Audit:
    """One run of one audit, and what it left behind."""

    loaded: LoadedPolicy
    version: str
    ended: Ended
    settings: Settings

    @cached_property
    def population(self) -> Population:
        """Who was audited, and who got lost."""
        return Population.model_validate(self.ended.given["assemble"])

    @cached_property
    def measured(self) -> Mapping[Key, Measurement]:
        """Every measurement by attribute, group, metric, comparison, and what it is against."""
        file = MeasurementFile.model_validate(self.ended.given["measure"])
        return {
            (each.attribute, each.group, each.metric, each.comparison, each.against): each
            for each in read_measurements(file)
        }

    @cached_property
    def checks(self) -> tuple[Check, ...]:
        """What the suites found."""
        return ValidationReport.model_validate(self.ended.given["validate"]).checks

    @cached_property
    def judgement(self) -> Judgement:
        """Findings and verdict."""
        return Judgement.model_validate(self.ended.given["judge"])

    def finding(
        self, rule: str, attribute: str | None = None, group: str | None = None
    ) -> Finding:
        """The one finding of a rule about a group."""
        (found,) = [
            each
            for each in self.judgement.findings
            if (each.rule, each.attribute, each.group) == (rule, attribute, group)
        ]
        return found

    @cached_property
    def decision(self) -> GateDecision:
        """What the gate decided, as the run wrote it down."""
        folder = self.settings.run_folder(self.loaded.policy.model, self.ended.run_id)
        return GateDecision.model_validate_json((folder / "decision.json").read_bytes())

    @property
    def records(self) -> list[AuditRecord]:
        """The ledger's records of this version."""
        entries = Ledger(self.settings.ledger_url).all()
        found = [unverified_record(each.envelope) for each in entries]
        asked = (self.loaded.policy.model, self.version)
        return [each for each in found if (each.model, each.model_version) == asked]

    @property
    def champion(self) -> str | None:
        """The version that the model's alias names."""
        gate = self.loaded.policy.gate
        registry = MlflowRegistry(self.settings.registry_url)
        return registry.alias_target(gate.registered_model, gate.alias)


@dataclass(frozen=True)
class Installation:
    """Where everything is, and the audits that were run so far."""

    environment: Mapping[str, str]
    audits: dict[tuple[str, str], Audit] = field(default_factory=dict)

    @classmethod
    def over(cls, folder: Path, crms: str) -> "Installation":
        """Make home, keys and registry; ``crms`` is the database with the loaded CRMs."""
        home = _home(folder / "home")
        made = cls(
            {
                "FAIRNESS_AUDIT_HOME": str(home),
                "FAIRNESS_AUDIT_STATE": str(folder / "state"),
                "AIRFLOW_CONN_REAL_CRM": airflow_connection(crms),
            }
        )
        with made.entered() as settings:
            create_keys(settings)
            _register(settings)
        return made

    @contextmanager
    def entered(self) -> Iterator[Settings]:
        """Be in this installation, and afterwards where we were."""
        with pytest.MonkeyPatch.context() as patch:
            for name, value in self.environment.items():
                patch.setenv(name, value)
            yield Settings.from_environment()

    def audit(self, model: str, version: str = "1") -> Audit:
        """The audit of one version; run as its DAG the first time it is asked for."""
        if (model, version) not in self.audits:
            with self.entered() as settings:
                self.audits[model, version] = Audit(
                    loaded=load_policy(settings.expectations / model / "policy.yaml"),
                    version=version,
                    ended=_run(settings, model, version),
                    settings=settings,
                )
        return self.audits[model, version]


def _run(settings: Settings, model: str, version: str) -> Ended:
    with warnings.catch_warnings():
        # Airflow's own: how it reads .airflowignore, and what it tests its API with in `dag.test`.
        warnings.filterwarnings("ignore", message="GitWildMatchPattern")
        warnings.filterwarnings("ignore", message="Using `httpx` with `starlette.testclient`")
        return local_airflow.run_audit(settings, model, version, AS_OF[model])


def _home(folder: Path) -> Path:
    """The product's own DAGs and generic SQL, with the policies and SQL of the real tables."""
    (folder / "sql").mkdir(parents=True)
    parts = {"dags": CHECKOUT, "plugins": CHECKOUT, "expectations": HERE}
    parts |= dict.fromkeys(("sql/assemble", "sql/measure", "sql/validate"), CHECKOUT)
    parts |= dict.fromkeys(("sql/objects", "sql/staging", "sql/population"), HERE)
    for name, origin in parts.items():
        (folder / name).symlink_to(origin / name)
    return folder


def _register(settings: Settings) -> None:
    """Register what decided: a version's only file is the statement that made its decisions."""
    client = MlflowRegistry(settings.registry_url)._client
    for file in sorted(DECISIONS.glob("*.sql")):
        model, version, _ = file.name.split(".")
        if version == "1":
            client.create_registered_model(model)
        artifacts = settings.state / "artifacts" / model / version
        artifacts.mkdir(parents=True)
        shutil.copy(file, artifacts / "decide.sql")
        made = client.create_model_version(model, source=artifacts.as_uri())
        assert str(made.version) == version
