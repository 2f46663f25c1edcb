"""Means and quantiles of values with weights.

Values are given as categories on the last axis, with the sum of the weights of each (``weights``)
and of their squares (``squares``); without weights both are counts. No figure depends on the unit
of weight.
"""

import math
from typing import NamedTuple

import numpy as np

from fairness_audit.statistics.effective_counts import equally_weighted
from fairness_audit.statistics.proportions import Floats

_ROUNDING = 1e-12
_LARGEST_EXPONENT = 700.0


class Estimate(NamedTuple):
    """A figure and its variance; NaN where it is undefined."""

    value: float
    variance: float

    @property
    def error(self) -> float:
        """The standard error."""
        return math.sqrt(self.variance) if self.variance >= 0 else math.nan


def mean(values: Floats, weights: Floats, squares: Floats) -> Estimate:
    """The mean, and the linearised variance of it; a variance of NaN of fewer than two rows."""
    total, n = float(weights.sum()), _worth(weights, squares)
    if not total:
        return Estimate(math.nan, math.nan)
    found = float((values * weights).sum() / total)
    if n <= 1 + _ROUNDING:
        return Estimate(found, math.nan)
    spread = float((squares * (values - found) ** 2).sum()) / total**2
    return Estimate(found, spread * n / (n - 1))


def log_ratio(own: Estimate, other: Estimate) -> Estimate:
    """The logarithm of the ratio of two means, by the delta method; NaN if one is not above 0."""
    if not (own.value > 0 and other.value > 0):
        return Estimate(math.nan, math.nan)
    variance = own.variance / own.value**2 + other.variance / other.value**2
    return Estimate(math.log(own.value / other.value), variance)


def ends_of_ratio(ratio: float, error: float, quantile: float) -> tuple[float, float] | None:
    """The interval of a ratio by the standard error of its logarithm; None where it has no end."""
    if not quantile * error < _LARGEST_EXPONENT:
        return None
    factor = math.exp(quantile * error)
    return (ratio / factor, ratio * factor) if math.isfinite(ratio * factor) else None


def standardised_difference(
    values: Floats,
    own: tuple[Floats, Floats],
    other: tuple[Floats, Floats],
) -> Estimate:
    """Mean of one less mean of the other, over their pooled standard deviation.

    ``own`` and ``other`` are weights and squares. Cohen, "Statistical power analysis" (1988). The
    variance is that of the delta method, from moments up to the fourth: scores need not be normal.
    """
    sides = [_moments(values, *side) for side in (own, other)]
    size = sum(each.n for each in sides)
    if size <= 2 + _ROUNDING or min(each.n for each in sides) <= 0:
        return Estimate(math.nan, math.nan)
    pooled = sum(each.n * each.second for each in sides) / (size - 2)
    if not pooled > 0:
        return Estimate(math.nan, math.nan)
    value = (sides[0].mean - sides[1].mean) / math.sqrt(pooled)
    variance = 0.0
    for sign, each in zip((1, -1), sides, strict=True):
        share = each.n / size
        of_mean = each.second / each.n / pooled
        of_spread = share**2 * (each.fourth - each.second**2) / each.n / pooled**2
        of_both = sign * share * each.third / each.n / pooled**1.5
        variance += of_mean + value**2 / 4 * of_spread - value * of_both
    return Estimate(value, variance if min(each.n for each in sides) > 1 else math.nan)


def quantile(values: Floats, weights: Floats, share: float) -> float:
    """The value below which ``share`` of the weight lies; halfway between two where it is both.

    Hyndman & Fan's type 2 (American Statistician 50 (1996), 361-365); ``values`` ascend.
    """
    cumulative = np.cumsum(weights)
    if not len(cumulative) or not cumulative[-1]:
        return math.nan
    reached = share * cumulative[-1]
    slack = _ROUNDING * cumulative[-1]
    first, last = (np.searchsorted(cumulative, reached + off) for off in (-slack, slack))
    there = np.flatnonzero(weights)
    low, high = (there[np.searchsorted(there, min(i, there[-1]))] for i in (first, last))
    return float(values[low] + (values[high] - values[low]) / 2)


class _Moments(NamedTuple):
    n: float
    mean: float
    second: float
    third: float
    fourth: float


def _moments(values: Floats, weights: Floats, squares: Floats) -> _Moments:
    """What the weights are worth, the mean, and the central moments."""
    total = float(weights.sum())
    if not total:
        return _Moments(0.0, math.nan, math.nan, math.nan, math.nan)
    centre = float((values * weights).sum() / total)
    off = values - centre
    second, third, fourth = (float((weights * off**k).sum() / total) for k in (2, 3, 4))
    return _Moments(_worth(weights, squares), centre, second, third, fourth)


def _worth(weights: Floats, squares: Floats) -> float:
    """As many rows of equal weight."""
    return float(equally_weighted(weights.sum(), squares.sum()))
