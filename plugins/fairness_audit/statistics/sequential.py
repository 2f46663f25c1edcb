"""What is asked of a pair at every unit, and what each unit answers, as e-values.

A pair is a group beside what it is compared with, under one rule. The rule's limit has one or two
sides. On each side there are two hypotheses with the limit as border: *the limit is kept*, which a
fail must refute, and *the limit is broken*, which a pass must refute. Three kinds of pairs give
log e-values of both through one interface: `TwoRates`, `OneShare` and `Estimates`.

The last axis of all data is closed calendar units (days or weeks) in order of date, without gaps:
a unit that brought nothing has no trials. An earlier axis, if any, is of simulated runs.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import Enum
from typing import Literal, NamedTuple, Protocol, TypeVar

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

Disparity = TypeVar("Disparity", float, Floats)

FAIL_STEPS = (0.4, 0.8, 1.2, 2.0)
"""Alternatives beyond a limit: how far, as multiples of the way from equality to the limit."""
PASS_STEPS = (0.35, 0.65, 0.85)
"""Alternatives within a limit, likewise; 1 would be equality. By simulation of fair models."""

FIRST_RATES = (0.02, 0.05, 0.1, 0.2, 0.35, 0.5, 0.7, 0.9)
"""What the rate of a first unit may be, where nothing is known of it: a bet on each, alike."""

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
        ValueError: where no side is asked about, the sides cross, or a ratio is not above 0.
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
        ends = (None if each is None else self.turned(each) for each in (self.high, self.low))
        return Limit(self.scale, *ends)

    def turned(self, disparity: Disparity) -> Disparity:
        """That of the reference beside the group."""
        return 1 / disparity if self.scale == "ratio" else -disparity

    def way(self, side: Side) -> float:
        """How far the end lies from equality, on the log scale for a ratio."""
        bound = self.bound(side)
        return abs(float(np.log(bound)) if self.scale == "ratio" else bound) or _NO_WAY[self.scale]

    def beside(self, disparity: float | Floats, ways: float | Floats) -> Floats:
        """What lies so far from a disparity: further up for ``ways`` above 0."""
        if self.scale == "ratio":
            return np.asarray(disparity * np.exp(ways))
        return np.asarray(disparity + ways)


class Bet(NamedTuple):
    """What is refuted, and what is bet on: disparities, with a last axis of alternatives."""

    border: Floats
    alternatives: Floats


def bet(
    limit: Limit, side: Side, aim: Aim, fails_on: FailsOn, border: Floats | None = None
) -> Bet:
    """The bet against one hypothesis about a pair.

    ``border``, shape (borders,), asks about other limits as if they were this one: both results
    then have axes (borders, 1, ...).
    """
    outwards = -limit.way(side) if side is Side.LOW else limit.way(side)
    steps = -np.array(PASS_STEPS) if aim is Aim.PASS else np.array(FAIL_STEPS)
    if border is not None:
        asked = border[:, None, None]
        return Bet(asked, limit.beside(asked, outwards * steps))
    bound = np.array([limit.bound(side)])
    if aim is Aim.FAIL and fails_on is FailsOn.DIFFERENCE:
        at_and_beyond = np.concatenate(([0.0], steps))
        return Bet(np.array([limit.equality]), limit.beside(bound, outwards * at_and_beyond))
    return Bet(bound, limit.beside(bound, outwards * steps))


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

    def log_e(self, side: Side, aim: Aim, border: Floats | None = None) -> Floats:
        """Log e-values, shape (runs, units, alternatives): what each unit says by itself.

        At a unit they depend on it and on earlier ones only. ``border``, shape (borders,), asks a
        single run about other limits, which then stand in the place of the runs.
        """

    def terms(self) -> Terms:
        """Of the ratio or difference, weighted unit by unit and never pooled over units.

        Pooled sums show a disparity that no unit has where the base rate and the group's share
        move together.
        """


@dataclass(frozen=True)
class TwoRates:
    """A group's rate beside a reference's.

    Args:
        limit: of their ratio or difference.
        group: effective counts, shape (units,) or (runs, units).
        reference: likewise.
        expected: the rate of both together as known from elsewhere (an earlier version, the
            training set), for power alone; None spreads the bets of the first unit with trials
            over `FIRST_RATES`.
        fails_on: what a fail refutes.

    Raises:
        ValueError: where successes are not from 0 to trials, or a rate is not from 0 to 1.
    """

    limit: Limit
    group: Proportions
    reference: Proportions
    expected: float | None = None
    fails_on: FailsOn = FailsOn.LIMIT

    def __post_init__(self) -> None:
        _check(self.group, "the group")
        _check(self.reference, "the reference")
        if self.expected is not None and not 0 <= self.expected <= 1:
            raise ValueError(f"a rate of {self.expected} cannot be expected: it lies from 0 to 1")

    def log_e(self, side: Side, aim: Aim, border: Floats | None = None) -> Floats:
        """Against the limit on one side; the high side is the low one of the swapped pair."""
        if side is Side.HIGH:
            turned = None if border is None else self.limit.turned(border)
            return self.swapped().log_e(Side.LOW, aim, turned)
        asked, disparities = bet(self.limit, side, aim, self.fails_on, border)
        line: Line = RatioLine(asked) if self.limit.scale == "ratio" else DifferenceLine(asked)
        group, reference = _by_runs(self.group), _by_runs(self.reference)
        rate = predicted_rate(
            group.successes + reference.successes, group.trials + reference.trials, self.expected
        )
        known = ~np.isnan(rate).any(axis=0)
        found = log_e_of_rates(
            group, reference, line, self._points(group, reference, disparities, rate)
        )
        first = np.flatnonzero(~known)
        if len(first):
            own, other = _at(group, first), _at(reference, first)
            guesses = [np.full((1, 1), each) for each in FIRST_RATES]
            found[..., first, :] = _log_mean(
                [
                    log_e_of_rates(own, other, line, self._points(own, other, disparities, guess))
                    for guess in guesses
                ]
            )
        return found

    def terms(self) -> Terms:
        """Mantel-Haenszel's, with units as strata (Greenland & Robins, Biometrics 41 (1985))."""
        (a, n), (c, m) = _by_runs(self.group), _by_runs(self.reference)
        own, other = (np.nan_to_num(quotient(x, n + m)) for x in (a * m, c * n))
        if self.limit.scale == "ratio":
            return Terms(own, other)
        return Terms(own - other, np.nan_to_num(quotient(n * m, n + m)))

    def swapped(self) -> "TwoRates":
        """The reference beside the group."""
        return replace(
            self, limit=self.limit.swapped(), group=self.reference, reference=self.group
        )

    def _points(
        self, group: Proportions, reference: Proportions, disparity: Floats, rate: Floats
    ) -> Rates:
        """The rates that have each disparity, and together a rate."""
        rate = rate[..., None]
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

    Raises:
        ValueError: where successes are not from 0 to trials, or the stated share not in (0, 1).
    """

    limit: Limit
    share: Proportions
    stated: float
    fails_on: FailsOn = FailsOn.LIMIT

    def __post_init__(self) -> None:
        _check(self.share, "the share")
        if not 0 < self.stated < 1:
            raise ValueError(f"a stated share of {self.stated} must lie between 0 and 1")

    def log_e(self, side: Side, aim: Aim, border: Floats | None = None) -> Floats:
        """Against the limit on one side."""
        asked, disparities = bet(self.limit, side, aim, self.fails_on, border)
        return log_e_of_share(_by_runs(self.share), self._rate(asked), self._rate(disparities))

    def terms(self) -> Terms:
        """Of everybody: what is compared with does not move between units."""
        k, n = _by_runs(self.share)
        expected = n * self.stated
        return Terms(k, expected) if self.limit.scale == "ratio" else Terms(k - expected, n)

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

    def log_e(self, side: Side, aim: Aim, border: Floats | None = None) -> Floats:
        """Against the limit on one side."""
        asked, disparities = bet(self.limit, side, aim, self.fails_on, border)
        return log_e_of_estimate(
            np.atleast_2d(self.value), self._predicted_variance(), asked, disparities
        )

    def terms(self) -> Terms:
        """Weighted by size, which no estimate can move."""
        value, _, size = self._known()
        return Terms(size * value, size)

    def _known(self) -> tuple[Floats, Floats, Floats]:
        """Value, variance and size, (runs, units); all 0 in a unit that lacks one of them."""
        columns = np.broadcast_arrays(
            *(np.atleast_2d(each) for each in (self.value, self.variance, self.size))
        )
        value, variance, size = columns
        usable = np.isfinite(value) & np.isfinite(variance) & (variance >= 0) & (size > 0)
        value, variance, size = (np.where(usable, each, 0.0) for each in columns)
        return value, variance, size

    def _predicted_variance(self) -> Floats:
        """NaN where there is no estimate, or none earlier to learn from."""
        _, variance, size = self._known()
        # Of one unit of size: the mean of variance x size, weighted by size.
        of_one = quotient(_earlier(size * size * variance), _earlier(size))
        return quotient(of_one, size)


def _check(counts: Proportions, whose: str) -> None:
    """What is not a number would be evidence of nothing, and let everything through."""
    if (
        not (np.isfinite(counts.trials) & (counts.successes >= 0)).all()
        or not (counts.successes <= counts.trials).all()
    ):
        raise ValueError(f"successes of {whose} must be numbers from 0 to its trials")


def _by_runs(share: Proportions) -> Proportions:
    return Proportions(np.atleast_2d(share.successes), np.atleast_2d(share.trials))


def _log_mean(each: Sequence[Floats]) -> Floats:
    """Logarithm of the mean of what these are the logarithms of."""
    stacked = np.stack(each)
    most = stacked.max(axis=0)
    most = np.where(np.isfinite(most), most, 0.0)  # nothing is left of an e-value of 0
    with np.errstate(divide="ignore"):
        return np.asarray(most + np.log(np.exp(stacked - most).mean(axis=0)))


def _at(share: Proportions, units: NDArray[np.intp]) -> Proportions:
    return Proportions(share.successes[:, units], share.trials[:, units])


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
