"""Confidence intervals of a proportion, and of the difference of two independent ones.

All functions work on whole columns. Without trials a proportion is undefined, and NaN stands for
every bound on it.
"""

import numpy as np
from numpy.typing import NDArray

from fairness_audit.statistics.proportions import (
    Floats,
    Interval,
    Proportions,
    quotient,
    two_sided_quantile,
)

SMALL = 5
"""Below this many successes or failures intervals are exact."""

TINY_TRIALS = 10
"""Below this many trials on both sides a difference has an interval of exact ones, not added."""
_TINY = 1e-300  # a shape of the beta distribution must be above zero


def wilson(share: Proportions, confidence: float) -> Interval:
    """Score interval of a proportion, within [0, 1].

    Wilson, "Probable inference, the law of succession, and statistical inference", JASA 22
    (1927), 209-212.
    """
    z2 = two_sided_quantile(confidence) ** 2
    scale = share.trials + z2
    centre = (share.successes + z2 / 2) / scale
    spread = share.successes * quotient(share.failures, share.trials) + z2 / 4
    half = np.sqrt(z2 * spread) / scale
    # At no and at all successes the bound is exact; rounding would miss it by an ulp.
    low = np.where(share.successes == 0, 0.0, np.clip(centre - half, 0.0, share.rate))
    high = np.where(share.failures == 0, 1.0, np.clip(centre + half, share.rate, 1.0))
    undefined = share.trials == 0
    return Interval(np.where(undefined, np.nan, low), np.where(undefined, np.nan, high))


def clopper_pearson(share: Proportions, confidence: float) -> Interval:
    """Exact interval of a proportion, within [0, 1]: it covers at least ``confidence`` at any n.

    Clopper & Pearson, "The use of confidence or fiducial limits illustrated in the case of the
    binomial", Biometrika 26 (1934), 404-413, by quantiles of the beta distribution. Successes and
    trials need not be whole (effective sizes of weighted populations).
    """
    from scipy.special import betaincinv

    tail = (1 - confidence) / 2
    k, m = share.successes, share.failures
    with np.errstate(invalid="ignore"):
        low = np.where(k <= 0, 0.0, betaincinv(np.maximum(k, _TINY), m + 1, tail))
        high = np.where(m <= 0, 1.0, betaincinv(k + 1, np.maximum(m, _TINY), 1 - tail))
    undefined = share.trials == 0
    return Interval(np.where(undefined, np.nan, low), np.where(undefined, np.nan, high))


def is_small(share: Proportions) -> NDArray[np.bool_]:
    """True where successes or failures are too few for the score interval to cover enough."""
    small: NDArray[np.bool_] = np.minimum(share.successes, share.failures) < SMALL
    return small


def rate_interval(share: Proportions, confidence: float) -> Interval:
    """Interval of a proportion: score or, where `is_small`, exact."""
    interval, small = wilson(share, confidence), is_small(share)
    # Exact bounds take most of the time: only where they count.
    interval.low[small], interval.high[small] = clopper_pearson(share.rows(small), confidence)
    return interval


def newcombe(group: Proportions, reference: Proportions, confidence: float) -> Interval:
    """Hybrid score interval of ``group.rate - reference.rate``, within [-1, 1].

    Newcombe, "Interval estimation for the difference between independent proportions", Statistics
    in Medicine 17 (1998), 873-890, method 10 (without continuity correction).
    """
    own, other = wilson(group, confidence), wilson(reference, confidence)
    return square_and_add(group.rate, reference.rate, own, other)


def difference_interval(group: Proportions, reference: Proportions, confidence: float) -> Interval:
    """Interval of ``group.rate - reference.rate``, within [-1, 1].

    Newcombe's or, of a side with a count below `SMALL`, the same square-and-add of its exact
    interval instead of its score interval. Where both sides have fewer than ten trials that covers
    too little; there every difference of rates within exact intervals of twice the error counts.
    Enumerated from n = 5, this covers at least 95 of 100 where it says so.
    """
    own, other = rate_interval(group, confidence), rate_interval(reference, confidence)
    usual = square_and_add(group.rate, reference.rate, own, other)
    tiny = np.maximum(group.trials, reference.trials) < TINY_TRIALS
    wider = 2 * confidence - 1
    own = clopper_pearson(group.rows(tiny), wider)
    other = clopper_pearson(reference.rows(tiny), wider)
    usual.low[tiny], usual.high[tiny] = own.low - other.high, own.high - other.low
    return usual


def square_and_add(a: Floats, b: Floats, own: Interval, other: Interval) -> Interval:
    """Interval of ``a - b`` from those of each: Newcombe's method 10; they are broadcast."""
    difference = a - b
    return Interval(
        difference - np.hypot(a - own.low, other.high - b),
        difference + np.hypot(own.high - a, b - other.low),
    )


def difference_to_overall(with_rest: Interval, group: Proportions, rest: Proportions) -> Interval:
    """Interval of ``group.rate - overall.rate``, from that of the difference with the rest.

    The group is part of the overall, so the two are not independent. But with the group's share w
    of all trials, overall = w·group + (1-w)·rest, hence group - overall = (1-w)·(group - rest):
    the interval is that of the two independent parts, scaled.
    """
    scale = quotient(rest.trials, group.trials + rest.trials)
    return Interval(with_rest.low * scale, with_rest.high * scale)
