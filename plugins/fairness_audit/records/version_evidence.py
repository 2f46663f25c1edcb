"""The evidence about one version: the fold over the evidence files of all its audits.

A decision is counted once however often it was looked at: of each closed unit the counts hold of
the newest audit that counted it, and how often or when the version was audited changes nothing of
them. So daily, weekly and single audits over the same units give the same evidence, bit by bit.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from functools import cached_property
from typing import NamedTuple

import numpy as np

from fairness_audit.policy.gaps import Figure
from fairness_audit.policy.metrics import Rate
from fairness_audit.policy.units import Unit, length, opening, units_between
from fairness_audit.records.counted_units import (
    Counted,
    Entry,
    Group,
    Place,
    Positions,
    Taken,
)
from fairness_audit.records.evidence import CELLS, Evidence
from fairness_audit.records.measurement import OVERALL
from fairness_audit.records.subject_sums import (
    PairSums,
    Truths,
    summed_as,
)
from fairness_audit.statistics.clustering import SubjectSums
from fairness_audit.statistics.confusion import ConfusionTable
from fairness_audit.statistics.proportions import Floats

_LONG_AGO = datetime.min.replace(tzinfo=UTC)


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


class Estimated(NamedTuple):
    """A figure unit by unit: NaN, of size 0, where a unit gives none."""

    value: Floats
    variance: Floats
    size: Floats


@dataclass(frozen=True)
class VersionEvidence:
    """All evidence about one version, unit by unit.

    ``starts`` are the first days of the units from the first that was counted to the last, in
    order, those between that nobody counted included (`gaps`). ``entered`` says by unit as of when
    it was first counted, None in a gap. ``counts_from`` is what the judged audit goes by.
    ``uncounted`` names the version's records that add nothing. ``previous`` is what was known of
    another version when the first record of this one was published.
    """

    unit: Unit
    counts_from: datetime | None
    starts: tuple[date, ...]
    entered: tuple[datetime | None, ...]
    amendments: tuple[Amendment, ...]
    uncounted: tuple[Uncounted, ...]
    previous: Pooled | None
    _places: Mapping[Place, Counted] = field(repr=False)
    _taken: tuple[Taken, ...] = field(repr=False)
    _held: dict[tuple[Place, str], Positions] = field(default_factory=dict, repr=False)

    @cached_property
    def as_first_counted(self) -> "VersionEvidence":
        """The same units by the counts of each that were published first: no correction of any."""
        return _folded(
            sorted((each.entry for each in self._taken), key=Entry.published, reverse=True),
            unit=self.unit,
            counts_from=self.counts_from,
            uncounted=self.uncounted,
            previous=self.previous,
        )

    @property
    def gaps(self) -> tuple[date, ...]:
        """Units that no audit counted, although earlier and later ones were."""
        each = zip(self.starts, self.entered, strict=True)
        return tuple(start for start, entered in each if entered is None)

    @property
    def places(self) -> tuple[Place, ...]:
        """Every grouping that was counted in some unit, those of the policies first."""
        return tuple(self._places)

    def is_searched(self, place: Place) -> bool:
        """True if only the search for subgroups looks at a grouping."""
        return self._places[place].searched

    def groups(self, place: Place) -> tuple[Group, ...]:
        """The groups of a grouping that occur in some unit, in order, the unknown one last."""
        return self._places[place].groups if place in self._places else ()

    def counted(self, place: Place) -> Truths:
        """By unit, whether a grouping was counted in it."""
        if place not in self._places:
            return np.zeros(len(self.starts), dtype=bool)
        return self._places[place].by >= 0

    def counts(self, place: Place, group: Group) -> ConfusionTable:
        """The decisions about a group, an entry per unit: 0 also where nobody counted."""
        if place not in self._places:
            return ConfusionTable(*np.zeros((len(CELLS), len(self.starts)), dtype=np.int64))
        return ConfusionTable(*self._places[place].cells_of(group))

    def subjects(self, place: Place, group: Group, rate: Rate) -> SubjectSums:
        """The sums over the subjects of a group.

        Those of each pair of units are of the newest audit that held both at once, and 0 where
        none did: nobody knows who came back. ``rate`` is one of one group; the impact ratio is
        asked for as it is `Rate.where` the policy says what is favourable.
        """
        kept, is_rest = summed_as(rate)
        by = self._holders(place, kept)
        sums = self._without_repeats(place, group, kept, by)
        for position in np.unique(by[by >= 0]).tolist():
            taken = self._taken[position]
            counts = taken.counts(place, group)
            if counts is not None and (pairs := counts.subjects.get(kept.name)):
                _overlay(sums, pairs, taken, by == position)
        return sums.of_the_rest if is_rest else sums

    def figure(self, place: Place, group: Group, figure: Figure) -> "Estimated":
        """A figure of a group, unit by unit, each as the newest audit estimated it that did."""
        value, variance = np.full((2, len(self.starts)), np.nan)
        size = np.zeros(len(self.starts))
        for taken in self._taken:
            if place not in taken.placed or figure not in taken.placed[place].figures:
                continue
            counts = taken.counts(place, group)
            of = None if counts is None else counts.figures[figure]
            for column, given in zip(
                (value, variance, size),
                (None,) * 3 if of is None else (of.value, of.variance, of.size),
                strict=True,
            ):
                nothing = 0.0 if column is size else np.nan
                column[taken.units] = (
                    nothing if given is None else np.array(given, dtype=np.float64)[taken.of]
                )
        return Estimated(value, variance, size)

    def _holders(self, place: Place, rate: Rate) -> Positions:
        """Of each pair of units the newest audit that held both, by its position, or -1."""
        if (place, rate.name) not in self._held:
            by = np.full((len(self.starts), len(self.starts)), -1, dtype=np.intp)
            for position, taken in enumerate(self._taken):
                grouping = taken.placed.get(place)
                if grouping is not None and rate.name in grouping.rates:
                    by[np.ix_(taken.units, taken.units)] = position
            self._held[place, rate.name] = by
        return self._held[place, rate.name]

    def _without_repeats(
        self, place: Place, group: Group, rate: Rate, by: Positions
    ) -> SubjectSums:
        """As if every subject had one decision in all."""
        units = len(self.starts)
        whole, part = np.zeros((2, units))
        own = np.diag(by)
        of_newest = own == self._places[place].by if place in self._places else own < -1
        table = self.counts(place, group)
        whole[of_newest] = rate.denominator(table)[of_newest]
        part[of_newest] = rate.numerator(table)[of_newest]
        for position in np.unique(own[~of_newest & (own >= 0)]).tolist():
            # The newest audit of the unit did not sum this rate; an older one did.
            taken = self._taken[position]
            counts = taken.counts(place, group)
            if counts is not None:
                there = own[taken.units] == position
                at, of = taken.units[there], taken.of[there]
                whole[at] = rate.denominator(counts.table)[of]
                part[at] = rate.numerator(counts.table)[of]
        return SubjectSums(np.diag(whole), np.diag(part), np.diag(part))


def fold(
    entries: Iterable[Entry],
    *,
    unit: Unit,
    counts_from: datetime | None,
    uncounted: Sequence[Uncounted] = (),
    previous: Pooled | None = None,
) -> VersionEvidence:
    """The evidence of a version from what each of its audits counted, in any order.

    Where the version is known to have been trained until ``counts_from``, units before are left
    out of what audits counted that did not know.
    """
    return _folded(
        sorted(entries, key=lambda each: each.order),
        unit=unit,
        counts_from=counts_from,
        uncounted=uncounted,
        previous=previous,
    )


def _folded(
    entries: Sequence[Entry],
    *,
    unit: Unit,
    counts_from: datetime | None,
    uncounted: Sequence[Uncounted],
    previous: Pooled | None,
) -> VersionEvidence:
    """The evidence in which of each unit the last of the entries that counted it holds."""
    kept = [_kept(each.evidence, counts_from) for each in entries]
    starts: tuple[date, ...] = ()
    if days := {day for each in kept for day in each}:
        starts = units_between(unit, min(days), max(days) + length(unit))
    at = {day: position for position, day in enumerate(starts)}
    taken = tuple(
        Taken(entry, _positions(at[day] for day in of), _positions(of.values()))
        for entry, of in zip(entries, kept, strict=True)
    )
    places: dict[Place, Counted] = {}
    entered: list[datetime | None] = [None] * len(starts)
    held = [""] * len(starts)
    amendments = []
    for position, each in enumerate(taken):
        changed = np.zeros(len(each.units), dtype=bool)
        for place, grouping in each.placed.items():
            counted = places.setdefault(place, Counted.none(len(starts)))
            changed |= counted.enter(position, each, grouping)
        for unit_at, differs in zip(each.units.tolist(), changed.tolist(), strict=True):
            of, digest = each.entry.logical_date, each.entry.digest
            if differs:
                amendments.append(Amendment(starts[unit_at], of, held[unit_at], digest))
            entered[unit_at] = entered[unit_at] or of
            held[unit_at] = digest
    return VersionEvidence(
        unit=unit,
        counts_from=counts_from,
        starts=starts,
        entered=tuple(entered),
        amendments=tuple(amendments),
        uncounted=tuple(uncounted),
        previous=previous,
        _places=dict(sorted(places.items(), key=lambda item: item[1].searched)),
        _taken=taken,
    )


def nothing(unit: Unit, groups: Mapping[str, Iterable[str]]) -> VersionEvidence:
    """The evidence of a version before its first audit: the groups of each grouping, no unit."""
    places = {}
    for grouping, names in groups.items():
        counted = places[Place(grouping)] = Counted.none(0)
        for name in names:
            counted.add(Group(name))
    return VersionEvidence(
        unit=unit,
        counts_from=None,
        starts=(),
        entered=(),
        amendments=(),
        uncounted=(),
        previous=None,
        _places=places,
        _taken=(),
    )


def pooled(model_version: str, evidence: VersionEvidence) -> Pooled:
    """Everybody in the evidence of a version, all its units together."""
    everybody = evidence.counts(Place(OVERALL), Group(OVERALL))
    cells = (int(getattr(everybody, name).sum()) for name in CELLS)
    return Pooled(model_version, ConfusionTable(*cells))


def _kept(own: Evidence, counts_from: datetime | None) -> dict[date, int]:
    """The units of an audit that hold, with their positions."""
    knew = own.counts_from or _LONG_AGO
    return {
        day: position
        for position, day in enumerate(own.starts)
        if counts_from is None or knew >= counts_from or opening(day) >= counts_from
    }


def _positions(each: Iterable[int]) -> Positions:
    return np.array(list(each), dtype=np.intp)


def _overlay(sums: SubjectSums, pairs: PairSums, taken: Taken, held: Truths) -> None:
    """Put in what an audit lists of the pairs of units that it holds."""
    at = np.full(len(taken.entry.evidence.starts), -1)
    at[taken.of] = taken.units
    first, second = at[list(pairs.first)], at[list(pairs.second)]
    there = (first >= 0) & (second >= 0) & held[first, second]
    first, second = first[there], second[there]
    for matrix, ahead, back in (
        (sums.decisions, pairs.mm, pairs.mm),
        (sums.mixed, pairs.my, pairs.ym),
        (sums.successes, pairs.yy, pairs.yy),
    ):
        matrix[first, second] = np.array(ahead, dtype=np.float64)[there]
        matrix[second, first] = np.array(back, dtype=np.float64)[there]
