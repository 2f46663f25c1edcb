"""What people are asked, whose answers count, and what they make together."""

import json
import re
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fairness_audit.errors import ReviewError
from fairness_audit.policy.load import LoadedPolicy
from fairness_audit.records.finding import Evidence
from fairness_audit.records.signed.dsse import open_envelope, sign
from fairness_audit.review.answer import Answer
from fairness_audit.review.case import case_of, decided_meanwhile, newest_waiting
from fairness_audit.review.decision import people_wanted, review_of
from fairness_audit.review.form import first_form
from fairness_audit.review.page import question, second_question
from fairness_audit.review.plot import intervals
from fairness_audit.review.seal import opened, sealed
from fairness_audit.steps.gate import decide
from fairness_audit.text import code_safe, markdown_safe
from tests.builders.published import (
    FAILED,
    NOW,
    SIGNER,
    STANDS,
    STRANGER,
    TRUSTED,
    WAITS,
    a_finding,
    a_review,
    an_audit_by_units,
)
from tests.builders.reviewed import (
    OTHER_WAITS,
    RUN,
    WAIVER,
    a_case,
    a_first,
    a_policy_of,
    a_review_policy,
    a_second,
    an_audit_record,
    an_event,
)


@pytest.fixture
def loaded(tmp_path: Path) -> LoadedPolicy:
    return a_policy_of(tmp_path)


def made(case: Any, first: Answer, *others: Answer, **review: Any) -> Any:
    policy = a_review_policy(**review)
    return review_of(case.record, first, others, policy, now=NOW, versions={"python": "3"})


def test_only_what_waits_is_approved_and_only_what_blocks_is_waived(loaded: LoadedPolicy) -> None:
    assert a_case(loaded).choices == ("approve", "reject")
    assert a_case(loaded, FAILED).choices == ("reject", "waive")
    both = a_case(loaded, FAILED, OTHER_WAITS)
    assert both.choices == ("approve", "reject", "waive")
    assert both.preselected == (OTHER_WAITS.id,)


def test_people_are_asked_by_themselves_only_where_nothing_else_is_in_the_way(
    loaded: LoadedPolicy,
) -> None:
    assert a_case(loaded).only_waits
    assert not a_case(loaded, FAILED, OTHER_WAITS).only_waits
    assert not a_case(loaded, FAILED).only_waits
    record = an_audit_record(loaded)
    rejected = a_review(record, decision="reject", compensating_control=None)
    assert a_case(loaded, after=[rejected]).waiting == (WAITS.id,)
    assert not a_case(loaded, after=[rejected]).only_waits


def test_people_are_not_asked_again_every_week(loaded: LoadedPolicy) -> None:
    """An approval that expired is asked for anew; what was rejected is not."""
    first = by_units(loaded, 0)
    approved = a_review(first, decision="approve", compensating_control=None)
    later = by_units(loaded, 2)
    assert case_of(loaded, [first, approved, later], later.record_id, later.issued).waiting == ()
    expired = by_units(loaded, 6)
    case = case_of(loaded, [first, approved, expired], expired.record_id, expired.issued)
    assert case.only_waits
    rejected = a_review(first, decision="reject", compensating_control=None)
    case = case_of(loaded, [first, rejected, expired], expired.record_id, expired.issued)
    assert case.waiting == (WAITS.id,)
    assert not case.only_waits


def by_units(loaded: LoadedPolicy, week: int, *findings: Any) -> Any:
    return an_audit_by_units(week, *(findings or (WAITS,)), policy_digest=loaded.digest)


def test_what_was_let_through_can_be_rejected(loaded: LoadedPolicy) -> None:
    record = an_audit_record(loaded)
    approved = a_review(record, decision="approve", compensating_control=None)
    case = a_case(loaded, after=[approved])
    assert (case.waiting, case.settled, case.choices) == ((), (WAITS.id,), ("reject",))
    assert case.known == 2


@pytest.mark.parametrize(
    ("changes", "now", "says"),
    [
        ({"findings": (a_finding(),)}, NOW, "nothing to decide"),
        ({"policy_digest": "0" * 64}, NOW, "the policy has changed since"),
        ({"model": "other"}, NOW, "is not of lead_scoring"),
        ({}, NOW + timedelta(days=36), "expired on"),
    ],
)
def test_where_nothing_can_be_decided_people_are_not_asked(
    loaded: LoadedPolicy, changes: dict[str, Any], now: Any, says: str
) -> None:
    record = an_audit_record(loaded).model_copy(update=changes)
    with pytest.raises(ReviewError, match=says):
        case_of(loaded, [record], record.record_id, now)


def test_a_record_that_was_followed_by_another_is_not_reviewed(loaded: LoadedPolicy) -> None:
    old = an_audit_record(loaded)
    new = an_audit_record(loaded, seq=2, logical_date=old.logical_date + timedelta(days=7))
    with pytest.raises(ReviewError, match=f"followed by {new.record_id[:12]}"):
        case_of(loaded, [old, new], old.record_id, NOW)
    assert newest_waiting(loaded, [old, new], NOW) == new.record_id
    with pytest.raises(ReviewError, match="no audit of lead_scoring waits"):
        newest_waiting(loaded, [an_audit_record(loaded, FAILED)], NOW)


def test_what_a_candidate_failed_by_is_decided_about_beside_its_decisions(
    loaded: LoadedPolicy,
) -> None:
    candidate = by_units(loaded, 0, STANDS, WAITS).model_copy(update={"audited": "candidate"})
    decided = by_units(loaded, 2)
    records, now = [candidate, decided], decided.issued
    case = case_of(loaded, records, candidate.record_id, now)
    assert (case.choices, case.blocking, case.waiting) == (("reject", "waive"), (STANDS.id,), ())
    assert newest_waiting(loaded, records, now) == decided.record_id
    passed = by_units(loaded, 1, a_finding()).model_copy(update={"audited": "candidate"})
    with pytest.raises(ReviewError, match=f"followed by {decided.record_id[:12]}"):
        case_of(loaded, [candidate, passed, decided], candidate.record_id, now)


@pytest.mark.parametrize("given_id", ["", "0" * 64, "abc"])
def test_an_id_must_name_one_record(loaded: LoadedPolicy, given_id: str) -> None:
    with pytest.raises(ReviewError, match="names no audit record"):
        case_of(loaded, [an_audit_record(loaded)], given_id, NOW)


def test_one_person_approves_what_waits_and_the_gate_opens(loaded: LoadedPolicy) -> None:
    case = a_case(loaded)
    review = made(case, a_first(case, an_event()))
    assert (review.decision, review.approvers) == ("approve", ("ada",))
    assert review.expires == NOW + timedelta(days=90)
    records = [case.record, review.model_copy(update={"seq": 2})]
    allowed = decide(
        loaded,
        model_version="1",
        artifact_digest=case.record.artifact_digest,
        records=records,
        now=NOW,
    )
    assert allowed.decision == "allow"
    assert allowed.reasons[0].startswith("approved by ada until")


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"responded_by_user": None}, "nobody answered"),
        ({"timedout": True}, "nobody answered"),
        ({"responded_by_user": {"id": "Anonymous", "name": "Anonymous"}}, "is an administrator"),
        ({"responded_by_user": {"id": "eve", "name": "ada"}}, "eve .ada. is not among"),
        ({"chosen_options": []}, "answered nothing"),
        ({"chosen_options": ["Approve", "Reject"]}, "answered approve, reject"),
        ({"chosen_options": ["Waive"]}, "answered waive, not approve or reject"),
        ({"params_input": {"reason": " \n ", "findings": [WAITS.id]}}, "reason: is empty"),
        ({"params_input": {"findings": [WAITS.id]}}, "reason: is empty"),
        ({"params_input": {"reason": 7, "findings": [WAITS.id]}}, "reason: is empty"),
        ({"params_input": {"reason": "good", "findings": []}}, "findings: none was chosen"),
        ({"params_input": {"reason": "good", "findings": ["x"]}}, "findings: x was chosen"),
        ({"params_input": None}, "findings: none was chosen"),
    ],
)
def test_an_answer_that_does_not_count(
    loaded: LoadedPolicy, changes: dict[str, Any], says: str
) -> None:
    with pytest.raises(ReviewError, match=says):
        a_first(a_case(loaded), an_event() | changes, reviewers=["ada", "grace"])


def test_a_form_says_nothing_about_who_answered(loaded: LoadedPolicy) -> None:
    forged = an_event(by="ada", by_="grace", person="grace", responded_by_user="grace")
    assert a_first(a_case(loaded), forged).person.id == "ada"


def test_approving_lets_no_failure_through(loaded: LoadedPolicy) -> None:
    case = a_case(loaded, FAILED, OTHER_WAITS)
    with pytest.raises(ReviewError, match="approving lets no failure through"):
        a_first(case, an_event(findings=[FAILED.id, OTHER_WAITS.id]))


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"days": 91}, "days: 91 is not from 1 to 90"),
        ({"days": 0}, "days: 0 is not"),
        ({"days": True}, "no number of days"),
        ({"days": "30"}, "no number of days"),
        ({"compensating_control": " "}, "compensating control: is empty"),
        ({"owner": None}, "owner: is empty"),
    ],
)
def test_a_waiver_is_whole(loaded: LoadedPolicy, changes: dict[str, Any], says: str) -> None:
    with pytest.raises(ReviewError, match=says):
        a_first(a_case(loaded, FAILED), an_event("Waive", **WAIVER | changes))


def test_a_waiver_needs_two_people_and_ends_by_itself(loaded: LoadedPolicy) -> None:
    case = a_case(loaded, FAILED)
    first = a_first(case, an_event("Waive", **WAIVER))
    with pytest.raises(ReviewError, match="1 of 2 people"):
        made(case, first)
    review = made(case, first, a_second(first, "grace"))
    assert (review.decision, review.approvers) == ("waive", ("ada", "grace"))
    assert review.expires == NOW + timedelta(days=30)
    assert review.owner == "sales-operations"
    carried = open_envelope(sign(review, SIGNER).envelope, TRUSTED).record
    assert carried == review


def test_a_waiver_lasts_no_longer_than_the_policy_says(loaded: LoadedPolicy) -> None:
    case = a_case(loaded, FAILED)
    first = a_first(case, an_event("Waive", **WAIVER | {"days": 90}))
    review = made(case, first, a_second(first, "grace"), waiver_max_days=10)
    assert review.expires == NOW + timedelta(days=10)


@pytest.mark.parametrize("again", ["ada", "Ada", " ada ", "ａｄａ"])
def test_the_same_person_is_one_however_it_is_spelt(loaded: LoadedPolicy, again: str) -> None:
    case = a_case(loaded, FAILED)
    first = a_first(case, an_event("Waive", **WAIVER))
    with pytest.raises(ReviewError, match="answered first; another person"):
        a_second(first, again)
    other = a_second(first, "grace")
    with pytest.raises(ReviewError, match="grace answered twice"):
        made(case, first, other, a_second(first, "grace"), approvals=3)


def test_one_refusal_is_a_rejection_by_who_refused(loaded: LoadedPolicy) -> None:
    case = a_case(loaded, FAILED)
    first = a_first(case, an_event("Waive", **WAIVER))
    review = made(case, first, a_second(first, "grace", "Refuse"))
    assert (review.decision, review.approvers) == ("reject", ("grace",))
    assert review.compensating_control is None


def test_agreeing_is_to_one_answer_and_no_other(loaded: LoadedPolicy) -> None:
    case = a_case(loaded, FAILED)
    shown = a_first(case, an_event("Waive", **WAIVER))
    now_stands = a_first(case, an_event("Waive", **WAIVER | {"days": 90}))
    with pytest.raises(ReviewError, match="about another answer than the one that now stands"):
        made(case, now_stands, a_second(shown, "grace"))
    with pytest.raises(ReviewError, match="about another answer"):  # its own seal, put there twice
        made(case, shown, shown)
    with pytest.raises(ReviewError, match="about another record"):
        made(a_case(loaded, FAILED, OTHER_WAITS), a_second(shown, "grace"))


@pytest.mark.parametrize(
    ("choice", "approvals", "wanted"),
    [("approve", 1, 1), ("approve", 3, 3), ("waive", 1, 2), ("waive", 3, 3), ("reject", 3, 1)],
)
def test_how_many_people_are_wanted(choice: str, approvals: int, wanted: int) -> None:
    assert people_wanted(choice, a_review_policy(approvals=approvals)) == wanted


def test_who_decided_meanwhile_is_named(loaded: LoadedPolicy) -> None:
    case = a_case(loaded, FAILED)
    first = a_first(case, an_event("Waive", **WAIVER))
    review = made(case, first, a_second(first, "grace"))
    rejected = a_review(case.record, seq=2, decision="reject", compensating_control=None)
    assert decided_meanwhile(review, 1, [case.record, rejected]) == "ada and grace (reject)"
    assert decided_meanwhile(review, 2, [case.record, rejected]) is None
    assert decided_meanwhile(review, 1, [review.model_copy(update={"seq": 2})]) is None
    elsewhere = rejected.model_copy(update={"audit_record_id": "0" * 64})
    assert decided_meanwhile(review, 1, [elsewhere]) == "ada and grace (reject)"
    of_other_files = rejected.model_copy(update={"artifact_digest": "0" * 64})
    assert decided_meanwhile(review, 1, [of_other_files]) is None


def test_an_answer_is_sealed_on_its_way(loaded: LoadedPolicy) -> None:
    answer = a_first(a_case(loaded), an_event())
    seal = sealed(answer, SIGNER)
    key = SIGNER.public_key
    assert opened(seal, key, run_id=RUN) == answer
    with pytest.raises(ReviewError, match="in another run"):
        opened(seal, key, run_id="another")
    with pytest.raises(ReviewError, match="was changed"):
        opened(sealed(answer, STRANGER), key, run_id=RUN)
    forged = json.loads(seal)
    other = sealed(answer.model_copy(update={"choice": "reject"}), STRANGER)
    forged["payload"] = json.loads(other)["payload"]
    with pytest.raises(ReviewError, match="was changed"):
        opened(json.dumps(forged), key, run_id=RUN)
    record = sign(an_audit_record(loaded), SIGNER).envelope.decode()
    for nothing in (None, "", "{}", "[]", "null", record, answer.model_dump_json(), {"a": 1}):
        with pytest.raises(ReviewError):
            opened(nothing, key, run_id=RUN)


def test_a_record_is_no_seal_and_a_seal_no_record(loaded: LoadedPolicy) -> None:
    from fairness_audit.errors import RecordError

    seal = sealed(a_first(a_case(loaded), an_event()), SIGNER)
    with pytest.raises(RecordError, match="payload's type"):
        open_envelope(seal.encode(), TRUSTED)


def test_the_page_shows_findings_numbers_bounds_and_what_can_be_done(
    loaded: LoadedPolicy,
) -> None:
    case = a_case(loaded, FAILED, OTHER_WAITS)
    page = question(case, loaded.policy, {"The audits": "https://airflow.example/dags/audit"})
    for part in (
        "What waits for a decision",
        "What blocks the version",
        f"({markdown_safe(FAILED.id)})",
        "four fifths impact ratio: 0.8 to 0.96, ┊ is the bound 4/5",
        "| impact\\_ratio gender F | 0.93 | 0.9 to 0.96 | 4/5 |",
        "| four fifths | impact ratio, ratio to reference | 4/5 | fail | review |",
        "**Waive** a failure only",
        "It holds for 90 days, in later audits of these files",
        "[The audits](https://airflow.example/dags/audit)",
        case.record.record_id[:12],
    ):
        assert part in page, page
    first = a_first(case, an_event("Waive", **WAIVER))
    second = second_question(first, case, {})
    for part in ("**ada** proposes to **waive**", "called by a person", "30 days", "FAIL"):
        assert part.lower() in second.lower()


def waiting(loaded: LoadedPolicy, *evidence: dict[str, Any]) -> list[str]:
    """What the page says of waiting, where findings have this evidence."""
    found = [
        a_finding("inconclusive", "review", group=f"G{number}", evidence=Evidence(**each))
        for number, each in enumerate(evidence)
    ]
    page = question(a_case(loaded, *found), loaded.policy, {})
    return [line[2:] for line in page.splitlines() if "wait" in line and line.startswith("- ")]


def test_of_a_record_of_before_the_page_says_how_many_decisions_settle_it(
    loaded: LoadedPolicy,
) -> None:
    assert waiting(loaded, {"n_needed": 35}, {"n_needed": 1240}) == [
        "Or wait: an audit with 1,240 decisions per group would settle all that can be counted."
        " Until then reject, or leave it: the version stays out."
    ]


HOSTILE = "![x](https://evil.example/a.png) <img src=x> [y](javascript:1) | www.evil.example `a`"


def test_names_from_the_crm_stay_text(loaded: LoadedPolicy) -> None:
    hostile = a_finding("fail", "block", group=HOSTILE, sentence=f"Group {HOSTILE} loses.")
    page = question(a_case(loaded, hostile), loaded.policy, {})
    assert "javascript" in page
    assert not re.search(r"(?<!\\)(!\[|<img|\]\(|https:|javascript:|www\.)", page)


@given(st.text())
def test_plain_text_is_one_line_and_holds_no_live_markup(text: str) -> None:
    shown = markdown_safe(text)
    assert "\n" not in shown
    for at, mark in enumerate(shown):
        if mark in "*_[]<>|~!&`#:/@$^":
            assert shown[at - 1] == "\\"


@given(st.text(), st.integers(1, 40))
def test_bare_text_is_one_short_line_and_holds_no_markup(text: str, width: int) -> None:
    shown = code_safe(text, width)
    assert len(shown) <= width
    assert not set(shown) & set("\n`<>[]()!:/@\u202e")


def drawn(low: float | None, value: float | None, high: float | None, group: str = "F") -> Any:
    seen = {"low": low, "value": value, "high": high, "threshold": "4/5"}
    return a_finding("fail", "block", group=group, evidence=seen)


def test_intervals_of_a_rule_are_drawn_on_one_scale_with_its_bound() -> None:
    block = intervals(
        [drawn(0.6, 0.7, 0.8), drawn(0.7, 0.9, 1.0, "a\n" + "b" * 50), drawn(None, 0.7, None)]
    )
    opened, about, women, long, closed = block.split("\n")
    assert (opened, closed) == ("```text", "```")
    assert about == "four fifths impact ratio: 0.6 to 1, ┊ is the bound 4/5"
    assert women == "├────────●────────┊" + " " * 19 + "gender F"
    assert (long.index("├"), long.index("┊"), long.index("┤")) == (9, 18, 35)
    assert long.endswith("gender a bbbbbbbbbbbbbbbbbbbbbbbb…")
    assert max(len(line) for line in block.split("\n")) <= 72


def test_what_has_no_interval_is_not_drawn() -> None:
    assert intervals([drawn(None, 0.7, None)]) == ""
    assert "●" in intervals([drawn(0.8, 0.8, 0.8)])  # all at the bound: a scale without length


def test_the_form_offers_what_the_policy_allows(loaded: LoadedPolicy) -> None:
    form = first_form(a_case(loaded), a_review_policy())
    assert set(form) == {"reason", "findings"}
    form = first_form(a_case(loaded, FAILED), a_review_policy(waiver_max_days=7))
    assert (form["days"]["default"], form["days"]["maximum"]) == (7, 7)
    assert form["findings"]["default"] == [FAILED.id]
    assert (form["reason"]["default"], form["reason"]["minLength"]) == ("", 1)
    for field in form.values():
        assert json.dumps(field["default"]) is not None  # it must reach Airflow's database
