"""When a verdict will be reached, if the truth is as stated: the audit, carried on many times.

A verdict about a pair that never failed is found by evidence of its own kind alone: `standing`.

What is bet at a unit follows from its sizes and the rate of all units before, and what it says is
linear in its successes. Where many runs have the same sizes, a table by rate therefore takes the
place of the arithmetic of every run. The rate is rounded to the table's, which is to bet on a rate
that is off by an eighth of a point at most: the e-values stay exact, and their power changes by
nothing that is seen.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property, lru_cache
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from fairness_audit.statistics.course import PASS_LEVEL
from fairness_audit.statistics.family import closed_threshold
from fairness_audit.statistics.processes import grown, product, stakes
from fairness_audit.statistics.proportions import Floats, Proportions
from fairness_audit.statistics.sequential import (
    Aim,
    FailsOn,
    Limit,
    Pair,
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

    ``unit`` is None where none within `YEARS` years does; ``probability`` then is the highest of
    them, 0 where the truth is too near to the limit, and None where no rates can be so far apart.
    """

    unit: int | None
    probability: float | None

    @classmethod
    def of(cls, stands: NDArray[np.bool_]) -> "Outlook":
        """From whether the verdict stands: (runs, units ahead)."""
        shares = stands.mean(axis=0)
        likely = np.flatnonzero(shares >= PROBABILITY)
        if not likely.size:
            return cls(None, float(shares.max()))
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


def standing(
    pairs: Sequence[Pair], aim: Aim, *, units_per_year: int, alpha: float
) -> NDArray[np.bool_]:
    """Whether one verdict about each pair stands after each unit.

    As in `course`, of pairs that never failed and up to the first that does, at a fraction of its
    work: a failure is not lifted here, and keeps nothing from passing. Where the verdict is right
    in truth, either happens as rarely as the errors that the evidence allows.

    Args:
        pairs: as of `course`.
        aim: which verdict.
        units_per_year: as of `course`.
        alpha: as of `course`.

    Returns:
        Shape (runs, units, pairs).
    """
    log_e = [[pair.log_e(side, aim) for side in pair.limit.sides] for pair in pairs]
    if aim is Aim.PASS:
        stands = [_passes(sides, units_per_year) for sides in log_e]
        return np.stack(np.broadcast_arrays(*stands), axis=-1)
    evidence = [[_bets(each, units_per_year) for each in sides] for sides in log_e]
    family = np.broadcast_arrays(*(each for sides in evidence for each in sides))
    needed = closed_threshold(np.stack(family, axis=-1), alpha)
    fails = [
        np.logical_or.reduce(
            [
                (each >= needed) & _is_beyond(pair, side)
                for each, side in zip(sides, pair.limit.sides, strict=True)
            ]
        )
        for pair, sides in zip(pairs, evidence, strict=True)
    ]
    return np.asarray(np.logical_or.accumulate(np.stack(fails, axis=-1), axis=1))


def _passes(sides: Sequence[Floats], units_per_year: int) -> NDArray[np.bool_]:
    """Whether a pass was shown on all sides in the year before each unit: (runs, units)."""
    runs, units, _ = sides[0].shape
    products = [np.zeros(each[:, 0].shape) for each in sides]
    shown = np.full(runs, -units_per_year)
    stands = np.empty((runs, units), dtype=np.bool_)
    for unit in range(units):
        suffices = np.ones(runs, dtype=np.bool_)
        for log_product, log_e in zip(products, sides, strict=True):
            log_product += log_e[:, unit]
            suffices &= product(log_product).mean(axis=-1) >= PASS_LEVEL
        for log_product in products:
            log_product[suffices] = 0.0
        shown[suffices] = unit
        stands[:, unit] = unit - shown < units_per_year
    return stands


def _is_beyond(pair: Pair, side: Side) -> NDArray[np.bool_] | np.bool_:
    """Whether the estimate lies beyond the limit, (runs, units), where a fail asks for that."""
    if pair.fails_on is FailsOn.LIMIT:
        return np.True_
    numerator, denominator = (np.cumsum(each, axis=-1) for each in pair.terms())
    bound = denominator * pair.limit.bound(side)
    return np.asarray(numerator > bound if side is Side.HIGH else numerator < bound)


def _bets(log_e: Floats, units_per_year: int) -> Floats:
    """The mean sum of bets after each unit: (runs, units)."""
    bets, found = np.zeros(log_e[:, 0].shape), np.empty(log_e.shape[:2])
    for unit, laid in enumerate(stakes(log_e.shape[1], units_per_year)):
        bets = grown(bets, laid, log_e[:, unit])
        found[:, unit] = bets.mean(axis=-1)
    return found


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
        exact = self._until_learnt.log_e(side, aim)
        found = np.empty((*self.pair.group.successes.shape, exact.shape[-1]))
        found[:, : self._learnt] = exact[self._of_run]
        group, reference = self.pair.group, self.pair.reference
        for sizes, at in self._sizes():
            rows = self._rows[:, at]
            constant, own, other = _table(self.limit, self.fails_on, sizes, side, aim)
            found[:, at] = (
                constant.take(rows, axis=0)
                + own.take(rows, axis=0) * group.successes[:, at, None]
                + other.take(rows, axis=0) * reference.successes[:, at, None]
            )
        return found

    @property
    def _until_learnt(self) -> TwoRates:
        """Each different beginning once, up to where a rate is learnt."""
        group, reference = (
            Proportions(*(column[self._different, : self._learnt] for column in each))
            for each in (self.pair.group, self.pair.reference)
        )
        return replace(self.pair, group=group, reference=reference)

    @property
    def _different(self) -> NDArray[np.intp]:
        """A run of every beginning that there is."""
        return self._beginnings[0]

    @property
    def _of_run(self) -> NDArray[np.intp]:
        """Which of them each run has."""
        return self._beginnings[1]

    @cached_property
    def _beginnings(self) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
        runs, learnt = len(self.pair.group.successes), self._learnt
        if learnt == self.past:  # what was counted is the same in all
            return np.zeros(1, dtype=np.intp), np.zeros(runs, dtype=np.intp)
        both = (self.pair.group, self.pair.reference)
        begun = np.concatenate([each.successes[:, self.past : learnt] for each in both], axis=1)
        _, different, of_run = np.unique(begun, axis=0, return_index=True, return_inverse=True)
        return different, of_run.reshape(-1)

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
