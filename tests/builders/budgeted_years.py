"""Simulated years of audits under one error budget, tested as the product tests them."""

from enum import Enum
from fractions import Fraction

import numpy as np
from numpy.typing import NDArray

from fairness_audit.statistics.proportions import Proportions
from fairness_audit.statistics.significance import p_values
from fairness_audit.statistics.spending import harmonic_share

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

AUDITS = 52
ALPHA = Fraction(1, 20)
ROWS = 500
"""Rows per group that each week brings."""

SHARES = np.array([float(ALPHA * harmonic_share(k, AUDITS)) for k in range(1, AUDITS + 1)])
"""What each audit of a year may spend."""


class Window(Enum):
    """Which weeks an audit is about."""

    FRESH = "fresh"  # its own
    HALF_YEAR = "half a year"  # its own and the 25 before it
    CUMULATIVE = "cumulative"  # its own and all before it


def in_windows(weekly: Ints, window: Window) -> Ints:
    """Sums over the weeks of each audit's window; weeks are the last axis."""
    if window is Window.FRESH:
        return weekly
    sums = np.cumsum(weekly, axis=-1)
    if window is Window.HALF_YEAR:
        sums[..., 26:] -= sums[..., :-26].copy()
    return sums


def year_p_values(
    random: np.random.Generator, years: int, window: Window, rates: tuple[float, float]
) -> Floats:
    """Two-sided p-values of two groups with these rates: years x audits."""
    size = (years, AUDITS)
    own, other = (in_windows(random.binomial(ROWS, rate, size), window) for rate in rates)
    rows = in_windows(np.full(size, ROWS), window)
    return p_values(
        Proportions.of(own.ravel(), rows.ravel()), Proportions.of(other.ravel(), rows.ravel())
    ).reshape(size)


def share_of_years_with_an_alarm(p: Floats, levels: Floats) -> float:
    """In how many years at least one audit is significant at its level."""
    return float((p < levels).any(axis=1).mean())


def found_by_audit(random: np.random.Generator, draws: int, rates: tuple[float, float]) -> Floats:
    """For each audit of the year, how often it alone finds that two rates differ by 4/5 or more.

    The breach is asked for as well, by whole numbers, as for a finding that fails.
    """
    own, other = (random.binomial(ROWS, rate, draws) for rate in rates)
    rows = np.full(draws, ROWS)
    p = p_values(Proportions.of(own, rows), Proportions.of(other, rows))
    breach = 5 * own < 4 * other
    return np.asarray(((p[:, None] < SHARES) & breach[:, None]).mean(axis=0))
