"""Values, intervals and tests of whole columns of rates and comparisons.

NaN stands for undefined throughout; it becomes null in the measurements.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from fairness_audit.statistics import intervals, ratio_intervals, significance
from fairness_audit.statistics.proportions import Floats, Interval, Proportions, quotient

NO_INTERVAL = "none"


class Shares(NamedTuple):
    """A column of rates: counts or sums of weights, and how many trials they are worth.

    Without weights ``effective`` is the denominator.
    """

    numerator: Floats
    denominator: Floats
    effective: Floats

    @property
    def rate(self) -> Floats:
        """Numerator / denominator; NaN where there is nothing to divide by."""
        return quotient(self.numerator, self.denominator)

    @property
    def proportions(self) -> Proportions:
        """The column as intervals and tests see it."""
        same = self.effective == self.denominator
        successes = np.where(same, self.numerator, self.rate * self.effective)
        return Proportions(np.nan_to_num(successes), self.effective)


class Estimates(NamedTuple):
    """One column each; ``method`` names the interval and, after a comma, the test."""

    value: Floats
    low: Floats
    high: Floats
    p_value: Floats
    method: NDArray[np.object_]


class Contrast(NamedTuple):
    """Columns of shares that are compared, and the test of each comparison."""

    group: Shares
    reference: Shares
    tested: Shares
    with_rest: NDArray[np.bool_]
    p_value: Floats
    test: NDArray[np.str_]


def rates(shares: Shares, confidence: float) -> Estimates:
    """Rates with score or exact intervals; no test, for there is nothing to compare with."""
    column = shares.proportions
    interval = intervals.rate_interval(column, confidence)
    exact = intervals.is_small(column)
    method = np.where(exact, "clopper_pearson", "wilson").astype(object)
    untested = np.full(len(method), np.nan)
    return _estimates(shares.rate, interval, method, untested, np.full(len(method), ""))


def contrast(
    group: Shares, reference: Shares, tested: Shares, with_rest: NDArray[np.bool_]
) -> Contrast:
    """The columns behind both the differences and the ratios; tested once for both.

    ``tested`` is the independent sample: the reference or, where ``with_rest``, what is left of
    the overall without the group.
    """
    a, b = group.proportions, tested.proportions
    test = np.where(significance.needs_exact_test(a, b), ", fisher", ", z")
    return Contrast(group, reference, tested, with_rest, significance.p_values(a, b), test)


def differences(pairs: Contrast, confidence: float) -> Estimates:
    """Group's rate minus reference's."""
    a, b = pairs.group.proportions, pairs.tested.proportions
    interval = intervals.difference_interval(a, b, confidence)
    scaled = intervals.difference_to_overall(interval, a, b)
    value = pairs.group.rate - pairs.reference.rate
    small = ratio_intervals.has_small_count(a, b)
    method = np.where(small, "newcombe_exact", "newcombe").astype(object)
    interval = _choose(pairs.with_rest, scaled, interval)
    return _estimates(value, interval, _where_with_rest(pairs, method), pairs.p_value, pairs.test)


def ratios(pairs: Contrast, confidence: float) -> Estimates:
    """Group's rate over reference's."""
    a, b = pairs.group.proportions, pairs.tested.proportions
    interval = ratio_intervals.ratio_interval(a, b, confidence)
    carried = ratio_intervals.ratio_to_overall(interval, a, b)
    value = quotient(pairs.group.rate, pairs.reference.rate)
    small = ratio_intervals.has_small_count(a, b)
    method = np.where(small, "donner_zou", "katz").astype(object)
    interval = _choose(pairs.with_rest, carried, interval)
    return _estimates(value, interval, _where_with_rest(pairs, method), pairs.p_value, pairs.test)


def _estimates(
    value: Floats,
    interval: Interval,
    method: NDArray[np.object_],
    p_value: Floats,
    test: NDArray[np.str_],
) -> Estimates:
    """Drop intervals of undefined values, and keep each value within its interval.

    The second only undoes rounding: mathematically every interval contains its value.
    """
    undefined = np.isnan(value) | np.isnan(interval.low) | np.isnan(interval.high)
    low = np.where(undefined, np.nan, np.minimum(interval.low, value))
    high = np.where(undefined, np.nan, np.maximum(interval.high, value))
    named = np.where(undefined, NO_INTERVAL, method)
    return Estimates(value, low, high, p_value, named + np.where(np.isnan(p_value), "", test))


def _where_with_rest(pairs: Contrast, method: NDArray[np.object_]) -> NDArray[np.object_]:
    """Name the method of a comparison with the overall after the comparison it derives from."""
    return np.where(pairs.with_rest, method + "_with_rest", method)


def _choose(condition: NDArray[np.bool_], yes: Interval, no: Interval) -> Interval:
    return Interval(np.where(condition, yes.low, no.low), np.where(condition, yes.high, no.high))
