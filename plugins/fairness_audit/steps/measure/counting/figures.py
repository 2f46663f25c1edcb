"""What is estimated of each group in each closed calendar unit: areas and means of one figure.

Sums are rounded once (`math.fsum`), so that a figure of a unit is the same bit by bit whatever the
order of the rows and whichever other units are looked at with it.
"""

import math
from collections.abc import Iterable, Mapping, Sequence
from itertools import pairwise

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from fairness_audit.policy.gaps import Figure
from fairness_audit.records.evidence import UnitFigures
from fairness_audit.statistics.proportions import Floats
from fairness_audit.statistics.ranking import area_under_curve
from fairness_audit.steps.measure.counting.by_unit import People
from fairness_audit.steps.measure.counting.codes import Codes

_COLUMNS: Mapping[Figure, tuple[str, ...]] = {
    Figure.AREA: ("score",),
    Figure.SCORE: ("score",),
    Figure.EXCESS: ("score",),
    Figure.VALUE: ("value",),
    Figure.RESIDUAL: ("value", "score"),
    Figure.EXPOSURE: ("rank",),
}


def columns_for(figures: Iterable[Figure]) -> frozenset[str]:
    """The columns of a population that figures are made of, besides the outcome."""
    return frozenset(column for figure in figures for column in _COLUMNS[figure])


_NOTHING = (None, None, 0.0)

Estimated = tuple[float | None, float | None, float]
"""A value, its variance, and how much they are made of."""


class UnitRows:
    """The decisions of the closed units, one by one."""

    def __init__(self, table: pa.Table, people: People, units: int) -> None:
        """``table`` is what unit_figures.sql gives."""
        self._who, self._units = people.at(table["who"].to_numpy()), units
        self._unit = table["unit"].to_numpy()
        self._columns = {name: _floats(table[name]) for name in table.column_names[2:]}

    def of(
        self, codes: Codes, groups: int, figures: Sequence[Figure]
    ) -> list[dict[Figure, UnitFigures]]:
        """The figures of each group; ``codes`` are the groups of the combinations of people."""
        place = codes[self._who] * self._units + self._unit
        order = np.argsort(place, kind="stable")
        ends = np.searchsorted(place[order], np.arange(groups * self._units + 1))
        cells = [order[start:end] for start, end in pairwise(ends)]
        found: list[dict[Figure, UnitFigures]] = [{} for _ in range(groups)]
        for figure in figures:
            for group in range(groups):
                own = cells[group * self._units : (group + 1) * self._units]
                each = [self._estimated(figure, rows) for rows in own]
                value, variance, size = zip(*each, strict=True)
                found[group][figure] = UnitFigures(value=value, variance=variance, size=size)
        return found

    def _estimated(self, figure: Figure, rows: NDArray[np.intp]) -> Estimated:
        outcome = self._columns["outcome"][rows]
        first, *others = (self._columns[name][rows] for name in _COLUMNS[figure])
        match figure:
            case Figure.AREA:
                return _area(first, outcome)
            case Figure.EXCESS:
                return _mean(first - outcome)
            case Figure.RESIDUAL:
                with np.errstate(invalid="ignore"):  # of two infinities
                    return _mean(first - others[0])
            case Figure.EXPOSURE:
                return _mean(1 / np.log2(1 + first))
            case Figure.SCORE | Figure.VALUE:
                return _mean(first)


def _floats(column: pa.ChunkedArray) -> Floats:
    """NaN where there is nothing."""
    found: Floats = column.cast(pa.float64()).to_numpy(zero_copy_only=False)
    return found


def _mean(values: Floats) -> Estimated:
    """The mean of what is known and finite, and its squared standard error."""
    known = values[np.isfinite(values)].tolist()
    if not known:
        return _NOTHING
    n = len(known)
    mean = math.fsum(known) / n
    spread = math.fsum((each - mean) ** 2 for each in known)
    return mean, spread / (n - 1) / n if n > 1 else None, float(n)


def _area(scores: Floats, outcomes: Floats) -> Estimated:
    """Its size is half the harmonic mean of the numbers of true and false outcomes."""
    known = np.isfinite(scores) & np.isfinite(outcomes)
    distinct, place = np.unique(scores[known], return_inverse=True)
    counts = np.zeros((2, len(distinct)))
    np.add.at(counts, (outcomes[known].astype(np.intp), place), 1.0)
    negatives, positives = counts
    found = area_under_curve(positives, negatives)
    if math.isnan(found.value):
        return _NOTHING
    size = 1 / (1 / float(positives.sum()) + 1 / float(negatives.sum()))
    return found.value, None if math.isnan(found.variance) else found.variance, size
