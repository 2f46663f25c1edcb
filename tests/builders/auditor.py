"""Audits of one model, made again and again through an installation.

Of each audit the weeks that it counts are stated; all else is done as the tasks do it: the history
is the ledger's, the judge judges, and what it finds is published and asked about at the gate.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cached_property
from pathlib import Path
from typing import Any

import yaml

from fairness_audit.files import write_bytes
from fairness_audit.installation import Installation
from fairness_audit.ledger.history import history
from fairness_audit.ledger.keys import create_keys
from fairness_audit.policy.load import LoadedPolicy
from fairness_audit.records.evidence import digest_of_content
from fairness_audit.records.finding import Judgement
from fairness_audit.records.history import Audit, History
from fairness_audit.records.measurement import MeasurementFile
from fairness_audit.records.population import Population, Scoring
from fairness_audit.records.signed.audit import AuditRecord, GateDecision
from fairness_audit.records.signed.dsse import open_envelope
from fairness_audit.records.signed.review import ReviewRecord
from fairness_audit.records.snapshot import Snapshot
from fairness_audit.records.validation import Check, ValidationReport
from fairness_audit.settings import Settings
from fairness_audit.steps.gate import apply, ask
from fairness_audit.steps.judge import judge
from fairness_audit.steps.measure import own_evidence
from fairness_audit.steps.publish import publish, publish_review
from tests.builders.dated import with_evidence
from tests.builders.domain import policy_content
from tests.builders.evidence import AS_OF, FIRST_WEEK, ByGroup, counted
from tests.builders.judging import a_check
from tests.builders.published import MODEL, a_review, digest

NOW = AS_OF + timedelta(days=1)
WEEK = timedelta(weeks=1)
GENDER = {"gender": {"provenance": "self_id", "reference_group": "M"}}


@dataclass(frozen=True)
class AnAudit:
    """An audit up to where it is judged: what was read, and what was counted of it.

    ``read`` tells a snapshot from another one of the same rows. With ``in_place_of`` it is of a
    candidate, which scored what that version decided.
    """

    weeks: Sequence[ByGroup]
    version: str = "1"
    as_of: datetime = AS_OF
    skip: int = 0
    in_place_of: str | None = None
    read: str = "once"
    checks: Sequence[Check] = (a_check(),)

    @property
    def audited(self) -> str:
        """Whether decisions were audited that were made, or those of a candidate."""
        return "candidate" if self.in_place_of else "decisions"


@dataclass(frozen=True)
class Parts:
    """What the steps up to the judge's gave."""

    snapshot: Snapshot
    population: Population
    measurements: MeasurementFile
    validation: ValidationReport
    files: str


class Auditor:
    """Audits lead scoring, everything in one folder but a ledger in PostgreSQL.

    ``registry`` takes the place of the one that the folder would hold.
    """

    def __init__(self, folder: Path, registry: Any, ledger: str | None = None) -> None:
        keys = folder / "keys"
        self.settings = Settings(
            home=folder,
            state=folder,
            ledger_url=ledger or f"sqlite:///{folder / 'ledger.db'}",
            heads=str(folder / "heads"),
            registry_url="",
            signing_key=keys / "signing.pem",
            trusted_keys=keys / "trusted",
            subject_key=keys / "subject.key",
        )
        self.registry = registry
        create_keys(self.settings)
        self.ask_by()

    def ask_by(self, **changes: Any) -> None:
        """Write the policy: the four-fifths rule by gender, but for these changes."""
        content = {"attributes": GENDER, "intersections": [], "strata": []} | changes
        file = self.settings.expectations / MODEL / "policy.yaml"
        write_bytes(file, yaml.safe_dump(policy_content(**content)).encode())
        self.loaded: LoadedPolicy = self.installation.policy(MODEL)

    @cached_property
    def installation(self) -> Installation:
        """The installation, opened."""
        return Installation(self.settings, registry=self.registry)

    def audit(self, audit: AnAudit) -> AuditRecord:
        """One audit; its record is in the ledger."""
        return self.publish(audit, self.judged(audit))

    def history(self, audit: AnAudit) -> History:
        """What an audit is judged by."""
        parts = self._parts(audit)
        return history(
            self.installation.ledger,
            lambda: self.installation.trusted_keys,
            Audit.of(parts.snapshot, parts.population, parts.measurements, parts.files),
            own_evidence(parts.measurements, parts.files, self.installation.evidence.read),
        )

    def judged(self, audit: AnAudit) -> Judgement:
        """What an audit finds, as the ledger is now."""
        parts = self._parts(audit)
        return judge(
            self.loaded.policy,
            population=parts.population,
            totals=parts.measurements,
            measurements=[],
            validation=parts.validation,
            history=self.history(audit),
        )

    def publish(self, audit: AnAudit, judgement: Judgement) -> AuditRecord:
        """Publish what an audit found."""
        parts = self._parts(audit)
        where = publish(
            self.loaded,
            snapshot=parts.snapshot,
            population=parts.population,
            measurements=parts.measurements,
            validation=parts.validation,
            judgement=judgement,
            artifact_digest=parts.files,
            ledger=self.installation.ledger,
            evidence=self.installation.evidence,
            signer=self.installation.publishing_key,
            trusted=lambda: self.installation.trusted_keys,
            records=self.settings.records,
            now=NOW,
            comparison_digest=digest("comparison") if audit.in_place_of else None,
        )
        record = open_envelope(where.file.read_bytes(), self.installation.trusted_keys).record
        assert isinstance(record, AuditRecord)
        return record

    def review(self, audit: AuditRecord, **changes: Any) -> ReviewRecord:
        """What people decided about an audit: two waive what stands against it, unless said."""
        changes = {"issued": NOW, "expires": NOW + timedelta(days=30)} | changes
        return publish_review(
            a_review(audit, **changes),
            ledger=self.installation.ledger,
            signer=self.installation.publishing_key,
            trusted=lambda: self.installation.trusted_keys,
            records=self.settings.records,
        )

    def gated(self, version: str = "1") -> GateDecision:
        """Ask the gate and act on it, as its task does."""
        with self.installation.ledger.holding():
            decision = ask(
                self.loaded,
                model_version=version,
                ledger=self.installation.ledger,
                registry=self.registry,
                trusted_keys=self.settings.trusted_keys,
                now=NOW,
            )
            apply(decision, self.loaded.policy, self.registry)
        return decision

    def _parts(self, audit: AnAudit) -> Parts:
        loaded, as_of = self.loaded, audit.as_of
        files = self.registry.artifact_digest(MODEL, audit.version)
        evidence = counted(loaded.policy, audit.weeks, FIRST_WEEK + WEEK * audit.skip).model_copy(
            update={"model_version": audit.version, "audited": audit.audited}
        )
        content = digest(f"{digest_of_content(evidence.content)} {as_of} {audit.read}")
        start, end = loaded.policy.window(as_of)
        scoring = audit.in_place_of and Scoring(
            artifact_digest=files, against=audit.in_place_of, confinement=(), cut=0.5
        )
        measurements = MeasurementFile(
            path=Path("measurements.parquet"),
            digest=content,
            rows=1,
            confidence=0.95,
            population_digest=content,
            population_rows=1000,
            labelled_rows=1000,
            selected_rows=500,
        )
        folder = self.settings.run_folder(MODEL, content)
        return Parts(
            Snapshot(
                model=MODEL,
                folder=Path("snapshot"),
                window_start=start,
                window_end=end,
                logical_date=as_of,
                taken_at=NOW,
                policy_digest=loaded.digest,
                method_digest=loaded.method.digest,
                objects={},
                digest=content,
            ),
            Population(
                model=MODEL,
                model_version=audit.version,
                path=Path("population.parquet"),
                digest=content,
                rows=1000,
                decisions=1000,
                scoring=scoring or None,
            ),
            with_evidence(measurements, folder, evidence).model_copy(
                update={"path": folder / "measurements.parquet"}
            ),
            ValidationReport(checks=tuple(audit.checks), data_docs=Path("docs")),
            files,
        )
