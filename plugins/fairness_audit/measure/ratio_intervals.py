"""Confidence intervals of the ratio of two independent proportions.

The log interval is customary and is used where it can be trusted; where a count is small it covers
too little, and at no successes or no failures it breaks down: there the score interval holds.
"""

import numpy as np
from numpy.typing import NDArray

from fairness_audit.measure.proportions import (
    Floats,
    Interval,
    Proportions,
    quotient,
    two_sided_quantile,
)

SMALL = 5
"""Below this many successes or failures on either side the log interval is not used."""

_LOG_RATIO_BOUND = 60.0  # e**60 ≈ 1e26: beyond any ratio of two counts
_HALVINGS = 64  # of a bracket 120 wide: to the precision of a double


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
    variance = (
        quotient(group.failures, group.successes * group.trials)
        + quotient(reference.failures, reference.successes * reference.trials)
    )  # fmt: skip
    factor = np.exp(two_sided_quantile(confidence) * np.sqrt(variance))
    return Interval(ratio / factor, ratio * factor)


def miettinen_nurminen(group: Proportions, reference: Proportions, confidence: float) -> Interval:
    """Score interval of ``group.rate / reference.rate``, within [0, ∞].

    Holds for all counts: it starts at 0 where the group has no successes and ends at ∞ where the
    reference has none. Miettinen & Nurminen, "Comparative analysis of two rates", Statistics in
    Medicine 4 (1985), 213-226, eqs. 9-12: the ratios that the score test does not reject.
    """
    z2 = two_sided_quantile(confidence) ** 2
    with np.errstate(divide="ignore", invalid="ignore"):
        estimate = np.log(group.rate) - np.log(reference.rate)
    bound = np.full(estimate.shape, _LOG_RATIO_BOUND)
    inside = np.nan_to_num(estimate, nan=0.0, posinf=_LOG_RATIO_BOUND, neginf=-_LOG_RATIO_BOUND)
    low = np.exp(_edge(group, reference, z2, inside, -bound))
    high = np.exp(_edge(group, reference, z2, inside, bound))
    low = np.where(group.successes == 0, 0.0, low)
    high = np.where(reference.successes == 0, np.inf, high)
    undefined = (group.trials == 0) | (reference.trials == 0)
    return Interval(np.where(undefined, np.nan, low), np.where(undefined, np.nan, high))


def _edge(
    group: Proportions, reference: Proportions, z2: float, inside: Floats, outside: Floats
) -> Floats:
    """The log ratio between ``inside`` and ``outside`` at which the score test starts to reject.

    Bisection: the score statistic grows on either side of the observed ratio.
    """
    for _ in range(_HALVINGS):
        middle = (inside + outside) / 2
        kept = _is_compatible(group, reference, np.exp(middle), z2)
        inside, outside = np.where(kept, middle, inside), np.where(kept, outside, middle)
    return inside


def _is_compatible(
    group: Proportions, reference: Proportions, ratio: Floats, z2: float
) -> NDArray[np.bool_]:
    """True where the score test of ``group.rate = ratio * reference.rate`` does not reject."""
    n = group.trials + reference.trials
    a = n * ratio
    b = (group.trials + reference.successes) * ratio + group.successes + reference.trials
    c = group.successes + reference.successes
    # The likeliest reference rate given the ratio: the smaller root of ax² - bx + c, written so
    # that nothing cancels.
    q = quotient(2 * c, b + np.sqrt(np.maximum(b * b - 4 * a * c, 0.0)))
    p = np.minimum(ratio * q, 1.0)
    variance = quotient(p * (1 - p), group.trials) + ratio**2 * quotient(
        q * (1 - q), reference.trials
    )
    deviation = group.rate - ratio * reference.rate
    return deviation**2 * (n - 1) <= z2 * variance * n


def ratio_interval(group: Proportions, reference: Proportions, confidence: float) -> Interval:
    """Interval of ``group.rate / reference.rate``: log, or score where `has_small_count`."""
    interval, small = katz(group, reference, confidence), has_small_count(group, reference)
    score = miettinen_nurminen(group.rows(small), reference.rows(small), confidence)
    interval.low[small], interval.high[small] = score
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
