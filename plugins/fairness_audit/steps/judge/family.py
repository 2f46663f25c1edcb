"""Where each case of one family of tests stands, after the newest unit.

Everything that may block is one family, so that its chance of even one false failure in a year is
that of the policy; what only warns is another, and takes no power from the first.
"""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date

from fairness_audit.policy.units import Unit
from fairness_audit.statistics.course import Course, State, course
from fairness_audit.statistics.running_interval import RunningInterval, running_interval
from fairness_audit.statistics.sequential import Pair, Side

UNITS_A_YEAR: Mapping[Unit, int] = {"day": 365, "week": 52}


@dataclass(frozen=True)
class Position:
    """Where a case stands: by its pair that says most, the ``pair``-th of them.

    ``since`` is the first day of the unit that brought a pass or a fail, and evidence is what that
    was found by; of what is open, as it is now. ``pass_needed`` is what a pass needs from now on.
    ``value`` is the disparity by all units, None where it is not defined, and from ``low`` to
    ``high`` is what the evidence of the state does not refute; None where nothing is.
    """

    state: State = State.OPEN
    since: date | None = None
    failures: int = 0
    fail_evidence: float = 1.0
    fail_needed: float = 1.0
    fail_side: Side = Side.LOW
    pass_evidence: float = 1.0
    pass_needed: float = 1.0
    value: float | None = None
    low: float | None = None
    high: float | None = None
    pair: int = 0


def positions(
    cases: Mapping[object, Sequence[Pair]],
    starts: Sequence[date],
    *,
    unit: Unit,
    alpha: float,
    failed: Mapping[object, Sequence[date]],
) -> dict[object, Position]:
    """Where every case of a family stands.

    A case with several pairs fails with any of them and passes with all. One without a pair cannot
    break its limit, whatever its rates are.

    Args:
        cases: with the pairs of each; all that may ever be tested together.
        starts: the first days of the units.
        unit: how long they are.
        alpha: the chance of even one false failure in a year; within (0, 1).
        failed: by case the first days of units that are on record as those of a failure, which
            stands whatever corrections of counts make of it.
    """
    found = _course(cases, starts, unit=unit, alpha=alpha, failed=failed)
    if found is None:
        return {case: Position() if pairs else _WITHIN for case, pairs in cases.items()}
    told = _positions(cases, found, starts, len(starts))
    by_case: dict[object, list[Position]] = {}
    at = 0
    for case, pairs in cases.items():
        by_case[case] = []
        for nth, pair in enumerate(pairs):
            ends = running_interval(pair, found, at, units_per_year=UNITS_A_YEAR[unit])
            by_case[case].append(_with_ends(told[case][nth], ends))
            at += 1
    return {case: _telling(each) for case, each in by_case.items()}


def positions_after(
    counts: Iterable[int],
    cases: Mapping[object, Sequence[Pair]],
    starts: Sequence[date],
    *,
    unit: Unit,
    alpha: float,
    failed: Mapping[object, Sequence[date]],
) -> list[dict[object, Position]]:
    """Where every case stood after each of these numbers of units, without an interval.

    Later units change nothing of what earlier ones gave, while what is tested stays the same.
    """
    found = _course(cases, starts, unit=unit, alpha=alpha, failed=failed)
    return [
        {case: _telling(each) for case, each in _positions(cases, found, starts, count).items()}
        for count in counts
    ]


def _course(
    cases: Mapping[object, Sequence[Pair]],
    starts: Sequence[date],
    *,
    unit: Unit,
    alpha: float,
    failed: Mapping[object, Sequence[date]],
) -> Course | None:
    """None where there is nothing to test, or to test by."""
    beside = [(case, pair) for case, pairs in cases.items() for pair in pairs]
    if not beside or not starts:
        return None
    kept = {
        (starts.index(day), at)
        for at, (case, _) in enumerate(beside)
        for day in failed.get(case, ())
        if day in starts
    }
    return course(
        [pair for _, pair in beside], units_per_year=UNITS_A_YEAR[unit], alpha=alpha, kept=kept
    )


def _positions(
    cases: Mapping[object, Sequence[Pair]],
    found: Course | None,
    starts: Sequence[date],
    count: int,
) -> dict[object, list[Position]]:
    """Of every pair of every case, after so many units."""
    told: dict[object, list[Position]] = {}
    at = 0
    for case, pairs in cases.items():
        told[case] = [
            Position()
            if found is None or not count
            else _position(found, at + nth, pair, starts, nth, count - 1)
            for nth, pair in enumerate(pairs)
        ]
        at += len(pairs)
    return told


_WITHIN = Position(state=State.PASS)


def _position(
    found: Course, at: int, pair: Pair, starts: Sequence[date], nth: int, unit: int
) -> Position:
    state = State(int(found.state[0, unit, at]))
    since = int(found.since[0, unit, at])
    # What a verdict was found by counts anew afterwards, so it is told as of then.
    told = (0, unit if state is State.OPEN else since, at)
    value = float(pair.terms().running()[0, unit])
    return Position(
        state=state,
        since=None if state is State.OPEN else starts[since],
        failures=int(found.failures[0, -1, at]),
        fail_evidence=float(found.fail_evidence[told]),
        fail_needed=float(found.fail_needed[told[:2]]),
        fail_side=Side.HIGH if found.fail_side[told] else Side.LOW,
        pass_evidence=float(found.pass_evidence[told]),
        pass_needed=float(found.pass_needed[0, unit, at]),
        value=value if value == value else None,
        pair=nth,
    )


def _with_ends(position: Position, ends: RunningInterval) -> Position:
    return replace(position, low=_told(ends.low), high=_told(ends.high))


def _told(end: float) -> float | None:
    """An end of an interval to ten digits, so that one at a limit is the limit."""
    return float(f"{end:.10g}") if math.isfinite(end) else None


def _telling(each: Sequence[Position]) -> Position:
    """What the pairs of a case come to: a failure before what is open, that before a pass."""
    if not each:
        return _WITHIN
    order = (State.FAIL, State.OPEN, State.PASS)

    def weight(position: Position) -> tuple[float, ...]:
        return (order.index(position.state), -position.fail_evidence, position.pass_evidence)

    return min(each, key=weight)
