"""What is asked of a pair at every unit, and what each unit answers, as e-values.

A pair is a group beside what it is compared with, under one rule. The rule's limit has one or two
sides. On each side there are two hypotheses with the limit as border: *the limit is kept*, which a
fail must refute, and *the limit is broken*, which a pass must refute. Three kinds of pairs give
log e-values of both through one interface: `TwoRates`, `OneShare` and `Estimates`.

The last axis of all data is closed calendar units (days or weeks) in order of date, without gaps:
a unit that brought nothing has no trials. An earlier axis, if any, is of simulated runs.
"""

from dataclasses import dataclass, replace
from enum import Enum
from typing import Literal, NamedTuple, Protocol, Self

import numpy as np
from numpy.typing import NDArray

from fairness_audit.statistics.betting import (
    DifferenceLine,
    Line,
    Rates,
    RatioLine,
    log_e_of_estimate,
    log_e_of_rates,
    log_e_of_share,
)
from fairness_audit.statistics.proportions import Floats, Proportions, quotient

Booleans = NDArray[np.bool_]

FAIL_STEPS = (0.4, 0.8, 1.2, 2.0)
"""Alternatives beyond a limit: how far, as multiples of the way from equality to the limit."""
PASS_STEPS = (0.4, 0.7, 1.0)
"""Alternatives within a limit, likewise; the last is equality."""

PRIOR_TRIALS = 50.0
"""How many trials the rate that is expected from elsewhere counts as."""

_NO_WAY = {"ratio": float(np.log(5 / 4)), "difference": 0.1}
"""Taken for the way from equality to a limit that lies there, of which a multiple is nothing."""


class Side(Enum):
    """On which side of its limit a group may lie."""

    LOW = "low"
    HIGH = "high"


class Aim(Enum):
    """What a hypothesis is tested for."""

    FAIL = "fail"
    PASS = "pass"  # noqa: S105  (a verdict)


class FailsOn(Enum):
    """What a fail refutes: that the limit is kept, or that there is no difference at all.

    With DIFFERENCE a fail needs besides that the estimate lies beyond the limit.
    """

    LIMIT = "limit"
    DIFFERENCE = "difference"


@dataclass(frozen=True)
class Limit:
    """Which ratios or differences are within the limit, ends included; None asks nothing there.

    Raises:
        ValueError: where no side is asked about, a ratio is not above 0, a difference not within
            (-1, 1) of rates is asked of rates, or the sides cross.
    """

    scale: Literal["ratio", "difference"]
    low: float | None = None
    high: float | None = None

    def __post_init__(self) -> None:
        asked = [each for each in (self.low, self.high) if each is not None]
        if not asked or asked != sorted(asked):
            raise ValueError(f"limit {self.low} to {self.high}: name one side, or both in order")
        if self.scale == "ratio" and min(asked) <= 0:
            raise ValueError(f"limit {self.low} to {self.high} of a ratio: it must be above 0")

    @property
    def sides(self) -> tuple[Side, ...]:
        """The sides on which something is asked."""
        asked = ((Side.LOW, self.low), (Side.HIGH, self.high))
        return tuple(side for side, bound in asked if bound is not None)

    def bound(self, side: Side) -> float:
        """The end on a side that is asked about."""
        found = self.low if side is Side.LOW else self.high
        if found is None:
            raise ValueError(f"the limit {self.low} to {self.high} has no {side.value} side")
        return found

    @property
    def equality(self) -> float:
        """No disparity: ratio 1, difference 0."""
        return 1.0 if self.scale == "ratio" else 0.0

    def swapped(self) -> "Limit":
        """The limit of the reference beside the group."""

        def turned(bound: float | None) -> float | None:
            if bound is None:
                return None
            return 1 / bound if self.scale == "ratio" else -bound

        return Limit(self.scale, turned(self.high), turned(self.low))

    def alternatives(self, side: Side, aim: Aim, fails_on: FailsOn) -> Floats:
        """Disparities that are bet on, from the nearest to the limit to the farthest."""
        bound = self.bound(side)
        outwards = -1.0 if side is Side.LOW else 1.0
        if aim is Aim.PASS:
            steps = -outwards * np.array(PASS_STEPS)
        elif fails_on is FailsOn.LIMIT:
            steps = outwards * np.array(FAIL_STEPS)
        else:
            steps = outwards * np.array((0.0, *FAIL_STEPS))
        if self.scale == "ratio":
            way = abs(np.log(bound)) or _NO_WAY["ratio"]
            return np.asarray(bound * np.exp(way * steps))
        return np.asarray(bound + (abs(bound) or _NO_WAY["difference"]) * steps)

    def border(self, side: Side, aim: Aim, fails_on: FailsOn) -> float:
        """Where what is to be refuted ends."""
        at_equality = aim is Aim.FAIL and fails_on is FailsOn.DIFFERENCE
        return self.equality if at_equality else self.bound(side)


class Terms(NamedTuple):
    """What each unit adds to the two sums whose quotient is the estimate: (runs, units)."""

    numerator: Floats
    denominator: Floats

    def running(self) -> Floats:
        """The estimate by all units so far; NaN while undefined."""
        return quotient(np.cumsum(self.numerator, -1), np.cumsum(self.denominator, -1))


class Pair(Protocol):
    """Evidence about one pair, unit by unit."""

    @property
    def limit(self) -> Limit:
        """What is asked."""

    @property
    def fails_on(self) -> FailsOn:
        """What a fail refutes."""

    def log_e(self, side: Side, aim: Aim) -> Floats:
        """Log e-values, shape (runs, units, alternatives): what each unit says by itself.

        At a unit they depend on it and on earlier ones only.
        """

    def terms(self) -> Terms:
        """Of the ratio or difference, weighted unit by unit and never pooled over units.

        Pooled sums show a disparity that no unit has where the base rate and the group's share
        move together.
        """

    def at(self, limit: Limit) -> Self:
        """The same evidence, asked about another limit of the same scale."""


@dataclass(frozen=True)
class TwoRates:
    """A group's rate beside a reference's.

    Args:
        limit: of their ratio or difference.
        group: effective counts, shape (units,) or (runs, units).
        reference: likewise.
        expected: the rate of both together as known from elsewhere (an earlier version, the
            training set), for power alone; None spends the first unit with trials on learning it.
        fails_on: what a fail refutes.
    """

    limit: Limit
    group: Proportions
    reference: Proportions
    expected: float | None = None
    fails_on: FailsOn = FailsOn.LIMIT

    def log_e(self, side: Side, aim: Aim) -> Floats:
        """Against the limit on one side; the high side is the low one of the swapped pair."""
        if side is Side.HIGH:
            return self.swapped().log_e(Side.LOW, aim)
        disparity = self.limit.alternatives(side, aim, self.fails_on)
        border = self.limit.border(side, aim, self.fails_on)
        line: Line = RatioLine(border) if self.limit.scale == "ratio" else DifferenceLine(border)
        return log_e_of_rates(
            _by_runs(self.group), _by_runs(self.reference), line, self._points(disparity)
        )

    def terms(self) -> Terms:
        """Mantel-Haenszel's, with units as strata (Greenland & Robins, Biometrics 41 (1985))."""
        (a, n), (c, m) = _by_runs(self.group), _by_runs(self.reference)
        own, other = (np.nan_to_num(quotient(x, n + m)) for x in (a * m, c * n))
        if self.limit.scale == "ratio":
            return Terms(own, other)
        return Terms(own - other, np.nan_to_num(quotient(n * m, n + m)))

    def at(self, limit: Limit) -> "TwoRates":
        """The same evidence, asked about another limit."""
        return replace(self, limit=limit)

    def swapped(self) -> "TwoRates":
        """The reference beside the group."""
        return replace(
            self, limit=self.limit.swapped(), group=self.reference, reference=self.group
        )

    def _points(self, disparity: Floats) -> Rates:
        """The rates that have each disparity, and together the rate of all earlier units."""
        group, reference = _by_runs(self.group), _by_runs(self.reference)
        rate = predicted_rate(
            group.successes + reference.successes, group.trials + reference.trials, self.expected
        )[..., None]
        n, m = group.trials[..., None], reference.trials[..., None]
        everybody = np.where(n + m > 0, n + m, 1.0)
        if self.limit.scale == "ratio":
            base = rate * everybody / np.where(n + m > 0, disparity * n + m, 1.0)
            return Rates(disparity * base, base)
        base = rate - disparity * n / everybody
        return Rates(base + disparity, base)


@dataclass(frozen=True)
class OneShare:
    """A share beside a fixed one: representation against stated reference shares.

    Args:
        limit: of the share's ratio to ``stated``, or difference from it.
        share: effective counts, shape (units,) or (runs, units).
        stated: the reference share, within (0, 1).
        fails_on: what a fail refutes.
    """

    limit: Limit
    share: Proportions
    stated: float
    fails_on: FailsOn = FailsOn.LIMIT

    def log_e(self, side: Side, aim: Aim) -> Floats:
        """Against the limit on one side."""
        return log_e_of_share(
            _by_runs(self.share),
            self._rate(np.array([self.limit.border(side, aim, self.fails_on)])),
            self._rate(self.limit.alternatives(side, aim, self.fails_on)),
        )

    def terms(self) -> Terms:
        """Of everybody: what is compared with does not move between units."""
        k, n = _by_runs(self.share)
        expected = n * self.stated
        return Terms(k, expected) if self.limit.scale == "ratio" else Terms(k - expected, n)

    def at(self, limit: Limit) -> "OneShare":
        """The same evidence, asked about another limit."""
        return replace(self, limit=limit)

    def _rate(self, disparity: Floats) -> Floats:
        ratio = self.limit.scale == "ratio"
        return self.stated * disparity if ratio else self.stated + disparity


@dataclass(frozen=True)
class Estimates:
    """An estimate per unit with its variance: gaps of AUC, calibration, numbers, strata, weights.

    Approximately normal, so what they promise is looser: at most 6 in 100 instead of 5. The stake
    of a unit never rests on its own variance, which may go with its estimate, but on that of all
    earlier ones, scaled by size; the first unit is spent on learning it.

    Args:
        limit: a difference limit of the estimate; a ratio's belongs on the log scale.
        value: shape (units,) or (runs, units); NaN where a unit has none.
        variance: squared standard error, likewise.
        size: what the variance falls with, such as 1 / (1/n + 1/reference n), likewise.
        fails_on: what a fail refutes.
    """

    limit: Limit
    value: Floats
    variance: Floats
    size: Floats
    fails_on: FailsOn = FailsOn.LIMIT

    def log_e(self, side: Side, aim: Aim) -> Floats:
        """Against the limit on one side."""
        return log_e_of_estimate(
            np.atleast_2d(self.value),
            self._predicted_variance(),
            self.limit.border(side, aim, self.fails_on),
            self.limit.alternatives(side, aim, self.fails_on),
        )

    def terms(self) -> Terms:
        """Weighted by size, which no estimate can move."""
        known = self._known()
        size = np.where(known, np.atleast_2d(self.size), 0.0)
        return Terms(size * np.where(known, np.atleast_2d(self.value), 0.0), size)

    def at(self, limit: Limit) -> "Estimates":
        """The same evidence, asked about another limit."""
        return replace(self, limit=limit)

    def _known(self) -> Booleans:
        columns = (self.value, self.variance, self.size)
        found = np.logical_and.reduce([np.isfinite(np.atleast_2d(each)) for each in columns])
        usable: Booleans = found & (np.atleast_2d(self.size) > 0)
        return usable

    def _predicted_variance(self) -> Floats:
        known = self._known()
        size = np.where(known, np.atleast_2d(self.size), 0.0)
        weighed = size * size * np.where(known, np.atleast_2d(self.variance), 0.0)
        # Of one unit of size: the mean of variance x size, weighted by size.
        of_one = quotient(_earlier(weighed), _earlier(size))
        return quotient(of_one, size)


def _by_runs(share: Proportions) -> Proportions:
    return Proportions(np.atleast_2d(share.successes), np.atleast_2d(share.trials))


def _earlier(column: Floats) -> Floats:
    """Sums over all earlier units, 0 at the first."""
    sums = np.zeros_like(column)
    np.cumsum(column[..., :-1], axis=-1, out=sums[..., 1:])
    return sums


def predicted_rate(successes: Floats, trials: Floats, expected: float | None) -> Floats:
    """The rate of all earlier units and what was expected; NaN while nothing is known."""
    k, n = _earlier(successes), _earlier(trials)
    if expected is not None:
        return (PRIOR_TRIALS * expected + k) / (PRIOR_TRIALS + n)
    # Half a success and half a failure, so that a first unit of one outcome ends no betting.
    return np.where(n > 0, (k + 0.5) / (n + 1), np.nan)
