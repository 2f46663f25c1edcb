"""What one audit counted, per group and closed calendar unit: the content of an evidence file.

Every audit keeps a file of its own. Its counts are of few people each, close to personal data, so
that it is readable by auditors alone; the audit's signed record binds it by its digest.
"""

import hashlib
from collections.abc import Iterator, Sized
from datetime import date
from itertools import pairwise
from typing import Any, Literal, Self

import numpy as np
from pydantic import Field, FiniteFloat, ValidationError, model_validator

from fairness_audit.encoding import canonical_bytes
from fairness_audit.errors import RecordError
from fairness_audit.policy.gaps import Figure
from fairness_audit.policy.units import Unit, first_day, length, opening
from fairness_audit.records.door import Door, Moment
from fairness_audit.records.signed.audit import Audited
from fairness_audit.records.subject_sums import PairSums, Wholes
from fairness_audit.statistics.confusion import ConfusionTable

CELLS = ("tp", "fp", "fn", "tn", "selected_unlabelled", "not_selected_unlabelled")
"""The cells of a confusion table, in the order of its fields."""


class UnitFigures(Door):
    """A figure of one group, unit by unit: an estimate and its variance.

    Both are None where a unit gives none; ``size`` is what the variance falls with, such as the
    number of decisions.
    """

    value: tuple[FiniteFloat | None, ...]
    variance: tuple[FiniteFloat | None, ...]
    size: tuple[FiniteFloat, ...]


class GroupCounts(Door):
    """The decisions about one group: how many in each cell of a confusion table, unit by unit.

    ``value`` is that of the stratum, where the grouping is within one. ``subjects`` holds by rate
    the pairs of units in which a subject has several decisions; all other sums follow from the
    counts: of one unit with itself mm is the denominator, yy, my and ym are the numerator, and of
    two units all are 0.
    """

    group: str
    value: str | None = None
    tp: Wholes
    fp: Wholes
    fn: Wholes
    tn: Wholes
    selected_unlabelled: Wholes
    not_selected_unlabelled: Wholes
    subjects: dict[str, PairSums] = Field(default_factory=dict, exclude_if=lambda sums: not sums)
    figures: dict[Figure, UnitFigures] = Field(
        default_factory=dict, exclude_if=lambda figures: not figures
    )

    @property
    def cells(self) -> tuple[Wholes, ...]:
        """The cells in the order of `CELLS`."""
        return tuple(getattr(self, name) for name in CELLS)

    @property
    def table(self) -> ConfusionTable:
        """The counts as arrays with an entry per unit."""
        return ConfusionTable(*(np.array(cell, dtype=np.int64) for cell in self.cells))


class GroupingCounts(Door):
    """The groups of one grouping, or of a single attribute within the values of a stratum.

    A group of which the window holds no decision is not there: it was counted, and is 0. So is a
    ``value`` of the stratum. ``searched`` are the combinations of attributes that are no grouping
    of the policy: only the search for subgroups looks at them. ``rates`` are those whose sums
    over subjects were taken, ``figures`` what was estimated of each group.
    """

    grouping: str
    stratum: str | None = None
    searched: bool = False
    rates: tuple[str, ...] = ()
    figures: tuple[Figure, ...] = Field(default=(), exclude_if=lambda figures: not figures)
    groups: tuple[GroupCounts, ...]

    @model_validator(mode="after")
    def _each_group_once(self) -> Self:
        names = {(each.group, each.value) for each in self.groups}
        if len(names) < len(self.groups):
            raise ValueError(f"{self.grouping}: a group is there twice")
        if any((each.value is None) != (self.stratum is None) for each in self.groups):
            raise ValueError(f"{self.grouping}: a value, and no stratum, or the other way")
        if any(not set(self.rates).issuperset(each.subjects) for each in self.groups):
            raise ValueError(f"{self.grouping}: sums of a rate that was not summed")
        if any(set(self.figures) != each.figures.keys() for each in self.groups):
            raise ValueError(f"{self.grouping}: not the figures of each group")
        return self


class Evidence(Door):
    """All that one audit counted.

    ``starts`` are the first days of the closed units of its window, without a gap; each is there,
    also where nobody was decided about. Decisions dated before ``counts_from``, when the version
    was trained, do not count; None where nobody knows. ``groupings`` are those of the policy,
    `OVERALL` among them, then those within strata, then those that are searched alone.
    """

    layout: Literal[1] = 1
    model: str
    model_version: str
    audited: Audited
    unit: Unit
    counts_from: Moment | None = None
    starts: tuple[date, ...]
    groupings: tuple[GroupingCounts, ...]

    @model_validator(mode="after")
    def _is_whole(self) -> Self:
        if any(first_day(self.unit, opening(day)) != day for day in self.starts):
            raise ValueError(f"starts: no first day of a {self.unit}")
        if any(later - day != length(self.unit) for day, later in pairwise(self.starts)):
            raise ValueError("starts: a unit is missing")
        places = {(each.grouping, each.stratum) for each in self.groupings}
        if len(places) < len(self.groupings):
            raise ValueError("groupings: one is there twice")
        for name in self._uneven():
            raise ValueError(f"groupings.{name}: not an entry for each unit")
        return self

    def _uneven(self) -> Iterator[str]:
        units = len(self.starts)
        for grouping in self.groupings:
            for each in grouping.groups:
                last = max(
                    (max(sums.second, default=-1) for sums in each.subjects.values()), default=-1
                )
                columns: list[Sized] = [*each.cells]
                for of in each.figures.values():
                    columns += [of.value, of.variance, of.size]
                if last >= units or any(len(column) != units for column in columns):
                    yield grouping.grouping

    @property
    def content(self) -> bytes:
        """The bytes of the file: canonical JSON, in which what is None has no key."""
        return canonical_bytes(self.model_dump(mode="json", by_alias=True, exclude_none=True))

    @classmethod
    def read(cls, content: bytes) -> Self:
        """What a file says.

        Raises:
            RecordError: when it is no evidence; without what it says, which is confidential.
        """
        try:
            return cls.model_validate_json(content)
        except ValidationError as error:
            first: Any = error.errors(include_input=False, include_url=False)[0]
            field = ".".join(str(part) for part in first["loc"] if isinstance(part, str))
            raise RecordError(f"is no evidence of an audit: {field or 'content'}") from None


def digest_of_content(content: bytes) -> str:
    """What binds an evidence file to its record, and names it: SHA-256 of its bytes."""
    return hashlib.sha256(content).hexdigest()
