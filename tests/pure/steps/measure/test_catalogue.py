"""Every rate of one confusion matrix that a person can check by hand."""

import numpy as np
import pytest

from fairness_audit.policy.gaps import GAP_NAMES
from fairness_audit.policy.metrics import IMPACT_RATIO, NAMES, RATES, Direction, Rate
from fairness_audit.steps.measure.catalogue import CATALOGUE, facts, named
from fairness_audit.steps.measure.counting.counts import Counts, cell_of

# 20 decisions: 8 of 16 labelled ones are true, 3 of 4 unlabelled ones were selected.
COUNTS = Counts(tp=6, fp=3, fn=2, tn=5, selected_unlabelled=3, not_selected_unlabelled=1)

BY_HAND = {
    "SR": (12, 20),
    "BR": (8, 16),
    "TPR": (6, 8),
    "FPR": (3, 8),
    "FNR": (2, 8),
    "TNR": (5, 8),
    "PPV": (6, 9),
    "NPV": (5, 7),
    "FDR": (3, 9),
    "FOR": (2, 7),
    "ACC": (11, 16),
}


@pytest.mark.parametrize("rate", RATES, ids=lambda rate: rate.code)
def test_rate_by_hand(rate: Rate) -> None:
    assert (rate.numerator(COUNTS), rate.denominator(COUNTS)) == BY_HAND[rate.code]


def test_every_metric_of_the_policy_is_in_the_catalogue_once() -> None:
    named = [each.name for each in facts() if each.in_rules]
    assert sorted(named) == sorted((*NAMES, *GAP_NAMES))


def test_codes_are_unique() -> None:
    codes = [each.code for each in CATALOGUE if each.code]
    assert len(set(codes)) == len(codes)
    assert len({each.name for each in CATALOGUE}) == len(CATALOGUE)


def test_a_metric_is_found_by_its_name_and_by_its_code() -> None:
    assert named("true_positive_rate") is named("TPR")
    assert named("tpr") is None


def test_every_metric_says_what_it_means_where_it_comes_from_and_its_range() -> None:
    for each in facts():
        assert each.meaning, each.name
        assert each.source, each.name
        assert each.low is None or each.high is None or each.low < each.high, each.name
        if each.no_disparity is not None:
            assert each.low is None or each.low <= each.no_disparity, each.name
            assert each.high is None or each.no_disparity <= each.high, each.name


@pytest.mark.parametrize(
    ("one", "other"), [("TPR", "FNR"), ("FPR", "TNR"), ("PPV", "FDR"), ("NPV", "FOR")]
)
def test_complements_share_their_denominator_and_point_opposite_ways(one: str, other: str) -> None:
    a, b = (next(rate for rate in RATES if rate.code == code) for code in (one, other))
    assert a.denominator(COUNTS) == b.denominator(COUNTS)
    assert a.numerator(COUNTS) + b.numerator(COUNTS) == a.denominator(COUNTS)
    assert {a.direction, b.direction} == {Direction.HIGHER, Direction.LOWER}


def test_favourable_share_is_of_those_selected_or_of_those_not() -> None:
    assert IMPACT_RATIO.where(selected_is_favourable=True).numerator(COUNTS) == 12
    assert IMPACT_RATIO.where(selected_is_favourable=False).numerator(COUNTS) == 8
    assert IMPACT_RATIO.higher_is_better(selected_is_favourable=False)


@pytest.mark.parametrize("code", ["SR", "BR"])
def test_selection_and_base_rate_follow_the_polarity(code: str) -> None:
    rate = next(rate for rate in RATES if rate.code == code)
    assert rate.higher_is_better(selected_is_favourable=True)
    assert not rate.higher_is_better(selected_is_favourable=False)


def test_counts_add_up_and_come_apart_again() -> None:
    first, others = Counts(tp=6, fp=3), Counts(fn=2, tn=5, selected_unlabelled=3)
    whole = first + others + Counts(not_selected_unlabelled=1)
    assert whole == COUNTS
    assert whole - first == others + Counts(not_selected_unlabelled=1)
    assert (COUNTS.n, COUNTS.labelled, COUNTS.positives, COUNTS.negatives) == (20, 16, 8, 8)


def test_every_decision_falls_into_the_cell_of_its_name() -> None:
    cells = ["tp", "fp", "fn", "tn", "selected_unlabelled", "not_selected_unlabelled"]
    ways = [
        (True, True),
        (False, True),
        (True, False),
        (False, False),
        (None, True),
        (None, False),
    ]
    for cell, (outcome, selected) in zip(cells, ways, strict=True):
        counts = np.zeros(6)
        counts[cell_of(outcome, selected)] = 1
        assert getattr(Counts.from_cells(counts), cell) == 1
