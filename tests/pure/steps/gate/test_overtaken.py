"""Which audits move no alias: those that newer ones, or newer versions, have overtaken."""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fairness_audit.records.finding import Verdict
from fairness_audit.steps.gate.overtaken import by_own_verdict, overtaken, superseded
from tests.builders.published import FAILED, LOGICAL_DATE, MODEL, WAITS, a_record

DAY = timedelta(days=1)


def test_an_audit_of_the_newest_moment_or_a_later_one_is_not_overtaken() -> None:
    assert overtaken([], MODEL, LOGICAL_DATE) is None
    assert overtaken([a_record()], MODEL, LOGICAL_DATE) is None
    assert overtaken([a_record()], MODEL, LOGICAL_DATE + DAY) is None
    assert overtaken([a_record()], "another", LOGICAL_DATE - DAY) is None


def test_a_newer_audit_of_any_version_overtakes() -> None:
    told = overtaken([a_record(model_version="7")], MODEL, LOGICAL_DATE - DAY)
    assert told == (
        "the newest audit of lead_scoring is as of 2026-06-29 00:00 UTC, this one as of"
        " 2026-06-28 00:00"
    )


@given(st.integers(1, 10**18), st.integers(1, 10**18))
def test_of_two_versions_the_one_with_the_lower_number_is_superseded(one: int, other: int) -> None:
    assert (superseded(str(one), str(other)) is None) is (one >= other)


@pytest.mark.parametrize("deployed", [None, "", "blue", "²", "-1", "1.5"])
def test_what_has_no_number_supersedes_nothing(deployed: str | None) -> None:
    assert superseded("1", deployed) is None


def test_an_audit_that_asks_for_nothing_ends_by_what_it_found() -> None:
    passed = by_own_verdict(a_record(), "this is a backfill")
    assert (passed.decision, passed.stays) == ("allow", "this is a backfill")
    for finding in (FAILED, WAITS):
        record = a_record(findings=[finding], verdict=finding.verdict)
        ended = by_own_verdict(record, "this is a backfill")
        assert (ended.decision, ended.reasons) == ("block", (finding.sentence,))
    empty = by_own_verdict(a_record(findings=[], verdict=Verdict.INCONCLUSIVE), "so")
    assert (empty.decision, empty.reasons) == ("block", ("the verdict is inconclusive",))
