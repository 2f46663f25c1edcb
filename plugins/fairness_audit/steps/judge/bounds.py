"""What a disparity could be if everybody's group were known: best and worst case.

Rows of the unknown group may belong to any group. One more success raises a rate and one more
failure lowers it, whatever the rate is. So a group's rate is highest against another's if all
unknown successes are its own and all unknown failures are the other's, and lowest the other way
round; no other way to share them out lies outside these two (Manski, "Nonparametric bounds on
treatment effects", American Economic Review 80 (1990), 319-323). Everybody else includes the
unknown already: there rows only move to the group.

Of a group that was inferred, some rows belong elsewhere. If at most a share e of them does,
whoever they are, the group's own rate lies from max(0, (p - e) / (1 - e)) to min(1, p / (1 - e))
where p was observed: either all rows that do not belong are successes, or none is (Horowitz and
Manski, "Identification and robustness with contaminated and corrupted data", Econometrica 63
(1995), 281-302).
"""

from dataclasses import dataclass, replace
from fractions import Fraction
from typing import NamedTuple

import numpy as np

from fairness_audit.statistics.proportions import Floats, Proportions
from fairness_audit.statistics.sequential import Aim, FailsOn, Limit, Side, Terms, TwoRates
from fairness_audit.steps.judge.tables import Counted


class Ends(NamedTuple):
    """A pair where the group is lowest against the other, and where it is highest."""

    lowest: TwoRates
    highest: TwoRates


@dataclass(frozen=True)
class AtItsEnds:
    """A pair some of whose rows may be another group's, judged where it tells least.

    A fail must hold at both ``fails``, and a pass at both ``passes``.
    """

    limit: Limit
    seen: TwoRates
    fails: Ends
    passes: Ends

    @property
    def fails_on(self) -> FailsOn:
        """What a fail refutes."""
        return self.seen.fails_on

    def log_e(self, side: Side, aim: Aim, border: Floats | None = None) -> Floats:
        """Log e-values at the end that speaks most against them."""
        ends = self.fails if aim is Aim.FAIL else self.passes
        at_highest = (side is Side.LOW) is (aim is Aim.FAIL)
        held = ends.highest if at_highest else ends.lowest
        return replace(held, limit=self.limit).log_e(side, aim, border)

    def terms(self) -> Terms:
        """Of what is seen."""
        return self.seen.terms()


class Beside(NamedTuple):
    """A group, and what it is compared with."""

    own: Counted
    other: Counted

    @property
    def fewest(self) -> int:
        """The smaller number of decisions."""
        return min(self.own.decisions, self.other.decisions)


def unknown_ends(
    beside: Beside, unknown: Proportions, *, others_are_known: bool
) -> tuple[Beside, Beside]:
    """The two rates where the group is lowest, and where it is highest.

    ``others_are_known`` where the other is a group; else it is everybody else, among whom those of
    unknown group are already.
    """
    own, other = beside
    good, bad = unknown.successes, unknown.failures
    nobody = np.zeros_like(good)
    own_low, own_high = _moved(own, nobody, bad), _moved(own, good, good)
    if others_are_known:
        return (
            Beside(own_low, _moved(other, good, good)),
            Beside(own_high, _moved(other, nobody, bad)),
        )
    return (
        Beside(own_low, _moved(other, nobody, -bad)),
        Beside(own_high, _moved(other, -good, -good)),
    )


def contaminated(counted: Counted, error: Fraction) -> tuple[Counted, Counted]:
    """Lowest and highest a rate may be of those who belong, if a share ``error`` does not."""
    wrong = float(error)
    k, n = counted.seen
    belong = n * (1 - wrong)
    lowest = Proportions(np.maximum(k - n * wrong, 0.0), belong)
    highest = Proportions(np.minimum(k, belong), belong)
    return Counted(lowest, counted.factor), Counted(highest, counted.factor)


def _moved(counted: Counted, successes: Floats, trials: Floats) -> Counted:
    k, n = counted.seen
    return Counted(Proportions(k + successes, n + trials), counted.factor)
