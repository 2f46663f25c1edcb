"""Intervals hold what they say and tests do not alarm too often, also at n = 5: enumerated."""

import numpy as np
import pytest

from fairness_audit.statistics.intervals import difference_interval, rate_interval
from fairness_audit.statistics.proportions import Floats, Proportions
from fairness_audit.statistics.ratio_intervals import ratio_interval
from fairness_audit.statistics.significance import p_values

RATES = np.linspace(0.02, 0.98, 25)


def chances(n: int, rate: float) -> Floats:
    """The chance of every number of successes."""
    from scipy.stats import binom

    found: Floats = binom.pmf(np.arange(n + 1), n, rate)
    return found


def pairs(n: int, m: int) -> tuple[Proportions, Proportions]:
    """Every outcome of two samples."""
    a, b = np.meshgrid(np.arange(n + 1.0), np.arange(m + 1.0), indexing="ij")
    return (
        Proportions(a.ravel(), np.full(a.size, float(n))),
        Proportions(b.ravel(), np.full(b.size, float(m))),
    )


@pytest.mark.parametrize("n", [5, 6, 8, 9])
def test_rates_of_few_are_covered_at_least_as_often_as_stated(n: int) -> None:
    share = Proportions(np.arange(n + 1.0), np.full(n + 1, float(n)))
    low, high = rate_interval(share, 0.95)
    for rate in RATES:
        assert chances(n, rate)[(low <= rate) & (rate <= high)].sum() >= 0.95


@pytest.mark.parametrize("n", [20, 50, 200])
def test_rates_of_many_are_covered_on_average(n: int) -> None:
    share = Proportions(np.arange(n + 1.0), np.full(n + 1, float(n)))
    low, high = rate_interval(share, 0.95)
    covered = [chances(n, rate)[(low <= rate) & (rate <= high)].sum() for rate in RATES]
    assert np.mean(covered) >= 0.947
    assert min(covered) >= 0.915


SIZES = [(5, 5), (5, 9), (7, 40), (5, 300)]


@pytest.mark.parametrize(("n", "m"), SIZES)
def test_differences_of_few_are_covered(n: int, m: int) -> None:
    group, other = pairs(n, m)
    low, high = difference_interval(group, other, 0.95)
    covered = [
        np.outer(chances(n, p), chances(m, q)).ravel()[(low <= p - q) & (p - q <= high)].sum()
        for p in RATES
        for q in RATES
    ]
    assert min(covered) >= 0.95


@pytest.mark.parametrize(("n", "m"), SIZES)
def test_ratios_of_few_are_covered(n: int, m: int) -> None:
    group, other = pairs(n, m)
    low, high = ratio_interval(group, other, 0.95)
    low, high = np.nan_to_num(low, nan=0.0), np.nan_to_num(high, nan=np.inf)
    covered = [
        np.outer(chances(n, p), chances(m, q)).ravel()[(low <= p / q) & (p / q <= high)].sum()
        for p in RATES
        for q in RATES
    ]
    assert min(covered) >= 0.95


@pytest.mark.parametrize(("n", "m"), [*SIZES, (12, 15), (30, 60)])
@pytest.mark.parametrize("alpha", [0.05, 0.001])
def test_equal_rates_are_called_unequal_no_more_often_than_stated(
    n: int, m: int, alpha: float
) -> None:
    group, other = pairs(n, m)
    alarm = p_values(group, other) < alpha
    size = [np.outer(chances(n, p), chances(m, p)).ravel()[alarm].sum() for p in RATES]
    assert max(size) <= 1.35 * alpha
