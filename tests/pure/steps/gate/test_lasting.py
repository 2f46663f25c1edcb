"""A decision of people lasts while audits find the same: what carries, and what never does."""

from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest

from fairness_audit.policy.document import Document
from fairness_audit.policy.load import LoadedPolicy
from fairness_audit.records.finding import Evidence, Finding
from fairness_audit.records.signed.audit import AuditRecord, GateDecision
from fairness_audit.records.signed.review import ReviewRecord
from fairness_audit.records.signed.statement import Record
from fairness_audit.steps.gate import decide, in_words
from fairness_audit.steps.gate.news import is_news
from tests.builders.domain import a_policy
from tests.builders.published import (
    FAILED,
    NOW,
    SINCE,
    STANDS,
    WAITS,
    a_finding,
    a_review,
    an_approval,
    an_audit_by_units,
    digest,
)


def a_policy_loaded(**review: Any) -> LoadedPolicy:
    return LoadedPolicy(
        policy=a_policy(review={"owner": "responsible-ai"} | review),
        digest=digest("policy"),
        document=Document(Path("policy.yaml"), {}, {}),
    )


LOADED = a_policy_loaded()


def asked(*records: Record, **changes: Any) -> GateDecision:
    """What the gate says when the last of the audits is published."""
    audits = [each for each in records if isinstance(each, AuditRecord)]
    given: dict[str, Any] = {
        "model_version": audits[-1].model_version,
        "artifact_digest": audits[-1].artifact_digest,
        "now": audits[-1].issued,
    }
    return decide(LOADED, records=records, **given | changes)


def decided(audit: AuditRecord, decision: str = "waive", **changes: Any) -> ReviewRecord:
    """What people decide about what stands in an audit, for 30 days."""
    of = {"decision": decision, "seq": audit.seq + 1, "issued": audit.issued}
    return a_review(audit, **of | {"expires": audit.issued + timedelta(days=30)} | changes)


def since(day: date | None, finding: Finding = STANDS) -> Finding:
    evidence = finding.evidence.model_copy(update={"since": day})
    return finding.model_copy(update={"evidence": evidence})


# --- what carries --------------------------------------------------------------------------------


def test_two_people_waive_a_failure_once_and_not_every_week() -> None:
    first = an_audit_by_units()
    waiver = decided(first)
    for week in (2, 3, 4):
        later = an_audit_by_units(week)
        allowed = asked(first, waiver, later)
        assert allowed.decision == "allow", allowed.reasons
        assert allowed.reasons[0].startswith("waived by ada and grace until 2026-07-30")
        assert allowed.record_id == later.record_id
        assert allowed.expires == waiver.expires


def test_a_decision_ends_when_it_expires() -> None:
    first = an_audit_by_units()
    waiver, last = decided(first), an_audit_by_units(4)
    at_its_end = asked(first, waiver, last, now=waiver.expires)
    assert at_its_end.decision == "block"
    assert at_its_end.reasons[0].endswith("(the waive expired on 2026-07-30 12:00 UTC)")
    just_before = asked(first, waiver, last, now=waiver.expires - timedelta(seconds=1))
    assert just_before.decision == "allow"


def test_what_is_open_is_approved_once_though_its_numbers_change() -> None:
    first = an_audit_by_units(0, WAITS)
    approval = decided(first, "approve", compensating_control=None)
    changed = WAITS.model_copy(update={"sentence": "Now 0.91 times.", "evidence": Evidence()})
    allowed = asked(first, approval, an_audit_by_units(2, changed))
    assert allowed.decision == "allow"
    assert allowed.reasons[0].endswith("Now 0.91 times.")


def test_a_rejection_carries_and_ends_a_waiver_of_whichever_audit() -> None:
    first, second = an_audit_by_units(), an_audit_by_units(2)
    waiver = decided(first)
    rejection = decided(second, "reject", compensating_control=None)
    blocked = asked(first, waiver, second, rejection, an_audit_by_units(4))
    assert blocked.decision == "block"
    assert blocked.reasons == (f"rejected by ada and grace: {STANDS.sentence}",)
    again = decided(an_audit_by_units(4))
    assert asked(first, waiver, second, rejection, an_audit_by_units(4), again).decision == "allow"


def test_a_rejection_holds_against_what_became_of_the_finding() -> None:
    first, second = an_audit_by_units(0, WAITS), an_audit_by_units(2, WAITS)
    approval = decided(first, "approve", compensating_control=None)
    rejection = decided(second, "reject", compensating_control=None)
    failed, open_again = an_audit_by_units(4), an_audit_by_units(6, WAITS)
    for audits in ([failed], [failed, open_again]):
        blocked = asked(first, approval, second, rejection, *audits)
        assert blocked.reasons[0].startswith("rejected by ada and grace")


def test_a_fault_that_says_the_same_is_decided_once() -> None:
    fault = a_finding("inconclusive", "block", kind="quality", evidence=Evidence())
    first = an_audit_by_units(0, fault)
    waiver = decided(first)
    assert asked(first, waiver, an_audit_by_units(2, fault)).decision == "allow"
    grown = fault.model_copy(update={"sentence": "Twice as many scores are missing."})
    assert asked(first, waiver, an_audit_by_units(2, grown)).decision == "block"


# --- what does not -------------------------------------------------------------------------------

ELSEWHERE: list[dict[str, Any]] = [
    {"model": "offer_targeting"},
    {"model_version": "2"},
    {"artifact_digest": digest("other files")},
    {"policy_digest": digest("another policy")},
    {"registered_model": "another"},
    {"audited": "candidate"},
    {"basis": None},
]


@pytest.mark.parametrize("changes", ELSEWHERE)
def test_nothing_carries_from_another_version_files_policy_or_kind_of_audit(
    changes: dict[str, Any],
) -> None:
    elsewhere = an_audit_by_units(**changes)
    blocked = asked(elsewhere, decided(elsewhere), an_audit_by_units(2))
    assert blocked.decision == "block"
    assert blocked.reasons[0] == f"four_fifths: {STANDS.sentence}"


@pytest.mark.parametrize("name", ["artifact_digest", "policy_digest"])
def test_a_review_that_says_other_files_than_its_audit_carries_nothing(name: str) -> None:
    first = an_audit_by_units()
    forged = decided(first, **{name: digest("other")})
    assert asked(first, forged, an_audit_by_units(2)).decision == "block"


def test_a_review_of_these_files_about_an_audit_of_others_carries_nothing() -> None:
    elsewhere, later = an_audit_by_units(artifact_digest=digest("other")), an_audit_by_units(2)
    forged = decided(elsewhere, artifact_digest=later.artifact_digest)
    assert asked(elsewhere, forged, later).decision == "block"


def test_a_record_of_before_is_decided_about_by_itself_as_ever() -> None:
    old = an_audit_by_units(basis=None)
    assert asked(old, decided(old)).decision == "allow"
    assert asked(old, decided(old), an_audit_by_units(2, basis=None)).decision == "block"
    by_units = an_audit_by_units()
    after = an_audit_by_units(2, basis=None)
    assert asked(by_units, decided(by_units), after).decision == "block"


OTHERS: list[Finding] = [
    since(date(2026, 6, 29)),  # it came back
    since(date(2026, 6, 15)),
    since(None),
    STANDS.model_copy(update={"group": "X"}),
    STANDS.model_copy(update={"rule": "other_rule"}),
]


@pytest.mark.parametrize("found", OTHERS)
def test_a_failure_that_is_new_or_came_back_needs_people_again(found: Finding) -> None:
    first = an_audit_by_units()
    blocked = asked(first, decided(first), an_audit_by_units(2, found))
    assert blocked.reasons == (f"{found.rule}: {found.sentence}",)


def test_a_failure_of_which_nobody_knows_since_when_carries_nothing() -> None:
    first = an_audit_by_units(0, FAILED)
    assert asked(first, decided(first)).decision == "allow"
    assert asked(first, decided(first), an_audit_by_units(2, FAILED)).decision == "block"


@pytest.mark.parametrize("decision", ["approve", "waive"])
def test_what_was_open_and_became_a_failure_blocks(decision: str) -> None:
    first = an_audit_by_units(0, WAITS)
    let_through = decided(first, decision)
    assert asked(first, let_through).decision == "allow"
    blocked = asked(first, let_through, an_audit_by_units(2))
    assert blocked.decision == "block"
    assert blocked.reasons == (f"four_fifths: {STANDS.sentence}",)


@pytest.mark.parametrize("verdict", ["fail", "warn"])
def test_another_verdict_needs_people_again(verdict: str) -> None:
    first = an_audit_by_units(0, a_finding("inconclusive", "block"))
    assert asked(first, decided(first)).decision == "allow"
    later = an_audit_by_units(2, a_finding(verdict, "block"))
    assert asked(first, decided(first), later).decision == "block"


def test_what_waited_for_people_and_blocks_now_needs_them_again() -> None:
    first = an_audit_by_units(0, WAITS)
    blocks = WAITS.model_copy(update={"at_gate": "block"})
    assert asked(first, decided(first), an_audit_by_units(2, blocks)).decision == "block"


def test_the_last_decision_under_a_name_counts_and_none_before_it() -> None:
    first, renewed = an_audit_by_units(), an_audit_by_units(2, since(date(2026, 7, 6)))
    waivers = (decided(first), decided(renewed))
    assert asked(first, waivers[0], renewed, waivers[1], renewed).decision == "allow"
    back = asked(first, waivers[0], renewed, waivers[1], an_audit_by_units(4))
    assert back.decision == "block"


def test_too_few_people_are_too_few_in_every_audit() -> None:
    first = an_audit_by_units()
    alone = decided(first, approvals=(an_approval("ada"),))
    blocked = asked(first, alone, an_audit_by_units(2))
    assert blocked.reasons[0].endswith("(the waive is by 1 of 2 people)")


# --- what stands, since when, and what would lift it ---------------------------------------------


def test_a_decision_has_fields_for_what_stands() -> None:
    audit = an_audit_by_units(0, STANDS, a_finding("inconclusive", "review", group="X"))
    failure, waiting = asked(audit).obstacles
    assert failure.model_dump(mode="json") == {
        "finding": STANDS.id,
        "verdict": "fail",
        "at_gate": "block",
        "open": True,
        "since": "2026-06-22",
        "lifts": 40.0,
        "decision": None,
        "until": None,
    }
    assert (waiting.verdict.value, waiting.since, waiting.lifts) == ("inconclusive", None, None)
    waived = decided(audit, findings=(STANDS.id,))
    failure, _ = asked(audit, waived, an_audit_by_units(2, *audit.findings)).obstacles
    assert (failure.open, failure.decision, failure.until) == (False, "waive", waived.expires)
    rejected = decided(audit, "reject", compensating_control=None)
    failure, waiting = asked(audit, rejected).obstacles
    assert (failure.open, failure.decision, waiting.decision) == (True, "reject", "reject")
    read_back = GateDecision.model_validate_json(asked(audit).model_dump_json())
    assert read_back == asked(audit)


def test_what_passes_has_no_obstacles() -> None:
    assert asked(an_audit_by_units(0, a_finding())).obstacles == ()


def test_the_gate_in_words_says_once_since_when() -> None:
    sentence = f"{STANDS.sentence[:-1]}; it stands since 2026-06-22, until two people waive it."
    audit = an_audit_by_units(0, STANDS.model_copy(update={"sentence": sentence}))
    for records in ([audit], [audit, decided(audit)]):
        assert in_words(asked(*records)).count("it stands since") == 1


# --- whom the policy names is told what is new ---------------------------------------------------


def is_told(*records: Record, loaded: LoadedPolicy = LOADED, **changes: Any) -> bool:
    return is_news(loaded, asked(*records, **changes), records)


def test_the_same_failure_is_told_once() -> None:
    first, second = an_audit_by_units(), an_audit_by_units(1)
    assert is_told(first)
    changed = STANDS.model_copy(update={"sentence": "Now 0.71 times."})
    assert not is_told(first, second)
    assert not is_told(first, second, an_audit_by_units(2, changed))
    asked_at_once = an_audit_by_units(logical_date=NOW, seq=2)
    assert not is_told(first, asked_at_once)


NEWS: list[tuple[Finding, ...]] = [
    (since(date(2026, 6, 29)),),
    (STANDS, a_finding("fail", "block", group="X")),
    (STANDS, WAITS.model_copy(update={"group": "X"})),
    (STANDS.model_copy(update={"group": "X"}),),
]


@pytest.mark.parametrize("found", NEWS)
def test_another_set_of_what_stands_is_news(found: tuple[Finding, ...]) -> None:
    assert is_told(an_audit_by_units(), an_audit_by_units(1, *found))
    assert is_told(an_audit_by_units(0, *found), an_audit_by_units(1))


def test_another_decision_is_news() -> None:
    first, waiver = an_audit_by_units(), decided(an_audit_by_units())
    assert is_told(an_audit_by_units(0, a_finding()), an_audit_by_units(1))
    expired = an_audit_by_units(5)  # 35 days later; the waiver ended after 30
    assert is_told(first, waiver, an_audit_by_units(2), expired)
    second = an_audit_by_units(2)
    assert not is_told(first, waiver, second)
    rejected = decided(second, "reject", compensating_control=None)
    assert is_told(first, waiver, second, rejected)
    assert not is_told(first, waiver, second, rejected, an_audit_by_units(4))


def test_a_failure_that_was_told_of_other_files_or_policy_is_news() -> None:
    for other in ({"artifact_digest": digest("x")}, {"policy_digest": digest("x")}):
        assert is_told(an_audit_by_units(**other), an_audit_by_units(1))
        assert is_told(an_audit_by_units(), an_audit_by_units(1, **other))
    assert is_news(LOADED, decide(
        LOADED, model_version="9", artifact_digest="", records=[], now=NOW
    ), [])  # fmt: skip


def test_a_failure_that_was_told_stays_told_when_its_record_expires() -> None:
    assert not is_told(an_audit_by_units(), an_audit_by_units(7))


def test_what_stands_since_when_is_not_changed_by_the_day_it_is_asked() -> None:
    assert asked(an_audit_by_units(3)).obstacles[0].since == SINCE
