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
from fairness_audit.steps.measure.counting.codes import cells_of, coded, combined, unravelled
from fairness_audit.steps.measure.counting.counts import Counts
from fairness_audit.steps.measure.counting.people import Kinds, People
from fairness_audit.steps.measure.counting.plan import JOINT, Plan, group_name

Positions = NDArray[np.intp]

_CELLS = 6
_DENSE = 1 << 20
"""Up to this many combinations each has a place in an array; beyond, only those there are."""


@dataclass(frozen=True)
class Groups:
    """The groups that one grouping makes of a population, or of one stratum of it.

    ``attribute`` is the grouping's name (``gender*age_band`` for an intersection), ``names`` the
    groups in order, the unknown one last. ``counts`` holds one entry per group: decisions or, in a
    weighted population, sums of weights; ``squares`` the sums of squared weights, ``rows`` the
    decisions. ``reference`` is the reference group, present in the data or not. ``people`` are
    those the decisions are about; None where no two are about the same, or nobody knows.
    """

    attribute: str
    names: tuple[str, ...]
    counts: Counts
    squares: Counts
    rows: Floats
    reference: str | None = None
    stratum: str | None = None
    people: People | None = None

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

    @cached_property
    def overall(self) -> Counts:
        """Everybody, the unknown included, as one entry."""
        return self.counts.total()


class Sums(NamedTuple):
    """Per group and cell, sums over the rows: of weights, of their squares, and of 1."""

    weight: Floats
    squares: Floats
    rows: Floats

    def map(self, change: Callable[[Floats], Floats]) -> "Sums":
        """All three changed in the same way; without weights they are one, and stay one."""
        if self.weight is self.rows:
            once = change(self.rows)
            return Sums(once, once, once)
        return Sums(*map(change, self))

    def at(self, positions: Positions) -> "Sums":
        """The sums of some groups."""
        return self.map(lambda each: each[positions])


class Cells:
    """The fine group counts as numbers: who (codes of attributes and strata), what, how many.

    With ``kinds`` of subjects every grouping knows its people.
    """

    def __init__(self, table: pa.Table, kinds: Kinds | None = None) -> None:
        self._table, self._kinds = table, kinds
        self._codes: dict[str, tuple[NDArray[np.int64], list[str]]] = {}
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
        columns_coded = [self._coded(column) for column in columns]
        place = combined(columns_coded, len(self._cell))
        names = [each for _, each in columns_coded]
        places = int(np.prod([len(each) for each in names], dtype=object)) if names else 1
        if places > _DENSE:
            there, place = np.unique(place, return_inverse=True)
        else:
            there = np.arange(places)
        sums = self._what.map(lambda what: self._summed(place, what, len(there)))
        kept = np.flatnonzero(sums.rows.sum(axis=1))
        keys = list(unravelled(there[kept], names))
        return keys, sums.at(kept)

    def _summed(self, place: NDArray[np.int64], what: Floats, places: int) -> Floats:
        cell = place * _CELLS + self._cell
        summed = np.bincount(cell, weights=what, minlength=places * _CELLS)
        return summed.reshape(places, _CELLS).astype(np.float64)

    def _coded(self, column: str) -> tuple[NDArray[np.int64], list[str]]:
        """A number per row and the names they stand for, in order; NULL is unknown."""
        if column not in self._codes:
            self._codes[column] = coded(self._table[column])
        return self._codes[column]


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
    names = [group_name(parts) for parts in keys]
    _refuse_ambiguous(attribute, names)
    order = sorted(dict.fromkeys([*names, *at_least]), key=lambda name: name == UNKNOWN)
    position = {name: i for i, name in enumerate(order)}
    member = np.array([position[name] for name in names], dtype=np.intp)

    def join(each: Floats) -> Floats:
        to = np.zeros((len(order), _CELLS))
        np.add.at(to, member, each)
        return to

    joined = sums.map(join)
    counts = Counts.from_cells(joined.weight)
    return Groups(
        attribute,
        tuple(order),
        counts,
        Counts.from_cells(joined.squares) if joined.squares is not joined.weight else counts,
        joined.rows.sum(axis=1),
        reference,
        stratum,
    )


def _refuse_ambiguous(attribute: str, names: Sequence[str]) -> None:
    times = Counter(name for name in names if name != UNKNOWN)
    if twice := [name for name, count in times.items() if count > 1]:
        raise MeasurementError(
            f"grouping {attribute}: two groups are both called {twice[0]!r}"
            f" (map group names that contain {JOINT!r} to others in sql/staging/)"
        )
