"""The range of disparities a rule allows, and exactly when one lies outside it.

Thresholds are fractions and rates are counts, so a comparison is one of whole numbers: no float
decides a breach. Both ends of a range belong to it: exactly 4/5 is no breach of 4/5.
"""

from dataclasses import dataclass
from fractions import Fraction
from typing import Any, NamedTuple, Self

from fairness_audit.policy.model import Comparison, Rule
from fairness_audit.records.measurement import Measurement

_MILLION = 1_000_000

FOUR_FIFTHS = Fraction(4, 5)

Exact = Any  # int, or Fraction: their arithmetic is exact
"""A count or, in a weighted population, a sum of weights in millionths."""


class TwoRates(NamedTuple):
    """The rate of a group and the one it is compared with, as exact amounts."""

    numerator: Exact
    denominator: Exact
    reference_numerator: Exact
    reference_denominator: Exact

    @classmethod
    def of(cls, measured: Measurement) -> "TwoRates | None":
        """The counts behind a disparity; None if it does not carry those of its reference."""
        amounts = (
            measured.numerator,
            measured.denominator,
            measured.reference_numerator,
            measured.reference_denominator,
        )
        known = [_exact(each) for each in amounts if each is not None]
        return cls(*known) if len(known) == len(amounts) else None

    @property
    def smallest(self) -> Exact:
        """The smaller of the two denominators."""
        return min(self.denominator, self.reference_denominator)

    @property
    def rate(self) -> float:
        """The group's rate."""
        return float(self.numerator / self.denominator)

    @property
    def reference_rate(self) -> float:
        """The rate the group is compared with."""
        return float(self.reference_numerator / self.reference_denominator)

    def disparity(self, compare: Comparison) -> tuple[Exact, Exact] | None:
        """Ratio or difference of the rates, as numerator and positive denominator.

        None where it is undefined: without rows on either side, or as a ratio to a rate of zero.
        """
        theirs = self.numerator * self.reference_denominator
        reference = self.reference_numerator * self.denominator
        both = self.denominator * self.reference_denominator
        if both == 0 or (compare is Comparison.RATIO and reference == 0):
            return None
        return (theirs, reference) if compare is Comparison.RATIO else (theirs - reference, both)


@dataclass(frozen=True)
class AllowedRange:
    """The disparities a rule allows: from ``low`` to ``high``, both included.

    Of a *difference* the size is bounded, in both directions. Of a *ratio* the side that harms
    the group is bounded: where more of the rate is better for it, the ratio must not fall below
    the threshold; where less is better (error rates, and the selection rate where being selected
    is unfavourable), it must not rise above the threshold's inverse.
    """

    compare: Comparison
    bound: Fraction
    is_upper: bool = False

    @classmethod
    def of(cls, rule: Rule, *, selected_is_favourable: bool) -> Self:
        """The range that a rule allows."""
        more_is_better = rule.metric.higher_is_better(
            selected_is_favourable=selected_is_favourable
        )
        if rule.compare is Comparison.DIFFERENCE or more_is_better:
            return cls(rule.compare, rule.threshold)
        return cls(rule.compare, 1 / rule.threshold, is_upper=True)

    @property
    def low(self) -> Fraction | None:
        """The smallest disparity allowed; None if there is no such bound."""
        if self.compare is Comparison.DIFFERENCE:
            return -self.bound
        return None if self.is_upper else self.bound

    @property
    def high(self) -> Fraction | None:
        """The largest disparity allowed; None if there is no such bound."""
        return self.bound if self.is_upper or self.compare is Comparison.DIFFERENCE else None

    def is_breached_by(self, rates: TwoRates) -> bool:
        """True if the disparity is defined and lies outside the range, exactly."""
        disparity = rates.disparity(self.compare)
        if disparity is None:
            return False
        return (self.low is not None and _below(disparity, self.low)) or (
            self.high is not None and _above(disparity, self.high)
        )

    def contains(self, low: float | None, high: float | None) -> bool:
        """True if the whole interval lies within the range; False if it is not known."""
        if low is None or high is None or not low <= high:
            return False
        return (self.low is None or low >= self.low) and (self.high is None or high <= self.high)


def is_below_four_fifths(rates: TwoRates) -> bool | None:
    """The bare four-fifths rule, exactly; None where the ratio is undefined."""
    ratio = rates.disparity(Comparison.RATIO)
    return None if ratio is None else _below(ratio, FOUR_FIFTHS)


def _exact(amount: float) -> Exact:
    """A count, or a part of one, as it is; a sum of weights in millionths, as it was summed."""
    is_exact = isinstance(amount, int | Fraction)
    return amount if is_exact else Fraction(round(amount * _MILLION), _MILLION)


def _below(value: tuple[Exact, Exact], bound: Fraction) -> bool:
    return bool(value[0] * bound.denominator < bound.numerator * value[1])


def _above(value: tuple[Exact, Exact], bound: Fraction) -> bool:
    return bool(value[0] * bound.denominator > bound.numerator * value[1])
