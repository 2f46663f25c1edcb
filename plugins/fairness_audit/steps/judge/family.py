"""Where each case of one family of tests stands, after the newest unit.

Everything that may block is one family, so that its chance of even one false failure in a year is
that of the policy; what only warns is another, and takes no power from the first.
"""

import math
from bisect import bisect_right
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

from fairness_audit.policy.units import Day, Unit
from fairness_audit.records.finding import Evidence
from fairness_audit.statistics.course import Course, State, course
from fairness_audit.statistics.proportions import Floats
from fairness_audit.statistics.running_interval import running_interval
from fairness_audit.statistics.sequential import Pair, Side
from fairness_audit.steps.judge.wording import three_digits

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
    since: Day | None = None
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

    @property
    def is_shown(self) -> bool:
        """Whether the counts that a failure is told by show it; else it is one on record."""
        return self.fail_evidence >= self.fail_needed

    @property
    def evidence(self) -> Evidence:
        """Since when a failure stands, and what would lift it, in three digits; else nothing."""
        if self.state is not State.FAIL:
            return Evidence()
        return Evidence(since=self.since, pass_needed=three_digits(self.pass_needed))


class Failure(NamedTuple):
    """A failure on record: of which of a case's pairs, None of all, and the unit's first day."""

    since: Day
    pair: int | None = None


def positions(
    cases: Mapping[object, Sequence[Pair]],
    starts: Sequence[Day],
    *,
    unit: Unit,
    alpha: float,
    failed: Mapping[object, Sequence[Failure]],
    set_aside: Mapping[object, Collection[int]],
) -> dict[object, Position]:
    """Where every case of a family stands.

    A case with several pairs fails with any of them and passes with all. One without a pair cannot
    break its limit, whatever its rates are.

    Args:
        cases: with the pairs of each; all that may ever be tested together.
        starts: the first days of the units.
        unit: how long they are.
        alpha: the chance of even one false failure in a year; within (0, 1).
        failed: by case the failures on record, which stand whatever corrections of counts make of
            them. One of a unit that is not counted any more stands from the unit before, or the
            first.
        set_aside: by case those of its pairs, of several, that are not waited for: what it is
            compared with is too small. They are tested all the same, and may fail.
    """
    found = _course(cases, starts, unit=unit, alpha=alpha, failed=failed)
    each = _positions(cases, found, _values(cases), starts, len(starts))
    if found is not None:
        beside = [(case, n) for case, pairs in cases.items() for n, _ in enumerate(pairs)]
        for at, (case, n) in enumerate(beside):
            ends = running_interval(cases[case][n], found, at, units_per_year=UNITS_A_YEAR[unit])
            each[case][n] = replace(each[case][n], low=_told(ends.low), high=_told(ends.high))
    return _telling_of_all(each, set_aside)


def positions_after(
    counts: Sequence[int],
    cases: Mapping[object, Sequence[Pair]],
    starts: Sequence[Day],
    *,
    unit: Unit,
    alpha: float,
    failed: Mapping[object, Sequence[Failure]],
    set_aside: Sequence[Mapping[object, Collection[int]]],
) -> list[dict[object, Position]]:
    """Where every case stood after each of these numbers of units, without an interval.

    Later units change nothing of what earlier ones gave, while what is tested stays the same;
    only what was ``set_aside`` is of each of the moments.
    """
    found = _course(cases, starts, unit=unit, alpha=alpha, failed=failed)
    values = _values(cases)
    return [
        _telling_of_all(_positions(cases, found, values, starts, count), aside)
        for count, aside in zip(counts, set_aside, strict=True)
    ]


def not_lifted_by_corrections(
    now: Mapping[object, Position],
    first: Mapping[object, Position],
    failed: Mapping[object, Sequence[Failure]],
    starts: Sequence[Day],
) -> dict[object, Position]:
    """Where everything stands, if counts that were corrected lift no failure.

    One that was found stands by counts as they are ``now`` or as they were ``first``: by those it
    is lifted by later units alone, too.

    Args:
        now: where everything stands by the newest counts.
        first: by those of each unit that were published first.
        failed: the failures on record.
        starts: the first days of the units.
    """
    found = dict(now)
    for case, failures in failed.items():
        was, last = first[case], max(starts[0], *(each.since for each in failures))
        stood = was.state is State.FAIL and was.since is not None and was.since <= last
        if stood and now[case].state is not State.FAIL:
            seen = now[case]
            found[case] = replace(was, value=seen.value, low=seen.low, high=seen.high)
    return found


def _course(
    cases: Mapping[object, Sequence[Pair]],
    starts: Sequence[Day],
    *,
    unit: Unit,
    alpha: float,
    failed: Mapping[object, Sequence[Failure]],
) -> Course | None:
    """None where there is nothing to test, or to test by."""
    beside = [(case, pair) for case, pairs in cases.items() for pair in pairs]
    if not beside or not starts:
        return None
    nth = [n for pairs in cases.values() for n, _ in enumerate(pairs)]
    kept = {
        (max(0, bisect_right(starts, failure.since) - 1), at)
        for at, (case, _) in enumerate(beside)
        for failure in failed.get(case, ())
        if failure.pair in (None, nth[at])
    }
    return course(
        [pair for _, pair in beside], units_per_year=UNITS_A_YEAR[unit], alpha=alpha, kept=kept
    )


def _values(cases: Mapping[object, Sequence[Pair]]) -> list[Floats]:
    """The disparity of every pair by all units so far."""
    return [pair.terms().running()[0] for pairs in cases.values() for pair in pairs]


def _positions(
    cases: Mapping[object, Sequence[Pair]],
    found: Course | None,
    values: Sequence[Floats],
    starts: Sequence[Day],
    count: int,
) -> dict[object, list[Position]]:
    """Of every pair of every case, after so many units."""
    told: dict[object, list[Position]] = {}
    first = 0
    for case, pairs in cases.items():
        told[case] = [
            Position(pair=nth)
            if found is None or not count
            else _position(found, first + nth, values[first + nth], starts, nth, count - 1)
            for nth, _ in enumerate(pairs)
        ]
        first += len(pairs)
    return told


def _telling_of_all(
    each: Mapping[object, Sequence[Position]], set_aside: Mapping[object, Collection[int]]
) -> dict[object, Position]:
    return {
        case: _telling(found, set_aside.get(case, ())) if found else _WITHIN
        for case, found in each.items()
    }


_WITHIN = Position(state=State.PASS)


def _position(
    found: Course, at: int, values: Floats, starts: Sequence[Day], nth: int, unit: int
) -> Position:
    state = State(int(found.state[0, unit, at]))
    since = int(found.since[0, unit, at])
    # What a verdict was found by counts anew afterwards, so it is told as of then.
    told = (0, unit if state is State.OPEN else since, at)
    value = float(values[unit])
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


def _told(end: float) -> float | None:
    """An end of an interval to ten digits, so that one at a limit is the limit."""
    return float(f"{end:.10g}") if math.isfinite(end) else None


def _telling(each: Sequence[Position], set_aside: Collection[int]) -> Position:
    """What the pairs of a case come to: a failure before what is open, that before a pass."""
    said_by = [
        position
        for position in each
        if position.pair not in set_aside or position.state is State.FAIL
    ]
    order = (State.FAIL, State.OPEN, State.PASS)

    def weight(position: Position) -> tuple[float, ...]:
        return (
            order.index(position.state),
            position.pair in set_aside,
            # What is said of a pass holds against all that passed.
            position.pass_evidence if position.state is State.PASS else -position.fail_evidence,
        )

    return min(said_by or each, key=weight)
