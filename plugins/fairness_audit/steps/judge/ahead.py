"""When what is open will be settled, if nobody is treated otherwise than the others."""

from collections.abc import Mapping
from typing import NamedTuple

from fairness_audit.policy.units import Day, later, length
from fairness_audit.statistics.outlook import Outlook
from fairness_audit.statistics.sequential import Aim
from fairness_audit.steps.judge.cases import Case
from fairness_audit.steps.judge.family import Position
from fairness_audit.steps.judge.outlook import Family, equality, outlook
from fairness_audit.steps.judge.sizes import Sizes
from fairness_audit.steps.judge.trial import Trial, sides_of


class Settled(NamedTuple):
    """By when, and how likely; ``by`` is None where no time within three years is likely."""

    by: Day | None
    probability: float | None


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
        return Settled(self.day(found), found.probability)

    def outlook(self, case: Case, disparity: float, aim: Aim) -> Outlook:
        """When a case passes or fails, if its disparity is in truth what is stated."""
        return outlook(
            self._tables,
            self.sizes,
            case,
            self._positions[case],
            self._family(case),
            disparity=disparity,
            aim=aim,
        )

    def day(self, found: Outlook) -> Day | None:
        """The first day on which an audit counts the unit: closed, and its outcomes given."""
        evidence = self._tables.evidence
        if found.unit is None or not evidence.starts:
            return None
        closed = evidence.starts[-1] + length(evidence.unit) * (found.unit + 1)
        return later(closed, days=self._tables.policy.maturity_days)

    def _family(self, case: Case) -> Family:
        together = self._trial.family_of(case)
        return Family.of(
            float(self._tables.policy.error_rate.alpha),
            sides_of(together),
            [self._positions[each] for each in together],
            besides=self._besides if together is self._trial.blocking else 0,
        )
