"""What people decided about the findings that stand against a version."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from fairness_audit.records.finding import Finding
from fairness_audit.records.signed.audit import CLOCK_TOLERANCE, AuditRecord
from fairness_audit.records.signed.review import WAIVER_APPROVERS, ReviewRecord


@dataclass(frozen=True)
class Standing:
    """One finding, and what people made of it.

    It is ``open`` while it still stands in the way, else let through ``until`` a moment.
    """

    finding: Finding
    open: bool
    says: str
    until: datetime | None = None


def standings(
    audit: AuditRecord,
    reviews: Sequence[ReviewRecord],
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
        reviews: reviews from the ledger, in its order; of other audits too.
        owner: who the policy asks.
        approvals: how many different people the policy wants for an approval.
        now: the moment of the decision.
    """
    about = [review for review in reviews if _is_about(review, audit)]
    blocking = [finding for finding in audit.obstacles if finding.at_gate == "block"]
    waiting = [finding for finding in audit.obstacles if finding.at_gate == "review"]
    for finding in [*blocking, *waiting]:
        last = next((each for each in reversed(about) if finding.id in each.findings), None)
        yield _standing(finding, last, owner, approvals, now)


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


def _is_about(review: ReviewRecord, audit: AuditRecord) -> bool:
    return (
        review.audit_record_id == audit.record_id
        and review.artifact_digest == audit.artifact_digest
        and review.policy_digest == audit.policy_digest
    )
