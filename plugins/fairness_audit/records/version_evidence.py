"""The evidence about one version: the fold over the evidence files of all its audits.

A decision is counted once however often it was looked at: of each closed unit the counts hold of
the newest audit that counted it, and how often or when the version was audited changes nothing of
them. So daily, weekly and single audits over the same units give the same evidence, bit by bit.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from functools import cached_property
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from fairness_audit.policy.metrics import Rate
from fairness_audit.policy.units import Unit, length, opening, units_between
from fairness_audit.records.evidence import CELLS, Evidence, GroupCounts, GroupingCounts
from fairness_audit.records.measurement import OVERALL
from fairness_audit.records.subject_sums import SubjectSums, Truths, Whole, summed_as
from fairness_audit.statistics.confusion import ConfusionTable


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
        return self.logical_date, float("inf") if self.seq is None else self.seq


@dataclass(frozen=True)
class Amendment:
    """A unit that an audit counted otherwise than the one before it: a correction.

    ``was`` and ``became`` are the digests of the two evidence files; the newer counts hold.
    """

    start: date
    logical_date: datetime
    was: str
    became: str


@dataclass(frozen=True)
class Uncounted:
    """A record of the version that adds nothing to its evidence, and why."""

    seq: int
    record_id: str
    reason: str


@dataclass(frozen=True)
class Pooled:
    """Everybody in the evidence of another version, all its units together."""

    model_version: str
    counts: ConfusionTable

    def rate(self, rate: Rate) -> tuple[int, int]:
        """Its numerator and denominator."""
        return int(rate.numerator(self.counts)), int(rate.denominator(self.counts))


@dataclass(frozen=True)
class VersionEvidence:
    """All evidence about one version, unit by unit.

    ``starts`` are the first days of the units from the first that was counted to the last, in
    order, those between that nobody counted included (`gaps`). ``entered`` says by unit as of when
    it was first counted, None in a gap. ``uncounted`` names the version's records that add
    nothing. ``previous`` is what was known of the version before it when its own first record was
    published.
    """

    unit: Unit
    counts_from: datetime | None
    starts: tuple[date, ...]
    entered: tuple[datetime | None, ...]
    amendments: tuple[Amendment, ...]
    uncounted: tuple[Uncounted, ...]
    previous: Pooled | None
    _entries: tuple[Entry, ...] = field(repr=False)
