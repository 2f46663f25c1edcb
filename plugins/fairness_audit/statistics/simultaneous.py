"""Intervals of the largest and smallest of many comparisons: those of all, at once, projected.

The largest difference of some groups' rates is never below 0, and where the groups are alike
every resample of it is above. But where all pairs' differences lie within their intervals at once,
the largest lies between the largest of the lower bounds and the largest of the upper ones,
whatever the rates are: that covers also where there is no difference, and where counts are zero.
"""

from functools import cache
from typing import NamedTuple

import numpy as np

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


@cache
def confidence_of_each_pair(groups: int, confidence: float) -> float:
    """The confidence of each pair's interval, so that those of all pairs of groups hold at once.

    Tukey's, by the distribution of the range of so many standard normal variables: sharp for
    groups of one size and cautious for others (Hayter, Annals of Statistics 12 (1984), 61-75). For
    proportions: Agresti, Bini, Bertaccini & Ryu, Biometrics 64 (2008), 1270-1275.
    """
    from scipy.optimize import brentq
    from scipy.special import ndtr

    if groups <= 2:
        return confidence
    z = np.linspace(-9.0, 9.0, 2001)
    density = np.exp(-(z**2) / 2) / np.sqrt(2 * np.pi)

    def beyond(width: float) -> float:
        inside = groups * density * (ndtr(z + width) - ndtr(z)) ** (groups - 1)
        return float(np.trapezoid(inside, z)) - confidence

    width = brentq(beyond, 1e-3, 25.0, xtol=1e-10)
    return float(2 * ndtr(width / np.sqrt(2)) - 1)


def confidence_of_each(parts: int, confidence: float) -> float:
    """The confidence of each of some independent figures, so that all intervals hold at once."""
    return float(confidence ** (1 / parts))


class Spread(NamedTuple):
    """Intervals of how far apart the rates of some groups are, one per row.

    ``difference`` is of the largest less the smallest rate, within [0, 1]; ``ratio`` of the
    smallest over the largest, within [0, 1]. NaN where a group has no rate, or there is but one.
    """

    difference: Interval
    ratio: Interval


def spread(shares: Proportions, confidence: float) -> Spread:
    """Of the groups on the last axis; every row before it is a question of its own.

    The pairs' intervals are those of `difference_interval` and `ratio_interval`.
    """
    groups = shares.trials.shape[-1]
    each = confidence_of_each_pair(groups, confidence)
    flat = Proportions(shares.successes.ravel(), shares.trials.ravel())
    own = _shaped(rate_interval(flat, each), shares.rate.shape)
    exact = _shaped(clopper_pearson(flat, each), shares.rate.shape)
    differences = _pairs_differences(shares, own, each)
    ratios = _pairs_ratios(shares, exact, each)
    low, high = _bounds_of_sizes(differences)
    undefined = np.isnan(shares.rate).any(axis=-1) | (groups < 2)
    return Spread(
        _where(undefined, low, np.minimum(high, 1.0)),
        _where(
            undefined,
            ratios.low.min(axis=(-2, -1), initial=1.0),
            ratios.high.min(axis=(-2, -1), initial=1.0),
        ),
    )


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
    with np.errstate(divide="ignore"):
        low = np.minimum(ratio.low, 1 / ratio.high)
        high = np.minimum(np.minimum(ratio.high, 1 / ratio.low), 1.0)
    return Interval(low, high)


def _bounds_of_sizes(differences: Interval) -> Interval:
    flat = (*differences.low.shape[:-2], -1)
    return largest_size(Interval(differences.low.reshape(flat), differences.high.reshape(flat)))


def _pairs_differences(shares: Proportions, own: Interval, confidence: float) -> Interval:
    """Of every group (second last axis) less every other one (last axis)."""
    rate, trials = shares.rate, shares.trials
    usual = square_and_add(rate[..., :, None], rate[..., None, :], _rows(own), _columns(own))
    tiny = np.maximum(trials[..., :, None], trials[..., None, :]) < TINY_TRIALS
    if tiny.any():
        flat = Proportions(shares.successes.ravel(), trials.ravel())
        wider = _shaped(clopper_pearson(flat, 2 * confidence - 1), trials.shape)
        usual = Interval(
            np.where(tiny, _rows(wider).low - _columns(wider).high, usual.low),
            np.where(tiny, _rows(wider).high - _columns(wider).low, usual.high),
        )
    return _without_diagonal(usual, 0.0)


def _pairs_ratios(shares: Proportions, exact: Interval, confidence: float) -> Interval:
    """Of every group (second last axis) over every other one (last axis)."""
    rate, variance = shares.rate, log_rate_variance(shares)
    a, b = rate[..., :, None], rate[..., None, :]
    with np.errstate(invalid="ignore"):
        width = np.sqrt(variance[..., :, None] + variance[..., None, :])
    factor = np.exp(two_sided_quantile(confidence) * width)
    ratio = quotient(*np.broadcast_arrays(a, b))
    few = np.minimum(shares.successes, shares.failures) < SMALL
    small = few[..., :, None] | few[..., None, :]
    made_of_exact = ratio_of_exact(a, b, _rows(exact), _columns(exact))
    return _without_diagonal(
        Interval(
            np.where(small, made_of_exact.low, ratio / factor),
            np.where(small, made_of_exact.high, ratio * factor),
        ),
        1.0,
    )


def _without_diagonal(pairs: Interval, itself: float) -> Interval:
    same = np.eye(pairs.low.shape[-1], dtype=bool)
    return Interval(np.where(same, itself, pairs.low), np.where(same, itself, pairs.high))


def _rows(each: Interval) -> Interval:
    return Interval(each.low[..., :, None], each.high[..., :, None])


def _columns(each: Interval) -> Interval:
    return Interval(each.low[..., None, :], each.high[..., None, :])


def _shaped(flat: Interval, shape: tuple[int, ...]) -> Interval:
    return Interval(flat.low.reshape(shape), flat.high.reshape(shape))


def _where(undefined: Floats, low: Floats, high: Floats) -> Interval:
    return Interval(np.where(undefined, np.nan, low), np.where(undefined, np.nan, high))
