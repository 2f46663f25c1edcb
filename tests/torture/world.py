"""An installation of one campaign: a CRM, a ledger, a registry, and audits to publish."""

import json
import sqlite3
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cached_property, partial
from pathlib import Path
from typing import Any

from fairness_audit.errors import LedgerError, RegistryError
from fairness_audit.files import write_bytes
from fairness_audit.ledger.evidence import EvidenceStore
from fairness_audit.ledger.heads import Heads
from fairness_audit.ledger.keys import PublishingKey, create_keys, load_trusted_keys
from fairness_audit.ledger.ledger import Ledger
from fairness_audit.policy.load import LoadedPolicy, load_policy
from fairness_audit.records.finding import Judgement, Verdict
from fairness_audit.records.measurement import MeasurementFile
from fairness_audit.records.population import Population
from fairness_audit.records.signed.audit import GateDecision, PublishedRecord
from fairness_audit.records.snapshot import Snapshot
from fairness_audit.settings import Settings
from fairness_audit.sources.files.sqlite_file import SqliteSource
from fairness_audit.steps.extract import extract
from fairness_audit.steps.gate import apply, ask
from fairness_audit.steps.measure.figures.rows import Row
from fairness_audit.steps.measure.figures.table import rows_table, write_measurements
from fairness_audit.steps.publish import publish
from tests import CHECKOUT
from tests.builders.dated import after, counted_by_hand, with_evidence
from tests.builders.loaded_policies import a_loaded_policy
from tests.builders.published import FAILED, MODEL, a_finding, an_audit, digest

SQL = CHECKOUT / "sql"
FIRST_DAY = datetime(2026, 6, 1, tzinfo=UTC)
NOW = datetime(2026, 6, 30, 12, tzinfo=UTC)
ROWS = 300
ALIAS = "champion"

Step = Callable[[str], None]


def fails(number: int) -> bool:
    """Every third audit finds a failure."""
    return number % 3 == 0


class FileRegistry:
    """A model registry in a file, whose every version has its own content."""

    def __init__(self, file: Path) -> None:
        self.file = file

    def artifact_digest(self, model: str, version: str) -> str:
        return digest(f"artifact {version}")

    def alias_target(self, model: str, alias: str) -> str | None:
        target: str | None = self._aliases().get(f"{model}@{alias}")
        return target

    def promote(self, model: str, version: str, alias: str) -> None:
        content = self._aliases() | {f"{model}@{alias}": version}
        write_bytes(self.file, json.dumps(content).encode())

    def promoted(self, model: str, *aliases: str) -> tuple[str, ...]:
        targets = {self.alias_target(model, each) for each in aliases}
        return tuple(sorted(target for target in targets if target is not None))

    def demote(self, model: str, version: str, *aliases: str) -> None:
        raise RegistryError("nothing is demoted here")

    def _aliases(self) -> dict[str, Any]:
        if not self.file.exists():
            return {}
        content: dict[str, Any] = json.loads(self.file.read_bytes())
        return content


@dataclass
class World:
    """Everything lies in one folder, but for a ledger in PostgreSQL."""

    folder: Path
    address: str | None = None
    wait_seconds: int = 30

    @classmethod
    def made(cls, folder: Path, address: str | None = None) -> "World":
        """Make keys, policy and CRM; nothing is published yet."""
        world = cls(folder, address)
        create_keys(world.settings)
        columns = ["decision_id", "lead_id", "decided_at", "score", "selected"]
        declared = {
            "table": "score_log", "columns": columns, "key": "decision_id",
            "window_on": "decided_at",
        }  # fmt: skip
        a_loaded_policy(folder / "expectations", score_log=declared)
        with closing(sqlite3.connect(folder / "crm.db")) as crm, crm:
            crm.execute(
                "CREATE TABLE score_log (decision_id INTEGER PRIMARY KEY, lead_id INTEGER,"
                " decided_at TIMESTAMP, score REAL, selected BOOLEAN)"
            )
            start = FIRST_DAY - timedelta(days=88)
            crm.executemany(
                "INSERT INTO score_log VALUES (?, ?, ?, ?, ?)",
                [
                    (each, each, f"{start + timedelta(hours=each):%Y-%m-%d %H:%M:%S}", 0.5, 1)
                    for each in range(ROWS)
                ],
            )
        return world

    @cached_property
    def settings(self) -> Settings:
        keys = self.folder / "keys"
        return Settings(
            home=self.folder,
            state=self.folder,
            ledger_url=self.address or f"sqlite:///{self.folder / 'ledger.db'}",
            heads=str(self.folder / "heads"),
            registry_url="",
            signing_key=keys / "signing.pem",
            trusted_keys=keys / "trusted",
            subject_key=keys / "subject.key",
        )

    @cached_property
    def loaded(self) -> LoadedPolicy:
        return load_policy(self.folder / "expectations" / MODEL / "policy.yaml")

    @property
    def ledger(self) -> Ledger:
        url, heads = self.settings.ledger_url, Heads(self.settings.heads)
        seen, witness = self.folder / "seen", Heads(str(self.folder / "witness"))
        return Ledger(url, heads, witness=witness, memory=seen, wait_seconds=self.wait_seconds)

    @property
    def evidence(self) -> EvidenceStore:
        return EvidenceStore(self.settings.evidence)

    @property
    def registry(self) -> FileRegistry:
        return FileRegistry(self.folder / "registry.json")

    def run_folder(self, number: int, worker: int = 0) -> Path:
        return self.folder / "runs" / f"{number}-{worker}"

    def audit(
        self,
        number: int,
        step: Step = lambda _: None,
        *,
        worker: int = 0,
        registry: Any = None,
        now: datetime = NOW,
    ) -> str:
        """Audit version ``number`` from extract to gate, as the tasks do; what the gate said.

        ``step`` is told what begins, and with ``published <id>`` what is acknowledged.
        """
        folder = self.run_folder(number, worker)
        step("extract")
        snapshot = extract(
            self.loaded,
            logical_date=FIRST_DAY + timedelta(hours=number),
            source=SqliteSource(self.folder / "crm.db"),
            folder=folder / "snapshot",
            sql=SQL,
        )
        step("measure")
        measurements = self._measured(number, folder)
        step("publish")
        record = self._published(number, snapshot, measurements, now)
        step(f"published {record.record_id}")
        step("gate")
        decision = self.gated(number, registry or self.registry)
        write_bytes(folder / "decision.json", decision.model_dump_json(indent=2).encode())
        step("end")
        return decision.decision if decision.certain else "cannot tell"

    def gated(self, number: int, registry: Any) -> GateDecision:
        """Decide and act as a task does."""
        with self.ledger.holding():
            decision = ask(
                self.loaded,
                model_version=str(number),
                ledger=self.ledger,
                registry=registry,
                trusted_keys=self.settings.trusted_keys,
                now=NOW,
            )
            apply(decision, self.loaded.policy, registry)
        return decision

    def _measured(self, number: int, folder: Path) -> MeasurementFile:
        rows = [
            Row("selection_rate", None, "gender", f"group {each}", ROWS, each / ROWS, "wilson")
            for each in range(number + 20)
        ]
        path = folder / "measurements.parquet"
        sha256, written = write_measurements(path, [rows_table(rows)])
        measured = MeasurementFile(
            path=path, digest=sha256, rows=written, confidence=0.95,
            population_digest=digest(f"population {number}"), population_rows=90,
            labelled_rows=80, selected_rows=40,
        )  # fmt: skip
        week = after(7 * number), after(7 * number + 7)
        counted = counted_by_hand(self.loaded.policy, [], week, model_version=str(number))
        return with_evidence(measured, folder, counted)

    def _published(
        self, number: int, snapshot: Snapshot, measurements: MeasurementFile, now: datetime
    ) -> PublishedRecord:
        finding = FAILED if fails(number) else a_finding()
        judged = Judgement(verdict=Verdict(finding.verdict), findings=(finding,))
        audit = an_audit(
            self.loaded, str(number), snapshot=snapshot, measurements=measurements,
            judgement=judged, population=a_population(number),
        )  # fmt: skip
        return publish(
            self.loaded,
            ledger=self.ledger,
            evidence=self.evidence,
            signer=PublishingKey(self.settings),
            trusted=partial(load_trusted_keys, self.settings.trusted_keys),
            records=self.settings.records,
            now=now,
            **audit,
        )


def a_population(number: int) -> Population:
    return Population(
        model=MODEL, model_version=str(number), path=Path("population.parquet"),
        digest=digest(f"population {number}"), rows=90, decisions=100,
    )  # fmt: skip


def is_no_ledger(error: LedgerError) -> bool:
    """Nothing was ever published."""
    return "there is no ledger yet" in str(error)
