"""Rates of groups that are known by probabilities alone.

A decision counts in each group as often as it is to be expected there. That estimates a group's
rate where probabilities are calibrated and, given what they rest on, the outcome has nothing to do
with the group; otherwise it is off by as much as they go together. Decisions that are counted in
one group alone are off for another reason too: Chen, Kallus, Mao, Svacha & Udell, "Fairness under
unawareness" (2019), arXiv:1811.11154.

The variance is the linearised one of a ratio of sums over subjects. The decisions of all groups
are the same ones, so what is compared is not independent: that enters too.
"""

from dataclasses import dataclass

import numpy as np

from fairness_audit.statistics import intervals
from fairness_audit.statistics.proportions import (
    Floats,
    Interval,
    Proportions,
    quotient,
    two_sided_quantile,
)


@dataclass(frozen=True)
class Expected:
    """How often groups are to be expected among decisions of several kinds.

    ``sums`` has an entry for each group and kind, ``products`` the sums over subjects of their
    products, with two axes each of groups and kinds.
    """

    sums: Floats
    products: Floats

    @property
    def size(self) -> int:
        """How many groups there are."""
        return len(self.sums)

    def share(self, groups: Floats, numerator: Floats, denominator: Floats) -> "Share":
        """The rate of some groups taken together, by which kinds count above and below.

        ``groups`` is 1 for each that is taken, else 0.
        """
        trials = float(groups @ self.sums @ denominator)
        rate = float(groups @ self.sums @ numerator) / trials if trials else np.nan
        below = np.outer(groups, denominator)
        influence = np.outer(groups, numerator - rate * denominator)
        squares = float(self._over_subjects(below, below))
        persons = trials**2 / squares if squares else 0.0
        return Share(self, rate, trials, persons, influence / trials if trials else influence)

    def covariance(self, one: "Share", other: "Share") -> float:
        """Of two rates, by subjects; of each with itself it is the variance."""
        return float(self._over_subjects(one.influence, other.influence))

    def _over_subjects(self, one: Floats, other: Floats) -> Floats:
        return np.asarray(np.einsum("gi,gihj,hj->", one, self.products, other))


@dataclass(frozen=True)
class Share:
    """A rate, and how each decision moves it.

    ``trials`` are the decisions that are to be expected, ``persons`` as many of even weight as
    they are about: (Σm)² / Σm².
    """

    expected: Expected
    rate: float
    trials: float
    persons: float
    influence: Floats

    @property
    def variance(self) -> float:
        """The linearised one of ``persons``, and of one more about whom all decisions are alike.

        Without that one, few persons who happen to be alike would tell too much. NaN below two.
        """
        if self.persons <= 1:
            return np.nan
        linearised = self.persons / (self.persons - 1) * self.expected.covariance(self, self)
        alike = self.rate * (1 - self.rate) / self.persons
        return (self.persons * linearised + alike) / (self.persons + 1)

    def interval(self, confidence: float) -> Interval:
        """That of as many independent decisions as tell as much, which few persons make fewer.

        Korn & Graubard, Survey Methodology 24 (1998), 193-201. Without successes or failures
        nothing is known of the variance: it is then as many as there are persons.
        """
        spread = self.rate * (1 - self.rate)
        worth = spread / self.variance if self.variance > 0 and spread > 0 else self.persons
        if np.isnan(self.rate) or self.persons <= 1:
            return Interval(np.full(1, np.nan), np.full(1, np.nan))
        worth *= (two_sided_quantile(confidence) / _student(self.persons - 1, confidence)) ** 2
        trials = np.array([worth])
        return intervals.rate_interval(Proportions(self.rate * trials, trials), confidence)


@dataclass(frozen=True)
class Gap:
    """A value that compares two shares, its interval and, of a difference, the test of none."""

    value: float
    low: float
    high: float
    p_value: float


def difference(group: Share, other: Share, confidence: float) -> Gap:
    """The group's rate minus the other's, by Student's t, within [-1, 1]."""
    from scipy.special import stdtr

    value = group.rate - other.rate
    freedom = min(group.persons, other.persons) - 1
    error = _error(group, other, 1.0, 1.0)
    if not error > 0 or freedom < 1:
        return Gap(value, np.nan, np.nan, np.nan)
    half = _student(freedom, confidence) * error
    p_value = max(2 * float(stdtr(freedom, -abs(value) / error)), np.finfo(np.float64).tiny)
    return Gap(value, max(value - half, -1.0), min(value + half, 1.0), p_value)


def ratio(group: Share, other: Share, confidence: float) -> Gap:
    """The group's rate over the other's; the interval by its logarithm (delta method)."""
    value = float(quotient(np.array(group.rate), np.array(other.rate)))
    freedom = min(group.persons, other.persons) - 1
    if not (value > 0 and freedom >= 1):
        return Gap(value, np.nan, np.nan, np.nan)
    error = _error(group, other, 1 / group.rate, 1 / other.rate)
    factor = float(np.exp(_student(freedom, confidence) * error))
    p_value = difference(group, other, confidence).p_value
    return Gap(value, value / factor, value * factor, p_value)


def _error(group: Share, other: Share, one: float, two: float) -> float:
    """Standard error of ``one`` times the group's rate less ``two`` times the other's."""
    together = group.expected.covariance(group, other)
    variance = one**2 * group.variance + two**2 * other.variance - 2 * one * two * together
    return float(np.sqrt(max(variance, 0.0))) if variance == variance else np.nan


def _student(freedom: float, confidence: float) -> float:
    from scipy.special import stdtrit

    return float(stdtrit(freedom, (1 + confidence) / 2))
