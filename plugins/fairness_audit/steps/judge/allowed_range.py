"""The range of disparities a rule allows. Both ends belong to it: exactly 4/5 keeps 4/5."""

from dataclasses import dataclass
from fractions import Fraction
from typing import Self

from fairness_audit.policy.model import Against, Comparison, Rule, Sides
from fairness_audit.statistics.sequential import Limit, Side


@dataclass(frozen=True)
class AllowedRange:
    """The disparities a rule allows: from ``low`` to ``high``; None where there is no such end.

    A rule protects both sides of a comparison unless it says ``sides: harm``; then only the side
    that harms the group is bounded: where more of the rate is better for it, a ratio must not fall
    below the threshold; where less is better (error rates, and the selection rate where being
    selected is unfavourable), it must not rise above the threshold's inverse. Against the best,
    where every group is held against every other, that is enough to protect all of them.
    """

    compare: Comparison
    low: Fraction | None
    high: Fraction | None

    @classmethod
    def of(cls, rule: Rule, *, selected_is_favourable: bool) -> Self:
        """The range that a rule allows."""
        bound = rule.threshold
        is_ratio = rule.compare is Comparison.RATIO
        low, high = (bound, 1 / bound) if is_ratio else (-bound, bound)
        if rule.sides is Sides.BOTH and rule.against is not Against.BEST:
            return cls(rule.compare, low, high)
        more_is_better = rule.metric.higher_is_better(
            selected_is_favourable=selected_is_favourable
        )
        return cls(rule.compare, low, None) if more_is_better else cls(rule.compare, None, high)

    @property
    def limit(self) -> Limit:
        """The range as the statistics of evidence take it."""
        low, high = (None if end is None else float(end) for end in (self.low, self.high))
        return Limit(self.compare.value, low, high)

    def left_on(self, value: float | None) -> Side | None:
        """On which side a disparity lies outside; None within, and where it is not known."""
        if value is None:
            return None
        if self.low is not None and value < float(self.low):
            return Side.LOW
        return Side.HIGH if self.high is not None and value > float(self.high) else None

    def end(self, side: Side) -> Fraction:
        """The end on a side that is bounded."""
        found = self.low if side is Side.LOW else self.high
        if found is None:
            raise ValueError(f"the range has no {side.value} end")
        return found


def is_below_four_fifths(own: tuple[int, int], other: tuple[int, int]) -> bool | None:
    """Whether a rate is below 4/5 of another, exactly: (successes, decisions) of each.

    None where the other is of nobody or 0, so that there is no ratio.
    """
    (selected, n), (other_selected, other_n) = own, other
    return 5 * selected * other_n < 4 * other_selected * n if other_selected else None
