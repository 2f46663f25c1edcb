"""The counts every rate metric is made of."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from fairness_audit.statistics.confusion import ConfusionTable, Count
from fairness_audit.statistics.proportions import Floats


@dataclass(frozen=True, slots=True)
class Counts(ConfusionTable):
    """The confusion tables of many groups at once.

    Counts of disjoint groups add up, and a group's counts can be taken from those of a whole that
    contains it. Each cell is a number or an array with one entry per group (the last axis) and,
    before it, per resample of a bootstrap: a formula written once over counts serves all three.
    """

    @classmethod
    def from_cells(cls, cells: Floats) -> "Counts":
        """Counts from an array whose last axis holds the six cells in their order."""
        return cls(*np.moveaxis(cells, -1, 0))

    @classmethod
    def joined(cls, parts: Sequence["Counts"]) -> "Counts":
        """The groups of all parts, one after the other."""
        if not parts:
            return cls(*(np.zeros(0) for _ in range(6)))
        each = zip(*(part._each() for part in parts), strict=True)
        return cls(*(np.concatenate(cells, axis=-1) for cells in each))

    def cells(self) -> Floats:
        """The six cells, in their order, as the last axis of one array."""
        return np.stack([np.asarray(cell, dtype=np.float64) for cell in self._each()], axis=-1)

    def __add__(self, other: "Counts") -> "Counts":
        return Counts(*(a + b for a, b in zip(self._each(), other._each(), strict=True)))

    def __sub__(self, part: "Counts") -> "Counts":
        return Counts(*(a - b for a, b in zip(self._each(), part._each(), strict=True)))

    def map(self, change: Callable[[Count], Count]) -> "Counts":
        """The counts with every cell changed in the same way."""
        return Counts(*(change(cell) for cell in self._each()))

    def take(self, groups: NDArray[np.intp] | int) -> "Counts":
        """The counts of some groups, by their positions."""
        return self.map(lambda cell: np.asarray(cell)[..., groups])

    def total(self) -> "Counts":
        """The counts of all groups together, as a last axis of one."""
        return self.map(lambda cell: np.asarray(cell).sum(axis=-1, keepdims=True))

    def _each(self) -> tuple[Count, ...]:
        return (
            self.tp,
            self.fp,
            self.fn,
            self.tn,
            self.selected_unlabelled,
            self.not_selected_unlabelled,
        )


def cell_of(outcome: bool | None, selected: bool) -> int:
    """The position of the cell into which a decision falls."""
    if outcome is None:
        return 4 if selected else 5
    return (0 if outcome else 1) if selected else (2 if outcome else 3)
