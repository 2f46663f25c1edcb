"""Waivers are listed with what became of them; late audits are found."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from fairness_audit.ledger.late import late_audits
from fairness_audit.review.waivers import waivers_of
from tests.builders.domain import a_policy
from tests.builders.published import (
    FAILED,
    NOW,
    STANDS,
    a_finding,
    a_record,
    a_review,
    an_audit_by_units,
)

AUDIT = a_record(verdict="fail", findings=[FAILED])


def states(*reviews: Any, audits: Any = (AUDIT,), now: datetime = NOW) -> list[str]:
    return [each.state for each in waivers_of([*audits, *reviews], now)]


def test_a_waiver_is_listed_whole() -> None:
    (waiver,) = waivers_of([AUDIT, a_review(AUDIT)], NOW)
    assert waiver.finding == FAILED.id
    assert waiver.approvers == ("ada", "grace")
    assert (waiver.owner, waiver.state) == ("responsible-ai", "in force")
    assert waiver.expires == NOW + timedelta(days=30)


def test_a_waiver_ends_by_time_by_a_rejection_or_by_a_newer_audit() -> None:
    waiver = a_review(AUDIT)
    assert states(waiver, now=NOW + timedelta(days=30)) == ["expired"]
    assert states(waiver, now=NOW + timedelta(days=29)) == ["in force"]
    rejected = a_review(AUDIT, seq=3, decision="reject", compensating_control=None)
    assert states(waiver, rejected) == ["ended"]
    elsewhere = rejected.model_copy(update={"findings": ("other",)})
    assert states(waiver, elsewhere) == ["in force"]
    newer = a_record(seq=3, logical_date=AUDIT.logical_date + timedelta(days=7))
    assert states(waiver, audits=(AUDIT, newer)) == ["overtaken"]
    again = a_review(AUDIT, seq=3, expires=NOW + timedelta(days=60))
    assert states(waiver, again) == ["in force", "ended"]


def test_a_waiver_is_in_force_while_audits_find_the_same_failure() -> None:
    first = an_audit_by_units()
    waiver = a_review(first)
    again, passed = an_audit_by_units(2), an_audit_by_units(2, a_finding())
    came_back = STANDS.evidence.model_copy(update={"since": date(2026, 7, 6)})
    other = an_audit_by_units(2, STANDS.model_copy(update={"evidence": came_back}))
    assert states(waiver, audits=(first, again)) == ["in force"]
    assert states(waiver, audits=(first, passed)) == ["overtaken"]
    assert states(waiver, audits=(first, other)) == ["overtaken"]
    rejected = a_review(again, seq=4, decision="reject", compensating_control=None)
    assert states(waiver, rejected, audits=(first, again)) == ["ended"]
    rejected = rejected.model_copy(update={"artifact_digest": "0" * 64})
    assert states(waiver, rejected, audits=(first, again)) == ["in force"]


def test_a_waiver_of_what_a_candidate_failed_by_is_in_force_beside_its_decisions() -> None:
    candidate = an_audit_by_units(audited="candidate")
    decided = an_audit_by_units(2, a_finding())
    waiver = a_review(candidate)
    assert states(waiver, audits=(candidate, decided)) == ["in force"]
    lifted = an_audit_by_units(1, a_finding(), audited="candidate")
    assert states(waiver, audits=(candidate, lifted, decided)) == ["overtaken"]


def test_approvals_are_no_waivers() -> None:
    assert states(a_review(AUDIT, decision="approve", compensating_control=None)) == []


MONDAY = datetime(2026, 6, 29, 5, tzinfo=UTC)


@pytest.mark.parametrize(
    ("now", "last", "late"),
    [
        (MONDAY + timedelta(hours=24), MONDAY, False),
        (MONDAY + timedelta(hours=24), MONDAY - timedelta(days=7), True),
        (MONDAY + timedelta(hours=23, minutes=59), MONDAY - timedelta(days=7), False),
        (MONDAY + timedelta(days=6), MONDAY + timedelta(days=1), False),
        (MONDAY + timedelta(hours=24), None, True),
    ],
)
def test_an_audit_is_late_after_its_deadline(
    now: datetime, last: datetime | None, late: bool
) -> None:
    records = [a_record(logical_date=last)] if last else []
    found = late_audits([a_policy()], records, now)
    assert bool(found) is late
    if late:
        assert found[0].due == MONDAY
        assert "lead_scoring that was due on 2026-06-29 05:00 UTC" in found[0].sentence


def test_only_schedules_have_deadlines() -> None:
    waits_for_asset = a_policy(schedule={"asset": "leads"})
    assert late_audits([waits_for_asset], [], NOW) == ()
    quarterly = a_policy(schedule={"cron": "@quarterly", "deadline_hours": 1})
    assert late_audits([quarterly], [], NOW)[0].due == datetime(2026, 4, 1, tzinfo=UTC)


def test_audits_of_other_models_do_not_count() -> None:
    other = a_record(model="other", logical_date=MONDAY)
    assert len(late_audits([a_policy()], [other], MONDAY + timedelta(days=2))) == 1
