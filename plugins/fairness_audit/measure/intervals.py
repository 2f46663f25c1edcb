"""Confidence intervals of a proportion, and of the difference of two independent ones.

All functions work on whole columns. Without trials a proportion is undefined, and NaN stands for
every bound on it.
"""

import numpy as np

from fairness_audit.measure.proportions import (
    Interval,
    Proportions,
    quotient,
    two_sided_quantile,
)


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


def newcombe(group: Proportions, reference: Proportions, confidence: float) -> Interval:
    """Hybrid score interval of ``group.rate - reference.rate``, within [-1, 1].

    Newcombe, "Interval estimation for the difference between independent proportions", Statistics
    in Medicine 17 (1998), 873-890, method 10 (without continuity correction).
    """
    a, b = group.rate, reference.rate
    a_low, a_high = wilson(group, confidence)
    b_low, b_high = wilson(reference, confidence)
    difference = a - b
    return Interval(
        difference - np.hypot(a - a_low, b_high - b),
        difference + np.hypot(a_high - a, b - b_low),
    )


def difference_to_overall(with_rest: Interval, group: Proportions, rest: Proportions) -> Interval:
    """Interval of ``group.rate - overall.rate``, from that of the difference with the rest.

    The group is part of the overall, so the two are not independent. But with the group's share w
    of all trials, overall = w·group + (1-w)·rest, hence group - overall = (1-w)·(group - rest):
    the interval is that of the two independent parts, scaled.
    """
    scale = quotient(rest.trials, group.trials + rest.trials)
    return Interval(with_rest.low * scale, with_rest.high * scale)
