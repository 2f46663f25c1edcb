"""When a verdict will be reached, if the truth is as stated: the audit, carried on many times.

What is bet at a unit follows from its sizes and the rate of all units before, and what it says is
linear in its successes. Where many runs have the same sizes, a table by rate therefore takes the
place of the arithmetic of every run. The rate is rounded to the table's, which is to bet on a rate
that is off by an eighth of a point at most: the e-values stay exact, and their power changes by
nothing that is seen.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cached_property, lru_cache
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from fairness_audit.statistics.proportions import Floats, Proportions
from fairness_audit.statistics.sequential import (
    Aim,
    FailsOn,
    Limit,
    Side,
    Terms,
    TwoRates,
    predicted_rate,
)

PROBABILITY = 0.8
"""How likely a verdict must be at a unit to be announced for it."""
NEAR_LIMIT = 0.05
"""How near to a limit, as a share of it, a true disparity is that no sizes settle in good time."""
YEARS = 3
"""How far ahead one looks."""

_RATES = 400  # of the table, evenly over (0, 1)
_KNOWN = 1e12  # trials that leave no doubt about a rate


class Outlook(NamedTuple):
    """The first unit ahead, from 1, at which a verdict stands with at least `PROBABILITY`.

    ``unit`` is None where none within `YEARS` years does; ``probability`` then is of the last,
    0 where the truth is too near to the limit, and None where no rates can be so far apart.
    """

    unit: int | None
    probability: float | None

    @classmethod
    def of(cls, stands: NDArray[np.bool_]) -> "Outlook":
        """From whether the verdict stands: (runs, units ahead)."""
        shares = stands.mean(axis=0)
        likely = np.flatnonzero(shares >= PROBABILITY)
        if not likely.size:
            return cls(None, float(shares[-1]))
        return cls(int(likely[0]) + 1, float(shares[likely[0]]))


NEVER = Outlook(None, 0.0)
IMPOSSIBLE = Outlook(None, None)


def is_near(disparity: float, limit: Limit) -> bool:
    """True where a true disparity is too near to an end of a limit to be told from it."""
    ends = (limit.bound(side) for side in limit.sides)
    return any(abs(disparity - end) <= NEAR_LIMIT * abs(end) + 1e-12 for end in ends)


def rates_with(
    disparity: float, scale: str, group_n: float, reference_n: float, pooled: float
) -> tuple[float, float] | None:
    """The rates of a group and its reference that have a disparity, and together a pooled rate.

    None where no such rates lie strictly within (0, 1).
    """
    n = group_n + reference_n
    if not n:
        return None
    if scale == "ratio":
        base = pooled * n / (disparity * group_n + reference_n)
        own = disparity * base
    else:
        base = pooled - disparity * group_n / n
        own = base + disparity
    return (own, base) if 0 < own < 1 and 0 < base < 1 else None


def evenly(per_unit: float, units: int) -> Floats:
    """Whole sizes of so many units that come to ``per_unit`` each, as evenly as they can."""
    return np.diff(np.floor(np.arange(units + 1) * per_unit + 0.5))


@dataclass(frozen=True)
class SameSizes:
    """A pair of many runs in which the units have the same sizes in every run.

    Args:
        pair: shape (runs, units); of its ``past`` units the first run holds for all.
        past: how many units were counted, not drawn.
    """

    pair: TwoRates
    past: int

    @property
    def limit(self) -> Limit:
        """What is asked."""
        return self.pair.limit

    @property
    def fails_on(self) -> FailsOn:
        """What a fail refutes."""
        return self.pair.fails_on

    def terms(self) -> Terms:
        """As of the pair."""
        return self.pair.terms()

    def log_e(self, side: Side, aim: Aim, border: Floats | None = None) -> Floats:
        """Log e-values, (runs, units, alternatives): ahead by table, but where no rate is known.

        With a ``border`` as of the pair.
        """
        if border is not None:
            return self.pair.log_e(side, aim, border)
        runs, units = self.pair.group.successes.shape
        exact = self._first(runs if self._learnt > self.past else 1).log_e(side, aim)
        found = np.empty((runs, units, exact.shape[-1]))
        found[:, : self._learnt] = exact
        group, reference = self.pair.group, self.pair.reference
        for sizes, at in self._sizes():
            rows = self._rows[:, at]
            constant, own, other = _table(self.limit, self.fails_on, sizes, side, aim)
            found[:, at] = (
                constant[rows]
                + own[rows] * group.successes[:, at, None]
                + other[rows] * reference.successes[:, at, None]
            )
        return found

    def _first(self, runs: int) -> TwoRates:
        """The first runs, until a rate is learnt."""
        group, reference = (
            Proportions(each.successes[:runs, : self._learnt], each.trials[:runs, : self._learnt])
            for each in (self.pair.group, self.pair.reference)
        )
        return replace(self.pair, group=group, reference=reference)

    @cached_property
    def _learnt(self) -> int:
        """How many units were counted, or go by before the rate of all earlier ones is known."""
        if self.pair.expected is not None:
            return self.past
        trials = self.pair.group.trials[0] + self.pair.reference.trials[0]
        there = np.flatnonzero(trials > 0)
        return max(self.past, int(there[0]) + 1 if there.size else len(trials))

    @cached_property
    def _rows(self) -> NDArray[np.intp]:
        """The row of the table by run and unit: that of the rate of all units before.

        Where no rate is known the row does not matter.
        """
        group, reference = self.pair.group, self.pair.reference
        rate = predicted_rate(
            group.successes + reference.successes,
            group.trials + reference.trials,
            self.pair.expected,
        )
        return np.clip(np.nan_to_num(rate) * _RATES, 0, _RATES - 1).astype(np.intp)

    def _sizes(self) -> Iterator[tuple[tuple[float, float], NDArray[np.intp]]]:
        """Every pair of sizes that occurs ahead, and the units that have it."""
        sizes = np.stack([self.pair.group.trials[0], self.pair.reference.trials[0]], -1)
        distinct, which = np.unique(sizes[self._learnt :], axis=0, return_inverse=True)
        for nth, (n, m) in enumerate(distinct.tolist()):
            yield (n, m), self._learnt + np.flatnonzero(which.reshape(-1) == nth)


@lru_cache(maxsize=256)
def _table(
    limit: Limit, fails_on: FailsOn, sizes: tuple[float, float], side: Side, aim: Aim
) -> Floats:
    """What a unit of these sizes says: a constant, and per success of group and of reference.

    Shape (3, rates, alternatives).
    """
    n, m = sizes
    rate = (np.arange(_RATES) + 0.5) / _RATES
    # A first unit of the reference alone, from which the pair takes the rate.
    before = np.concatenate([rate * _KNOWN] * 3)
    own = np.repeat([0.0, n, 0.0], _RATES)
    other = np.repeat([0.0, 0.0, m], _RATES)
    nobody, all_of_them = np.zeros_like(own), np.ones_like(own)
    taught = TwoRates(
        limit,
        Proportions(np.stack([nobody, own], -1), np.stack([nobody, n * all_of_them], -1)),
        Proportions(
            np.stack([before, other], -1), np.stack([_KNOWN * all_of_them, m * all_of_them], -1)
        ),
        expected=0.5,
        fails_on=fails_on,
    )
    none, all_own, all_other = taught.log_e(side, aim)[:, 1].reshape(3, _RATES, -1)
    per_own = (all_own - none) / n if n else np.zeros_like(none)
    per_other = (all_other - none) / m if m else np.zeros_like(none)
    return np.stack([none, per_own, per_other])
