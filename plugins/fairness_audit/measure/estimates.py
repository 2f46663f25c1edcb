"""Values, intervals and tests of whole columns of rates and comparisons.

NaN stands for undefined throughout; it becomes null in the measurements.
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from fairness_audit.measure import intervals, ratio_intervals, significance
from fairness_audit.measure.comparisons import Comparison, Share
from fairness_audit.measure.proportions import Floats, Interval, Proportions, quotient
from fairness_audit.policy.model import Against

NO_INTERVAL = "none"


class Estimates(NamedTuple):
    """One column each; ``method`` names the interval and, after a comma, the test."""

    value: Floats
    low: Floats
    high: Floats
    p_value: Floats
    method: list[str]


class Contrast(NamedTuple):
    """Columns of proportions that are compared, and the test of each comparison."""

    group: Proportions
    reference: Proportions
    tested: Proportions
    with_rest: NDArray[np.bool_]
    p_value: Floats
    test: NDArray[np.str_]


def rates(shares: Sequence[Share], confidence: float) -> Estimates:
    """Rates with Wilson intervals; no test, for there is nothing to compare with."""
    column = _column(shares)
    interval = intervals.wilson(column, confidence)
    method = np.full(len(shares), "wilson", dtype=object)
    untested = np.full(len(shares), np.nan)
    return _estimates(column.rate, interval, method, untested, np.full(len(shares), ""))


def contrast(comparisons: Sequence[Comparison]) -> Contrast:
    """The columns behind both the differences and the ratios; tested once for both."""
    group = _column([each.share for each in comparisons])
    tested = _column([each.tested for each in comparisons])
    return Contrast(
        group=group,
        reference=_column([each.reference_share for each in comparisons]),
        tested=tested,
        with_rest=np.array([each.against is Against.OVERALL for each in comparisons], dtype=bool),
        p_value=significance.p_values(group, tested),
        test=np.where(significance.needs_exact_test(group, tested), ", fisher", ", z"),
    )


def differences(pairs: Contrast, confidence: float) -> Estimates:
    """Group's rate minus reference's, with Newcombe intervals."""
    interval = intervals.newcombe(pairs.group, pairs.tested, confidence)
    scaled = intervals.difference_to_overall(interval, pairs.group, pairs.tested)
    value = pairs.group.rate - pairs.reference.rate
    method = _where_with_rest(pairs, np.full(value.shape, "newcombe", dtype=object))
    interval = _choose(pairs.with_rest, scaled, interval)
    return _estimates(value, interval, method, pairs.p_value, pairs.test)


def ratios(pairs: Contrast, confidence: float) -> Estimates:
    """Group's rate over reference's, with Katz or, of small counts, score intervals."""
    interval = ratio_intervals.ratio_interval(pairs.group, pairs.tested, confidence)
    carried = ratio_intervals.ratio_to_overall(interval, pairs.group, pairs.tested)
    value = quotient(pairs.group.rate, pairs.reference.rate)
    small = ratio_intervals.has_small_count(pairs.group, pairs.tested)
    method = _where_with_rest(pairs, np.where(small, "miettinen_nurminen", "katz").astype(object))
    interval = _choose(pairs.with_rest, carried, interval)
    return _estimates(value, interval, method, pairs.p_value, pairs.test)


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
    named = np.where(undefined, NO_INTERVAL, method) + np.where(np.isnan(p_value), "", test)
    return Estimates(value, low, high, p_value, named.tolist())


def _where_with_rest(pairs: Contrast, method: NDArray[np.object_]) -> NDArray[np.object_]:
    """Name the method of a comparison with the overall after the comparison it derives from."""
    return np.where(pairs.with_rest, method + "_with_rest", method)


def _choose(condition: NDArray[np.bool_], yes: Interval, no: Interval) -> Interval:
    return Interval(np.where(condition, yes.low, no.low), np.where(condition, yes.high, no.high))


def _column(shares: Sequence[Share]) -> Proportions:
    return Proportions.of(
        [each.numerator for each in shares], [each.denominator for each in shares]
    )
