"""Who is compared with whom: reference, best, rest and overall."""

from collections.abc import Iterable
from itertools import permutations

import pytest

from fairness_audit.policy.metrics import IMPACT_RATIO, RATES, Rate
from fairness_audit.steps.measure.counting.counts import Counts
from fairness_audit.steps.measure.counting.groups import Groups
from fairness_audit.steps.measure.counting.plan import Plan
from fairness_audit.steps.measure.figures.pairs import (
    Pairs,
    best_group,
    with_best,
    with_overall,
    with_reference,
    with_rest,
)
from tests.builders.grouped import groups_of

SELECTION = RATES[0]


def rate(code: str) -> Rate:
    return next(each for each in RATES if each.code == code)


def selected(n: int, of: int) -> Counts:
    return Counts(selected_unlabelled=n, not_selected_unlabelled=of - n)


GROUPS = groups_of(
    {
        "F": selected(30, 100),
        "M": selected(40, 100),
        "X": selected(9, 10),
        "unknown": selected(0, 90),
    },
    reference="M",
)


def a_plan(min_group_size: int = 30, *, selected_is_favourable: bool = True) -> Plan:
    return Plan(
        groupings={"gender": ("gender",)},
        min_group_size=min_group_size,
        selected_is_favourable=selected_is_favourable,
    )


def best(groups: Groups, rate: Rate, plan: Plan) -> str | None:
    position = best_group(groups, rate, plan)
    return None if position is None else groups.names[position]


def sides(found: Iterable[Pairs]) -> dict[str, tuple[str, tuple[int, int]]]:
    (pairs,) = found
    other = pairs.reference.counts
    return {
        name: (pairs.references[i], (other.selected[i], other.n[i]))
        for i, name in enumerate(pairs.names)
    }


def test_reference_is_held_against_every_other_known_group() -> None:
    assert sides(with_reference(GROUPS)) == {"F": ("M", (40, 100)), "X": ("M", (40, 100))}


def test_without_the_reference_group_there_is_no_comparison_with_it() -> None:
    absent = groups_of({"F": selected(3, 10), "X": selected(1, 9)}, reference="M")
    assert list(with_reference(absent)) == []


def test_the_unknown_group_is_never_the_reference() -> None:
    groups = groups_of({"F": selected(3, 10), "unknown": selected(1, 9)}, "unknown")
    assert list(with_reference(groups)) == []


def test_best_is_the_best_of_the_groups_large_enough() -> None:
    # X has the highest rate, but ten decisions are under the minimum of 30.
    assert sides(with_best(GROUPS, SELECTION, a_plan())) == {
        "F": ("M", (40, 100)),
        "X": ("M", (40, 100)),
    }
    assert best(GROUPS, SELECTION, a_plan(10)) == "X"
    assert best(GROUPS, SELECTION, a_plan(101)) is None
    assert list(with_best(GROUPS, SELECTION, a_plan(101))) == []


def test_best_follows_the_polarity() -> None:
    plan = a_plan(10, selected_is_favourable=False)
    assert best(GROUPS, SELECTION, plan) == "F"
    assert best(GROUPS, IMPACT_RATIO.where(selected_is_favourable=False), plan) == "F"


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        *[("TPR", "A"), ("FNR", "A"), ("NPV", "A"), ("FOR", "A")],
        *[("FPR", "B"), ("TNR", "B"), ("PPV", "B"), ("FDR", "B"), ("ACC", "B")],
    ],
)
def test_best_is_high_or_low_as_the_metric_has_it(code: str, expected: str) -> None:
    groups = groups_of(
        # A: TPR 48/50, FPR 40/50, PPV 48/88, NPV 10/12. B: 35/50, 5/50, 35/40, 45/60.
        {"A": Counts(tp=48, fp=40, fn=2, tn=10), "B": Counts(tp=35, fp=5, fn=15, tn=45)},
    )
    for favourable in (True, False):
        plan = a_plan(1, selected_is_favourable=favourable)
        assert best(groups, rate(code), plan) == expected


def test_of_equal_rates_the_larger_group_is_the_best_then_the_first_by_name() -> None:
    counts = {"a": selected(15, 30), "b": selected(30, 60), "c": selected(30, 60)}
    for order in permutations(counts.values()):
        groups = groups_of(dict(zip("abc", order, strict=True)))
        larger = [name for name, each in zip("abc", order, strict=True) if each.n == 60]
        assert best(groups, SELECTION, a_plan()) == larger[0]


def test_the_metrics_own_denominator_decides_who_is_large_enough() -> None:
    groups = groups_of(
        {"a": Counts(tp=1, fn=1, tn=500), "b": Counts(tp=10, fn=30, tn=10)},
    )
    assert best(groups, rate("TPR"), a_plan()) == "b"


def test_rest_is_everybody_else_the_unknown_included() -> None:
    assert sides(with_rest(GROUPS)) == {
        "F": ("rest", (49, 200)),
        "M": ("rest", (39, 200)),
        "X": ("rest", (70, 290)),
    }


def test_overall_is_everybody_and_is_tested_against_the_rest() -> None:
    (pairs,) = with_overall(GROUPS)
    assert sides([pairs]) == dict.fromkeys("FMX", ("overall", (79, 300)))
    assert pairs.tested.counts.selected.tolist() == [49, 39, 70]
    assert pairs.tested.counts.n.tolist() == [200, 200, 290]
    assert pairs.group.rows.tolist() == [100, 100, 10]
    assert pairs.reference.rows.tolist() == [300, 300, 300]
