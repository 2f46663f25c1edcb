"""What audits counted of one grouping, unit by unit: of each unit the newest audit's counts."""

from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from typing import NamedTuple, Self

import numpy as np
from numpy.typing import NDArray

from fairness_audit.policy.base import UNKNOWN
from fairness_audit.records.evidence import CELLS, Evidence, GroupCounts, GroupingCounts
from fairness_audit.records.subject_sums import Truths, Whole

Positions = NDArray[np.intp]


class Place(NamedTuple):
    """A grouping, over everybody or within the values of a stratum."""

    grouping: str
    stratum: str | None = None


class Group(NamedTuple):
    """A group of a grouping; ``value`` is that of the stratum, None over everybody."""

    name: str
    value: str | None = None


@dataclass(frozen=True)
class Entry:
    """What one audit counted, and where the audit stands among the others.

    ``seq`` is None for the audit that is being judged, which has no record yet.
    """

    logical_date: datetime
    seq: int | None
    digest: str
    evidence: Evidence

    @property
    def order(self) -> tuple[datetime, float]:
        """By the moment it is about, then by its number in the ledger."""
        return self.logical_date, self.published()

    def published(self) -> float:
        """Its number in the ledger; one that is to come follows all."""
        return float("inf") if self.seq is None else self.seq


@dataclass(frozen=True)
class Taken:
    """What is taken of one audit: ``units`` of the version, which are ``of`` its own."""

    entry: Entry
    units: Positions
    of: Positions

    @cached_property
    def placed(self) -> dict[Place, GroupingCounts]:
        """Its groupings by their places."""
        return {Place(e.grouping, e.stratum): e for e in self.entry.evidence.groupings}

    def counts(self, place: Place, group: Group) -> GroupCounts | None:
        """What it counted of a group; None where that is nothing."""
        return self._grouped[place].get(group) if place in self._grouped else None

    @cached_property
    def _grouped(self) -> dict[Place, dict[Group, GroupCounts]]:
        return {
            place: {Group(each.group, each.value): each for each in grouping.groups}
            for place, grouping in self.placed.items()
        }


@dataclass
class Counted:
    """The counts of one grouping: groups by cells by units.

    ``by`` says by unit which audit they are of, by its position; -1 where nobody counted.
    """

    by: Positions
    cells: Whole
    searched: bool = True
    _names: dict[Group, int] = field(default_factory=dict)

    @classmethod
    def none(cls, units: int) -> Self:
        """Nothing, of so many units."""
        return cls(np.full(units, -1), np.zeros((0, len(CELLS), units), dtype=np.int64))

    @property
    def groups(self) -> tuple[Group, ...]:
        """The groups that occur in some unit, in order, the unknown one last.

        While there is no unit, those that are expected (`nothing`).
        """
        rows = self._names.items()
        there = [name for name, row in rows if self.cells[row].any() or not self.cells.size]
        return tuple(sorted(there, key=lambda each: (each.name == UNKNOWN, each)))

    def cells_of(self, group: Group) -> Whole:
        """The counts of one group, cells by units."""
        if group not in self._names:
            return np.zeros(self.cells.shape[1:], dtype=np.int64)
        found: Whole = self.cells[self._names[group]]
        return found

    def add(self, group: Group) -> None:
        """Have a group that was not counted yet."""
        self._names[group] = len(self._names)
        nothing = np.zeros((1, *self.cells.shape[1:]), dtype=np.int64)
        self.cells = np.concatenate([self.cells, nothing])

    def enter(self, position: int, taken: Taken, grouping: GroupingCounts) -> Truths:
        """Let the counts of an audit hold in the units that are taken of it.

        Returns:
            By unit whether it was counted before, and otherwise.
        """
        self.searched = grouping.searched
        names = {Group(each.group, each.value) for each in grouping.groups}
        for name in sorted(names - self._names.keys(), key=repr):
            self.add(name)
        cells = self.cells.shape[1]
        newer = np.zeros((len(self._names), cells, len(taken.of)), dtype=np.int64)
        for each in grouping.groups:
            row = self._names[Group(each.group, each.value)]
            newer[row] = np.array(each.cells, dtype=np.int64)[:, taken.of]
        differs = (newer != self.cells[:, :, taken.units]).any(axis=(0, 1))
        changed: Truths = differs & (self.by[taken.units] >= 0)
        self.cells[:, :, taken.units] = newer
        self.by[taken.units] = position
        return changed
