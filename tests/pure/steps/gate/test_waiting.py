"""Until when a version waits, because of which group, and what can be done: one line for all."""

from datetime import date
from pathlib import Path
from typing import Any

import pytest

from fairness_audit.pipeline.notify.notice import waits
from fairness_audit.policy.document import Document
from fairness_audit.policy.load import LoadedPolicy
from fairness_audit.records.finding import Finding
from fairness_audit.records.signed.audit import AuditRecord, GateDecision
from fairness_audit.records.signed.statement import Record
from fairness_audit.review.case import case_of
from fairness_audit.review.page import question
from fairness_audit.steps.gate import decide, in_words
from fairness_audit.text import markdown_safe
from tests.builders.domain import a_policy
from tests.builders.published import (
    FAILED,
    NOW,
    WAITS,
    a_finding,
    a_record,
    a_review,
    an_approval,
    digest,
)

GATE = {"registered_model": "lead_scoring", "alias": "champion", "valid_days": 35}


def open_until(group: str, by: date | None, *, likely: float = 0.8, below: str = "1/2") -> Finding:
    evidence = {"settled_by": by, "settled_with": likely, "share_below": below}
    return a_finding("inconclusive", "review", group=group, evidence=evidence)


def never(group: str, *, likely: float = 0.0, below: str = "1/2") -> Finding:
    return open_until(group, None, likely=likely, below=below)


def waiting(*findings: Finding) -> AuditRecord:
    return a_record(verdict="inconclusive", findings=findings)


def loaded(mode: str = "enforce") -> LoadedPolicy:
    policy = a_policy(gate=GATE | {"mode": mode}, review={"owner": "responsible-ai"})
    document = Document(Path("policy.yaml"), {}, {})
    return LoadedPolicy(policy=policy, digest=digest("policy"), document=document)


LOADED = loaded()


def asked(audit: AuditRecord, *others: Record, mode: str = "enforce") -> GateDecision:
    return decide(
        loaded(mode),
        model_version="1",
        artifact_digest=digest("artifact 1"),
        records=[audit, *others],
        now=NOW,
    )


SOON, LATE = open_until("F", date(2026, 10, 5)), open_until("50+", date(2027, 7, 5))


def test_the_group_that_is_settled_last_says_when() -> None:
    audit = waiting(SOON, LATE, SOON.model_copy(update={"group": "18-29"}))
    assert asked(audit).reasons[0] == (
        "passes not before 2027-07-05, because of group 50+ (gender): at these sizes four_fifths"
        " is not settled for it sooner, if it is in truth treated alike; next: responsible-ai"
        " decides under Required Actions in Airflow (DAG review_audit, record"
        f" {audit.record_id[:12]})"
    )


def test_what_three_years_do_not_settle_is_named_before_what_they_do() -> None:
    first = asked(waiting(LATE, never("F", likely=0.6), SOON)).reasons[0]
    assert first.startswith(
        "passes not before 2029-06-28, because of group F (gender): at these sizes three years are"
        " not enough to settle four_fifths for it, even if it is in truth treated alike; next:"
        " responsible-ai decides"
    )


@pytest.mark.parametrize(
    "others",
    [
        [never("F", likely=0.6, below="1/20")],  # more likely to be settled
        [never("F", below="1/2")],  # as unlikely, and larger
        [never("A"), never("Y")],
    ],
)
def test_the_least_likely_and_smallest_group_is_named(others: list[Finding]) -> None:
    smallest = never("X", below="1/10")
    for order in ([smallest, *others], [*others, smallest]):
        assert "because of group X (gender)" in asked(waiting(*order)).reasons[0]


def test_where_small_groups_alone_take_for_ever_the_policy_can_let_them_be() -> None:
    small = never("X", below="1/20"), never("Y", below="1/10")
    assert (
        asked(waiting(SOON, *small))
        .reasons[0]
        .endswith(
            "; next: set smallest_share: 1/10 under gate in expectations/lead_scoring/policy.yaml,"
            " and the gate waits for no group as small"
        )
    )
    larger = never("Y", below="3/20")
    assert "; next: responsible-ai decides" in asked(waiting(SOON, larger, *small)).reasons[0]


def test_the_gate_the_notice_and_the_review_say_the_same() -> None:
    audit = waiting(LATE)
    decision = asked(audit)
    line = decision.reasons[0]
    assert in_words(decision).split("\n")[1] == f"  - {line}"
    assert waits(decision, None).text == f"lead_scoring version 1 {line}."
    until = markdown_safe(line.partition("; next")[0])
    page = question(case_of(LOADED, [audit], audit.record_id, NOW), LOADED.policy, {})
    assert f"Or wait: this version {until}." in page


def test_the_findings_that_wait_stand_below_it() -> None:
    decision = asked(waiting(SOON, LATE))
    assert [each.partition(":")[0] for each in decision.reasons[1:]] == [
        "waits for a review by responsible-ai"
    ] * 2


def test_what_people_let_through_is_waited_for_no_more() -> None:
    audit = waiting(SOON, LATE)
    approval: dict[str, Any] = {
        "decision": "approve",
        "findings": (LATE.id,),
        "approvals": (an_approval("ada"),),
    }
    first = asked(audit, a_review(audit, **approval)).reasons[0]
    assert first.startswith("passes not before 2026-10-05, because of group F")


@pytest.mark.parametrize("besides", [FAILED, WAITS], ids=["fails", "no outlook"])
def test_nothing_is_said_of_when_where_no_evidence_alone_will_do(besides: Finding) -> None:
    found = besides.model_copy(update={"group": "Y"})
    assert not any("not before" in each for each in asked(waiting(SOON, found)).reasons)


def test_nor_of_what_people_rejected() -> None:
    audit = waiting(SOON)
    rejected = a_review(audit, decision="reject")
    assert asked(audit, rejected).reasons[0].startswith("rejected by ada")


def test_nor_where_nothing_is_enforced() -> None:
    assert not any("not before" in each for each in asked(waiting(SOON), mode="warn").reasons)
