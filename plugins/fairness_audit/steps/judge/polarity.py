"""Whether score and label point the same way.

A model that selects those with a negative outcome more often than those with a positive one has
its score or its label upside down, more likely than not; every conclusion about who is favoured
would then be upside down too. So the audit cannot pass. This asks for no evidence against chance:
a model that cannot be told from an inverted one is not shown to be fair either.
"""

from collections.abc import Iterable
from fractions import Fraction

from fairness_audit.policy.metrics import FALSE_POSITIVE_RATE, TRUE_POSITIVE_RATE
from fairness_audit.policy.model import AuditPolicy
from fairness_audit.records.finding import Evidence, Finding, Verdict
from fairness_audit.records.measurement import OVERALL, Measurement, MeasurementFile
from fairness_audit.steps.judge.data_faults import needs_outcomes
from fairness_audit.steps.judge.wording import percent

RULE = "polarity"


def polarity_findings(
    policy: AuditPolicy, totals: MeasurementFile, measurements: Iterable[Measurement]
) -> list[Finding]:
    """One finding, or none where no outcome is known.

    The true positive rate overall is compared with the false positive rate overall, exactly.
    """
    if not totals.labelled_rows:
        return []
    overall = {
        each.metric: each
        for each in measurements
        if each.attribute == OVERALL and each.comparison is None and each.stratum is None
    }
    positive = overall.get(TRUE_POSITIVE_RATE.name)
    negative = overall.get(FALSE_POSITIVE_RATE.name)
    if positive is None or negative is None:
        return [_unknown("the rates over the whole population were not measured", blocks=True)]
    if not positive.denominator or not negative.denominator:
        same = "negative" if negative.denominator else "positive"
        blocks = any(needs_outcomes(rule) for rule in policy.rules)
        return [_unknown(f"every known outcome is {same}", blocks=blocks)]
    return [_compared(positive, negative)]


def _compared(positive: Measurement, negative: Measurement) -> Finding:
    of_positive, of_negative = _fraction(positive), _fraction(negative)
    inverted = of_positive < of_negative
    rates = (
        f"{percent(float(of_positive))} of those with a positive outcome are selected, and"
        f" {percent(float(of_negative))} of those with a negative one"
    )
    return Finding(
        rule=RULE,
        kind="polarity",
        verdict=Verdict.INCONCLUSIVE if inverted else Verdict.PASS,
        at_gate="block" if inverted else "allow",
        metric=TRUE_POSITIVE_RATE.name,
        sentence=(
            f"Score or label look inverted: {rates}."
            if inverted
            else f"Score and label point the same way: {rates}."
        ),
        evidence=Evidence(
            value=positive.value,
            numerator=positive.numerator,
            denominator=positive.denominator,
            reference_numerator=negative.numerator,
            reference_denominator=negative.denominator,
        ),
    )


def _fraction(rate: Measurement) -> Fraction:
    return Fraction(rate.numerator or 0) / Fraction(rate.denominator or 1)


def _unknown(why: str, *, blocks: bool) -> Finding:
    return Finding(
        rule=RULE,
        kind="polarity",
        verdict=Verdict.INCONCLUSIVE,
        at_gate="block" if blocks else "allow",
        metric=TRUE_POSITIVE_RATE.name,
        sentence=f"Whether score and label point the same way cannot be told: {why}.",
    )
