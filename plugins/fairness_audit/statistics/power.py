"""What an audit of a given size could have found, and the size it would need.

The normal approximation for the two-sided test of two independent proportions, without continuity
correction: Fleiss, Levin & Paik, "Statistical Methods for Rates and Proportions" (3rd edition,
2003), chapter 4; the same as R's ``power.prop.test``.
"""

import math
from statistics import NormalDist

POWER = 0.8
"""The chance with which a gap that is called detectable would be found."""

_HALVINGS = 60  # of a bracket at most 1 wide: to the precision of a double


_LARGEST = 10**12
"""No population is larger; what would need more subjects cannot be settled by counting them."""


def detectable_gap(
    n: int,
    reference_n: int,
    reference_rate: float,
    *,
    alpha: float,
    upward: bool,
    power: float = POWER,
) -> float | None:
    """The smallest difference of rates that a test at ``alpha`` finds with the given power.

    ``upward`` looks for a group rate above the reference rate, else for one below it. None if not
    even the largest possible gap would be found.
    """
    if min(n, reference_n) < 1:
        return None
    room = 1 - reference_rate if upward else reference_rate
    sign = 1 if upward else -1

    def is_found(gap: float) -> bool:
        rate = reference_rate + sign * gap
        return gap >= _needed_gap(rate, n, reference_rate, reference_n, alpha, power)

    if room <= 0 or not is_found(room):
        return None
    # The needed gap is concave in the gap, so it is overtaken once and bisection finds where.
    low, high = 0.0, room
    for _ in range(_HALVINGS):
        middle = (low + high) / 2
        low, high = (low, middle) if is_found(middle) else (middle, high)
    return high


def n_needed(
    rate: float, reference_rate: float, *, alpha: float, power: float = POWER
) -> int | None:
    """Rows per group, with equal sizes, at which two such rates would be told apart.

    None if the rates are equal, or so nearly equal that no population would be large enough.
    """
    gap = abs(rate - reference_rate)
    if gap == 0:
        return None
    # With one row each the needed gap is the numerator of the textbook formula.
    needed = math.ceil((_needed_gap(rate, 1, reference_rate, 1, alpha, power) / gap) ** 2)
    return needed if needed <= _LARGEST else None


def _needed_gap(
    rate: float, n: int, reference_rate: float, reference_n: int, alpha: float, power: float
) -> float:
    """How far apart these rates would have to be, given the variance they have."""
    standard = NormalDist()
    pooled = (rate * n + reference_rate * reference_n) / (n + reference_n)
    if_equal = max(0.0, pooled * (1 - pooled)) * (1 / n + 1 / reference_n)
    if_not = (
        max(0.0, rate * (1 - rate)) / n
        + max(0.0, reference_rate * (1 - reference_rate)) / reference_n
    )
    critical, beyond = -standard.inv_cdf(alpha / 2), standard.inv_cdf(power)
    return critical * math.sqrt(if_equal) + beyond * math.sqrt(if_not)
