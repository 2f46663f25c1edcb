"""What a policy can never conclude or leaves open, told before anybody is audited."""

from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fairness_audit.policy.units import closed_units
from fairness_audit.steps.judge.pitfalls import pitfalls
from tests.builders.domain import a_policy
from tests.builders.judging import a_rule, gender_policy

DIFFERENCE = {"metric": "selection_rate", "compare": "difference"}


def found(*rules: dict[str, Any], **changes: Any) -> list[str]:
    return [
        f"{each.where[-1]}: {each.what}" for each in pitfalls(gender_policy(*rules, **changes))
    ]


def test_a_plain_policy_has_none() -> None:
    assert list(pitfalls(a_policy())) == []


@given(
    days=st.integers(1, 400),
    unit=st.sampled_from(["day", "week"]),
    as_of=st.datetimes(datetime(2000, 1, 1), datetime(2100, 1, 1)),
)
def test_every_window_holds_a_whole_unit_so_none_is_a_pitfall(
    days: int, unit: str, as_of: datetime
) -> None:
    policy = gender_policy(a_rule(), window_days=days, evidence={"unit": unit})
    start, end = policy.window(as_of.replace(tzinfo=UTC))
    assert closed_units(policy.evidence.unit, start, end)
    assert not [each for each in pitfalls(policy) if each.where == ("window_days",)]


def test_a_rule_that_protects_one_side_says_what_it_leaves_open() -> None:
    (told,) = found(a_rule(sides="harm"))
    assert "however much worse off the reference group is, rule four_fifths passes" in told
    (told,) = found(a_rule(sides="harm", against="rest"))
    assert "however much worse off everybody else is" in told
    assert not [each for each in found(a_rule(sides="harm", against="best")) if "sides" in each]


def test_against_the_best_says_what_it_costs() -> None:
    population = {"source": "a census", "dated": "2026-01-01", "expires": "2030-01-01"}
    shares = {"F": "1/2", "M": "2/5", "X": "1/10"}
    gender = {
        "provenance": "self_id",
        "reference_group": "M",
        "reference_population": {**population, "shares": shares},
    }
    policy = a_policy(
        attributes={"gender": gender}, intersections=[], rules=[a_rule(against="best")]
    )
    (told,) = pitfalls(policy)
    assert told.where == ("rules", 0, "against")
    assert "k (k - 1) hypotheses, 6 for the 3 groups of gender" in told.what


@pytest.mark.parametrize(
    ("threshold", "said"),
    [
        ("49/100", None),
        ("3/5", "can fail only where one rate is above 60% and the other below 40%"),
        ("3/4", "no two rates are so much more than 3/4 apart"),
    ],
)
def test_a_difference_leaves_room(threshold: str, said: str | None) -> None:
    told = found(a_rule(**DIFFERENCE, threshold=threshold))
    assert [said in each for each in told if said] == ([True] if said else [])
    assert bool(told) is bool(said)
