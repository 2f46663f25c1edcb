"""Intervals of the largest and smallest of many comparisons: those of all, at once, projected.

The largest difference of some groups' rates is never below 0, and where the groups are alike
every resample of it is above. But where all pairs' differences lie within their intervals at once,
the largest lies between the largest of the lower bounds and the largest of the upper ones,
whatever the rates are: that covers also where there is no difference, and where counts are zero.
"""

from functools import cache

import numpy as np
from numpy.typing import NDArray

from fairness_audit.statistics.intervals import (
    SMALL,
    TINY_TRIALS,
    clopper_pearson,
    rate_interval,
    square_and_add,
)
from fairness_audit.statistics.proportions import (
    Floats,
    Interval,
    Proportions,
    quotient,
    two_sided_quantile,
)
from fairness_audit.statistics.ratio_intervals import log_rate_variance, ratio_of_exact

_HALVINGS = 45
"""Of a width of 25: to 7e-13. A library's root finder takes a tenth of a second to load."""


@cache
def confidence_of_each_pair(groups: int, confidence: float) -> float:
    """The confidence of each pair's interval, so that those of all pairs of groups hold at once.

    Tukey's, by the distribution of the range of so many standard normal variables: sharp for
    groups of one size and cautious for others (Hayter, Annals of Statistics 12 (1984), 61-75). For
    proportions: Agresti, Bini, Bertaccini & Ryu, Biometrics 64 (2008), 1270-1275.
    """
    from scipy.special import ndtr

    if groups <= 2:
        return confidence
    z = np.linspace(-9.0, 9.0, 2001)
    density = np.exp(-(z**2) / 2) / np.sqrt(2 * np.pi)

    def within(width: float) -> float:
        inside = groups * density * (ndtr(z + width) - ndtr(z)) ** (groups - 1)
        return float(np.trapezoid(inside, z))

    low, high = 0.0, 25.0
    for _ in range(_HALVINGS):
        middle = (low + high) / 2
        low, high = (middle, high) if within(middle) < confidence else (low, middle)
    return float(2 * ndtr(high / np.sqrt(2)) - 1)


def confidence_of_each(parts: int, confidence: float) -> float:
    """The confidence of each of some independent figures, so that all intervals hold at once."""
    return float(confidence ** (1 / parts))


def largest_difference(shares: Proportions, confidence: float) -> Interval:
    """Of the largest less the smallest rate of the groups on the last axis, within [0, 1].

    Every row before it is a question of its own. The pairs' intervals are those of
    `intervals.difference_interval`. NaN where a group has no rate, or there is but one.
    """
    rate, trials = shares.rate, shares.trials
    each = confidence_of_each_pair(rate.shape[-1], confidence)
    flat = Proportions(shares.successes.ravel(), trials.ravel())
    own = _shaped(rate_interval(flat, each), rate.shape)
    pairs = square_and_add(rate[..., :, None], rate[..., None, :], _rows(own), _columns(own))
    few = trials < TINY_TRIALS
    if few.any():
        tiny = few[..., :, None] & few[..., None, :]
        wider = _shaped(clopper_pearson(flat, 2 * each - 1), rate.shape)
        pairs = Interval(
            np.where(tiny, _rows(wider).low - _columns(wider).high, pairs.low),
            np.where(tiny, _rows(wider).high - _columns(wider).low, pairs.high),
        )
    # Of a pair and its mirror one suffices: the sizes of their differences are the same.
    first, second = np.triu_indices(rate.shape[-1], k=1)
    low, high = largest_size(Interval(*(end[..., first, second] for end in pairs)))
    return _where(_is_undefined(rate), low, np.minimum(high, 1.0))


def smallest_ratio(shares: Proportions, confidence: float) -> Interval:
    """Of the smallest over the largest rate, within [0, 1]; else as `largest_difference`.

    The pairs' intervals are those of `ratio_intervals.ratio_interval`.
    """
    rate, variance = shares.rate, log_rate_variance(shares)
    each = confidence_of_each_pair(rate.shape[-1], confidence)
    first, second = np.triu_indices(rate.shape[-1], k=1)
    a, b = rate[..., first], rate[..., second]
    factor = np.exp(
        two_sided_quantile(each) * np.sqrt(variance[..., first] + variance[..., second])
    )
    ratio = quotient(a, b)
    pairs = Interval(ratio / factor, ratio * factor)
    few = np.minimum(shares.successes, shares.failures) < SMALL
    if few.any():
        small = few[..., first] | few[..., second]
        flat = Proportions(shares.successes.ravel(), shares.trials.ravel())
        exact = _shaped(clopper_pearson(flat, each), rate.shape)
        own, other = (Interval(*(end[..., side] for end in exact)) for side in (first, second))
        made_of_exact = ratio_of_exact(a, b, own, other)
        pairs = Interval(
            np.where(small, made_of_exact.low, pairs.low),
            np.where(small, made_of_exact.high, pairs.high),
        )
    low, high = (end.min(axis=-1, initial=1.0) for end in smaller_ratio(pairs))
    return _where(_is_undefined(rate), low, high)


def largest_size(differences: Interval) -> Interval:
    """Of the largest absolute value of figures on the last axis, from intervals that hold at once.

    NaN where one is undefined or there is none.
    """
    low = np.maximum(np.maximum(differences.low, -differences.high), 0.0)
    high = np.maximum(np.abs(differences.low), np.abs(differences.high))
    none = differences.low.shape[-1] == 0
    return _where(np.asarray(none), low.max(axis=-1, initial=0.0), high.max(axis=-1, initial=0.0))


def size(difference: Interval) -> Interval:
    """Of the absolute value of one figure each."""
    return largest_size(Interval(difference.low[..., None], difference.high[..., None]))


def smaller_ratio(ratio: Interval) -> Interval:
    """Of the smaller of a ratio and its inverse, within [0, 1]."""
    with np.errstate(divide="ignore", invalid="ignore"):
        low = np.minimum(ratio.low, 1 / ratio.high)
        high = np.minimum(np.minimum(ratio.high, 1 / ratio.low), 1.0)
    return Interval(low, high)


def _is_undefined(rate: Floats) -> NDArray[np.bool_]:
    undefined: NDArray[np.bool_] = np.isnan(rate).any(axis=-1) | (rate.shape[-1] < 2)
    return undefined


def _rows(each: Interval) -> Interval:
    return Interval(each.low[..., :, None], each.high[..., :, None])


def _columns(each: Interval) -> Interval:
    return Interval(each.low[..., None, :], each.high[..., None, :])


def _shaped(flat: Interval, shape: tuple[int, ...]) -> Interval:
    return Interval(flat.low.reshape(shape), flat.high.reshape(shape))


def _where(undefined: NDArray[np.bool_], low: Floats, high: Floats) -> Interval:
    return Interval(np.where(undefined, np.nan, low), np.where(undefined, np.nan, high))
