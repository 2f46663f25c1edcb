"""The published record of an audit, and what the gate says of it."""

from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Annotated, ClassVar, Literal

from pydantic import Field

from fairness_audit.encoding import digest_of
from fairness_audit.records.door import Door, Moment, StepResult
from fairness_audit.records.finding import (
    AttributeSource,
    ErrorBudget,
    EvidenceBasis,
    Finding,
    Verdict,
)
from fairness_audit.records.signed.chained import Chained
from fairness_audit.records.signed.in_toto import Sha256
from fairness_audit.records.signed.layout import Place, digest_of_subject, in_predicate
from fairness_audit.records.signed.simulation import Simulation
from fairness_audit.records.snapshot import SchemaChange

Audited = Literal["decisions", "candidate"]
"""Whether decisions were audited that were made, or those a candidate would make."""

CLOCK_TOLERANCE = timedelta(minutes=5)
"""How far two machines' clocks may be apart; a record from later than that is from the future."""


class Counts(Door):
    """How much was audited: decisions logged and audited, and checks of the data.

    A number of decisions is absent where it, or what is left of those it is a part of, is of fewer
    people than the policy's smallest group. Records of before have all of them.
    """

    decisions: int | None = Field(
        default=None,
        description=(
            "Decisions logged in the window; absent where they, or those that were not audited,"
            " are too few to be told."
        ),
    )
    audited: int | None = Field(
        default=None,
        description="Decisions that were audited; absent where they are too few to be told.",
    )
    labelled: int | None = Field(
        default=None,
        description=(
            "Audited decisions whose outcome is known; absent where they, or the others, are too"
            " few to be told."
        ),
    )
    selected: int | None = Field(
        default=None,
        description=(
            "Audited decisions that selected their subject; absent where they, or the others, are"
            " too few to be told."
        ),
    )
    checks: int = Field(description="Checks of the data that were run.")
    checks_passed: int = Field(description="Of these, how many passed.")


class Rollback(Door):
    """A person wants production to go back to an older version than the one in it."""

    by: str = Field(min_length=1, max_length=250, description="Their login.")
    reason: str = Field(min_length=1, max_length=4000, description="Why, in their words.")


class AuditRecord(Chained):
    """One published audit, as it is signed.

    ``snapshot_digest`` and the other digests are of content, so that the same audit run again has
    the same ``record_id``. ``report_digest`` is of the report, which follows from the rest.
    ``error_budget`` is no part of it, nor are ``attributes``, which say where the groups come from
    and of what share of the rows they are known, or ``schema_changes``, the columns of the source
    that were no longer what they had been; records from before there were any have None.
    ``evidence_digest`` binds what was counted by calendar units, whose file is confidential.
    ``audited`` tells logged decisions from those that a candidate would make; records from before
    candidates were audited have None and are about decisions. Of a candidate ``simulation`` says
    how its scores came about.
    """

    kind: ClassVar[Literal["audit"]] = "audit"

    snapshot_digest: Annotated[Sha256, digest_of_subject("snapshot")]
    population_digest: Annotated[Sha256, digest_of_subject("population")]
    measurements_digest: Annotated[Sha256, digest_of_subject("measurements")]
    report_digest: Annotated[Sha256, digest_of_subject("report")]
    audited: Audited | None = Field(
        default=None,
        description=(
            "Whether decisions were audited that were made, or those that a candidate would make;"
            " absent in records of before, which are about decisions."
        ),
    )
    evidence_digest: Sha256 | None = Field(
        default=None,
        description=(
            "SHA-256 of the audit's evidence file, which is kept beside the ledger, for auditors"
            " alone: what was counted by closed calendar units. Absent in records of before."
        ),
    )
    simulation: Simulation | None = Field(
        default=None, description="How the decisions of a candidate came about."
    )
    window_start: Annotated[Moment, in_predicate("window", "start")]
    window_end: Annotated[Moment, in_predicate("window", "end")]
    counts: Counts = Field(description="How much was audited.")
    run_digest: Sha256 | None = Field(
        default=None,
        description=(
            "SHA-256 of what the policy says of how the audit is run: when, by whom, from where,"
            " in which words. It may change without another audit."
        ),
    )
    verdict: Verdict = Field(description="The worst of the findings.")
    error_budget: ErrorBudget | None = Field(
        default=None,
        description=(
            "The part of the model's error budget that an audit spent, before evidence was counted"
            " by units."
        ),
    )
    basis: EvidenceBasis | None = Field(
        default=None, description="The closed units of decisions that the verdict rests on."
    )
    attributes: dict[str, AttributeSource] | None = Field(
        default=None, description="Where the groups of each protected attribute come from."
    )
    schema_changes: tuple[SchemaChange, ...] | None = Field(
        default=None,
        description="Columns of the source that are no longer what they were.",
    )
    findings: tuple[Finding, ...] = Field(description="All conclusions, the deciding one first.")
    rollback: Rollback | None = Field(
        default=None,
        description=(
            "Who asked that production go back to this version, though a newer one is in it."
            " Absent where nobody did: then it does not."
        ),
    )

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
            rests_on=self.rests_on,
            logical_date=self.logical_date,
            audited=self.audited,
        )

    @property
    def is_simulated(self) -> bool:
        """True if it is about what a candidate would decide, not about what was decided."""
        return self.audited == "candidate"

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

    @property
    def follows(self) -> Mapping[Place, str]:
        """Whether it passed, too."""
        result = "PASSED" if self.passed else "FAILED"
        return {**super().follows, ("predicate", "verification_result"): result}


def record_id(
    *,
    model: str,
    model_version: str,
    artifact_digest: str,
    snapshot_digest: str,
    population_digest: str,
    measurements_digest: str,
    rests_on: str,
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
            "policy": rests_on,
            "logicalDate": logical_date.astimezone(UTC).isoformat(),
        }
    )


class PublishedRecord(StepResult):
    """Where a record was published."""

    record_id: str
    file: Path
    verdict: Verdict

    @property
    def summary(self) -> str:
        """The start of its id."""
        return f"record {self.record_id[:12]}"


class Obstacle(Door):
    """One finding that stands against a version: since when, and what would lift it.

    ``finding`` is its id. It stands ``since`` the first day of the unit that brought it. What
    ``lifts`` a failure is so much evidence of later decisions alone, an e-value against the limit
    being broken, 20 or more; None where no rule asks about it any more. People may have decided;
    what they let through is not ``open``, ``until`` then.
    """

    finding: str
    verdict: Verdict
    at_gate: Literal["review", "block"]
    open: bool
    since: date | None = None
    lifts: float | None = None
    decision: Literal["approve", "reject", "waive"] | None = None
    until: Moment | None = None


class GateDecision(StepResult):
    """May this version be promoted? ``reasons`` is never empty.

    ``obstacles`` are the findings that stand against it, also where people let them through.
    ``certain`` is False where the question could not be answered (a service did not answer, a
    setting is missing): the decision is ``block`` then, and asking again may give another one.
    ``artifact_digest`` is of the files it was decided about. ``stays`` is why the alias is left
    where it is, whatever was decided; None where nothing but the decision keeps it. ``goes_back``
    is whether a person asked, in the record, that production go back to the version.
    """

    decision: Literal["allow", "block"]
    model: str
    model_version: str
    reasons: tuple[str, ...]
    obstacles: tuple[Obstacle, ...] = ()
    record_id: str | None
    expires: datetime | None
    certain: bool = True
    artifact_digest: str | None = None
    stays: str | None = None
    goes_back: bool = Field(default=False, exclude=True)

    @property
    def summary(self) -> str:
        """The decision in a word."""
        return self.decision
