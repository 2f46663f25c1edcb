"""Intervals: published values, other implementations, properties, and coverage."""

import math
from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binom
from statsmodels.stats.proportion import confint_proportions_2indep, proportion_confint

from fairness_audit.statistics.intervals import (
    clopper_pearson,
    difference_to_overall,
    newcombe,
    wilson,
)
from fairness_audit.statistics.proportions import Interval, Proportions
from fairness_audit.statistics.ratio_intervals import (
    donner_zou,
    katz,
    ratio_interval,
    ratio_to_overall,
)

Share = tuple[int, int]
OfTwo = Callable[[Proportions, Proportions, float], Interval]


@st.composite
def shares(draw: st.DrawFn, most: int = 10_000) -> Share:
    trials = draw(st.integers(1, most))
    return draw(st.integers(0, trials)), trials


def column(*rows: Share) -> Proportions:
    return Proportions.of([x for x, _ in rows], [n for _, n in rows])


def of_one(x: int, n: int, confidence: float = 0.95) -> tuple[float, float]:
    low, high = wilson(column((x, n)), confidence)
    return float(low[0]), float(high[0])


def of_two(f: OfTwo, a: Share, b: Share, confidence: float = 0.95) -> tuple[float, float]:
    low, high = f(column(a), column(b), confidence)
    return float(low[0]), float(high[0])


class TestWilson:
    def test_published_value(self) -> None:
        assert of_one(7, 17) == pytest.approx((0.216111, 0.639946), abs=5e-7)

    @given(shares(), st.sampled_from([0.8, 0.95, 0.999]))
    def test_agrees_with_statsmodels(self, share: Share, confidence: float) -> None:
        x, n = share
        theirs = proportion_confint(x, n, alpha=1 - confidence, method="wilson")
        assert of_one(x, n, confidence) == pytest.approx(theirs, abs=1e-12)

    @given(shares())
    def test_lies_in_range_and_contains_the_rate(self, share: Share) -> None:
        low, high = of_one(*share)
        assert 0 <= low <= share[0] / share[1] <= high <= 1
        assert low < high

    @given(shares())
    def test_failures_mirror_successes(self, share: Share) -> None:
        (low, high), (x, n) = of_one(*share), share
        assert of_one(n - x, n) == pytest.approx((1 - high, 1 - low), abs=1e-12)

    @given(shares())
    def test_grows_with_confidence_and_shrinks_with_trials(self, share: Share) -> None:
        x, n = share
        low, high = of_one(x, n)
        wider = of_one(x, n, 0.99)
        assert wider[0] <= low
        assert high <= wider[1]
        more = of_one(2 * x, 2 * n)
        assert more[1] - more[0] < high - low

    def test_bounds_at_none_and_all_are_exact(self) -> None:
        assert of_one(0, 3)[0] == 0.0
        assert of_one(3, 3)[1] == 1.0

    def test_no_trials_is_undefined(self) -> None:
        assert all(math.isnan(bound) for bound in of_one(0, 0))

    @pytest.mark.parametrize("confidence", [0.0, 1.0, 95.0])
    def test_confidence_is_a_share(self, confidence: float) -> None:
        with pytest.raises(ValueError, match="strictly between 0 and 1"):
            of_one(1, 2, confidence)


class TestNewcombe:
    def test_published_value(self) -> None:
        assert of_two(newcombe, (56, 70), (48, 80)) == pytest.approx((0.0524, 0.3339), abs=5e-5)

    @given(shares(), shares())
    def test_agrees_with_statsmodels(self, a: Share, b: Share) -> None:
        theirs = confint_proportions_2indep(*a, *b, method="newcomb")
        assert of_two(newcombe, a, b) == pytest.approx(theirs, abs=1e-12)

    @given(shares(), shares())
    def test_lies_in_range_contains_the_difference_and_mirrors(self, a: Share, b: Share) -> None:
        low, high = of_two(newcombe, a, b)
        assert -1 - 1e-12 <= low <= a[0] / a[1] - b[0] / b[1] <= high <= 1 + 1e-12
        assert of_two(newcombe, b, a) == pytest.approx((-high, -low), abs=1e-12)

    def test_no_trials_on_either_side_is_undefined(self) -> None:
        assert all(math.isnan(bound) for bound in of_two(newcombe, (0, 0), (1, 2)))
        assert all(math.isnan(bound) for bound in of_two(newcombe, (1, 2), (0, 0)))


class TestRatio:
    @pytest.mark.parametrize(
        ("a", "b", "expected"),
        [
            ((7, 17), (215, 412), (0.444, 1.403)),
            ((170, 390), (412, 797), (0.739, 0.962)),
            ((805, 1795), (349, 1488), (1.7212, 2.1241)),
        ],
    )
    def test_published_values(self, a: Share, b: Share, expected: Share) -> None:
        assert of_two(katz, a, b) == pytest.approx(expected, abs=5e-4)
        assert of_two(ratio_interval, a, b) == of_two(katz, a, b)

    @given(shares(), shares())
    def test_katz_agrees_with_statsmodels(self, a: Share, b: Share) -> None:
        if a[0] and b[0]:
            theirs = confint_proportions_2indep(*a, *b, compare="ratio", method="log")
            assert of_two(katz, a, b) == pytest.approx(theirs, rel=1e-9)

    @pytest.mark.parametrize(
        ("a", "b"), [((3, 5), (4, 6)), ((1, 30), (9, 20)), ((2, 400), (3, 90)), ((10, 17), (3, 8))]
    )
    def test_limits_of_few_lie_where_the_difference_is_as_wide(self, a: Share, b: Share) -> None:
        """At the limit θ: (a - θb)² = (a - its exact limit)² + θ²(b - its exact limit)²."""
        own, other = clopper_pearson(column(a), 0.95), clopper_pearson(column(b), 0.95)
        p, q = a[0] / a[1], b[0] / b[1]
        low, high = of_two(donner_zou, a, b)
        for theta, mine, theirs in (
            (low, own.low, other.high), (high, own.high, other.low)
        ):  # fmt: skip
            wide = (p - float(mine[0])) ** 2 + theta**2 * (q - float(theirs[0])) ** 2
            assert (p - theta * q) ** 2 == pytest.approx(wide)

    @given(shares(), shares())
    def test_contains_the_ratio_and_is_never_nan(self, a: Share, b: Share) -> None:
        low, high = of_two(ratio_interval, a, b)
        assert 0 <= low <= high
        if b[0]:
            ratio = (a[0] / a[1]) / (b[0] / b[1])
            assert low <= ratio * (1 + 1e-9)
            assert ratio <= high * (1 + 1e-9)
            assert math.isfinite(high)

    @given(shares(), shares())
    def test_swapped_sides_give_inverted_bounds(self, a: Share, b: Share) -> None:
        low, high = of_two(ratio_interval, a, b)
        low_swapped, high_swapped = of_two(ratio_interval, b, a)
        assert low_swapped * high == pytest.approx(1.0) or (low_swapped, high) == (0.0, math.inf)
        assert high_swapped * low == pytest.approx(1.0) or (high_swapped, low) == (math.inf, 0.0)

    def test_no_successes_still_bound_the_ratio(self) -> None:
        low, high = of_two(ratio_interval, (0, 10), (20, 40))
        assert low == 0.0
        assert 0.3 < high < 1.0  # 0 of 10 against 50 %: below one half, but not by how much
        assert of_two(ratio_interval, (20, 40), (0, 10)) == pytest.approx((1 / high, math.inf))

    def test_all_successes_on_both_sides_are_not_certainty(self) -> None:
        low, high = of_two(ratio_interval, (5, 5), (5, 5))
        assert low < 0.7
        assert high > 1.4

    def test_no_trials_is_undefined(self) -> None:
        for a, b in [((0, 0), (1, 2)), ((1, 2), (0, 0)), ((0, 0), (0, 0))]:
            assert all(math.isnan(bound) for bound in of_two(ratio_interval, a, b))

    def test_large_counts_do_not_break_the_interval_of_few(self) -> None:
        low, high = of_two(donner_zou, (2, 10**9), (10**9, 10**9))
        assert 0 < low < 2e-9 < high < 1e-8


class TestOverall:
    """A group against the whole it is part of, derived from the group against the rest."""

    @given(shares(), shares())
    def test_difference_is_contained_and_narrower_than_with_the_rest(
        self, a: Share, rest: Share
    ) -> None:
        group, others = column(a), column(rest)
        interval = newcombe(group, others, 0.95)
        low, high = difference_to_overall(interval, group, others)
        overall = (a[0] + rest[0]) / (a[1] + rest[1])
        assert low[0] - 1e-12 <= a[0] / a[1] - overall <= high[0] + 1e-12
        assert high[0] - low[0] < interval.high[0] - interval.low[0]

    @given(shares(), shares())
    def test_ratio_is_contained_and_bounded_by_the_groups_share(
        self, a: Share, rest: Share
    ) -> None:
        group, others = column(a), column(rest)
        low, high = ratio_to_overall(ratio_interval(group, others, 0.95), group, others)
        if overall := (a[0] + rest[0]) / (a[1] + rest[1]):
            ratio = a[0] / a[1] / overall
            assert low[0] - 1e-9 <= ratio <= high[0] + 1e-9
        # Nobody can exceed the overall more than a group that has all successes.
        assert high[0] <= (a[1] + rest[1]) / a[1] * (1 + 1e-12)

    def test_by_hand(self) -> None:
        # A quarter of all: the difference to the overall is 3/4 of that to the rest, and a ratio
        # of 2 to the rest is one of 2 / (1/4·2 + 3/4) = 1.6 to the overall.
        group, rest = column((10, 25)), column((15, 75))
        interval = Interval(np.array([0.0]), np.array([2.0]))
        assert difference_to_overall(interval, group, rest).high[0] == pytest.approx(1.5)
        assert ratio_to_overall(interval, group, rest).high[0] == pytest.approx(1.6)


class TestCoverage:
    """How often an interval holds the true value: exact sums over all outcomes, no chance.

    Over a grid of pairs of true rates the coverage of a 95 % interval averages at least 95 % and
    never falls below what the literature reports of it, down to groups of five.
    """

    GRID = np.linspace(0.02, 0.98, 25)

    @pytest.mark.parametrize("n", [5, 10, 20, 100])
    def test_wilson(self, n: int) -> None:
        x = np.arange(n + 1.0)
        low, high = wilson(Proportions(x, np.full_like(x, n)), 0.95)
        held = np.array([binom.pmf(x, n, p)[(low <= p) & (p <= high)].sum() for p in self.GRID])
        assert held.mean() >= 0.945
        assert held.min() >= 0.83  # its known dips, near 0 and 1

    @pytest.mark.parametrize(("n", "m"), [(5, 5), (5, 200), (10, 10), (20, 20), (50, 100)])
    def test_newcombe(self, n: int, m: int) -> None:
        held = self.coverage(newcombe, n, m, lambda p, q: p - q)
        assert held.mean() >= 0.95
        assert held.min() >= 0.88

    @pytest.mark.parametrize(("n", "m"), [(5, 5), (5, 200), (10, 10), (20, 20), (50, 100)])
    def test_ratio(self, n: int, m: int) -> None:
        held = self.coverage(ratio_interval, n, m, lambda p, q: p / q)
        assert held.mean() >= 0.95
        assert held.min() >= 0.90

    def test_the_log_interval_alone_would_not_do(self) -> None:
        assert self.coverage(katz, 5, 200, lambda p, q: p / q).min() < 0.5

    def test_overall_with_a_tenth_of_all_in_the_group(self) -> None:
        def to_overall(group: Proportions, rest: Proportions, confidence: float) -> Interval:
            interval = newcombe(group, rest, confidence)
            return difference_to_overall(interval, group, rest)

        held = self.coverage(to_overall, 10, 90, lambda p, q: p - (0.1 * p + 0.9 * q))
        assert held.mean() >= 0.95
        assert held.min() >= 0.88

    def coverage(
        self, f: OfTwo, n: int, m: int, truth: Callable[[float, float], float]
    ) -> np.ndarray:
        x, y = (each.ravel() for each in np.meshgrid(np.arange(n + 1.0), np.arange(m + 1.0)))
        group = Proportions(x, np.full_like(x, n))
        reference = Proportions(y, np.full_like(y, m))
        low, high = f(group, reference, 0.95)
        p_x, p_y = ([binom.pmf(z, size, p) for p in self.GRID] for z, size in ((x, n), (y, m)))
        held = []
        for i, p in enumerate(self.GRID):
            for j, q in enumerate(self.GRID):
                true = truth(p, q)
                inside = ~(low > true + 1e-12) & ~(high < true - 1e-12)
                held.append((p_x[i] * p_y[j])[inside].sum())
        return np.array(held)
