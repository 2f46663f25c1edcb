"""What the answers of several people make: one decision, as it is signed."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from fairness_audit.errors import ReviewError
from fairness_audit.policy.people import Review
from fairness_audit.records.signed.audit import AuditRecord
from fairness_audit.records.signed.review import WAIVER_APPROVERS, Approval, ReviewRecord
from fairness_audit.review.answer import Answer


def people_wanted(choice: str, review: Review) -> int:
    """How many different people must stand behind a decision."""
    if choice == "reject":
        return 1
    return max(review.approvals, WAIVER_APPROVERS if choice == "waive" else 1)


def review_of(
    record: AuditRecord,
    first: Answer,
    others: Sequence[Answer],
    review: Review,
    *,
    now: datetime,
    versions: dict[str, str],
) -> ReviewRecord:
    """The record of what was decided; its place in the chain is left to whoever publishes it.

    One refusal among those asked after the first makes it a rejection. It lasts from the last
    answer: a waiver as long as was proposed, everything else as long as a waiver may at most. The
    same answers make the same record, whenever it is published.

    Args:
        record: the audit that was decided about.
        first: what was proposed.
        others: whether the others agree.
        review: what the policy says of reviews.
        now: when it is published, with a time zone.
        versions: the software, name to version.

    Raises:
        ReviewError: when the answers are not of one question, or of too few different people.
    """
    _check_one_question(record, first, others)
    refusals = [each for each in others if each.choice == "refuse"]
    agreed = [first, *(each for each in others if each.choice == "agree")]
    behind = refusals or agreed
    answered = max(each.at for each in behind)
    decision = "reject" if refusals else first.choice
    _check_people(behind, people_wanted(decision, review), decision)
    same = ("model", "registered_model", "model_version", "artifact_digest", "policy_digest")
    content = {name: getattr(record, name) for name in (*same, "method", "logical_date")} | {
        "seq": 1,
        "prev": None,
        "audit_record_id": record.record_id,
        "decision": decision,
        "findings": first.findings,
        "approvals": [
            Approval(by=each.person.label, at=each.at, reason=each.reason) for each in behind
        ],
        "owner": review.owner,
        "issued": now,
        "expires": answered + timedelta(days=review.waiver_max_days),
        "versions": versions,
    }
    if decision == "waive":
        days = min(first.days or 0, review.waiver_max_days)
        content |= {
            "compensating_control": first.compensating_control,
            "owner": first.owner or review.owner,
            "expires": answered + timedelta(days=days),
        }
    return ReviewRecord.model_validate(content)


def _check_one_question(record: AuditRecord, first: Answer, others: Sequence[Answer]) -> None:
    if first.confirms is not None or first.record_id != record.record_id:
        raise ReviewError("the first answer is about another record; ask again")
    for each in others:
        if each.confirms != first.digest:
            raise ReviewError(
                f"{each.person.label} answered about another answer than the one that now stands;"
                " clear that task to ask again"
            )


def _check_people(answers: Sequence[Answer], wanted: int, decision: str) -> None:
    different: list[Answer] = []
    for each in answers:
        if any(each.person.is_same(other.person) for other in different):
            raise ReviewError(f"{each.person.label} answered twice; another person must answer")
        different.append(each)
    if len(different) < wanted:
        raise ReviewError(f"{len(different)} of {wanted} people answered to {decision}")
