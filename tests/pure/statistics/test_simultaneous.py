"""Intervals of largest differences and smallest ratios: published quantiles, and hard cases."""

import numpy as np
import pytest
from scipy.special import ndtri

from fairness_audit.statistics import simultaneous
from fairness_audit.statistics.intervals import difference_interval
from fairness_audit.statistics.proportions import Floats, Interval, Proportions
from fairness_audit.statistics.ratio_intervals import ratio_interval

WORST = pytest.mark.parametrize(
    "bound", [simultaneous.largest_difference, simultaneous.smallest_ratio]
)


def one(successes: list[float], trials: list[float]) -> Proportions:
    return Proportions(np.array([successes], dtype=float), np.array([trials], dtype=float))


def single(successes: float, trials: float) -> Proportions:
    return Proportions(np.array([float(successes)]), np.array([float(trials)]))


def ends(interval: Interval) -> tuple[float, float]:
    low, high = (np.ravel(each) for each in interval)
    return float(low[0]), float(high[0])


@pytest.mark.parametrize(
    ("groups", "confidence", "published"),
    [(2, 0.95, 2.77), (3, 0.95, 3.31), (10, 0.95, 4.47), (20, 0.95, 5.01), (5, 0.99, 4.60)],
)
def test_the_range_is_as_tabulated(groups: int, confidence: float, published: float) -> None:
    """Harter, Annals of Mathematical Statistics 31 (1960), 1122-1147: q of infinite freedom."""
    each = simultaneous.confidence_of_each_pair(groups, confidence)
    assert float(ndtri((1 + each) / 2)) * np.sqrt(2) == pytest.approx(published, abs=5e-3)


@pytest.mark.parametrize(("own", "other"), [((30, 100), (60, 150)), ((1, 8), (3, 9))])
def test_of_two_groups_it_is_that_of_their_difference_and_ratio(
    own: tuple[int, int], other: tuple[int, int]
) -> None:
    pair = one([own[0], other[0]], [own[1], other[1]])
    difference = difference_interval(single(*own), single(*other), 0.95)
    found = ends(simultaneous.largest_difference(pair, 0.95))
    assert found == pytest.approx(ends(simultaneous.size(difference)))
    ratio = ratio_interval(single(*own), single(*other), 0.95)
    found = ends(simultaneous.smallest_ratio(pair, 0.95))
    assert found == pytest.approx(ends(simultaneous.smaller_ratio(ratio)))


def test_of_twelve_without_a_success_little_is_known() -> None:
    """Where the bootstrap had nothing but zeros to draw from."""
    nobody = one([0, 0], [12, 12])
    low, high = ends(simultaneous.largest_difference(nobody, 0.95))
    assert low == 0
    assert high > 0.2
    assert ends(simultaneous.smallest_ratio(nobody, 0.95)) == (0, 1)


@WORST
def test_a_group_without_a_rate_leaves_it_undefined(bound) -> None:
    for shares in (one([3, 0], [9, 0]), one([3], [9])):
        assert np.isnan(ends(bound(shares, 0.95))).all()


@WORST
def test_rows_are_questions_of_their_own(bound) -> None:
    rows = [[3.0, 20, 41], [0.0, 90, 33]]
    trials = np.array([50.0, 90, 60])
    both = bound(Proportions(np.array(rows), np.stack([trials, trials])), 0.9)
    for i, row in enumerate(rows):
        alone = bound(Proportions(np.array([row]), trials[None]), 0.9)
        assert (both.low[i], both.high[i]) == (alone.low[0], alone.high[0])


def test_sizes_and_smaller_ratios_are_projections() -> None:
    def of(low: float, high: float) -> Interval:
        return Interval(np.array([low]), np.array([high]))

    sizes = [
        ends(simultaneous.size(of(*each))) for each in ((-0.2, 0.1), (0.1, 0.3), (-0.3, -0.1))
    ]
    assert sizes == [(0.0, 0.2), (0.1, 0.3), (0.1, 0.3)]
    ratios = [
        ends(simultaneous.smaller_ratio(of(*each))) for each in ((0.5, 0.8), (0.5, 4), (2, np.inf))
    ]
    assert ratios == [(0.5, 0.8), (0.25, 1.0), (0.0, 0.5)]


def test_more_groups_make_it_no_narrower() -> None:
    def width(groups: int) -> Floats:
        low, high = simultaneous.largest_difference(one([30] * groups, [100] * groups), 0.95)
        return high - low

    assert width(2) < width(3) < width(8)
