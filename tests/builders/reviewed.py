"""Builders: cases that people decide about, and what Airflow says of their answers."""

from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

from fairness_audit.policy.load import LoadedPolicy
from fairness_audit.policy.people import Review
from fairness_audit.records.signed.audit import AuditRecord
from fairness_audit.records.signed.statement import Record
from fairness_audit.review.answer import Answer, first_answer, second_answer
from fairness_audit.review.case import Case, case_of
from tests.builders.published import FAILED, NOW, WAITS, a_finding, a_loaded_policy, a_record

RUN = "review__1"
OTHER_WAITS = a_finding("inconclusive", "review", group="X")
WAIVER = {
    "findings": [FAILED.id],
    "compensating_control": "Every refused lead is called by a person.",
    "owner": "sales-operations",
    "days": 30,
}


def an_audit_record(loaded: LoadedPolicy, *findings: Any, **changes: Any) -> AuditRecord:
    """An audit of this policy with these findings; one that waits by default."""
    return a_record(
        policy_digest=loaded.digest,
        verdict=(findings or (WAITS,))[0].verdict,
        findings=findings or (WAITS,),
        **changes,
    )


def a_case(
    loaded: LoadedPolicy, *findings: Any, after: Sequence[Record] = (), now: datetime = NOW
) -> Case:
    """The case of one audit with these findings, in a ledger that holds it and what came after."""
    record = an_audit_record(loaded, *findings)
    return case_of(loaded, [record, *after], record.record_id, now)


def an_event(option: str = "Approve", by: str | None = "ada", **form: Any) -> dict[str, Any]:
    """What Airflow says of an answer."""
    return {
        "chosen_options": [option],
        "params_input": {"reason": "The gap is known.", "findings": [WAITS.id]} | form,
        "responded_at": NOW,
        "responded_by_user": {"id": by, "name": by} if by else None,
        "timedout": False,
    }


def a_first(case: Case, event: dict[str, Any], **review: Any) -> Answer:
    return first_answer(event, case, a_review_policy(**review), run_id=RUN)


def a_second(first: Answer, by: str, option: str = "Agree", **review: Any) -> Answer:
    return second_answer(an_event(option, by), first, a_review_policy(**review), run_id=RUN)


def a_review_policy(**changes: Any) -> Review:
    return Review.model_validate({"owner": "responsible-ai"} | changes)


def a_policy_of(folder: Path, **review: Any) -> LoadedPolicy:
    return a_loaded_policy(folder, review={"owner": "responsible-ai"} | review)
