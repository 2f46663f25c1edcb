"""A gap in selection over everybody, and what the strata make of it.

It may come from who is in which stratum, turn round within them (Simpson's paradox), or be another
one in each. All three say why there is a gap, not that the model fails: they block nothing and
spend no error budget.
"""

import math
from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

from fairness_audit.policy.metrics import BRESLOW_DAY, RISK_DIFFERENCE, SELECTION_RATE, WOOLF
from fairness_audit.policy.model import Against, AuditPolicy, Comparison
from fairness_audit.records.finding import Evidence, Finding, Verdict, group_name, grouping_name
from fairness_audit.records.measurement import Measurement
from fairness_audit.statistics.family import holm
from fairness_audit.statistics.within_strata import LEFT_UNEXPLAINED, Gap, Pattern, pattern
from fairness_audit.steps.judge.wording import compared_with, p_value, points, three_digits
from fairness_audit.text import one_line

RULE = "gap_within_strata"

_NAMED = 3
"""So many strata are named in a sentence; of others it says how many there are."""


def reversal_findings(
    policy: AuditPolicy, measurements: Sequence[Measurement]
) -> Iterator[Finding]:
    """One warning for each group whose gap the strata explain, reverse, or do not share.

    What that takes stands in `statistics.within_strata`. The p-values of the gaps over everybody,
    of the common gaps within strata (Cochran-Mantel-Haenszel), and of homogeneous strata
    (Breslow-Day and Woolf: both must reject it) are adjusted as a family each (Holm over all
    groups and strata looked at), at the policy's alpha.
    """
    looked_at = list(_looked_at(measurements))
    wholes, commons, homogeneous = (
        holm([_p(each) for each in column])
        for column in (
            [each.whole.p_value for each in looked_at],
            [each.common.p_value for each in looked_at],
            [each.p_homogeneous for each in looked_at],
        )
    )
    alpha = float(policy.error_rate.alpha)
    for each, p_whole, p_common, p_same in zip(
        looked_at, wholes, commons, homogeneous, strict=True
    ):
        found = pattern(_gap(each.whole, p_whole), _gap(each.common, p_common), p_same, alpha)
        if found not in (Pattern.DIFFERS, Pattern.REVERSED, Pattern.EXPLAINED):
            continue
        told = _Telling(each, p_whole, p_common, p_same, policy)
        yield _finding(each.whole, p_whole, told.sentence(found))


class _Stratified(NamedTuple):
    """A gap over everybody, the one that strata have in common, and that of each."""

    whole: Measurement
    common: Measurement
    p_homogeneous: float | None
    strata: tuple[Measurement, ...]


def _looked_at(measurements: Sequence[Measurement]) -> Iterator[_Stratified]:
    gaps: dict[tuple[str, str], dict[str | None, Measurement]] = {}
    tests: dict[tuple[str, str, str | None], dict[str, float | None]] = {}
    for each in measurements:
        if each.metric in (BRESLOW_DAY.name, WOOLF.name):
            of = tests.setdefault((each.attribute, each.group, each.stratum), {})
            of[each.metric] = each.p_value
        elif (each.metric, each.comparison, each.against) == (
            SELECTION_RATE.name,
            Comparison.DIFFERENCE.value,
            Against.REFERENCE.value,
        ):
            gaps.setdefault((each.attribute, each.group), {})[each.stratum] = each
    for each in measurements:
        if each.metric != RISK_DIFFERENCE.name or each.value is None:
            continue
        of_group = gaps.get((each.attribute, each.group), {})
        if None not in of_group:
            continue
        yield _Stratified(
            of_group[None],
            each,
            _of_both(tests.get((each.attribute, each.group, each.stratum), {})),
            tuple(
                gap
                for stratum, gap in of_group.items()
                if stratum is not None and stratum.startswith(f"{each.stratum}=")
            ),
        )


def _of_both(p_values: Mapping[str, float | None]) -> float | None:
    """The larger p-value of the two tests of homogeneity; None where one cannot be made."""
    both = [p_values.get(name) for name in (BRESLOW_DAY.name, WOOLF.name)]
    made = [each for each in both if each is not None]
    return max(made) if len(made) == len(both) else None


class _Telling:
    """What is found about one group and the values of one stratum column, in a sentence."""

    def __init__(
        self,
        found: _Stratified,
        p_whole: float,
        p_common: float,
        p_homogeneous: float,
        policy: AuditPolicy,
    ) -> None:
        self._found, self._policy = found, policy
        self._p_whole, self._p_common, self._p_same = p_whole, p_common, p_homogeneous
        whole = found.whole
        self._group = group_name(whole.group, whole.attribute)
        self._other = compared_with(Against.REFERENCE, whole.reference)
        self._stratum = grouping_name(found.common.stratum or "")

    def sentence(self, found: Pattern) -> str:
        """It in words, with what is too sparse to be told."""
        told = {
            Pattern.DIFFERS: self._differs,
            Pattern.REVERSED: self._reversed,
            Pattern.EXPLAINED: self._explained,
        }[found]()
        return f"{told}{self._sparse()}"

    def _differs(self) -> str:
        return (
            f"How much more or less often {self._group} is selected than {self._other} differs by"
            f" {self._stratum} (Breslow-Day and Woolf, adjusted {p_value(self._p_same)}):"
            f" {self._each()}. {self._over_everybody()}, which says nothing of any one"
            f" {self._stratum}."
        )

    def _reversed(self) -> str:
        common = self._found.common.value or 0.0
        return (
            f"{self._over_everybody()}, but within {self._stratum} {_points_often(common)}"
            f" (adjusted {p_value(self._p_common)}): who is in which {self._stratum} makes the gap"
            " (Simpson's paradox)."
        )

    def _explained(self) -> str:
        common = self._found.common
        low, high = common.low or 0.0, common.high or 0.0
        explained = f"{1 - LEFT_UNEXPLAINED:.0%}".replace("%", " %")
        return (
            f"{self._over_everybody()}, but within {self._stratum} at most"
            f" {points(max(abs(low), abs(high)))} points more or less often: who is in which"
            f" {self._stratum} makes at least {explained} of the gap."
        )

    def _over_everybody(self) -> str:
        gap = self._found.whole.value or 0.0
        return (
            f"Over everybody {self._group} is selected {points(gap)} percentage points"
            f" {_more(gap)} often than {self._other} (adjusted {p_value(self._p_whole)})"
        )

    def _each(self) -> str:
        """The strata in which the gap is beyond chance, or else those furthest apart."""
        large = [each for each in self._found.strata if self._is_large(each) and each.value]
        adjusted = holm([_p(each.p_value) for each in large])
        alpha = self._policy.error_rate.alpha
        clear = [each for each, p in zip(large, adjusted, strict=True) if p < alpha]
        if not large:
            return "each is too sparse to be told"
        if not clear:
            large.sort(key=lambda each: each.value or 0.0)
            ends = ", ".join(self._one(each) for each in (large[0], large[-1]))
            return f"{ends}, neither beyond chance by itself"
        clear.sort(key=lambda each: -abs(each.value or 0.0))
        told = ", ".join(self._one(each) for each in clear[:_NAMED])
        more, rest = len(clear) - _NAMED, len(large) - len(clear)
        others = f" and {more} more" if more > 0 else ""
        return f"{told}{others}" + (f", elsewhere ({rest}) within chance" if rest else "")

    def _one(self, each: Measurement) -> str:
        value = one_line((each.stratum or "").partition("=")[2])
        return f"in {value} {_points_often(each.value or 0.0)}"

    def _sparse(self) -> str:
        small = sum(not self._is_large(each) for each in self._found.strata)
        if not small:
            return ""
        return (
            f" Too sparse to be told by themselves: {small} of {len(self._found.strata)} values"
            f" of {self._stratum}."
        )

    def _is_large(self, each: Measurement) -> bool:
        return min(each.n, each.reference_n or 0) >= self._policy.min_group_size


def _finding(whole: Measurement, p: float, sentence: str) -> Finding:
    return Finding(
        rule=RULE,
        kind="reversal",
        verdict=Verdict.WARN,
        at_gate="allow",
        metric=SELECTION_RATE.name,
        attribute=whole.attribute,
        group=whole.group,
        reference=whole.reference,
        sentence=sentence,
        evidence=Evidence(
            value=_three_digits(whole.value),
            low=_three_digits(whole.low),
            high=_three_digits(whole.high),
            p_value=_three_digits(whole.p_value),
            p_adjusted=three_digits(p),
        ),
    )


def _three_digits(value: float | None) -> float | None:
    """All digits would tell the counts that it is made of."""
    return None if value is None else three_digits(value)


def _gap(measured: Measurement, p_adjusted: float) -> Gap:
    ends = (measured.value, measured.low, measured.high)
    value, low, high = (math.nan if each is None else each for each in ends)
    return Gap(value, low, high, p_adjusted)


def _points_often(gap: float) -> str:
    return f"{points(gap)} points {_more(gap)} often"


def _more(gap: float) -> str:
    return "more" if gap > 0 else "less"


def _p(p_value: float | None) -> float:
    return 1.0 if p_value is None else p_value
