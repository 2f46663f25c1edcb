"""The evidence about one version, as one policy asks for it: rates of groups, unit by unit."""

from dataclasses import fields
from fractions import Fraction
from functools import lru_cache
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from fairness_audit.policy.base import UNKNOWN
from fairness_audit.policy.metrics import SELECTION_RATE, Needs, Rate
from fairness_audit.policy.model import AuditPolicy
from fairness_audit.records.counted_units import Group, Place
from fairness_audit.records.measurement import OVERALL
from fairness_audit.records.version_evidence import VersionEvidence
from fairness_audit.statistics.clustering import SubjectSums, lagged_factor
from fairness_audit.statistics.proportions import Floats, Proportions
from fairness_audit.statistics.small_counts import share_below, withheld

Whole = NDArray[np.int64]


class Counted(NamedTuple):
    """One rate of one group, unit by unit: decisions, and what they are worth."""

    seen: Proportions
    factor: Floats

    @property
    def successes(self) -> int:
        """All decisions in the numerator."""
        return round(float(self.seen.successes.sum()))

    @property
    def decisions(self) -> int:
        """All decisions in the denominator."""
        return round(float(self.seen.trials.sum()))

    @property
    def rate(self) -> float:
        """Of all units together: to be told beside a disparity, which is never made of it."""
        return self.successes / self.decisions if self.decisions else float("nan")

    @property
    def worth(self) -> Proportions:
        """The counts divided by their design effect."""
        return Proportions(self.seen.successes / self.factor, self.seen.trials / self.factor)

    def less(self, other: "Counted") -> "Counted":
        """The decisions that are not the other's, with the design effect of all of them."""
        return Counted(
            Proportions(
                self.seen.successes - other.seen.successes, self.seen.trials - other.seen.trials
            ),
            self.factor,
        )


class Tables:
    """The evidence about one version, as one policy asks for it."""

    def __init__(self, policy: AuditPolicy, evidence: VersionEvidence) -> None:
        self.policy, self.evidence = policy, evidence
        self.of = lru_cache(maxsize=None)(self._of)
        self.withheld = lru_cache(maxsize=None)(self._withheld)

    def _of(self, rate: Rate, grouping: str, group: str) -> Counted:
        """One rate of one group of a grouping."""
        place, name = Place(grouping), Group(group)
        counts = self.evidence.counts(place, name)
        seen = _proportions(rate.numerator(counts), rate.denominator(counts))
        sums = self.evidence.subjects(place, name, rate)
        return Counted(seen, _factor(seen, sums))

    def everybody(self, rate: Rate) -> Counted:
        """One rate of all decisions."""
        return self.of(rate, OVERALL, OVERALL)

    def unknown(self, rate: Rate, grouping: str) -> Counted:
        """One rate of those whose group is not known."""
        return self.of(rate, grouping, UNKNOWN)

    def _withheld(self, rate: Rate, grouping: str) -> frozenset[str]:
        """The groups whose counts for a rate must not be told, as small numbers would be.

        Of an intersection none is told if one must not be: what its parts tell would give it away.
        """
        names = [group.name for group in self.evidence.groups(Place(grouping))]
        cells = {name: self._cells(rate, grouping, name) for name in names}
        whole = self._cells(rate, OVERALL, OVERALL)
        hidden = withheld(cells, self.policy.min_group_size)
        is_small = bool(withheld({OVERALL: whole}, self.policy.min_group_size))
        return frozenset(names) if is_small or (hidden and "*" in grouping) else hidden

    def _cells(self, rate: Rate, grouping: str, group: str) -> tuple[int, ...]:
        """What the counts for a rate, and those for others beside them, say of a group.

        By outcomes that is every number of its confusion table: of rates with different
        denominators one could work out the others, such as whose outcome is not known.
        """
        if Needs.OUTCOME in rate.needs:
            table = self.evidence.counts(Place(grouping), Group(group))
            return tuple(int(getattr(table, cell.name).sum()) for cell in fields(table))
        counted = self.of(rate, grouping, group)
        return counted.successes, counted.decisions - counted.successes

    def among_known(self, grouping: str, group: str) -> Proportions:
        """A group's decisions among those whose group is known, as many as they are worth."""
        members = self._members(grouping, group)
        known = self._members(OVERALL, OVERALL) - self._members(grouping, UNKNOWN)
        return self._share(members, known, self._people(grouping, group))

    def known_among_all(self, grouping: str) -> Proportions:
        """The decisions whose group is known among all, as many as they are worth."""
        all_of_them = self._members(OVERALL, OVERALL)
        known = all_of_them - self._members(grouping, UNKNOWN)
        people = self._people(OVERALL, OVERALL) - self._people(grouping, UNKNOWN)
        return self._share(known, all_of_them, people)

    @property
    def decisions(self) -> int:
        """All decisions that were counted."""
        return self.everybody(SELECTION_RATE).decisions

    def decisions_of(self, grouping: str, group: str) -> int:
        """All decisions about a group."""
        return self.of(SELECTION_RATE, grouping, group).decisions

    def is_smaller_than_waited_for(self, grouping: str, group: str) -> bool:
        """True of a group with a smaller share of the decisions than the gate waits for."""
        own, smallest = self.decisions_of(grouping, group), self.policy.gate.smallest_share
        return not self.decisions or Fraction(own, self.decisions) < smallest

    def share_below(self, grouping: str, group: str) -> Fraction:
        """Under which share of the decisions a group's lies, in steps that tell no number."""
        return share_below(self.decisions_of(grouping, group), self.decisions)

    def expected(self, rate: Rate) -> float | None:
        """The rate of everybody in the version before this one; None where none is known."""
        if self.evidence.previous is None:
            return None
        successes, trials = self.evidence.previous.rate(rate)
        return successes / trials if 0 < successes < trials else None

    def _members(self, grouping: str, group: str) -> Floats:
        return self.of(SELECTION_RATE, grouping, group).seen.trials

    def _people(self, grouping: str, group: str) -> Floats:
        return self.evidence.subjects(Place(grouping), Group(group), SELECTION_RATE).decisions

    def _share(self, part: Floats, whole: Floats, people: Floats) -> Proportions:
        """Decisions about one person are all of the part, or none of them is."""
        seen = Proportions(part, whole)
        sums = SubjectSums(self._people(OVERALL, OVERALL), people, people)
        return Counted(seen, _factor(seen, sums)).worth


class Until(Tables):
    """The same evidence, as it was after so many units."""

    def __init__(self, tables: Tables, units: int) -> None:
        super().__init__(tables.policy, tables.evidence)
        self._whole, self._units = tables, units

    def _of(self, rate: Rate, grouping: str, group: str) -> Counted:
        seen, factor = self._whole.of(rate, grouping, group)
        return Counted(Proportions(*(each[: self._units] for each in seen)), factor[: self._units])


def _factor(seen: Proportions, sums: SubjectSums) -> Floats:
    """By what to divide each unit's counts; 1 where nobody is decided about twice."""
    once = seen.trials[..., None] * np.eye(seen.trials.shape[-1])
    if not sums.decisions.any() or (sums.decisions == once).all():
        return np.ones_like(seen.trials)
    return lagged_factor(seen.successes, seen.trials, sums)


def _proportions(successes: Whole, trials: Whole) -> Proportions:
    return Proportions(successes.astype(np.float64), trials.astype(np.float64))
