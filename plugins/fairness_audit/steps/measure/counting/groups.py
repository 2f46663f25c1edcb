"""From the fine group counts to the counts of each group of each grouping."""

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import NamedTuple

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from fairness_audit.errors import MeasurementError
from fairness_audit.policy.base import UNKNOWN
from fairness_audit.records.measurement import OVERALL
from fairness_audit.statistics.proportions import Floats
from fairness_audit.steps.measure.counting.codes import Combinations, cells_of
from fairness_audit.steps.measure.counting.counts import Counts
from fairness_audit.steps.measure.counting.people import SubjectKinds, Subjects
from fairness_audit.steps.measure.counting.plan import JOINT, Plan, group_name

Positions = NDArray[np.intp]

_CELLS = 6


@dataclass(frozen=True)
class Groups:
    """The groups that one grouping makes of a population, or of one stratum of it.

    ``attribute`` is the grouping's name (``gender*age_band`` for an intersection), ``names`` the
    groups in order, the unknown one last. ``counts`` holds one entry per group: decisions or, in a
    weighted population, sums of weights; ``squares`` the sums of squared weights, ``decisions``
    how many decisions these are. Without weights the three are one. ``reference`` is the reference
    group, present in the data or not. ``people`` are those the decisions are about; None where no
    two are about the same, or nobody knows.
    """

    attribute: str
    names: tuple[str, ...]
    counts: Counts
    squares: Counts
    decisions: Counts
    reference: str | None = None
    stratum: str | None = None
    people: Subjects | None = None

    @cached_property
    def known(self) -> Positions:
        """Positions of the groups that are compared: all but the unknown one."""
        return np.flatnonzero([name != UNKNOWN for name in self.names])

    @cached_property
    def reference_position(self) -> int | None:
        """Where the reference group stands, if there is one and the data have it."""
        if self.reference is None or self.reference == UNKNOWN:
            return None
        return self.names.index(self.reference) if self.reference in self.names else None

    @property
    def is_weighted(self) -> bool:
        """True if decisions count by weights of theirs."""
        return self.counts is not self.decisions

    @property
    def sums(self) -> "Sums":
        """What there is to resample: groups, and their cells on the last axis."""
        rows = self.decisions.cells()
        if not self.is_weighted:
            return Sums(rows, rows, rows)
        return Sums(self.counts.cells(), self.squares.cells(), rows)

    @cached_property
    def rows(self) -> Floats:
        """How many decisions each group has."""
        rows: Floats = self.decisions.n
        return rows

    @cached_property
    def overall(self) -> Counts:
        """Everybody, the unknown included, as one entry."""
        return self.counts.total()


class Sums(NamedTuple):
    """Per group and cell, sums over the rows: of weights, of their squares, and of 1."""

    weight: Floats
    squares: Floats
    rows: Floats

    @property
    def is_weighted(self) -> bool:
        """True if rows have weights; without them all three are one."""
        return self.weight is not self.rows

    def map(self, change: Callable[[Floats], Floats]) -> "Sums":
        """All three changed in the same way; what is one stays one."""
        if not self.is_weighted:
            once = change(self.rows)
            return Sums(once, once, once)
        return Sums(*map(change, self))

    def at(self, positions: Positions | int | slice) -> "Sums":
        """The sums of some groups, or of whatever the first axis is."""
        return self.map(lambda each: np.asarray(each[positions], dtype=np.float64))

    def summed(self, axis: int) -> "Sums":
        """The sums of all along an axis."""
        return self.map(lambda each: each.sum(axis=axis))

    def without(self, part: "Sums") -> "Sums":
        """What is left when a part is taken away."""
        if not self.is_weighted:
            rest = self.rows - part.rows
            return Sums(rest, rest, rest)
        return Sums(*(whole - each for whole, each in zip(self, part, strict=True)))


class Cells:
    """The fine group counts as numbers: who (codes of attributes and strata), what, how many.

    With ``kinds`` of subjects every grouping knows its people.
    """

    def __init__(self, table: pa.Table, kinds: SubjectKinds | None = None) -> None:
        self._combinations, self._kinds = Combinations(table), kinds
        self._cell = cells_of(table)
        rows = _floats(table, "n")
        self._what = Sums(rows, rows, rows)
        if "weight" in table.column_names:
            weight, squares = _floats(table, "weight"), _floats(table, "weight_squared")
            self._what = Sums(weight, squares, rows)

    def everybody(self) -> Groups:
        """The whole population as one group, also if it is empty."""
        keys, sums = self._tally([])
        groups = _groups(OVERALL, [(OVERALL,)] * len(keys), sums, at_least=(OVERALL,))
        return self._with_people(groups, [])

    def groupings(self, plan: Plan) -> Iterator[Groups]:
        """Every grouping of the plan, over the whole population."""
        for name, parts in plan.groupings.items():
            yield self.grouping(name, parts, plan.references.get(name))

    def grouping(self, name: str, parts: Sequence[str], reference: str | None = None) -> Groups:
        """The groups that the attributes ``parts`` make together."""
        columns = [f"attr_{part}" for part in parts]
        keys, sums = self._tally(columns)
        return self._with_people(_groups(name, keys, sums, reference), columns)

    def strata(self, plan: Plan) -> Iterator[Groups]:
        """Everybody, then every single attribute, within each value of each stratum.

        Intersections are left out: within a stratum their groups are mostly single persons.
        """
        single = {name: parts for name, parts in plan.groupings.items() if len(parts) == 1}
        for stratum in plan.strata:
            yield from self._within(stratum, OVERALL, [], None)
            for name, parts in single.items():
                columns = [f"attr_{part}" for part in parts]
                yield from self._within(stratum, name, columns, plan.references.get(name))

    def _within(
        self, stratum: str, attribute: str, columns: list[str], reference: str | None
    ) -> Iterator[Groups]:
        keys, sums = self._tally([f"stratum_{stratum}", *columns])
        values = [key[0] for key in keys]
        for value in dict.fromkeys(values):
            there = np.flatnonzero([each == value for each in values])
            names = [keys[i][1:] or (OVERALL,) for i in there]
            within = sums.at(there)
            groups = _groups(attribute, names, within, reference, f"{stratum}={value}")
            yield self._with_people(groups, columns, (f"stratum_{stratum}", value))

    def _with_people(
        self, groups: Groups, columns: Sequence[str], stratum: tuple[str, str] | None = None
    ) -> Groups:
        if self._kinds is None:
            return groups
        return replace(groups, people=self._kinds.within(columns, groups.names, stratum))

    def _tally(self, columns: Sequence[str]) -> tuple[list[tuple[str, ...]], Sums]:
        """Every combination of values that occurs, sorted, and its counts."""
        combined = self._combinations.of(columns)
        sums = self._what.map(lambda what: self._summed(combined.place, what, len(combined.there)))
        kept = np.flatnonzero(sums.rows.sum(axis=1))
        return combined.keys(kept), sums.at(kept)

    def _summed(self, place: NDArray[np.int64], what: Floats, places: int) -> Floats:
        cell = place * _CELLS + self._cell
        summed = np.bincount(cell, weights=what, minlength=places * _CELLS)
        return summed.reshape(places, _CELLS).astype(np.float64)


def _floats(table: pa.Table, column: str) -> Floats:
    values: Floats = table[column].to_numpy().astype(np.float64)
    return values


def _groups(
    attribute: str,
    keys: Sequence[tuple[str, ...]],
    sums: Sums,
    reference: str | None = None,
    stratum: str | None = None,
    at_least: Sequence[str] = (),
) -> Groups:
    """The groups with their names, those with an unknown part taken together, last."""
    order, member = named(attribute, keys, at_least)

    def join(each: Floats) -> Floats:
        to = np.zeros((len(order), _CELLS))
        np.add.at(to, member, each)
        return to

    joined = sums.map(join)
    counts = squares = decisions = Counts.from_cells(joined.rows)
    if joined.is_weighted:
        counts, squares = Counts.from_cells(joined.weight), Counts.from_cells(joined.squares)
    return Groups(attribute, tuple(order), counts, squares, decisions, reference, stratum)


def named(
    attribute: str, keys: Sequence[tuple[str, ...]], at_least: Sequence[str] = ()
) -> tuple[list[str], Positions]:
    """The groups that combinations of values make, and the position of each one's group.

    Combinations with an unknown part are one group, the last. ``at_least`` are there in any case.

    Raises:
        MeasurementError: two groups would have the same name.
    """
    names = [group_name(parts) for parts in keys]
    _refuse_ambiguous(attribute, names)
    order = sorted(dict.fromkeys([*names, *at_least]), key=lambda name: name == UNKNOWN)
    position = {name: i for i, name in enumerate(order)}
    return order, np.array([position[name] for name in names], dtype=np.intp)


def _refuse_ambiguous(attribute: str, names: Sequence[str]) -> None:
    times = Counter(name for name in names if name != UNKNOWN)
    if twice := [name for name, count in times.items() if count > 1]:
        raise MeasurementError(
            f"grouping {attribute}: two groups are both called {twice[0]!r}"
            f" (map group names that contain {JOINT!r} to others in sql/staging/)"
        )
