"""The published record of an audit, and what the gate says of it."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Annotated, ClassVar, Literal

from pydantic import Field

from fairness_audit.encoding import digest_of
from fairness_audit.records.door import Door, Moment
from fairness_audit.records.finding import AttributeSource, ErrorBudget, Finding, Verdict
from fairness_audit.records.signed.simulation import Simulation
from fairness_audit.records.snapshot import SchemaChange

Sha256 = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
"""A SHA-256, as 64 lower-case hexadecimal digits."""

Audited = Literal["decisions", "candidate"]
"""Whether decisions were audited that were made, or those a candidate would make."""

CLOCK_TOLERANCE = timedelta(minutes=5)
"""How far two machines' clocks may be apart; a record from later than that is from the future."""


class Counts(Door):
    """How much was audited: decisions logged and audited, and checks of the data."""

    decisions: int
    audited: int
    labelled: int
    selected: int
    checks: int
    checks_passed: int


class AuditRecord(Door):
    """One published audit, as it is signed.

    ``seq`` and ``prev`` chain it to the record before it: ``seq`` counts from 1 and ``prev`` is
    the SHA-256 of that record's envelope, None for the first. ``snapshot_digest`` and the other
    digests are of content, so that the same audit run again has the same ``record_id``.
    ``report_digest`` is of the report, which follows from the rest.
    ``error_budget`` is no part of it, nor are ``attributes``, which say where the groups come from
    and of what share of the rows they are known, or ``schema_changes``, the columns of the source
    that were no longer what they had been; records from before there were any have None.
    ``audited`` tells logged decisions from those that a candidate would make; records from before
    candidates were audited have None and are about decisions. Of a candidate ``simulation`` says
    how its scores came about.
    """

    kind: ClassVar[Literal["audit"]] = "audit"

    seq: Annotated[int, Field(ge=1)]
    prev: Sha256 | None
    model: str
    registered_model: str
    model_version: str
    artifact_digest: Sha256
    snapshot_digest: Sha256
    population_digest: Sha256
    measurements_digest: Sha256
    report_digest: Sha256
    policy_digest: Sha256
    audited: Audited | None = None
    simulation: Simulation | None = None
    logical_date: Moment
    window_start: Moment
    window_end: Moment
    issued: Moment
    expires: Moment
    counts: Counts
    verdict: Verdict
    error_budget: ErrorBudget | None = None
    attributes: dict[str, AttributeSource] | None = None
    schema_changes: tuple[SchemaChange, ...] | None = None
    findings: tuple[Finding, ...]
    versions: dict[str, str]

    @property
    def record_id(self) -> str:
        """The idempotency key: SHA-256 over what was audited, against what, as of when."""
        return record_id(
            model=self.model,
            model_version=self.model_version,
            artifact_digest=self.artifact_digest,
            snapshot_digest=self.snapshot_digest,
            population_digest=self.population_digest,
            measurements_digest=self.measurements_digest,
            policy_digest=self.policy_digest,
            logical_date=self.logical_date,
            audited=self.audited,
        )

    @property
    def outcome(self) -> str:
        """The verdict in a word."""
        return self.verdict.value

    @property
    def obstacles(self) -> tuple[Finding, ...]:
        """The findings that stand against a promotion: they block it, or wait for a review."""
        return tuple(finding for finding in self.findings if finding.at_gate != "allow")

    @property
    def passed(self) -> bool:
        """True if nothing in the record stands against a promotion."""
        return bool(self.findings) and not self.obstacles and self.verdict is not Verdict.FAIL


def record_id(
    *,
    model: str,
    model_version: str,
    artifact_digest: str,
    snapshot_digest: str,
    population_digest: str,
    measurements_digest: str,
    policy_digest: str,
    logical_date: datetime,
    audited: Audited | None = None,
) -> str:
    """SHA-256 over everything that makes one audit another one than the next."""
    simulated = {"audited": audited} if audited == "candidate" else {}
    return digest_of(
        simulated
        | {
            "model": model,
            "modelVersion": model_version,
            "artifact": artifact_digest,
            "snapshot": snapshot_digest,
            "population": population_digest,
            "measurements": measurements_digest,
            "policy": policy_digest,
            "logicalDate": logical_date.astimezone(UTC).isoformat(),
        }
    )


class PublishedRecord(Door):
    """Where a record was published."""

    record_id: str
    file: Path
    verdict: Verdict


class GateDecision(Door):
    """May this version be promoted? ``reasons`` is never empty.

    ``certain`` is False where the question could not be answered (a service did not answer, a
    setting is missing): the decision is ``block`` then, and asking again may give another one.
    ``artifact_digest`` is of the files it was decided about.
    """

    decision: Literal["allow", "block"]
    model: str
    model_version: str
    reasons: tuple[str, ...]
    record_id: str | None
    expires: datetime | None
    certain: bool = True
    artifact_digest: str | None = None
