"""When a case will be settled, if its disparity is in truth what is stated.

The evidence so far is carried on many times with decisions drawn at the sizes and the common rate
of the newest units, and judged by what judges: `pairs_of` and `course`. All other cases count as
they stand now.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from fairness_audit.policy.base import UNKNOWN
from fairness_audit.policy.metrics import Rate
from fairness_audit.policy.model import Against, Comparison
from fairness_audit.records.measurement import OVERALL
from fairness_audit.statistics.course import State, course
from fairness_audit.statistics.outlook import (
    IMPOSSIBLE,
    NEVER,
    PROBABILITY,
    YEARS,
    Outlook,
    SameSizes,
    evenly,
    is_near,
    rates_with,
    standing,
)
from fairness_audit.statistics.proportions import Floats, Proportions
from fairness_audit.statistics.sequential import Aim, Limit, Pair, TwoRates
from fairness_audit.steps.judge.allowed_range import AllowedRange
from fairness_audit.steps.judge.cases import Case, rate_of
from fairness_audit.steps.judge.family import UNITS_A_YEAR, Position
from fairness_audit.steps.judge.pairs import beside_the_rest, pairs_of
from fairness_audit.steps.judge.sizes import Sizes
from fairness_audit.steps.judge.tables import Counted, Tables

RUNS = 2_000
"""A probability near four in five is known to a point (standard error)."""
_BATCH = 500
_FIRST_LOOK = 200  # runs that say how far ahead to look
_DOUBT = 0.1  # three standard errors of theirs
_SEED = 20_252


@dataclass(frozen=True)
class Family:
    """What is tested together with a case, as it stands now.

    ``needed`` is the evidence that a failure of one of them needs.
    """

    alpha: float
    needed: float

    @classmethod
    def of(
        cls, alpha: float, hypotheses: int, positions: Iterable[Position], *, besides: int = 0
    ) -> "Family":
        """From where its cases stand, and how many hypotheses there are ``besides`` theirs."""
        told = [each.fail_needed for each in positions if each.state is State.OPEN]
        now = max(told, default=0.0)
        # A position of nothing counted yet says nothing of what is needed.
        return cls(alpha, (now if now > 1 else hypotheses / alpha) + besides / alpha)

    def part(self, sides: int, position: Position) -> float:
        """The alpha at which a case of so many sides alone needs what it needs among all."""
        level = 1 / self.alpha
        is_told = position.state is State.OPEN and position.fail_needed > 1
        missing = max(level - position.fail_evidence, 0.0) if is_told else 0.0
        return min(self.alpha, sides / (self.needed - missing))


def outlook(
    tables: Tables,
    sizes: Sizes,
    case: Case,
    position: Position,
    family: Family,
    *,
    disparity: float,
    aim: Aim,
) -> Outlook:
    """When a case passes or fails, if its ratio or difference is in truth ``disparity``.

    A pure function: chance is drawn from a seed that is always the same.
    """
    policy = tables.policy
    allowed = AllowedRange.of(case.rule, selected_is_favourable=policy.selected_is_favourable)
    if is_near(disparity, allowed.limit) or _is_within(disparity, allowed.limit) is (
        aim is Aim.FAIL
    ):
        return NEVER
    drawn = _Drawn.of(tables, sizes, case, disparity)
    if drawn is None:
        return IMPOSSIBLE
    ahead = _Ahead(tables, case, position, family, sizes, drawn, aim)
    return _found(ahead, YEARS * UNITS_A_YEAR[tables.evidence.unit])


def _found(ahead: "_Ahead", horizon: int) -> Outlook:
    """A few runs say how far ahead to look, and many what is found there."""
    first = ahead.stands(_FIRST_LOOK, horizon).mean(axis=0)
    if first.max() < PROBABILITY - _DOUBT:
        return Outlook(None, round(float(first.max()), 2))
    likely = int(np.flatnonzero(first >= min(PROBABILITY + _DOUBT / 2, first.max()))[0])
    for units in sorted({min(horizon, likely + 2), horizon}):
        found = Outlook.of(ahead.stands(RUNS, units))
        if found.unit is not None:
            break
    return Outlook(found.unit, round(found.probability or 0.0, 2))


def harmful(case: Case, tables: Tables, size: float) -> float:
    """A disparity of a size, below 1 or of so many points, on the side that harms the group."""
    favourable = tables.policy.selected_is_favourable
    more_is_better = case.rule.metric.higher_is_better(selected_is_favourable=favourable)
    if case.rule.compare is Comparison.RATIO:
        return size if more_is_better else 1 / size
    return -size if more_is_better else size


def equality(case: Case) -> float:
    """No disparity."""
    return 1.0 if case.rule.compare is Comparison.RATIO else 0.0


def _is_within(disparity: float, limit: Limit) -> bool:
    low, high = limit.low, limit.high
    return (low is None or low <= disparity) and (high is None or disparity <= high)


@dataclass(frozen=True)
class _Stream:
    """Decisions that count for a rate: how many a unit brings, and how likely each succeeds."""

    per_unit: float
    rate: float

    def draw(self, chance: np.random.Generator, runs: int, units: int) -> Proportions:
        sizes = evenly(self.per_unit, units)
        drawn = np.empty((runs, units))
        for size in np.unique(sizes):  # of one size many are drawn at once
            at = np.flatnonzero(sizes == size)
            drawn[:, at] = chance.binomial(int(size), self.rate, size=(runs, at.size))
        return Proportions(drawn, np.broadcast_to(sizes, (runs, units)))


@dataclass(frozen=True)
class _Drawn:
    """Who will be decided about: the group, each that it is compared with, and the unknown."""

    rate: Rate
    own: _Stream
    others: tuple[_Stream, ...]
    unknown: _Stream

    @classmethod
    def of(cls, tables: Tables, sizes: Sizes, case: Case, disparity: float) -> "_Drawn | None":
        """None where a side brings nothing, or no rates have that disparity."""
        rate = rate_of(tables.policy, case.rule)
        pooled = sizes.rate(rate)
        own = sizes.trials(rate, case.grouping, case.group)
        unknown = sizes.trials(rate, case.grouping, UNKNOWN)
        everybody = sizes.trials(rate, OVERALL, OVERALL)
        others = [sizes.trials(rate, case.grouping, other) for other in case.others]
        if not case.others:
            others = [everybody - own - unknown]
        if pooled is None or min(own, *others) <= 0:
            return None
        scale = case.rule.compare.value
        if case.rule.against is Against.OVERALL:
            turned = beside_the_rest(disparity, scale, own / everybody)
            if turned is None:
                return None
            disparity = turned
        rates = rates_with(disparity, scale, own, sum(others), pooled)
        if rates is None:
            return None
        return cls(
            rate,
            _Stream(own, rates[0]),
            tuple(_Stream(each, rates[1]) for each in others),
            # Among everybody else they are everybody else.
            _Stream(unknown, pooled if case.others else rates[1]),
        )


class _Continued(Tables):
    """The evidence so far, and many runs of what may follow: arrays of (runs, units)."""

    def __init__(self, tables: Tables, counted: dict[tuple[str, str], Counted]) -> None:
        super().__init__(tables.policy, tables.evidence)
        self._counted = counted

    def _of(self, rate: Rate, grouping: str, group: str) -> Counted:
        return self._counted[grouping, group]


@dataclass(frozen=True)
class _Ahead:
    """One case, carried on."""

    tables: Tables
    case: Case
    position: Position
    family: Family
    sizes: Sizes
    drawn: _Drawn
    aim: Aim

    def stands(self, runs: int, units: int) -> NDArray[np.bool_]:
        """Whether the verdict stands: (runs, units ahead)."""
        chance = np.random.default_rng(_SEED)
        batches = [min(_BATCH, runs - start) for start in range(0, runs, _BATCH)]
        return np.concatenate([self._batch(chance, each, units) for each in batches])

    def _batch(self, chance: np.random.Generator, runs: int, units: int) -> NDArray[np.bool_]:
        continued = self._continued(chance, runs, units)
        past = len(self.tables.evidence.starts)
        pairs = [_quicker(pair, past) for pair in pairs_of(continued, self.case)]
        if not pairs:  # which no rate could break
            return np.full((runs, units), self.aim is Aim.PASS)
        found = self._standing(pairs)[:, past:]
        own, others = self._are_large(continued)
        if self.aim is Aim.FAIL:
            return np.asarray((found & others).any(axis=-1) & own)
        return np.asarray((found | ~others).all(axis=-1) & others.any(axis=-1) & own)

    def _standing(self, pairs: list[Pair]) -> NDArray[np.bool_]:
        """Whether the verdict about each pair stands after each unit, those counted included."""
        year = UNITS_A_YEAR[self.tables.evidence.unit]
        alpha = self.family.part(sum(len(pair.limit.sides) for pair in pairs), self.position)
        if not self.position.failures:
            return standing(pairs, self.aim, units_per_year=year, alpha=alpha)
        state = course(pairs, units_per_year=year, alpha=alpha, kept=self._kept()).state
        return np.asarray(state == (State.FAIL if self.aim is Aim.FAIL else State.PASS))

    def _kept(self) -> list[tuple[int, int]]:
        """The failure that stands, which stands in all runs."""
        if self.position.state is not State.FAIL or self.position.since is None:
            return []
        return [(self.tables.evidence.starts.index(self.position.since), self.position.pair)]

    def _continued(self, chance: np.random.Generator, runs: int, units: int) -> _Continued:
        case, rate, drawn = self.case, self.drawn.rate, self.drawn
        own = drawn.own.draw(chance, runs, units)
        others = [each.draw(chance, runs, units) for each in drawn.others]
        unknown = drawn.unknown.draw(chance, runs, units)
        found = {(case.grouping, case.group): own, (case.grouping, UNKNOWN): unknown}
        found |= {
            (case.grouping, name): each for name, each in zip(case.others, others, strict=False)
        }
        found[OVERALL, OVERALL] = _sum([own, unknown, *others])
        return _Continued(
            self.tables,
            {at: _joined(self.tables.of(rate, *at), each) for at, each in found.items()},
        )

    def _are_large(self, continued: _Continued) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
        """By unit ahead whether the group can be judged, and which others it is judged against.

        Others that are too few, or fewer than the gate waits for, hold up no verdict.
        """
        case, rate, past = self.case, self.drawn.rate, len(self.tables.evidence.starts)
        least = self.tables.policy.min_group_size
        own = continued.of(rate, case.grouping, case.group).seen.trials[0]
        others = [
            continued.of(rate, case.grouping, name).seen.trials[0] for name in case.others
        ] or [continued.everybody(rate).seen.trials[0] - own]
        counted = np.cumsum(np.stack(others, axis=-1), axis=0)[past:]
        awaited = np.array([not self._is_small(name) for name in case.others] or [True])
        waited = (counted >= least) & (awaited | (not awaited.any()))
        return np.cumsum(own)[past:] >= least, waited

    def _is_small(self, group: str) -> bool:
        smallest = float(self.tables.policy.gate.smallest_share)
        return self.sizes.share(self.case.grouping, group) < smallest


def _joined(counted: Counted, ahead: Proportions) -> Counted:
    """What was counted, and what is drawn, which is worth as much as that was on average."""
    seen, runs = counted.seen, len(ahead.successes)
    worth = float((seen.trials / counted.factor).sum())
    factor = float(seen.trials.sum()) / worth if worth else 1.0
    return Counted(
        Proportions(
            *(
                np.concatenate([np.broadcast_to(past, (runs, past.size)), drawn], axis=-1)
                for past, drawn in zip(seen, ahead, strict=True)
            )
        ),
        np.concatenate([counted.factor, np.full(ahead.trials.shape[-1], factor)]),
    )


def _sum(streams: list[Proportions]) -> Proportions:
    def added(columns: Iterator[Floats]) -> Floats:
        return np.asarray(np.add.reduce(list(columns)))

    return Proportions(
        added(each.successes for each in streams), added(each.trials for each in streams)
    )


def _quicker(pair: Pair, past: int) -> Pair:
    return SameSizes(pair, past) if isinstance(pair, TwoRates) else pair
