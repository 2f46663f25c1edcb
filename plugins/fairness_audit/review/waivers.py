"""The waivers of a ledger, and what has become of each."""

from collections.abc import Sequence
from datetime import datetime

from fairness_audit.records.signed.audit import AuditRecord
from fairness_audit.records.signed.review import ReviewRecord
from fairness_audit.records.signed.statement import Record
from fairness_audit.records.waiver import State, Waiver
from fairness_audit.steps.gate.decision import records_in_force
from fairness_audit.steps.gate.lasting import Decisions, is_of_one_version


def waivers_of(records: Sequence[Record], now: datetime) -> tuple[Waiver, ...]:
    """Every waiver in the ledger, those in force first, then by when they end.

    Args:
        records: all records of the ledger, in its order, verified.
        now: the moment of asking, with a time zone.
    """
    found = [
        Waiver(
            model=review.model,
            model_version=review.model_version,
            finding=finding,
            owner=review.owner,
            compensating_control=review.compensating_control or "",
            approvers=review.approvers,
            issued=review.issued,
            expires=review.expires,
            state=_state(review, finding, records, now),
            record_id=review.record_id,
            audit_record_id=review.audit_record_id,
        )
        for review in records
        if isinstance(review, ReviewRecord) and review.decision == "waive"
        for finding in review.findings
    ]
    return tuple(sorted(found, key=lambda each: (each.state != "in force", each.expires)))


def _state(review: ReviewRecord, finding: str, records: Sequence[Record], now: datetime) -> State:
    later = (
        each
        for each in records
        if isinstance(each, ReviewRecord)
        and each.seq > review.seq
        and is_of_one_version(each, review)
        and finding in each.findings
    )
    if any(later):
        return "ended"
    if review.expires <= now:
        return "expired"
    audits = [each for each in records if isinstance(each, AuditRecord)]
    in_force = records_in_force(audits, review.model, review.model_version, review.artifact_digest)
    if in_force is None:
        return "overtaken"
    holds = any(
        Decisions(audit, records).last_about(each) == review
        for audit in in_force
        if audit is not None
        for each in audit.obstacles
        if each.id == finding
    )
    return "in force" if holds else "overtaken"
