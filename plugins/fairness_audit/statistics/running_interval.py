"""The interval beside a verdict: every ratio or difference that the same evidence does not refute.

It inverts what the course of a pair is made of, at the same levels, and cannot disagree with the
verdict. Each end holds at whatever unit one looks, in 95 of 100 lives of a pair without failures.
Pass evidence leaves what lies between its ends; past the near side of the
limit an end goes only where the pair fails, by fail evidence, so that an interval that lies beyond
the limit means a fail and one within it a pass.
"""

from dataclasses import dataclass, replace
from typing import Any, NamedTuple, cast

import numpy as np
from numpy.typing import NDArray

from fairness_audit.statistics.course import Course, Event, State
from fairness_audit.statistics.processes import grown, product, stakes
from fairness_audit.statistics.proportions import Floats
from fairness_audit.statistics.sequential import Aim, FailsOn, Limit, Pair, Side

_POINTS = 61  # of a grid, and once more between two of its points
_FARTHEST = 18.0  # where it ends, in ways from equality to the limit: a ratio of 55 for 4/5


class RunningInterval(NamedTuple):
    """What is not refuted, by the units from ``first`` to ``last``; infinite where nothing is."""

    low: float
    high: float
    first: int
    last: int


def running_interval(
    pair: Pair,
    course: Course,
    position: int,
    *,
    units_per_year: int,
    unit: int = -1,
) -> RunningInterval:
    """The interval of one pair of a real audit, by the evidence of its state.

    Of a pair that passes or fails these are all units from the first that led to it until the last
    that showed it anew; of another those since it began anew.

    Args:
        pair: with data of one run.
        course: that of its family, of one run.
        position: the pair's in the family.
        units_per_year: as for the course.
        unit: after which to look, by default the last.

    Returns:
        An end is infinite, of whatever scale, where nothing is refuted on its side.
    """
    evidence = _Evidence.of(course, position, unit)
    both: Any = replace(cast(Any, pair), limit=_two_sided(pair.limit))  # each is a dataclass
    ends = {
        side: _end(both, pair.limit, side, evidence, units_per_year)
        for side in (Side.LOW, Side.HIGH)
    }
    low, high = ends[Side.LOW], ends[Side.HIGH]
    if low > high:  # it changed meanwhile: what was shown before is history
        low, high = (-np.inf, high) if evidence.fails is Side.LOW else (low, np.inf)
    return RunningInterval(low, high, evidence.first, evidence.last)


@dataclass(frozen=True)
class _Evidence:
    """Which units the evidence of a pair is of, and what was needed at its last."""

    passes: bool
    fails: Side | None
    first: int
    last: int
    fail_needed: float
    pass_needed: float

    @classmethod
    def of(cls, course: Course, position: int, unit: int) -> "_Evidence":
        events = course.event[0, :, position]
        last = len(events) - 1 if unit == -1 else unit
        state = State(int(course.state[0, last, position]))
        since = int(course.since[0, last, position])
        if state is State.PASS:
            last = _latest(events[: last + 1], _SHOWN)
            first = _latest(events[:last], (Event.FAILED, Event.WITHDRAWN, Event.LAPSED)) + 1
        elif state is State.FAIL:
            last = _latest(events[: last + 1], (Event.FAILED,))
            first = _latest(events[:since], (Event.FAILED,)) + 1
        else:
            first = _latest(events[: last + 1], (*_SHOWN, Event.FAILED, Event.WITHDRAWN)) + 1
        side = Side.HIGH if course.fail_side[0, last, position] else Side.LOW
        return cls(
            passes=state is State.PASS,
            fails=side if state is State.FAIL else None,
            first=min(first, last),
            last=last,
            fail_needed=float(course.fail_needed[0, last]),
            pass_needed=float(course.pass_needed[0, last, position]),
        )


_SHOWN = (Event.PASSED, Event.RENEWED)


def _latest(events: NDArray[np.int8], those: tuple[Event, ...]) -> int:
    """The last unit with such an event, -1 without."""
    found = np.flatnonzero(np.isin(events, those))
    return int(found[-1]) if len(found) else -1


def _two_sided(limit: Limit) -> Limit:
    """With the missing side in the place of equality's mirror, to have something to bet on."""
    turned = limit.swapped()
    return Limit(
        limit.scale,
        turned.low if limit.low is None else limit.low,
        turned.high if limit.high is None else limit.high,
    )


def _end(
    pair: Pair,
    asked: Limit,
    end: Side,
    evidence: _Evidence,
    units_per_year: int,
) -> float:
    """The upper or lower end: what is refuted from there on."""
    near = Side.LOW if end is Side.HIGH else Side.HIGH
    nearer, farther = (min, max) if end is Side.HIGH else (max, min)
    border = None
    if near in asked.sides:
        on_difference = pair.fails_on is FailsOn.DIFFERENCE
        border = asked.equality if on_difference else asked.bound(near)
    if evidence.fails is near and border is not None:
        return nearer(border, _refuted_from(pair, end, near, evidence, units_per_year))
    found = _refuted_from(pair, end, None, evidence, units_per_year)
    if border is not None:
        found = farther(border, found)
    # The grid holds the limit itself, but for rounding.
    return nearer(asked.bound(end), found) if evidence.passes and end in asked.sides else found


def _refuted_from(
    pair: Pair,
    end: Side,
    failing: Side | None,
    evidence: _Evidence,
    units_per_year: int,
) -> float:
    """The disparity nearest to the other end that is refuted; infinite where none is.

    What refutes all from one disparity on refutes all from a farther one.
    """
    limit = pair.limit
    outwards = limit.way(end) * (1.0 if end is Side.HIGH else -1.0)
    low, high = -_FARTHEST, _FARTHEST
    for _ in range(2):
        places = np.linspace(low, high, _POINTS)
        borders = limit.beside(limit.equality, outwards * places)
        if failing is None:
            won = _product(pair, end, borders, evidence)
            refuted = won >= evidence.pass_needed
        else:
            won = _sum_of_bets(pair, failing, borders, evidence, units_per_year)
            refuted = won >= evidence.fail_needed
        if not refuted.any():
            return np.inf if end is Side.HIGH else -np.inf
        at = int(refuted.argmax())
        low, high = places[max(at - 1, 0)], places[at]
    return float(borders[at])


def _product(pair: Pair, side: Side, borders: Floats, evidence: _Evidence) -> Floats:
    units = slice(evidence.first, evidence.last + 1)
    log_e = pair.log_e(side, Aim.PASS, borders)[:, units].sum(axis=1)
    return np.asarray(product(log_e).mean(axis=-1))


def _sum_of_bets(
    pair: Pair,
    side: Side,
    borders: Floats,
    evidence: _Evidence,
    units_per_year: int,
) -> Floats:
    log_e = pair.log_e(side, Aim.FAIL, borders)[:, evidence.first : evidence.last + 1]
    bets = np.zeros_like(log_e[:, 0])
    for laid, each in zip(
        stakes(log_e.shape[1], units_per_year), np.moveaxis(log_e, 1, 0), strict=True
    ):
        bets = grown(bets, laid, each)
    return np.asarray(bets.mean(axis=-1))
