"""From the fine group counts to the counts of each group of each grouping."""

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from fairness_audit.errors import MeasurementError
from fairness_audit.policy.base import UNKNOWN
from fairness_audit.records.measurement import OVERALL
from fairness_audit.statistics.proportions import Floats
from fairness_audit.steps.measure.counting.counts import Counts, cell_of
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
    weighted population, sums of weights; ``squares`` the sums of squared weights, ``decisions``
    how many decisions these are. Without weights the three are one. ``reference`` is the reference
    group, present in the data or not.
    """

    attribute: str
    names: tuple[str, ...]
    counts: Counts
    squares: Counts
    decisions: Counts
    reference: str | None = None
    stratum: str | None = None

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
    """The fine group counts as numbers: who (codes of attributes and strata), what, how many."""

    def __init__(self, table: pa.Table) -> None:
        self._table = table
        self._codes: dict[str, tuple[NDArray[np.int64], list[str]]] = {}
        self._cell = _cells(table)
        rows = _floats(table, "n")
        self._what = Sums(rows, rows, rows)
        if "weight" in table.column_names:
            weight, squares = _floats(table, "weight"), _floats(table, "weight_squared")
            self._what = Sums(weight, squares, rows)

    def everybody(self) -> Groups:
        """The whole population as one group, also if it is empty."""
        keys, sums = self._tally([])
        return _groups(OVERALL, [(OVERALL,)] * len(keys), sums, at_least=(OVERALL,))

    def groupings(self, plan: Plan) -> Iterator[Groups]:
        """Every grouping of the plan, over the whole population."""
        for name, parts in plan.groupings.items():
            yield self.grouping(name, parts, plan.references.get(name))

    def grouping(self, name: str, parts: Sequence[str], reference: str | None = None) -> Groups:
        """The groups that the attributes ``parts`` make together."""
        keys, sums = self._tally([f"attr_{part}" for part in parts])
        return _groups(name, keys, sums, reference)

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
            yield _groups(attribute, names, within, reference, f"{stratum}={value}")

    def _tally(self, columns: Sequence[str]) -> tuple[list[tuple[str, ...]], Sums]:
        """Every combination of values that occurs, sorted, and its counts."""
        coded = [self._coded(column) for column in columns]
        place = np.zeros(len(self._cell), dtype=np.int64)
        for codes, names in coded:
            place = place * len(names) + codes
        places = int(np.prod([len(names) for _, names in coded], dtype=object)) if coded else 1
        if places > _DENSE:
            there, place = np.unique(place, return_inverse=True)
        else:
            there = np.arange(places)
        sums = self._what.map(lambda what: self._summed(place, what, len(there)))
        kept = np.flatnonzero(sums.rows.sum(axis=1))
        keys = list(_unravelled(there[kept], [names for _, names in coded]))
        return keys, sums.at(kept)

    def _summed(self, place: NDArray[np.int64], what: Floats, places: int) -> Floats:
        cell = place * _CELLS + self._cell
        summed = np.bincount(cell, weights=what, minlength=places * _CELLS)
        return summed.reshape(places, _CELLS).astype(np.float64)

    def _coded(self, column: str) -> tuple[NDArray[np.int64], list[str]]:
        """A number per row and the names they stand for, in order; NULL is unknown."""
        if column not in self._codes:
            values = pc.fill_null(self._table[column], UNKNOWN).combine_chunks()
            encoded = pc.dictionary_encode(values)
            names = encoded.dictionary.to_pylist()
            order = sorted(range(len(names)), key=names.__getitem__)
            rank = np.empty(len(names), dtype=np.int64)
            rank[order] = np.arange(len(names))
            codes = rank[encoded.indices.to_numpy()] if names else np.zeros(0, dtype=np.int64)
            self._codes[column] = (codes, [names[i] for i in order])
        return self._codes[column]


def _cells(table: pa.Table) -> NDArray[np.int64]:
    """The cell of every row: true, false and unknown outcome, selected or not."""
    lookup = np.array(
        [
            [cell_of(outcome, selected) for selected in (False, True)]
            for outcome in (False, True, None)
        ]
    )
    outcome = pc.fill_null(pc.cast(table["outcome"], pa.int8()), 2).to_numpy()
    selected = pc.cast(table["selected"], pa.int8()).to_numpy()
    found: NDArray[np.int64] = lookup[outcome, selected]
    return found


def _floats(table: pa.Table, column: str) -> Floats:
    values: Floats = table[column].to_numpy().astype(np.float64)
    return values


def _unravelled(places: NDArray[np.int64], names: list[list[str]]) -> Iterator[tuple[str, ...]]:
    for place in places.tolist():
        parts = []
        for each in reversed(names):
            place, code = divmod(place, len(each))
            parts.append(each[code])
        yield tuple(reversed(parts))


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
    counts = squares = decisions = Counts.from_cells(joined.rows)
    if joined.is_weighted:
        counts, squares = Counts.from_cells(joined.weight), Counts.from_cells(joined.squares)
    return Groups(attribute, tuple(order), counts, squares, decisions, reference, stratum)


def _refuse_ambiguous(attribute: str, names: Sequence[str]) -> None:
    times = Counter(name for name in names if name != UNKNOWN)
    if twice := [name for name, count in times.items() if count > 1]:
        raise MeasurementError(
            f"grouping {attribute}: two groups are both called {twice[0]!r}"
            f" (map group names that contain {JOINT!r} to others in sql/staging/)"
        )
