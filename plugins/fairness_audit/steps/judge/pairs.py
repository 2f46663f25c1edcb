"""The evidence about a case, as pairs of rates that a course of verdicts is made of.

Decisions about one person are worth less than as many about several, so counts are divided by
their design effect (`statistics.clustering`).

Rows of the unknown group may belong to any group. One more success raises a rate and one more
failure lowers it, whatever the rate is. So a group's rate is highest against another's if all
unknown successes are its own and all unknown failures are the other's, and lowest the other way
round; no other way to share them out lies outside these two (Manski, "Nonparametric bounds on
treatment effects", American Economic Review 80 (1990), 319-323). Everybody else includes the
unknown already: there rows only move to the group.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from fractions import Fraction
from functools import lru_cache
from typing import NamedTuple

import numpy as np

from fairness_audit.policy.base import UNKNOWN
from fairness_audit.policy.metrics import SELECTION_RATE, Rate
from fairness_audit.policy.model import Against, AuditPolicy
from fairness_audit.policy.model import FailsOn as Asked
from fairness_audit.records.measurement import OVERALL
from fairness_audit.records.version_evidence import Group, Place, VersionEvidence
from fairness_audit.statistics.clustering import SubjectSums, lagged_factor
from fairness_audit.statistics.proportions import Floats, Proportions
from fairness_audit.statistics.sequential import (
    Aim,
    FailsOn,
    Limit,
    OneShare,
    Pair,
    Side,
    Terms,
    TwoRates,
)
from fairness_audit.steps.judge.allowed_range import AllowedRange
from fairness_audit.steps.judge.cases import Case, rate_of

EVERYBODY = Place(OVERALL)


class Counted(NamedTuple):
    """One rate of one group, unit by unit: decisions, and what they are worth."""

    seen: Proportions
    factor: Floats

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


@dataclass(frozen=True)
class AtItsEnds:
    """A pair that is judged where it tells least, since some of its rows may be another group's.

    What is seen is ``seen``; the group may be as low against the other as ``lowest`` and as high as
    ``highest``. A pass must hold at both; so must a fail, unless ``fails_as_seen``.
    """

    seen: TwoRates
    lowest: TwoRates
    highest: TwoRates
    fails_as_seen: bool = False

    @property
    def limit(self) -> Limit:
        """What is asked."""
        return self.seen.limit

    @property
    def fails_on(self) -> FailsOn:
        """What a fail refutes."""
        return self.seen.fails_on

    def log_e(self, side: Side, aim: Aim) -> Floats:
        """Log e-values at the end that speaks most against them."""
        if aim is Aim.FAIL and self.fails_as_seen:
            return self.seen.log_e(side, aim)
        at_highest = (side is Side.LOW) is (aim is Aim.FAIL)
        return (self.highest if at_highest else self.lowest).log_e(side, aim)

    def terms(self) -> Terms:
        """Of what is seen."""
        return self.seen.terms()

    def at(self, limit: Limit) -> "AtItsEnds":
        """The same evidence, asked about another limit."""
        ends = (each.at(limit) for each in (self.seen, self.lowest, self.highest))
        return AtItsEnds(*ends, self.fails_as_seen)


class Tables:
    """The evidence about one version, as one policy asks for it."""

    def __init__(self, policy: AuditPolicy, evidence: VersionEvidence) -> None:
        self.policy, self.evidence = policy, evidence
        self._units = len(evidence.starts)
        self.of = lru_cache(maxsize=None)(self._of)

    def _of(self, rate: Rate, grouping: str, group: str) -> Counted:
        """One rate of one group of a grouping."""
        place, name = Place(grouping), Group(group)
        counts = self.evidence.counts(place, name)
        seen = Proportions.of(rate.numerator(counts), rate.denominator(counts))
        sums = self.evidence.subjects(place, name, rate)
        return Counted(seen, _factor(seen, SubjectSums(*_floats(sums.mm, sums.my, sums.yy))))

    def everybody(self, rate: Rate) -> Counted:
        """One rate of all decisions."""
        return self.of(rate, OVERALL, OVERALL)

    def share(self, grouping: str, group: str | None) -> Proportions:
        """A group's decisions among those of known group; of None, these among all."""
        everybody = self.everybody(SELECTION_RATE).seen.trials
        unknown = self.of(SELECTION_RATE, grouping, UNKNOWN).seen.trials
        among = everybody if group is None else everybody - unknown
        own = among - unknown if group is None else self._decisions(grouping, group)
        whole = SubjectSums(*_floats(*self._people(OVERALL, OVERALL)))
        # Decisions about one person are all of one group, or none is.
        name = UNKNOWN if group is None else group
        part = SubjectSums(*_floats(*self._people(grouping, name)))
        return Counted(Proportions(own, among), _factor(Proportions(own, among), whole, part)).worth

    def _decisions(self, grouping: str, group: str) -> Floats:
        return self.of(SELECTION_RATE, grouping, group).seen.trials

    def expected(self, rate: Rate) -> float | None:
        """The rate of everybody in the version before this one; None where none is known."""
        if self.evidence.previous is None:
            return None
        successes, trials = self.evidence.previous.rate(rate)
        inside = 0 < successes < trials
        return successes / trials if inside else None
