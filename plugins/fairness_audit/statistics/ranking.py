"""Statistics of scores, from counts per score: lower scores first, on the last axis."""

import math
from typing import NamedTuple

import numpy as np

from fairness_audit.statistics import weighted
from fairness_audit.statistics.proportions import Floats, quotient
from fairness_audit.statistics.weighted import Estimate

_DIVERGED = 1e12
"""No coefficient of a logistic regression is this large: Newton's method is on its way to none."""


class Area(NamedTuple):
    """An area under a curve, its variance, and by how much ties may have moved it."""

    value: float
    variance: float
    tied: float


def area_under_curve(
    positives: Floats, negatives: Floats, squares: tuple[Floats, Floats] | None = None
) -> Area:
    """The chance that a positive has a higher score than a negative; ties count half.

    ``tied`` is half the chance of a tie: where different scores share a bin, the area of the
    scores lies within ``value ± tied``. Variance after DeLong, DeLong & Clarke-Pearson,
    Biometrics 44 (1988), 837-845, exact for the counts given; of sums of weights, with the
    ``squares`` of the weights of each side, its linearised form. NaN where a side is empty, and a
    variance of NaN where it has one member.
    """
    p, n = float(positives.sum()), float(negatives.sum())
    if not p or not n:
        return Area(math.nan, math.nan, math.nan)
    below = (np.cumsum(negatives) - negatives / 2) / n
    above = 1 - (np.cumsum(positives) - positives / 2) / p
    own, other = (positives, negatives) if squares is None else squares
    value, variance = weighted.mean(below, positives, own)
    variance += weighted.mean(above, negatives, other).variance
    tied = float((positives * negatives).sum() / (2 * p * n))
    return Area(value, variance, tied)


def largest_distance(counts: Floats, others: Floats) -> tuple[float, float]:
    """Kolmogorov-Smirnov distance of two samples, and the most that binning may have hidden."""
    own, other = quotient(counts, _sum(counts)), quotient(others, _sum(others))
    distance = float(np.abs(np.cumsum(own) - np.cumsum(other)).max(initial=0.0))
    return distance, float(np.maximum(own, other).max(initial=0.0))


def distance_p_value(distance: float, n: float, other_n: float) -> float:
    """Asymptotic two-sided p-value of a Kolmogorov-Smirnov distance (Smirnov 1948)."""
    from scipy.special import kolmogorov

    return float(kolmogorov(distance * math.sqrt(n * other_n / (n + other_n))))


def quantile(scores: Floats, counts: Floats, share: float) -> float:
    """The linearly interpolated quantile of scores with these counts (Hyndman & Fan's type 7)."""
    n = counts.sum()
    if not n:
        return math.nan
    place = share * (n - 1)
    cumulative = np.cumsum(counts)
    low = scores[np.searchsorted(cumulative, math.floor(place), side="right")]
    high = scores[np.searchsorted(cumulative, math.ceil(place), side="right")]
    return float(low + (high - low) * (place - math.floor(place)))


def recalibration_slope(
    scores: Floats,
    positives: Floats,
    negatives: Floats,
    squares: tuple[Floats, Floats] | None = None,
) -> Estimate:
    """Slope of the logistic regression of the outcome on the log odds of the score; ideally 1.

    Cox, "Two further applications of a model for binary regression", Biometrika 45 (1958),
    562-565, by Newton's method; variance after White, Econometrica 50 (1982), 1-25. ``squares``
    are those of the weights of each side, where there are weights. NaN where it does not converge
    or a side is empty.
    """
    nothing = Estimate(math.nan, math.nan)
    if not positives.sum() or not negatives.sum():
        return nothing
    clipped = np.clip(scores, 1e-6, 1 - 1e-6)
    x = np.log(clipped / (1 - clipped))
    design = np.stack([np.ones_like(x), x], axis=1)
    n, beta = positives + negatives, np.array([0.0, 1.0])
    own, other = (positives, negatives) if squares is None else squares
    for _ in range(50):
        fitted = 1 / (1 + np.exp(-np.clip(design @ beta, -700, 700)))
        gradient = design.T @ (positives - n * fitted)
        hessian = (design * (n * fitted * (1 - fitted))[:, None]).T @ design
        if np.linalg.cond(hessian) > 1e12:
            return nothing
        step = np.linalg.solve(hessian, gradient)
        beta = beta + step
        if np.abs(beta).max() > _DIVERGED:
            return nothing
        if np.abs(step).max() < 1e-10:
            scatter = own * (1 - fitted) ** 2 + other * fitted**2
            middle = (design * scatter[:, None]).T @ design
            bread = np.linalg.inv(hessian)
            return Estimate(float(beta[1]), float((bread @ middle @ bread)[1, 1]))
    return nothing


def _sum(counts: Floats) -> Floats:
    return np.broadcast_to(counts.sum(axis=-1, keepdims=True), counts.shape)
