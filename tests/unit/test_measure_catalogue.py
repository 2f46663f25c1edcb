"""Every rate of one confusion matrix that a person can check by hand."""

import pytest

from fairness_audit.measure.catalogue import RATES, Better, Rate, favourable_share
from fairness_audit.measure.counts import Counts
from fairness_audit.policy.model import Metric

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
    metrics = [rate.metric for rate in (*RATES, favourable_share(True))]
    assert sorted(metrics) == sorted(Metric)


def test_codes_are_unique() -> None:
    assert len({rate.code for rate in RATES}) == len(RATES)


@pytest.mark.parametrize(
    ("one", "other"), [("TPR", "FNR"), ("FPR", "TNR"), ("PPV", "FDR"), ("NPV", "FOR")]
)
def test_complements_share_their_denominator_and_point_opposite_ways(one: str, other: str) -> None:
    a, b = (next(rate for rate in RATES if rate.code == code) for code in (one, other))
    assert a.denominator(COUNTS) == b.denominator(COUNTS)
    assert a.numerator(COUNTS) + b.numerator(COUNTS) == a.denominator(COUNTS)
    assert {a.better, b.better} == {Better.HIGHER, Better.LOWER}


def test_favourable_share_is_of_those_selected_or_of_those_not() -> None:
    assert favourable_share(True).numerator(COUNTS) == 12
    assert favourable_share(False).numerator(COUNTS) == 8
    assert favourable_share(False).higher_is_better(False)


@pytest.mark.parametrize("code", ["SR", "BR"])
def test_selection_and_base_rate_follow_the_polarity(code: str) -> None:
    rate = next(rate for rate in RATES if rate.code == code)
    assert rate.higher_is_better(selected_is_favourable=True)
    assert not rate.higher_is_better(selected_is_favourable=False)


def test_counts_add_up_and_come_apart_again() -> None:
    parts = [
        Counts.of(outcome=True, selected=True, n=6),
        Counts.of(outcome=False, selected=True, n=3),
        Counts.of(outcome=True, selected=False, n=2),
        Counts.of(outcome=False, selected=False, n=5),
        Counts.of(outcome=None, selected=True, n=3),
        Counts.of(outcome=None, selected=False, n=1),
    ]
    assert Counts.total(parts) == COUNTS
    assert Counts.total(parts) - parts[0] == Counts.total(parts[1:])
    assert (COUNTS.n, COUNTS.labelled, COUNTS.positives, COUNTS.negatives) == (20, 16, 8, 8)
