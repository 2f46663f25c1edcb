"""When what is open will be settled, if nobody is treated otherwise than the others.

From the exact week in which a group of few people is settled one could work out how many they are:
of such a group only the quarter of a year is told.
"""

import math
from collections.abc import Mapping
from typing import NamedTuple

from fairness_audit.policy.units import Day, later, length, next_quarter
from fairness_audit.statistics.outlook import Outlook
from fairness_audit.statistics.sequential import Aim
from fairness_audit.steps.judge.cases import Case
from fairness_audit.steps.judge.family import Position
from fairness_audit.steps.judge.outlook import Family, equality, outlook
from fairness_audit.steps.judge.pairs import beside_of
from fairness_audit.steps.judge.sizes import Sizes
from fairness_audit.steps.judge.trial import Trial, sides_of


class Settled(NamedTuple):
    """By when, and how likely; ``by`` is None where no time within three years is likely."""

    by: Day | None
    probability: float


class Ahead:
    """What lies ahead of the cases of one audit, at the sizes of its newest units or others."""

    def __init__(
        self,
        trial: Trial,
        positions: Mapping[object, Position],
        sizes: Sizes | None = None,
        *,
        besides: int = 0,
    ) -> None:
        """``besides`` counts hypotheses that may block and are not in the trial."""
        self._tables, self._trial, self._positions = trial.tables, trial, positions
        self._besides = besides
        self.sizes = Sizes.seen(trial.tables.evidence) if sizes is None else sizes

    def settled(self, case: Case) -> Settled:
        """When a case passes, if its rates are in truth equal."""
        found = self.outlook(case, equality(case), Aim.PASS)
        return Settled(self.day(found), found.probability or 0.0)

    def outlook(self, case: Case, disparity: float, aim: Aim) -> Outlook:
        """When a case passes or fails, if its disparity is in truth what is stated."""
        found = outlook(
            self._tables,
            self.sizes,
            case,
            self._positions[case],
            self._family(case),
            disparity=disparity,
            aim=aim,
        )
        return self._roughly(found) if self._is_of_few(case) else found

    def day(self, found: Outlook) -> Day | None:
        """The first day on which an audit counts the unit: closed, and its outcomes given."""
        evidence = self._tables.evidence
        if found.unit is None or not evidence.starts:
            return None
        closed = evidence.starts[-1] + length(evidence.unit) * (found.unit + 1)
        return later(closed, days=self._tables.policy.maturity_days)

    def _is_of_few(self, case: Case) -> bool:
        """Whether too few of a side were counted to tell how many."""
        beside = beside_of(self._tables, case)[self._positions[case].pair]
        counted = bool(self._tables.evidence.starts)
        return counted and beside.fewest < self._tables.policy.min_group_size

    def _roughly(self, found: Outlook) -> Outlook:
        """The first unit in the next quarter of a year, and what is at least as likely then."""
        day, share = self.day(found), found.probability
        told = None if share is None else math.floor(10 * share) / 10
        if found.unit is None or day is None:
            return Outlook(None, told)
        more = (next_quarter(day) - day) / length(self._tables.evidence.unit)
        return Outlook(found.unit + math.ceil(more), told)

    def _family(self, case: Case) -> Family:
        together = self._trial.family_of(case)
        return Family.of(
            float(self._tables.policy.error_rate.alpha),
            sides_of(together),
            [self._positions[each] for each in together],
            besides=self._besides if together is self._trial.blocking else 0,
        )
