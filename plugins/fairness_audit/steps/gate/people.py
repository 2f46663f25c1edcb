"""What people decided about the findings that stand against a version."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from fairness_audit.records.finding import Finding, Verdict
from fairness_audit.records.signed.audit import CLOCK_TOLERANCE, AuditRecord, Obstacle
from fairness_audit.records.signed.review import WAIVER_APPROVERS, ReviewRecord
from fairness_audit.records.signed.statement import Record
from fairness_audit.steps.gate.lasting import Decisions


@dataclass(frozen=True)
class Standing:
    """One finding, and what people made of it.

    It is ``open`` while it still stands in the way, else let through ``until`` a moment.
    ``review`` is the last decision about it, whatever has become of that.
    """

    finding: Finding
    open: bool
    says: str
    until: datetime | None = None
    review: ReviewRecord | None = None

    @property
    def obstacle(self) -> Obstacle:
        """The same in fields."""
        evidence = self.finding.evidence
        return Obstacle.model_validate(
            {
                "finding": self.finding.id,
                "verdict": self.finding.verdict,
                "at_gate": self.finding.at_gate,
                "open": self.open,
                "since": evidence.since,
                "lifts": evidence.pass_needed if self.finding.verdict is Verdict.FAIL else None,
                "decision": self.review.decision if self.review else None,
                "until": self.until,
            }
        )


def standings(
    audit: AuditRecord,
    records: Sequence[Record],
    *,
    owner: str,
    approvals: int,
    now: datetime,
) -> Iterator[Standing]:
    """Every finding against the version, what blocks before what waits.

    The last decision about a finding governs it. Nothing hides a finding: it is named whatever
    was decided.

    Args:
        audit: the record that governs the version.
        records: of the ledger, in its order; of other versions none is needed, and of other
            audits those that were reviewed.
        owner: who the policy asks.
        approvals: how many different people the policy wants for an approval.
        now: the moment of the decision.
    """
    decisions = Decisions(audit, records)
    blocking = [finding for finding in audit.obstacles if finding.at_gate == "block"]
    waiting = [finding for finding in audit.obstacles if finding.at_gate == "review"]
    for finding in [*blocking, *waiting]:
        last = decisions.last_about(finding)
        yield replace(_standing(finding, last, owner, approvals, now), review=last)


def _standing(
    finding: Finding, review: ReviewRecord | None, owner: str, approvals: int, now: datetime
) -> Standing:
    blocks = finding.at_gate == "block"
    stands = f"{finding.rule}: {finding.sentence}"
    asks = stands if blocks else f"waits for a review by {owner}: {finding.sentence}"
    if review is None:
        return Standing(finding, True, asks)
    by, until = " and ".join(review.approvers), f"{review.expires:%Y-%m-%d %H:%M} UTC"
    if review.decision == "reject":
        return Standing(finding, True, f"rejected by {by}: {finding.sentence}")
    if review.issued > now + CLOCK_TOLERANCE:
        return Standing(finding, True, f"{asks} (its {review.decision} is issued in the future)")
    if review.expires <= now:
        return Standing(finding, True, f"{asks} (the {review.decision} expired on {until})")
    wanted = WAIVER_APPROVERS if review.decision == "waive" else approvals
    if len(review.approvers) < wanted:
        given = f"{len(review.approvers)} of {wanted} people"
        return Standing(finding, True, f"{asks} (the {review.decision} is by {given})")
    if review.decision == "approve":
        if blocks:
            return Standing(finding, True, f"{asks} (approved, which lets no failure through)")
        says = f"approved by {by} until {until}: {finding.sentence}"
    else:
        says = f"waived by {by} until {until}: {stands}"
    return Standing(finding, False, says, review.expires)
