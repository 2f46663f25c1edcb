"""The declared family: all tests of one audit, judged together."""

from collections.abc import Sequence
from fractions import Fraction

from fairness_audit.policy.error_rate import Family
from fairness_audit.policy.model import Against
from fairness_audit.statistics.family import benjamini_hochberg, holm
from fairness_audit.steps.judge.allowed_range import TwoRates
from fairness_audit.steps.judge.cases import Case, Hypothesis, Part


class Significance:
    """All tests of one audit, as one family: every rule, whatever its severity.

    Whether a test belongs to it is decided by the sizes of the groups, never by their outcomes:
    one whose p-value is not known counts with p = 1. Where the data chose what to compare with
    (the *best* of k groups), each of the k(k-1)/2 pairs was in the running for one of the k-1
    comparisons, so each p-value is multiplied by k/2.
    """

    def __init__(self, parts: Sequence[Part], *, min_group_size: int, family: Family) -> None:
        tests: dict[Hypothesis, tuple[float, float]] = {}
        for part in parts:
            large = [each for each in part.cases if _is_large(each, min_group_size)]
            weight = (len(large) + 1) / 2 if part.rule.against is Against.BEST else 1.0
            for case in large:
                p = max(_p_value(case), tests.get(case.hypothesis, (0.0, 0.0))[0])
                tests[case.hypothesis] = (p, weight)
        adjusted = holm if family is Family.HOLM else benjamini_hochberg
        weighted = [min(1.0, p * weight) for p, weight in tests.values()]
        self._adjusted = dict(zip(tests, adjusted(weighted), strict=True))
        self._weights = {hypothesis: weight for hypothesis, (_, weight) in tests.items()}

    def p_adjusted(self, case: Case) -> float | None:
        """The case's p-value adjusted for the family; None if it is too small to be tested."""
        return self._adjusted.get(case.hypothesis)

    def level(self, case: Case, alpha: Fraction) -> float:
        """The level at which a test of the case is sure to be significant, whatever the others."""
        tests = max(1, len(self._weights))
        return float(alpha) / (tests * self._weights.get(case.hypothesis, 1.0))


def _is_large(case: Case, min_group_size: int) -> bool:
    rates = None if case.measured is None else TwoRates.of(case.measured)
    return rates is not None and rates.smallest >= min_group_size


def _p_value(case: Case) -> float:
    p = case.measured.p_value if case.measured else None
    return p if p is not None and 0 <= p <= 1 else 1.0
