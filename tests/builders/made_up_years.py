"""Builders: many years of a made-up version under a shipped policy, through every path to a block.

A year is drawn week by week from stated rates of every group, and judged by the very families that
an audit makes: rules, subgroups, representation, known shares, label balance, polarity and what is
assumed of the unknown.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from functools import cached_property
from itertools import product
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from fairness_audit.policy.model import AuditPolicy
from fairness_audit.policy.units import Unit
from fairness_audit.records.counted_units import Group, Place
from fairness_audit.records.measurement import OVERALL
from fairness_audit.records.validation import Check, ValidationReport
from fairness_audit.statistics.clustering import SubjectSums
from fairness_audit.statistics.confusion import ConfusionTable
from fairness_audit.statistics.course import Course, State, course
from fairness_audit.steps.judge.tables import Tables
from fairness_audit.steps.judge.trial import Trial
from tests.builders.evidence import FIRST_WEEK

YEAR = 52
_CHUNK = 250

Values = tuple[str, ...]
"""The group of a person in each attribute of a policy."""


class Rates(NamedTuple):
    """Of one group: the share with a positive outcome, and who of each is selected."""

    positive: float
    true_positive: float
    false_positive: float

    @property
    def selected(self) -> float:
        """The selection rate."""
        return self.positive * self.true_positive + (1 - self.positive) * self.false_positive

    def times(self, ratio: float, *, points: float = 0.0) -> "Rates":
        """Selected ``ratio`` times as often, those with a positive outcome ``points`` less."""
        true_positive = self.true_positive - points if points else self.true_positive * ratio
        rest = ratio * self.selected - self.positive * true_positive
        return Rates(self.positive, true_positive, rest / (1 - self.positive))


FAIR = Rates(positive=0.3, true_positive=0.6, false_positive=0.32)
"""About two in five are selected."""


@dataclass(frozen=True)
class World:
    """Who is decided about in a week, and how.

    ``rates`` gives those of a combination of groups in a week, counted from 0; people have the
    shares that the policy states, independently of each other, or equal ones.
    """

    policy: AuditPolicy
    rates: Callable[[Values, int], Rates]
    weekly: int
    shares: Mapping[str, Mapping[str, float]] = field(default_factory=dict)

    @cached_property
    def combinations(self) -> list[Values]:
        """Every combination of groups that people are of."""
        return list(product(*(self._shares_of(name) for name in self.policy.attributes)))

    def cells(self, week: int) -> NDArray[np.float64]:
        """Probability of each combination and cell of a confusion table."""
        return np.array(
            [
                cell
                for values in self.combinations
                for cell in self._cells(self.rates(values, week), self._share(values))
            ]
        )

    def _share(self, values: Values) -> float:
        each = zip(self.policy.attributes, values, strict=True)
        return float(np.prod([self._shares_of(name)[value] for name, value in each]))

    def _shares_of(self, name: str) -> Mapping[str, float]:
        stated = self.policy.attributes[name].reference_population
        if name in self.shares or stated is None:
            return self.shares[name]
        return {group: float(share) for group, share in stated.shares.items()}

    @staticmethod
    def _cells(rates: Rates, share: float) -> Iterator[float]:
        positive, negative = share * rates.positive, share * (1 - rates.positive)
        yield positive * rates.true_positive
        yield negative * rates.false_positive
        yield positive * (1 - rates.true_positive)
        yield negative * (1 - rates.false_positive)
        yield from (0.0, 0.0)


class DrawnEvidence:
    """Evidence as `VersionEvidence` gives it, with an axis of runs before that of units."""

    unit: Unit = "week"
    previous = None
    counts_from = None
    amendments = ()
    gaps = ()

    def __init__(self, world: World, weeks: int, runs: int, random: np.random.Generator) -> None:
        self._world = world
        self.starts: tuple[date, ...] = tuple(
            FIRST_WEEK + timedelta(weeks=week) for week in range(weeks)
        )
        drawn = np.stack(
            [random.multinomial(world.weekly, world.cells(week), runs) for week in range(weeks)],
            axis=1,
        )
        self._drawn = drawn.reshape(runs, weeks, len(world.combinations), 6)
        self._groups = {name: self._grouped(parts) for name, parts in self._groupings().items()}

    @property
    def places(self) -> tuple[Place, ...]:
        """Every grouping."""
        return tuple(Place(name) for name in self._groups)

    def groups(self, place: Place) -> tuple[Group, ...]:
        """The groups of a grouping."""
        return tuple(Group(name) for name in self._groups.get(place.grouping, {}))

    def counts(self, place: Place, group: Group) -> ConfusionTable:
        """The decisions about a group: runs by units."""
        of = self._groups.get(place.grouping, {}).get(group.name, [])
        cells = self._drawn[:, :, of].sum(axis=2)
        return ConfusionTable(*np.moveaxis(cells, -1, 0))

    def subjects(self, place: Place, group: Group, rate: object) -> SubjectSums:
        """Nobody is decided about twice."""
        del place, group, rate
        nothing = np.zeros((1, 1))
        return SubjectSums(nothing, nothing, nothing)

    def _groupings(self) -> dict[str, Values]:
        policy = self._world.policy
        return {OVERALL: (), **policy.searched, **policy.groupings}

    def _grouped(self, parts: Values) -> dict[str, list[int]]:
        at = [list(self._world.policy.attributes).index(part) for part in parts]
        found: dict[str, list[int]] = {}
        for i, values in enumerate(self._world.combinations):
            name = " * ".join(values[each] for each in at) if parts else OVERALL
            found.setdefault(name, []).append(i)
        return found


def checks_of(policy: AuditPolicy) -> ValidationReport:
    """What the shipped suites hold to a limit, of every attribute."""
    found = []
    for name, attribute in policy.attributes.items():
        stated = attribute.reference_population
        for group, share in stated.shares.items() if stated else ():
            found.append(_check(name, group, "representation", "4/5", str(share)))
            found.append(_check(name, group, "label_balance", "1/10", None))
        found.append(_check(name, None, "representation", "1/2", None))
    return ValidationReport(checks=tuple(found), data_docs=Path("d"))


def _check(attribute: str, group: str | None, kind: str, limit: str, stated: str | None) -> Check:
    critical = kind == "representation" and group is not None
    return Check.model_validate(
        {
            "suite": kind,
            "kind": kind,
            "expectation": f"expect_{kind}",
            "severity": "critical" if critical else "warning",
            "passed": True,
            "attribute": attribute,
            "group": group,
            "observed": "",
            "sentence": "As it should be.",
            "limit": limit,
            "stated": stated,
        }
    )


class Lives(NamedTuple):
    """Many lives of a version: arrays of runs by weeks.

    ``failed`` is whether anything that may block failed up to a week, ``blocked`` whether it does
    then, ``passed`` whether everything that the gate waits for passes then.
    """

    failed: NDArray[np.bool_]
    blocked: NDArray[np.bool_]
    passed: NDArray[np.bool_]

    def ever(self, which: NDArray[np.bool_], weeks: int) -> float:
        """The share of lives of which it is true in some of the first weeks."""
        return float(which[:, :weeks].any(axis=1).mean())


def lives(world: World, *, weeks: int = YEAR, runs: int = 1000, seed: int = 2026) -> Lives:
    """Draw and judge many lives of a version."""
    random = np.random.default_rng(seed)
    parts = []
    while runs > 0:
        parts.append(_lives(world, weeks, min(_CHUNK, runs), random))
        runs -= _CHUNK
    return Lives(*(np.concatenate(each) for each in zip(*parts, strict=True)))


def _lives(world: World, weeks: int, runs: int, random: np.random.Generator) -> Lives:
    policy = world.policy
    evidence = DrawnEvidence(world, weeks, runs, random)
    tables = Tables(policy, evidence)  # type: ignore[arg-type]
    trial = Trial.of(tables, policy.rules, checks_of(policy))
    beside = [(case, pair) for case, pairs in trial.blocking.items() for pair in pairs]
    found: Course = course(
        [pair for _, pair in beside],
        units_per_year=YEAR,
        alpha=float(policy.error_rate.alpha),
    )
    waited = [trial.waits_for(case) for case, _ in beside]
    return Lives(
        failed=(found.failures > 0).any(axis=-1),
        blocked=(found.state == State.FAIL).any(axis=-1),
        passed=(found.state[:, :, waited] == State.PASS).all(axis=-1),
    )
