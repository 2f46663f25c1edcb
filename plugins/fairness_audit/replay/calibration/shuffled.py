"""Evidence of many runs at once, in each of which other people are of the groups.

Everything else about a person stays: when they were decided about, how, and what came of it. Who
is of which combination of groups is drawn anew among the people whose groups are known as far, so
that sizes, the groups that go together and the share of the unknown stay as they are, and no group
is treated otherwise than another but by chance.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple, Self

import numpy as np
from numpy.typing import NDArray

from fairness_audit.policy.metrics import Rate
from fairness_audit.policy.model import AuditPolicy
from fairness_audit.records.counted_units import Group, Place
from fairness_audit.records.evidence import CELLS
from fairness_audit.records.subject_sums import summed_as
from fairness_audit.replay.calibration.people import RunPeople
from fairness_audit.statistics.clustering import SubjectSums
from fairness_audit.statistics.confusion import ConfusionTable
from fairness_audit.statistics.proportions import Floats
from fairness_audit.steps.measure.counting.by_unit import counted_groupings
from fairness_audit.steps.measure.counting.groups import named

_SELECTED = (0, 1, 4)
_NOT_SELECTED = (2, 3, 5)
"""Cells by what was decided; those at the same place differ in that alone."""


@dataclass(frozen=True)
class Harm:
    """One group is treated favourably ``ratio`` times as often as it was."""

    attribute: str
    group: str
    ratio: float


class Grouped(NamedTuple):
    """A grouping: its groups in order, that of each combination, and the rates that are summed."""

    groups: tuple[str, ...]
    member: NDArray[np.intp]
    rates: frozenset[str]


@dataclass(frozen=True)
class Layout:
    """What stays the same in every shuffle of a run under a policy."""

    people: RunPeople
    places: Mapping[Place, Grouped]
    selected_is_favourable: bool

    @classmethod
    def of(cls, policy: AuditPolicy, people: RunPeople) -> Self:
        """The groupings that an audit by this policy counts, of the people of a run."""
        places = {}
        for counted in counted_groupings(policy):
            if counted.stratum is None:
                parts = [column.removeprefix("attr_") for column in counted.columns]
                at = [people.attributes.index(part) for part in parts]
                keys = [tuple(each[i] for i in at) for each in people.combinations]
                groups, member = _groups(counted.grouping, keys)
                rates = frozenset(rate.name for rate in counted.rates)
                places[Place(counted.grouping)] = Grouped(groups, member, rates)
        return cls(people, places, policy.selected_is_favourable)

    def harmed(self, harm: Harm | None) -> NDArray[np.bool_]:
        """Which combinations are of the group that is harmed."""
        if harm is None:
            return np.zeros(len(self.people.combinations), dtype=bool)
        at = self.people.attributes.index(harm.attribute)
        return np.array([each[at] == harm.group for each in self.people.combinations])

    def moves(self, ratio: float) -> Floats:
        """What becomes of a decision of each cell: the chance that it ends in each cell."""
        of, to = self.favoured
        found = np.eye(len(CELLS))
        found[of, of] = ratio
        found[of, to] = 1 - ratio
        return found

    @property
    def favoured(self) -> tuple[list[int], list[int]]:
        """The cells that are good for those decided about, and what else each could have been."""
        good, bad = list(_SELECTED), list(_NOT_SELECTED)
        return (good, bad) if self.selected_is_favourable else (bad, good)


_NOBODY_TWICE = SubjectSums(*(np.zeros((1, 1)) for _ in range(3)))


class ShuffledEvidence:
    """Evidence as `VersionEvidence` gives it, with an axis of runs before that of units.

    ``counts`` are those of combinations, shape (runs, combinations, units, cells), and ``of`` says
    of which each person is in each run: of those alone whom somebody met again.
    """

    previous = None
    counts_from = None
    amendments = ()
    gaps = ()

    def __init__(
        self,
        layout: Layout,
        counts: NDArray[np.int32] | Floats,
        of: NDArray[np.int32] | None = None,
        harm: Harm | None = None,
    ) -> None:
        self._layout, self._counts, self._harm = layout, counts, harm
        self._of = np.zeros((len(counts), 0), dtype=np.int32) if of is None else of
        self.unit, self.starts = layout.people.unit, layout.people.starts
        self._summed: dict[str, SubjectSums] = {}

    @classmethod
    def expected(cls, layout: Layout, harm: Harm | None = None) -> Self:
        """A run with the mean of all shuffles, in which nothing is chance."""
        people = layout.people
        strata = people.strata
        whole = np.bincount(
            strata[people.of[people.person]] * people.places + people.place,
            minlength=(strata.max() + 1) * people.places,
        ).reshape(-1, people.places)
        sizes = np.bincount(people.of, minlength=len(strata))
        share = sizes / np.bincount(strata, weights=sizes)[strata]
        counts = (whole[strata] * share[:, None]).reshape(len(strata), -1, len(CELLS))
        if harm is not None:
            those = layout.harmed(harm)
            counts[those] = counts[those] @ layout.moves(harm.ratio)
        return cls(layout, counts[None], harm=harm)

    @classmethod
    def drawn(
        cls, layout: Layout, runs: int, random: np.random.Generator, harm: Harm | None = None
    ) -> Self:
        """So many shuffles; the decisions about a group that is harmed are thinned at random."""
        people = layout.people
        combinations, places = len(people.combinations), people.places
        counts = np.empty((runs, combinations, len(people.starts), len(CELLS)), dtype=np.int32)
        of = np.empty((runs, len(people.again)), dtype=np.int32)
        for run in range(runs):
            own = people.of.copy()
            for alike in people.alike:
                own[alike] = random.permutation(own[alike])
            counts[run] = np.bincount(
                own[people.person] * places + people.place, minlength=combinations * places
            ).reshape(counts.shape[1:])
            of[run] = own[people.again]
        if harm is not None:
            _thin(counts, layout, harm, random)
        return cls(layout, counts, of, harm)

    @property
    def places(self) -> tuple[Place, ...]:
        """Every grouping over everybody."""
        return tuple(self._layout.places)

    def groups(self, place: Place) -> tuple[Group, ...]:
        """The groups of a grouping, the unknown one last."""
        grouped = self._layout.places.get(place)
        return tuple(map(Group, grouped.groups)) if grouped else ()

    def counts(self, place: Place, group: Group) -> ConfusionTable:
        """The decisions about a group: runs by units."""
        cells = self._counts[:, self._members(place, group)].sum(axis=1)
        return ConfusionTable(*np.moveaxis(cells, -1, 0))

    def subjects(self, place: Place, group: Group, rate: Rate) -> SubjectSums:
        """The sums over the people of a group.

        Of thinned decisions about one person those of two of them are what they are on average.
        """
        kept, is_rest = summed_as(rate)
        grouped = self._layout.places.get(place)
        if grouped is None or kept.name not in grouped.rates or not self._of.size:
            return _NOBODY_TWICE
        members = self._members(place, group)
        mm, my, yy = (each[:, members].sum(axis=1) for each in self._between(kept))
        table = self.counts(place, group)
        own = np.eye(len(self.starts))
        whole = kept.denominator(table)[..., None] * own
        part = kept.numerator(table)[..., None] * own
        sums = SubjectSums(mm + whole, my + part, yy + part)
        return sums.of_the_rest if is_rest else sums

    def _members(self, place: Place, group: Group) -> NDArray[np.intp]:
        grouped = self._layout.places.get(place)
        if grouped is None or group.name not in grouped.groups:
            return np.zeros(0, dtype=np.intp)
        return np.flatnonzero(grouped.member == grouped.groups.index(group.name))

    def _between(self, rate: Rate) -> SubjectSums:
        """SubjectSums over pairs of two decisions: (runs, combinations, units, units)."""
        if rate.name not in self._summed:
            self._summed[rate.name] = self._over_pairs(rate)
        return self._summed[rate.name]

    def _over_pairs(self, rate: Rate) -> SubjectSums:
        units, combinations = len(self.starts), len(self._layout.people.combinations)
        values = np.array(rate.cells, dtype=np.float64)
        plain = self._pairs(values)
        harmed = plain
        if self._harm is not None:
            harmed = self._pairs(self._layout.moves(self._harm.ratio) @ values)
        is_harmed = self._layout.harmed(self._harm)
        shape = (len(self._of), combinations, units * units)
        found: list[NDArray[Any]] = [np.zeros(shape, np.float32) for _ in range(3)]
        for run, own in enumerate(self._of):
            combination = own[plain.person]
            place = combination * units**2 + plain.units
            those = is_harmed[combination] if self._harm else None
            for sums, usual, other in zip(found, plain.products, harmed.products, strict=True):
                weights = usual if those is None else np.where(those, other, usual)
                sums[run] = np.bincount(
                    place, weights=weights, minlength=combinations * units**2
                ).reshape(combinations, -1)
        return SubjectSums(*(each.reshape(*each.shape[:2], units, units) for each in found))

    def _pairs(self, values: Floats) -> "_Pairs":
        """``values`` are by cell what a decision adds to a numerator and a denominator."""
        people, met = self._layout.people, self._layout.people.met
        unit, cell = np.divmod(people.place, len(CELLS))
        (y, m), (y_other, m_other) = (values[cell[each]].T for each in (met.first, met.second))
        counts = np.asarray(values.any(axis=1))
        kept = counts[cell[met.first]] & counts[cell[met.second]]
        person = np.searchsorted(people.again, met.person[kept])
        return _Pairs(
            person,
            (unit[met.first] * len(self.starts) + unit[met.second])[kept],
            SubjectSums((m * m_other)[kept], (m * y_other)[kept], (y * y_other)[kept]),
        )


class _Pairs(NamedTuple):
    person: NDArray[np.intp]
    units: NDArray[np.int64]
    products: SubjectSums


def _groups(
    grouping: str, keys: list[tuple[str, ...]]
) -> tuple[tuple[str, ...], NDArray[np.intp]]:
    """The groups that combinations are of, everybody where no attribute makes them."""
    distinct = sorted(set(keys))
    order, position = named(grouping, [key or (grouping,) for key in distinct])
    at = {key: position[i] for i, key in enumerate(distinct)}
    return tuple(order), np.array([at[key] for key in keys], dtype=np.intp)


def _thin(
    counts: NDArray[np.int32], layout: Layout, harm: Harm, random: np.random.Generator
) -> None:
    those = np.flatnonzero(layout.harmed(harm))
    for of, to in zip(*layout.favoured, strict=True):
        before = counts[:, those, :, of]
        after = random.binomial(before, harm.ratio)
        counts[:, those, :, of] = after
        counts[:, those, :, to] += (before - after).astype(np.int32)
