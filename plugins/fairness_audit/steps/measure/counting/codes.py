"""What a table of counts names, as numbers: its groups, and the cells of its rows."""

from collections.abc import Iterator, Sequence

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from fairness_audit.policy.base import UNKNOWN
from fairness_audit.steps.measure.counting.counts import cell_of

Codes = NDArray[np.int64]


def coded(column: pa.ChunkedArray) -> tuple[Codes, list[str]]:
    """A number per row and the names they stand for, in order; NULL is unknown."""
    encoded = pc.dictionary_encode(pc.fill_null(column, UNKNOWN).combine_chunks())
    names = encoded.dictionary.to_pylist()
    order = sorted(range(len(names)), key=names.__getitem__)
    rank = np.empty(len(names), dtype=np.int64)
    rank[order] = np.arange(len(names))
    codes = rank[encoded.indices.to_numpy()] if names else np.zeros(0, dtype=np.int64)
    return codes, [names[i] for i in order]


def combined(columns: Sequence[tuple[Codes, list[str]]], rows: int) -> Codes:
    """The number of the combination of names in each row."""
    place = np.zeros(rows, dtype=np.int64)
    for codes, names in columns:
        place = place * len(names) + codes
    return place


def unravelled(places: Codes, names: Sequence[list[str]]) -> Iterator[tuple[str, ...]]:
    """The names that each combination's number stands for."""
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
