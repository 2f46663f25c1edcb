"""An audit record as an in-toto Statement, and back."""

from typing import Final, Literal

from pydantic import Field

from fairness_audit.records.door import Door, Moment
from fairness_audit.records.finding import AttributeSource, ErrorBudget, Finding, Verdict
from fairness_audit.records.signed.audit import Audited, AuditRecord, Counts, Sha256
from fairness_audit.records.signed.in_toto import (
    STATEMENT_TYPE,
    VERIFIER,
    PolicyReference,
    Subject,
    Verifier,
    digests_of,
    policy_reference,
    resource_uri,
    subjects,
)
from fairness_audit.records.signed.simulation import Simulation
from fairness_audit.records.snapshot import SchemaChange

AUDIT_TYPE: Final = "urn:fairness-audit:audit-record:v1"

_SUBJECTS = ("model", "snapshot", "population", "measurements", "report")


class Window(Door):
    """Half-open window of the decisions that were audited."""

    start: Moment
    end: Moment


class AuditPredicate(Door):
    """What was found, and everything a gate needs to rely on it."""

    seq: int
    prev: Sha256 | None = None
    record_id: Sha256
    model: str
    model_version: str
    resource_uri: str
    registered_model: str
    policy: PolicyReference
    audited: Audited | None = None
    simulation: Simulation | None = None
    logical_date: Moment
    window: Window
    time_verified: Moment
    expires: Moment
    verification_result: Literal["PASSED", "FAILED"]
    verdict: Verdict
    counts: Counts
    error_budget: ErrorBudget | None = None
    attributes: dict[str, AttributeSource] | None = None
    schema_changes: tuple[SchemaChange, ...] | None = None
    findings: tuple[Finding, ...]
    verifier: Verifier


class AuditStatement(Door):
    """A Statement whose subjects are the model's files and all that the verdict rests on."""

    type: Literal["https://in-toto.io/Statement/v1"] = Field(alias="_type")
    subject: tuple[Subject, ...]
    predicate_type: Literal["urn:fairness-audit:audit-record:v1"]
    predicate: AuditPredicate

    @classmethod
    def of(cls, record: AuditRecord) -> "AuditStatement":
        """The Statement that says what the record says."""
        return cls(
            type=STATEMENT_TYPE,
            subject=subjects(
                {
                    "model": record.artifact_digest,
                    "snapshot": record.snapshot_digest,
                    "population": record.population_digest,
                    "measurements": record.measurements_digest,
                    "report": record.report_digest,
                }
            ),
            predicate_type=AUDIT_TYPE,
            predicate=_predicate_of(record),
        )

    def record(self) -> AuditRecord:
        """The record that the Statement says."""
        said = self.predicate
        model, snapshot, population, measurements, report = digests_of(self.subject, _SUBJECTS)
        return AuditRecord(
            artifact_digest=model,
            snapshot_digest=snapshot,
            population_digest=population,
            measurements_digest=measurements,
            report_digest=report,
            policy_digest=said.policy.digest.sha256,
            seq=said.seq,
            prev=said.prev,
            model=said.model,
            registered_model=said.registered_model,
            model_version=said.model_version,
            audited=said.audited,
            simulation=said.simulation,
            logical_date=said.logical_date,
            window_start=said.window.start,
            window_end=said.window.end,
            issued=said.time_verified,
            expires=said.expires,
            counts=said.counts,
            error_budget=said.error_budget,
            attributes=said.attributes,
            schema_changes=said.schema_changes,
            verdict=said.verdict,
            findings=said.findings,
            versions=said.verifier.version,
        )


def _predicate_of(record: AuditRecord) -> AuditPredicate:
    return AuditPredicate(
        seq=record.seq,
        prev=record.prev,
        record_id=record.record_id,
        model=record.model,
        model_version=record.model_version,
        resource_uri=resource_uri(record.registered_model, record.model_version),
        registered_model=record.registered_model,
        policy=policy_reference(record.model, record.policy_digest),
        audited=record.audited,
        simulation=record.simulation,
        logical_date=record.logical_date,
        window=Window(start=record.window_start, end=record.window_end),
        time_verified=record.issued,
        expires=record.expires,
        verification_result="PASSED" if record.passed else "FAILED",
        verdict=record.verdict,
        counts=record.counts,
        error_budget=record.error_budget,
        attributes=record.attributes,
        schema_changes=record.schema_changes,
        findings=record.findings,
        verifier=Verifier(id=VERIFIER, version=record.versions),
    )
