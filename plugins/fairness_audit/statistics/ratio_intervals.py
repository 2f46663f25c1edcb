"""Confidence intervals of the ratio of two independent proportions.

The log interval is customary and is used where it can be trusted; where a count is small it covers
too little, and at no successes or no failures it breaks down: there one made of exact ones holds.
"""

import numpy as np
from numpy.typing import NDArray

from fairness_audit.statistics.intervals import SMALL, clopper_pearson
from fairness_audit.statistics.proportions import (
    Floats,
    Interval,
    Proportions,
    quotient,
    two_sided_quantile,
)


def has_small_count(group: Proportions, reference: Proportions) -> NDArray[np.bool_]:
    """True where a count of successes or failures is too small for the log interval."""
    smaller = np.minimum(group.successes, group.failures)
    reference_smaller = np.minimum(reference.successes, reference.failures)
    small: NDArray[np.bool_] = np.minimum(smaller, reference_smaller) < SMALL
    return small


def katz(group: Proportions, reference: Proportions, confidence: float) -> Interval:
    """Log interval of ``group.rate / reference.rate``; NaN where either has no successes.

    Katz, Baptista, Azen & Pike, "Obtaining confidence intervals for the risk ratio in cohort
    studies", Biometrics 34 (1978), 469-474, method C. It collapses to a point where both
    proportions are 1, and covers too little where any count is small: `ratio_interval` chooses.
    """
    ratio = quotient(group.rate, reference.rate)
    variance = log_rate_variance(group) + log_rate_variance(reference)
    factor = np.exp(two_sided_quantile(confidence) * np.sqrt(variance))
    return Interval(ratio / factor, ratio * factor)


def log_rate_variance(share: Proportions) -> Floats:
    """Variance of the logarithm of a rate, by the delta method; NaN without successes."""
    return quotient(share.failures, share.successes * share.trials)


def donner_zou(group: Proportions, reference: Proportions, confidence: float) -> Interval:
    """Interval of ``group.rate / reference.rate`` from exact ones of both, within [0, ∞].

    Donner & Zou, "Closed-form confidence intervals for functions of the normal mean and standard
    deviation", Statistical Methods in Medical Research 21 (2012), 347-359, eq. 9 (MOVER), with
    Clopper-Pearson limits. It starts at 0 where the group has no successes and ends at ∞ where
    the reference has none. Enumerated from n = 5, it covers at least 95 of 100 where it says so.
    """
    own, other = clopper_pearson(group, confidence), clopper_pearson(reference, confidence)
    return ratio_of_exact(group.rate, reference.rate, own, other)


def ratio_of_exact(a: Floats, b: Floats, own: Interval, other: Interval) -> Interval:
    """Interval of ``a / b`` from exact ones of each, as `donner_zou` has it; broadcast."""
    spread = _spread(a, b, own.low, other.high)
    low = quotient(own.low * (2 * a - own.low), a * b + spread)
    low = np.where(a == 0, 0.0, low)
    top = a * b + _spread(a, b, own.high, other.low)
    high = quotient(top, other.low * (2 * b - other.low))
    high = np.where(b == 0, np.inf, high)
    undefined = np.isnan(a) | np.isnan(b)
    return Interval(np.where(undefined, np.nan, low), np.where(undefined, np.nan, high))


def _spread(a: Floats, b: Floats, own: Floats, other: Floats) -> Floats:
    """√((ab)² - own·other·(2a - own)(2b - other)), of one limit of each side."""
    under = (a * b) ** 2 - own * other * (2 * a - own) * (2 * b - other)
    return np.sqrt(np.maximum(under, 0.0))


def ratio_interval(group: Proportions, reference: Proportions, confidence: float) -> Interval:
    """Interval of ``group.rate / reference.rate``: log, or of exact ones if `has_small_count`."""
    interval, small = katz(group, reference, confidence), has_small_count(group, reference)
    exact = donner_zou(group.rows(small), reference.rows(small), confidence)
    interval.low[small], interval.high[small] = exact
    return interval


def ratio_to_overall(with_rest: Interval, group: Proportions, rest: Proportions) -> Interval:
    """Interval of ``group.rate / overall.rate``, from that of the ratio to the rest.

    The group is part of the overall, so the two are not independent. But with the group's share w
    of all trials and the ratio r to the rest, the ratio to the overall is 1 / (w + (1-w)/r): it
    grows with r, so the bounds of r, also 0 and ∞, carry over.
    """
    w = quotient(group.trials, group.trials + rest.trials)
    with np.errstate(divide="ignore"):
        return Interval(
            1 / (w + (1 - w) / with_rest.low),
            1 / (w + (1 - w) / with_rest.high),
        )
