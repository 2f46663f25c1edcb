"""What a table of counts names, as numbers: its groups, and the cells of its rows."""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from fairness_audit.policy.base import UNKNOWN
from fairness_audit.steps.measure.counting.counts import cell_of

Codes = NDArray[np.int64]

_DENSE = 1 << 20
"""Up to this many combinations each has a place in an array; beyond, only those there are."""


class Combinations:
    """The rows of a table by what they have in some of its columns."""

    def __init__(self, table: pa.Table) -> None:
        self._table = table
        self._codes: dict[str, tuple[Codes, list[str]]] = {}

    def of(self, columns: Sequence[str]) -> "Combined":
        """Every combination of values, in order; those that do not occur may be among them."""
        coded = [self.coded(column) for column in columns]
        place = np.zeros(self._table.num_rows, dtype=np.int64)
        for codes, names in coded:
            place = place * len(names) + codes
        places = int(np.prod([len(names) for _, names in coded], dtype=object)) if coded else 1
        if places > _DENSE:
            there, place = np.unique(place, return_inverse=True)
        else:
            there = np.arange(places)
        return Combined(place, there, [names for _, names in coded])

    def coded(self, column: str) -> tuple[Codes, list[str]]:
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


class Combined(NamedTuple):
    """Combinations of values: ``place`` of each row among them, and what they are made of."""

    place: Codes
    there: Codes
    names: list[list[str]]

    def keys(self, kept: NDArray[np.intp] | Codes) -> list[tuple[str, ...]]:
        """The values of some combinations, by their positions."""
        return list(_unravelled(self.there[kept], self.names))


def _unravelled(places: Codes, names: Sequence[list[str]]) -> Iterator[tuple[str, ...]]:
    for place in places.tolist():
        parts = []
        for each in reversed(names):
            place, code = divmod(place, len(each))
            parts.append(each[code])
        yield tuple(reversed(parts))


def cells_of(table: pa.Table) -> Codes:
    """The cell of every row: true, false and unknown outcome, selected or not."""
    lookup = np.array(
        [
            [cell_of(outcome, selected) for selected in (False, True)]
            for outcome in (False, True, None)
        ]
    )
    outcome = pc.fill_null(pc.cast(table["outcome"], pa.int8()), 2).to_numpy()
    selected = pc.cast(table["selected"], pa.int8()).to_numpy()
    found: Codes = lookup[outcome, selected]
    return found
