"""Decisions by closed calendar unit: how many about each group, with which outcome."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any, NamedTuple, Self

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from fairness_audit.errors import MeasurementError
from fairness_audit.policy.gaps import Figure
from fairness_audit.policy.metrics import SELECTION_RATE, Rate
from fairness_audit.policy.model import AuditPolicy
from fairness_audit.policy.units import Unit, closed_units, length, opening
from fairness_audit.records.counted_units import Group
from fairness_audit.records.evidence import CELLS
from fairness_audit.records.measurement import OVERALL
from fairness_audit.records.subject_sums import Whole, summed_rates
from fairness_audit.steps.measure.counting.codes import Codes, Combinations, cells_of
from fairness_audit.steps.measure.counting.groups import named

_CELLS = len(CELLS)
_MICROSECOND = timedelta(microseconds=1)


@dataclass(frozen=True)
class Units:
    """Which decisions count, and in which unit."""

    unit: Unit
    starts: tuple[date, ...]
    counts_from: datetime | None

    @classmethod
    def inside(
        cls, unit: Unit, start: datetime, end: datetime, counts_from: datetime | None
    ) -> Self:
        """The closed units of a window, without what was decided before ``counts_from``."""
        return cls(unit, closed_units(unit, start, end), counts_from)

    @property
    def bound(self) -> dict[str, Any]:
        """What the statements bind: where units begin, and which decisions count."""
        first = opening(self.starts[0])
        return {
            "first": first,
            "length": length(self.unit) // _MICROSECOND,
            "since": max(first, self.counts_from or first),
            "until": opening(self.starts[-1]) + length(self.unit),
        }


class Counted(NamedTuple):
    """A grouping that evidence is counted for.

    ``columns`` are those of the population that make it, that of the stratum first; ``rates`` are
    those whose sums over subjects are taken, ``figures`` what is estimated of every group.
    """

    grouping: str
    columns: tuple[str, ...]
    rates: tuple[Rate, ...]
    stratum: str | None = None
    searched: bool = False
    figures: tuple[Figure, ...] = ()


def counted_groupings(policy: AuditPolicy) -> Iterator[Counted]:
    """Everybody, the groupings of a policy, its attributes within strata, what it searches."""
    yield Counted(OVERALL, (), summed_rates(policy, OVERALL))
    for name, parts in policy.groupings.items():
        rates, figures = summed_rates(policy, name), policy.figures_of(name)
        yield Counted(name, _columns(parts), rates, figures=figures)
    share = (SELECTION_RATE,)
    for stratum in policy.strata:
        for name in policy.attributes:
            columns = (f"stratum_{stratum}", f"attr_{name}")
            yield Counted(name, columns, share, stratum=stratum)
    for name, parts in policy.searched.items():
        if name not in policy.groupings:
            yield Counted(name, _columns(parts), share, searched=True)


class People:
    """The combinations of attributes and strata that occur, and the groups they belong to."""

    def __init__(self, table: pa.Table) -> None:
        """``table`` is what combinations.sql gives.

        Raises:
            MeasurementError: two combinations have one hash.
        """
        self._who = table["who"].to_numpy()
        self._combinations = Combinations(table)
        if (self._who[1:] == self._who[:-1]).any():
            raise MeasurementError(
                "two combinations of groups have the same hash (rename a group in sql/staging/)"
            )

    def at(self, who: NDArray[np.uint64]) -> Codes:
        """The numbers of the combinations that hashes name.

        Raises:
            MeasurementError: there is none of that name.
        """
        if not len(self._who):
            place = np.zeros(0, dtype=np.int64)
        else:
            place = np.minimum(np.searchsorted(self._who, who), len(self._who) - 1)
        if len(place) != len(who) or (self._who[place] != who).any():
            raise MeasurementError(
                "the population changed while it was counted (run the step assemble again)"
            )
        return place

    def groups(self, counted: Counted) -> tuple[Codes, list[Group]]:
        """The group of each combination, as a position in the list of groups.

        Raises:
            MeasurementError: two groups would have the same name.
        """
        combined = self._combinations.of(counted.columns)
        there, place = np.unique(combined.place, return_inverse=True)
        keys = combined.keys(there)
        member = np.zeros(len(keys), dtype=np.int64)
        groups: list[Group] = []
        of_stratum = 1 if counted.stratum else 0
        values = [key[0] if of_stratum else None for key in keys]
        for value in dict.fromkeys(values):
            within = [i for i, each in enumerate(values) if each == value]
            names = [keys[i][of_stratum:] or (OVERALL,) for i in within]
            order, position = named(counted.grouping, names)
            member[within] = position + len(groups)
            groups += [Group(name, value) for name in order]
        return member[place], groups


class Cells:
    """How many decisions there are by combination, unit and cell of a confusion table."""

    def __init__(self, table: pa.Table, people: People, units: int) -> None:
        """``table`` is what unit_counts.sql gives."""
        self._who = people.at(table["who"].to_numpy())
        self._kind = table["unit"].to_numpy() * _CELLS + cells_of(table)
        self._n = table["n"].to_numpy().astype(np.float64)
        self._units = units

    def of(self, codes: Codes, groups: int) -> Whole:
        """The counts of the groups: groups by cells by units."""
        kinds = self._units * _CELLS
        place = codes[self._who] * kinds + self._kind
        counts = np.bincount(place, weights=self._n, minlength=groups * kinds)
        return counts.astype(np.int64).reshape(groups, self._units, _CELLS).swapaxes(1, 2)


def _columns(parts: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(f"attr_{part}" for part in parts)
