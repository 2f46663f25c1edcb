"""Simpson's paradox: a gap over everybody that turns round within the strata.

Reference: Simpson, "The interpretation of interaction in contingency tables", JRSS B 13 (1951),
238-241. A gap that reverses comes from who is in which stratum, not from how members of one
stratum are treated, so both directions are told.
"""

from collections.abc import Iterator, Sequence

from fairness_audit.policy.metrics import RISK_DIFFERENCE, SELECTION_RATE
from fairness_audit.policy.model import Against, AuditPolicy, Comparison
from fairness_audit.records.finding import Evidence, Finding, Verdict
from fairness_audit.records.measurement import Measurement
from fairness_audit.statistics.family import holm
from fairness_audit.steps.judge.wording import compared_with, grouping_name, p_value, points
from fairness_audit.text import one_line

RULE = "simpson_reversal"


def reversal_findings(
    policy: AuditPolicy, measurements: Sequence[Measurement]
) -> Iterator[Finding]:
    """One warning for each group whose gap in selection turns round within the strata.

    The gap over everybody must be significant (Holm over all gaps looked at, at the policy's
    alpha); the gap within the strata is common to all of them (Mantel-Haenszel). It says why
    there is a gap, not that the model fails, so it blocks nothing and spends no error budget.
    """
    overall = {
        (each.attribute, each.group): each
        for each in measurements
        if each.metric == SELECTION_RATE.name
        and each.comparison == Comparison.DIFFERENCE.value
        and each.against == Against.REFERENCE.value
        and each.stratum is None
    }
    within = [
        each
        for each in measurements
        if each.metric == RISK_DIFFERENCE.name and each.value is not None
    ]
    looked_at = [
        (overall[each.attribute, each.group], each)
        for each in within
        if (each.attribute, each.group) in overall
    ]
    adjusted = holm([_p(whole) for whole, _ in looked_at])
    for (whole, strata), p in zip(looked_at, adjusted, strict=True):
        gap, common = whole.value, strata.value
        if gap is None or common is None or gap * common >= 0 or p >= policy.error_rate.alpha:
            continue
        yield _finding(whole, strata, gap, common, p)


def _finding(
    whole: Measurement, strata: Measurement, gap: float, common: float, p: float
) -> Finding:
    group = f"group {one_line(whole.group)} ({grouping_name(whole.attribute)})"
    other = compared_with(Against.REFERENCE, whole.reference)
    stratum = grouping_name(strata.stratum or "")
    return Finding(
        rule=RULE,
        kind="reversal",
        verdict=Verdict.WARN,
        at_gate="allow",
        metric=SELECTION_RATE.name,
        attribute=whole.attribute,
        group=whole.group,
        reference=whole.reference,
        sentence=(
            f"Over everybody {group} is selected {points(gap)} percentage points"
            f" {_more(gap)} often than {other} (adjusted {p_value(p)}), but within {stratum}"
            f" {points(common)} points {_more(common)} often: who is in which {stratum} makes"
            " the gap (Simpson's paradox)."
        ),
        evidence=Evidence(
            value=gap,
            low=whole.low,
            high=whole.high,
            p_value=whole.p_value,
            p_adjusted=p,
            numerator=whole.numerator,
            denominator=whole.denominator,
            reference_numerator=whole.reference_numerator,
            reference_denominator=whole.reference_denominator,
        ),
    )


def _more(gap: float) -> str:
    return "more" if gap > 0 else "less"


def _p(measured: Measurement) -> float:
    return 1.0 if measured.p_value is None else measured.p_value
