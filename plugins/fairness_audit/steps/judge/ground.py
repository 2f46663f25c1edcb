"""The three-valued decision about one disparity, and the ground it stands on."""

from enum import Enum

from fairness_audit.policy.model import Severity
from fairness_audit.records.finding import Verdict
from fairness_audit.statistics.course import State


class Ground(Enum):
    """Why a disparity is judged as it is."""

    NOT_COUNTED = "no decision counts on one side"
    TOO_SMALL = "too few decisions in the group or in what it is compared with"
    BREACH = "that the limit is kept is refuted"
    WITHIN = "that the limit is broken is refuted"
    OPEN = "neither is refuted yet"

    @property
    def is_judged(self) -> bool:
        """True if there were numbers enough to judge by."""
        return self not in (Ground.NOT_COUNTED, Ground.TOO_SMALL)


def ground_of(state: State, smallest: int, *, min_group_size: int) -> Ground:
    """On what ground a disparity is judged; ``smallest`` is the smaller number of decisions."""
    if not smallest:
        return Ground.NOT_COUNTED
    if smallest < min_group_size:
        return Ground.TOO_SMALL
    return {State.FAIL: Ground.BREACH, State.PASS: Ground.WITHIN}.get(state, Ground.OPEN)


def verdict_of(ground: Ground, severity: Severity) -> Verdict:
    """What a ground makes of a finding, under a rule of that severity."""
    if ground is Ground.BREACH:
        return Verdict.FAIL if severity is Severity.FAIL else Verdict.WARN
    return Verdict.PASS if ground is Ground.WITHIN else Verdict.INCONCLUSIVE
