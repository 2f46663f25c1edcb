"""Whether the gap between a group and its reference is no longer what it was.

Each unit's gap is held against the mean of the earlier ones. What both groups have in common, such
as a base rate that wanders, with memory or without, cancels in the ratio of their rates if it
multiplies both, and in the difference if it adds to both: a change is what moves both of these.
While nothing changes, the
deviations from the earlier mean are independent (the recursive residuals of Brown, Durbin & Evans,
"Techniques for testing the constancy of regression relationships over time", JRSS B 37 (1975),
149-192). A change at unit s moves those from s on, ever less, since the mean follows it. So the
likelihood ratio of each change that may have begun, whatever the gap was before, is a product of
e-values, and one bet of each year's stakes is laid on every unit (`processes`): by Ville's
inequality a steady gap is called changed in at most 1 / level of its years.
"""

from statistics import NormalDist
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from fairness_audit.statistics.processes import product
from fairness_audit.statistics.proportions import Floats, Proportions, quotient

LEVEL = 20.0
POINTS = 0.06
"""The change of one rate that a history must be able to show before it tells anything."""
SOON = 8
"""Within how many units."""

_FEWEST = 5.0
"""Successes and failures that a unit's gap needs on each side to be nearly normal."""
_BETS = {
    "ratio": np.log([0.6, 0.8, 0.9, 1 / 0.9, 1 / 0.8, 1 / 0.6]),
    "difference": np.array([-0.12, -0.06, -0.03, 0.03, 0.06, 0.12]),
}
_STEADY = 8.0
"""As many earlier deviations of the variance expected are taken to have been seen."""


class GapDrift(NamedTuple):
    """After each unit, shape (runs, units)."""

    evidence: Floats  # that the gap changed since the baseline began; it is found at the level
    found: NDArray[np.bool_]  # a change was found at this unit; a new baseline begins after it
    first: NDArray[np.int64]  # the unit with which a found change likeliest began, else -1
    power: Floats  # the chance to find a change of six points of the group's rate that begins next


def gap_drift(
    group: Proportions,
    reference: Proportions,
    *,
    units_per_year: int,
    level: float = LEVEL,
) -> GapDrift:
    """Follow the gap of two rates; a unit with too few successes or failures is passed over.

    A history tells nothing while ``power`` is below one half.

    Args:
        group: counts, shape (units,) or (runs, units).
        reference: likewise.
        units_per_year: 52 for weeks or weekly audits; at least 2.
        level: 20 for a single pair; times as many as are followed together.
    """
    counts = np.stack(np.broadcast_arrays(*map(np.atleast_2d, (*group, *reference))))
    scales = [
        _Following(scale, counts.shape[1:], units_per_year) for scale in ("ratio", "difference")
    ]
    after = []
    for unit in range(counts.shape[2]):
        won = [each.next(unit, *counts[..., unit]) for each in scales]
        evidence = np.minimum(*(each.sum(axis=-1) for each in won))
        found = evidence >= level
        first = np.where(found, np.add(*won).argmax(axis=-1), -1)
        power = np.minimum(*(each.power(level) for each in scales))
        for each in scales:
            each.restart(found)
        after.append((evidence, found, first, power))
    return GapDrift(*(np.stack(column, axis=-1) for column in zip(*after, strict=True)))


class _Following:
    """The baseline and the bets of every run on one scale, as the last unit left them."""

    def __init__(self, scale: str, shape: tuple[int, ...], year: int) -> None:
        runs, units = shape
        self._scale, self._year, self._bets = scale, year, _BETS[scale]
        self._weight, self._sum = np.zeros(runs), np.zeros(runs)
        self._squares, self._seen = np.full(runs, _STEADY), np.full(runs, _STEADY)
        self._rate, self._variance = np.full(runs, np.nan), np.full(runs, np.nan)
        # Of a change that began with each unit: how sure the gap was before, how far it varied,
        # and what the bets on it have won so far.
        self._before, self._spread = np.zeros((runs, units)), np.ones((runs, units))
        self._won = np.full((runs, units, len(self._bets)), -np.inf)

    def next(self, unit: int, k: Floats, n: Floats, other_k: Floats, other_n: Floats) -> Floats:
        """Take in a unit: evidence of a change that began with each so far, (runs, unit + 1)."""
        mean = np.nan_to_num(quotient(self._sum, self._weight))
        gap, variance = self._gap(k, n, other_k, other_n, mean)
        usable = np.isfinite(variance)
        based = usable & (self._weight > 0)
        self._before[:, unit] = self._weight
        self._spread[:, unit] = np.maximum(self._squares / self._seen, 1.0)
        self._won[:, unit] = np.where(based, 0.0, -np.inf)[:, None]
        self._bet(unit, based, gap - mean, variance)
        self._learn(usable, based, gap, variance, mean)
        self._rate = np.where(usable, quotient(k + other_k, n + other_n), self._rate)
        self._variance = np.where(usable, variance, self._variance)
        return np.asarray(product(self._won[:, : unit + 1]).mean(axis=-1) / self._year)

    def restart(self, found: NDArray[np.bool_]) -> None:
        """Begin a new baseline where a change was found."""
        self._weight[found] = self._sum[found] = 0.0
        self._squares[found] = self._seen[found] = _STEADY
        self._won[found] = -np.inf

    def _gap(
        self, k: Floats, n: Floats, other_k: Floats, other_n: Floats, mean: Floats
    ) -> tuple[Floats, Floats]:
        """A unit's gap, and its variance if the gap is still the mean; NaN for a poor unit.

        The variance is that at the rate of both groups together, which the gap does not move.
        """
        rate = quotient(k + other_k, n + other_n)
        share = quotient(n, n + other_n)
        if self._scale == "ratio":
            other_rate = quotient(rate, share * np.exp(mean) + 1 - share)
            own_rate = np.exp(mean) * other_rate
            gap = np.log((k + 0.5) / (n + 0.5)) - np.log((other_k + 0.5) / (other_n + 0.5))
            variance = quotient(1 - own_rate, n * own_rate) + quotient(
                1 - other_rate, other_n * other_rate
            )
        else:
            other_rate = rate - share * mean
            own_rate = other_rate + mean
            gap = quotient(k, n) - quotient(other_k, other_n)
            variance = quotient(own_rate * (1 - own_rate), n) + quotient(
                other_rate * (1 - other_rate), other_n
            )
        rarest = np.minimum(
            n * np.minimum(own_rate, 1 - own_rate),
            other_n * np.minimum(other_rate, 1 - other_rate),
        )
        return gap, np.where(rarest >= _FEWEST, variance, np.nan)

    def _bet(
        self, unit: int, based: NDArray[np.bool_], deviation: Floats, variance: Floats
    ) -> None:
        begun = slice(None, unit + 1)
        left = quotient(self._before[:, begun], self._weight[:, None])
        expected = np.nan_to_num(left)[..., None] * self._bets
        spread = (variance + quotient(np.ones_like(variance), self._weight))[:, None]
        spread = (spread * self._spread[:, begun])[..., None]
        won = expected * (deviation[:, None, None] - expected / 2) / spread
        self._won[:, begun] += np.where(based[:, None, None], won, 0.0)

    def _learn(
        self,
        usable: NDArray[np.bool_],
        based: NDArray[np.bool_],
        gap: Floats,
        variance: Floats,
        mean: Floats,
    ) -> None:
        expected = variance + quotient(np.ones_like(variance), self._weight)
        self._squares += np.where(based, (gap - mean) ** 2 / expected, 0.0)
        self._seen += based
        self._sum += np.where(usable, gap / variance, 0.0)
        self._weight += np.where(usable, 1 / variance, 0.0)

    def power(self, level: float) -> Floats:
        """The chance that a change of six points which begins now is found soon.

        By the normal approximation of the log evidence of the best bet, with units as the last.
        """
        change = np.full_like(self._rate, POINTS)
        if self._scale == "ratio":
            change = np.log1p(quotient(change, self._rate))
        information, weight = np.zeros_like(change), self._weight.copy()
        more = quotient(np.ones_like(weight), self._variance)
        for _ in range(SOON):
            left = change * quotient(self._weight, weight)
            information += left**2 / (self._variance + quotient(np.ones_like(weight), weight))
            weight = weight + more
        needed = np.log(level * self._year * len(self._bets))
        z = quotient(information / 2 - needed, np.sqrt(information))
        normal = NormalDist()
        return np.array([0.0 if np.isnan(each) else normal.cdf(each) for each in z])
