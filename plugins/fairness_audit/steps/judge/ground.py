"""The three-valued decision about one disparity, and the ground it stands on."""

from collections.abc import Iterable
from enum import Enum
from fractions import Fraction

from fairness_audit.policy.model import Severity
from fairness_audit.records.finding import Verdict
from fairness_audit.records.measurement import Measurement
from fairness_audit.steps.judge.allowed_range import AllowedRange, TwoRates


class Ground(Enum):
    """Why a disparity is judged as it is."""

    NOT_MEASURED = "no measurement"
    TOO_SMALL = "too few rows in the group or in what it is compared with"
    UNDEFINED = "a ratio to a rate of zero, or a value that is missing"
    BREACH = "outside the limit, and chance does not explain it"
    UNPROVEN_BREACH = "outside the limit, but chance may explain it"
    DEPENDS_ON_UNKNOWN = "another verdict, depending on where the unknown group belongs"
    DEPENDS_ON_INFERENCE = "inside the limit, unless some are not of the group they are put into"
    WITHIN = "inside the limit, with its whole interval"
    UNPROVEN_WITHIN = "inside the limit, but its interval is not"

    @property
    def is_judged(self) -> bool:
        """True if there were numbers enough to judge by."""
        return self not in (Ground.NOT_MEASURED, Ground.TOO_SMALL, Ground.UNDEFINED)


def ground_of(
    measured: Measurement | None,
    allowed: AllowedRange,
    *,
    min_group_size: int,
    p_adjusted: float | None,
    alpha: Fraction,
) -> Ground:
    """On what ground a disparity is judged.

    `fail` needs a breach *and* evidence against chance, `pass` needs the whole interval inside
    the limit; all else is inconclusive. Without a p-value there is no evidence against chance.
    """
    rates = None if measured is None else TwoRates.of(measured)
    if measured is None or rates is None:
        return Ground.NOT_MEASURED
    if rates.smallest < min_group_size:
        return Ground.TOO_SMALL
    if measured.value is None or rates.disparity(allowed.compare) is None:
        return Ground.UNDEFINED
    if allowed.is_breached_by(rates):
        proven = p_adjusted is not None and p_adjusted < alpha
        return Ground.BREACH if proven else Ground.UNPROVEN_BREACH
    inside = allowed.contains(measured.low, measured.high)
    return Ground.WITHIN if inside else Ground.UNPROVEN_WITHIN


def held_at(ground: Ground, ends: Iterable[Ground]) -> Ground:
    """The ground that is left of one that must hold wherever the unknown belong: at both ends."""
    if ground not in (Ground.BREACH, Ground.WITHIN):
        return ground
    return ground if all(end is ground for end in ends) else Ground.DEPENDS_ON_UNKNOWN


def verdict_of(ground: Ground, severity: Severity) -> Verdict:
    """What a ground makes of a finding, under a rule of that severity."""
    if ground is Ground.BREACH:
        return Verdict.FAIL if severity is Severity.FAIL else Verdict.WARN
    return Verdict.PASS if ground is Ground.WITHIN else Verdict.INCONCLUSIVE
