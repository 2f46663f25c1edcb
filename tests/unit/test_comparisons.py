"""Who is compared with whom: reference, best, rest and overall."""

from itertools import permutations

import pytest

from fairness_audit.measure.catalogue import RATES, Rate, favourable_share
from fairness_audit.measure.comparisons import (
    Comparison,
    best_group,
    with_best,
    with_overall,
    with_reference,
    with_rest,
)
from fairness_audit.measure.counts import Counts
from fairness_audit.measure.groups import Groups
from tests.builders import a_policy

SELECTION = RATES[0]


def rate(code: str) -> Rate:
    return next(each for each in RATES if each.code == code)


def selected(n: int, of: int) -> Counts:
    return Counts(selected_unlabelled=n, not_selected_unlabelled=of - n)


GROUPS = Groups(
    "gender",
    {
        "F": selected(30, 100),
        "M": selected(40, 100),
        "X": selected(9, 10),
        "unknown": selected(0, 90),
    },
    reference="M",
)


def sides(comparisons: list[Comparison]) -> dict[str, tuple[str, tuple[int, int]]]:
    return {each.group: (each.reference, tuple(each.reference_share)) for each in comparisons}


def test_reference_is_held_against_every_other_known_group() -> None:
    found = list(with_reference(GROUPS, SELECTION))
    assert sides(found) == {"F": ("M", (40, 100)), "X": ("M", (40, 100))}


def test_without_the_reference_group_there_is_no_comparison_with_it() -> None:
    absent = Groups("gender", {"F": selected(3, 10), "X": selected(1, 9)}, reference="M")
    assert list(with_reference(absent, SELECTION)) == []


def test_the_unknown_group_is_never_the_reference() -> None:
    groups = Groups("gender", {"F": selected(3, 10), "unknown": selected(1, 9)}, "unknown")
    assert list(with_reference(groups, SELECTION)) == []


def test_best_is_the_best_of_the_groups_large_enough() -> None:
    # X has the highest rate, but ten decisions are under the minimum of 30.
    found = list(with_best(GROUPS, SELECTION, a_policy()))
    assert sides(found) == {"F": ("M", (40, 100)), "X": ("M", (40, 100))}
    assert best_group(GROUPS, SELECTION, a_policy(min_group_size=10)) == "X"
    assert best_group(GROUPS, SELECTION, a_policy(min_group_size=101)) is None
    assert list(with_best(GROUPS, SELECTION, a_policy(min_group_size=101))) == []


def test_best_follows_the_polarity() -> None:
    policy = a_policy(favourable="not_selected", min_group_size=10)
    assert best_group(GROUPS, SELECTION, policy) == "F"
    assert best_group(GROUPS, favourable_share(False), policy) == "F"


@pytest.mark.parametrize(
    ("code", "best"),
    [
        *[("TPR", "A"), ("FNR", "A"), ("NPV", "A"), ("FOR", "A")],
        *[("FPR", "B"), ("TNR", "B"), ("PPV", "B"), ("FDR", "B"), ("ACC", "B")],
    ],
)
def test_best_is_high_or_low_as_the_metric_has_it(code: str, best: str) -> None:
    groups = Groups(
        "gender",
        # A: TPR 48/50, FPR 40/50, PPV 48/88, NPV 10/12. B: 35/50, 5/50, 35/40, 45/60.
        {"A": Counts(tp=48, fp=40, fn=2, tn=10), "B": Counts(tp=35, fp=5, fn=15, tn=45)},
    )
    for favourable in ("selected", "not_selected"):
        policy = a_policy(favourable=favourable, min_group_size=1)
        assert best_group(groups, rate(code), policy) == best


def test_of_equal_rates_the_larger_group_is_the_best_then_the_first_by_name() -> None:
    counts = {"a": selected(15, 30), "b": selected(30, 60), "c": selected(30, 60)}
    for order in permutations(counts):
        groups = Groups("g", {name: counts[name] for name in order})
        assert best_group(groups, SELECTION, a_policy()) == "b"


def test_the_metrics_own_denominator_decides_who_is_large_enough() -> None:
    groups = Groups(
        "g",
        {"a": Counts(tp=1, fn=1, tn=500), "b": Counts(tp=10, fn=30, tn=10)},
    )
    assert best_group(groups, rate("TPR"), a_policy(min_group_size=30)) == "b"


def test_rest_is_everybody_else_the_unknown_included() -> None:
    assert sides(list(with_rest(GROUPS, SELECTION))) == {
        "F": ("rest", (49, 200)),
        "M": ("rest", (39, 200)),
        "X": ("rest", (70, 290)),
    }


def test_overall_is_everybody_and_is_tested_against_the_rest() -> None:
    found = list(with_overall(GROUPS, SELECTION))
    assert sides(found) == dict.fromkeys("FMX", ("overall", (79, 300)))
    assert [tuple(each.tested) for each in found] == [(49, 200), (39, 200), (70, 290)]
    assert [(each.n, each.reference_n) for each in found] == [(100, 300), (100, 300), (10, 300)]
