"""Open, pass or fail: where every pair of a family stands after each unit.

A pure function of the table of closed units. Whoever asks, and however often, gets the same answer
for the same units, and later units change nothing that earlier ones gave.

*Fail evidence* of a side is a sum of bets, its mean over alternatives (`processes`). A side fails
where the closed test by means over all sides of the family rejects it.

*Pass evidence* of a side is a product from one start, its mean over alternatives. Every side of
the pair must reach the level at the same unit: a test of the union of their hypotheses needs no
split.

After a fail everything of the pair begins anew with the next unit, and the k-th failure doubles
the level that lifts it: 40, 80, 160. A fail that is shown again before it was lifted begins anew,
too, and counts once. A pass begins a new
product, which must reach the level within a year, or the pass lapses.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from enum import IntEnum
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fairness_audit.statistics.family import closed_threshold
from fairness_audit.statistics.processes import grown, product, stakes
from fairness_audit.statistics.proportions import Floats
from fairness_audit.statistics.sequential import Aim, FailsOn, Pair, Side

PASS_LEVEL = 20.0
"""Pass evidence that a pair without failures needs: a false pass in at most 1 of 20 lives."""
WITHDRAWN_AT = 20.0
"""Fail evidence of a pair that takes a pass back, whatever the rest of the family says."""

Booleans = NDArray[np.bool_]
Integers = NDArray[np.int64]


class State(IntEnum):
    """Where a pair stands."""

    OPEN = 0
    PASS = 1
    FAIL = 2


class Event(IntEnum):
    """What a unit did to a pair."""

    NOTHING = 0
    PASSED = 1  # to pass, from open or from fail
    RENEWED = 2  # a pass was shown anew
    FAILED = 3  # to fail, or a fail was shown anew
    WITHDRAWN = 4  # from pass to open, by fail evidence
    LAPSED = 5  # from pass to open, by age


@dataclass(frozen=True)
class Course:
    """A family after each unit: arrays of shape (runs, units, pairs), unless stated otherwise.

    Attributes:
        state: a `State` each.
        event: an `Event` each.
        since: the unit that brought the state, or the first for a pair that was always open.
        failures: how often the pair failed so far.
        fail_evidence: of the side that has more, as the unit left it; what a fail then made void
            shows as 0 only from the next unit on. 0 or more.
        fail_side: which side that is, 0 low or 1 high.
        fail_needed: fail evidence at which the family's test rejects, (runs, units).
        pass_evidence: of the side that has less, likewise.
        pass_needed: what pass evidence had to reach at the unit: 20 x 2^failures.
    """

    state: NDArray[np.int8]
    event: NDArray[np.int8]
    since: Integers
    failures: Integers
    fail_evidence: Floats
    fail_side: NDArray[np.int8]
    fail_needed: Floats
    pass_evidence: Floats
    pass_needed: Floats


def course(
    pairs: Sequence[Pair],
    *,
    units_per_year: int,
    alpha: float = 1 / 20,
    kept: Collection[tuple[int, int]] = (),
) -> Course:
    """Where each pair of a family stands after each unit.

    Every pair that the family will ever have belongs in it from the first unit on; one without
    data yet has e-values of 1 and counts. Of many simulated runs, some 250 at a time are fastest.

    Args:
        pairs: of all rules that may block; all with the same units, and runs or one run.
        units_per_year: 52 for weeks, 365 for days, 4 for quarters; at least 2.
        alpha: the chance of even one false fail among starts of one year; within (0, 1).
        kept: units and pairs, by position, of failures that stand whatever the counts now say.

    Raises:
        ValueError: where there is no pair, pairs differ in units, or a year has fewer than two.
    """
    if not pairs:
        raise ValueError("a family without pairs has no verdict")
    lengths = {pair.terms().numerator.shape[-1] for pair in pairs}
    if len(lengths) > 1:
        raise ValueError(f"pairs of one family have {sorted(lengths)} units: give all the same")
    sides = _Sides.of(pairs)
    units, _, runs, _ = sides.fail.shape
    kept_at = np.zeros((units, len(pairs)), dtype=np.bool_)
    for unit, pair in kept:
        kept_at[unit, pair] = True
    standing = _Standing(
        sides, runs, stakes(units, units_per_year), units_per_year, alpha, kept_at
    )
    after = [standing.next(unit) for unit in range(units)]
    return Course(*(np.stack(column, axis=1) for column in zip(*after, strict=True)))


@dataclass(frozen=True)
class _Sides:
    """All sides of all pairs beside each other, pair after pair.

    ``fail`` and ``passing`` are log e-values, (units, alternatives, runs, sides); -inf where a
    side has fewer alternatives than the widest.
    """

    pairs: Sequence[Pair]
    owner: Integers  # the pair of each side
    first: Integers  # each pair's first side, and its last
    last: Integers
    is_high: NDArray[np.int8]  # 1 for a high side
    fail: Floats
    fail_alternatives: Floats  # how many, (sides,)
    passing: Floats
    pass_alternatives: Floats

    @classmethod
    def of(cls, pairs: Sequence[Pair]) -> "_Sides":
        asked = [(i, pair, side) for i, pair in enumerate(pairs) for side in pair.limit.sides]
        owner = np.array([i for i, _, _ in asked], dtype=np.int64)
        first = np.searchsorted(owner, np.arange(len(pairs)))
        return cls(
            pairs,
            owner,
            first,
            np.append(first[1:], len(asked)) - 1,
            np.array([side is Side.HIGH for _, _, side in asked], dtype=np.int8),
            *_stacked([pair.log_e(side, Aim.FAIL) for _, pair, side in asked]),
            *_stacked([pair.log_e(side, Aim.PASS) for _, pair, side in asked]),
        )

    def has(self, side_is: Booleans) -> Booleans:
        """Which pairs have such a side: (runs, sides) to (runs, pairs)."""
        return np.logical_or.reduceat(side_is, self.first, axis=-1)


def _stacked(log_e: Sequence[Floats]) -> tuple[Floats, Floats]:
    """One array of all sides, and how many alternatives each has."""
    widths = [each.shape[-1] for each in log_e]
    runs, units = np.broadcast_shapes(*(each.shape[:-1] for each in log_e))
    found = np.full((units, max(widths), runs, len(log_e)), -np.inf)
    for at, each in enumerate(log_e):
        found[:, : widths[at], :, at] = np.transpose(each, (1, 2, 0))
    return found, np.array(widths, dtype=np.float64)


class _Estimates:
    """Of pairs that fail on a difference: whether the estimate since a start lies beyond."""

    def __init__(self, sides: _Sides) -> None:
        self._sides = [
            (at, int(i), sides.pairs[i])
            for at, i in enumerate(sides.owner)
            if sides.pairs[i].fails_on is FailsOn.DIFFERENCE
        ]
        self._is_high = sides.is_high
        self._sums = {
            i: [np.cumsum(np.pad(each, ((0, 0), (1, 0))), axis=-1) for each in pair.terms()]
            for _, i, pair in self._sides
        }

    def beyond(self, unit: int, start: Integers, sides: int) -> Booleans:
        """(runs, sides); True of a side that fails on its limit."""
        found = np.ones((len(start), sides), dtype=np.bool_)
        for at, i, pair in self._sides:
            numerator, denominator = (
                each[:, unit + 1] - np.take_along_axis(each, start[:, i : i + 1], axis=1)[:, 0]
                for each in self._sums[i]
            )
            # Not divided: a ratio to a rate of 0 lies beyond as its inverse does.
            found[:, at] = (
                numerator > denominator * pair.limit.bound(Side.HIGH)
                if self._is_high[at]
                else numerator < denominator * pair.limit.bound(Side.LOW)
            )
        return found


class _Standing:
    """All pairs as the last unit left them: (runs, pairs) or (alternatives, runs, sides)."""

    def __init__(
        self,
        sides: _Sides,
        runs: int,
        stakes: Floats,
        units_per_year: int,
        alpha: float,
        kept: Booleans,
    ) -> None:
        self._sides, self._alpha, self._kept = sides, alpha, kept
        self._stakes, self._year = stakes, units_per_year
        self._estimates = _Estimates(sides)
        pairs = len(sides.first)
        self._bets = np.zeros(sides.fail.shape[1:])
        self._log_product = np.zeros(sides.passing.shape[1:])
        self._start = np.zeros((runs, pairs), dtype=np.int64)  # of the bets on a fail
        self._reached = np.zeros((runs, pairs), dtype=np.int64)  # when a pass was last shown
        self._state = np.zeros((runs, pairs), dtype=np.int8)
        self._since = np.zeros((runs, pairs), dtype=np.int64)
        self._failures = np.zeros((runs, pairs), dtype=np.int64)

    def next(self, unit: int) -> tuple[NDArray[Any], ...]:
        """Take in a unit: the fields of `Course` after it."""
        sides = self._sides
        fail, passing = self._fail_evidence(unit), self._pass_evidence(unit)
        beyond = self._estimates.beyond(unit, self._start, len(sides.owner))
        fail_needed = closed_threshold(fail, self._alpha)
        failed = sides.has(beyond & (fail >= fail_needed[:, None])) | self._kept[unit]
        in_doubt = sides.has(beyond & (fail >= WITHDRAWN_AT))
        weakest = np.minimum.reduceat(passing, sides.first, axis=-1)
        pass_needed = PASS_LEVEL * 2.0**self._failures
        reached = (weakest >= pass_needed) & ~in_doubt & ~failed
        event = self._moved(unit, failed, in_doubt, reached)
        first, last = fail[:, sides.first], fail[:, sides.last]
        return (
            self._state.copy(),
            event,
            self._since.copy(),
            self._failures.copy(),
            np.maximum(first, last),
            np.where(last > first, sides.is_high[sides.last], sides.is_high[sides.first]),
            fail_needed,
            weakest,
            pass_needed,
        )

    def _fail_evidence(self, unit: int) -> Floats:
        sides = self._sides
        laid = self._stakes[unit - self._start][:, sides.owner]
        self._bets = grown(self._bets, laid, sides.fail[unit])
        found: Floats = self._bets.sum(axis=0) / sides.fail_alternatives
        return found

    def _pass_evidence(self, unit: int) -> Floats:
        sides = self._sides
        self._log_product += sides.passing[unit]
        found: Floats = product(self._log_product).sum(axis=0) / sides.pass_alternatives
        return found

    def _moved(
        self, unit: int, failed: Booleans, in_doubt: Booleans, reached: Booleans
    ) -> NDArray[np.int8]:
        """Give every pair its state, begin anew what ended, and say what happened."""
        passing = self._state == State.PASS
        withdrawn = passing & in_doubt & ~failed
        lapsed = passing & (unit - self._reached >= self._year) & ~failed & ~in_doubt & ~reached
        cases = [
            (failed, State.FAIL, Event.FAILED),
            (withdrawn, State.OPEN, Event.WITHDRAWN),
            (lapsed, State.OPEN, Event.LAPSED),
            (reached, State.PASS, Event.PASSED),
            (reached & passing, State.PASS, Event.RENEWED),
        ]
        before, event = self._state.copy(), np.zeros_like(self._state)
        for those, state, what in cases:
            self._state[those], event[those] = state, what
        self._since[self._state != before] = unit
        self._reached[reached] = unit
        self._failures += failed & (before != State.FAIL)
        self._start[failed] = unit + 1
        self._bets[:, failed[:, self._sides.owner]] = 0.0
        anew = (failed | withdrawn | reached)[:, self._sides.owner]
        self._log_product[:, anew] = 0.0
        return event
