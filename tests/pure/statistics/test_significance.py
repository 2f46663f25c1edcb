"""Two-sided tests: against SciPy, far out in the tail, and where there is nothing to test."""

import math
import sys
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binom, fisher_exact
from statsmodels.stats.proportion import proportions_ztest

from fairness_audit.statistics.proportions import Proportions
from fairness_audit.statistics.significance import (
    fisher,
    needs_exact_test,
    p_values,
    z_statistics,
)

Share = tuple[int, int]


@st.composite
def shares(draw: st.DrawFn, most: int = 500) -> Share:
    trials = draw(st.integers(1, most))
    return draw(st.integers(0, trials)), trials


def p_value(a: Share, b: Share) -> float:
    return float(p_values(Proportions.of([a[0]], [a[1]]), Proportions.of([b[0]], [b[1]]))[0])


def z(a: Share, b: Share) -> float:
    return float(z_statistics(Proportions.of([a[0]], [a[1]]), Proportions.of([b[0]], [b[1]]))[0])


def fisher_exactly(a: Share, b: Share) -> float:
    """Fisher's test in whole numbers: no rounding anywhere."""
    (x, n), (y, m) = a, b
    drawn = x + y
    ways = {
        k: math.comb(n, k) * math.comb(m, drawn - k)
        for k in range(max(0, drawn - m), min(drawn, n) + 1)
    }
    return float(Fraction(sum(w for w in ways.values() if w <= ways[x]), sum(ways.values())))


def test_z_by_hand() -> None:
    # 3/4 against 2/6: pooled 1/2, variance 1/4·(1/4 + 1/6) = 5/48.
    assert z((3, 4), (2, 6)) == pytest.approx((3 / 4 - 2 / 6) / math.sqrt(5 / 48), rel=1e-12)


@given(shares(), shares())
def test_z_agrees_with_statsmodels(a: Share, b: Share) -> None:
    if 0 < a[0] + b[0] < a[1] + b[1]:
        theirs, p = proportions_ztest([a[0], b[0]], [a[1], b[1]])
        assert z(a, b) == pytest.approx(theirs, abs=1e-9)
        group, reference = Proportions.of([a[0]], [a[1]]), Proportions.of([b[0]], [b[1]])
        if not needs_exact_test(group, reference)[0]:
            assert p_value(a, b) == pytest.approx(p, rel=1e-9)


@given(shares(60), shares(60))
def test_fisher_equals_the_sum_in_whole_numbers(a: Share, b: Share) -> None:
    assert fisher(*a, *b) == pytest.approx(fisher_exactly(a, b), rel=1e-9)


@pytest.mark.parametrize(
    ("a", "b"),
    [
        ((7, 17), (215, 412)),
        ((0, 9), (30, 40)),
        ((3, 40_000), (70_000, 9_000_000)),
        ((4, 4), (1, 5)),
    ],
)
def test_fisher_agrees_with_scipy(a: Share, b: Share) -> None:
    table = [[a[0], a[1] - a[0]], [b[0], b[1] - b[0]]]
    assert fisher(*a, *b) == pytest.approx(fisher_exact(table).pvalue, rel=1e-7)


@pytest.mark.parametrize(
    ("a", "b", "exact"),
    [
        ((4, 10), (40, 100), True),  # 4.0 successes expected in the smaller sample
        ((5, 10), (50, 100), False),  # 5.0: just enough
        ((8, 10), (60, 100), True),  # successes enough, but 3.8 failures are not
        ((50, 100), (5, 10), False),  # whichever side is the smaller
        ((0, 1000), (0, 1000), True),  # nothing expected at all
    ],
)
def test_exact_test_is_used_below_five_expected(a: Share, b: Share, exact: bool) -> None:
    group, reference = Proportions.of([a[0]], [a[1]]), Proportions.of([b[0]], [b[1]])
    assert bool(needs_exact_test(group, reference)[0]) is exact
    expected = fisher(*a, *b) if exact else math.erfc(abs(z(a, b)) / math.sqrt(2))
    assert p_value(a, b) == pytest.approx(expected, rel=1e-12)


@given(shares(), shares())
def test_p_value_lies_in_range_and_does_not_depend_on_the_side(a: Share, b: Share) -> None:
    assert 0 < p_value(a, b) <= 1
    assert p_value(a, b) == pytest.approx(p_value(b, a), rel=1e-9)
    failures = p_value((a[1] - a[0], a[1]), (b[1] - b[0], b[1]))
    assert p_value(a, b) == pytest.approx(failures, rel=1e-9)


@given(shares())
def test_equal_rates_are_not_significant(a: Share) -> None:
    assert p_value(a, (2 * a[0], 2 * a[1])) == pytest.approx(1.0, abs=1e-6)


def test_tail_keeps_its_digits() -> None:
    # z = 20: the normal tail beyond it is 2.7536e-89 (Abramowitz & Stegun 26.2.12), twice that.
    a, b = (600, 1000), (400, 1000)
    far = z((6000, 10_000), (4000, 10_000))
    assert far == pytest.approx(z(a, b) * math.sqrt(10))
    asymptotic = 2 * math.exp(-(far**2) / 2) / (far * math.sqrt(2 * math.pi)) * (1 - far**-2)
    assert p_value((6000, 10_000), (4000, 10_000)) == pytest.approx(asymptotic, rel=1e-5)


def test_p_value_is_never_zero() -> None:
    assert p_value((900_000, 1_000_000), (100_000, 1_000_000)) == sys.float_info.min
    assert p_value((40, 40), (1, 10**12)) == sys.float_info.min  # by the exact test


def test_all_alike_is_no_evidence() -> None:
    assert p_value((0, 50), (0, 60)) == 1.0
    assert p_value((50, 50), (60, 60)) == 1.0


def test_no_trials_cannot_be_tested() -> None:
    assert math.isnan(p_value((0, 0), (3, 5)))
    assert math.isnan(p_value((3, 5), (0, 0)))
    assert math.isnan(p_value((0, 0), (0, 0)))


def test_small_groups_are_not_called_unequal_too_often() -> None:
    """Summed exactly over all outcomes of equal rates: p <= 0.05 in hardly more than 5 %."""
    for n, m in [(5, 5), (5, 100), (20, 20), (30, 100)]:
        x, y = (each.ravel() for each in np.meshgrid(np.arange(n + 1.0), np.arange(m + 1.0)))
        p = p_values(Proportions(x, np.full_like(x, n)), Proportions(y, np.full_like(y, m)))
        for rate in (0.05, 0.2, 0.5):
            size = (binom.pmf(x, n, rate) * binom.pmf(y, m, rate))[p <= 0.05].sum()
            assert size <= 0.06


def test_effective_counts_are_taken_to_the_nearest_whole_table() -> None:
    """Cut down they would be 1 of 9 and 7 of 9, and p .015 instead of .023."""
    found = p_values(
        Proportions(np.array([1.6]), np.array([9.9])),
        Proportions(np.array([7.9]), np.array([9.9])),
    )
    assert found[0] == fisher(2, 10, 8, 10) > 0.02 > fisher(1, 9, 7, 9)
