"""The rate metrics, one place per metric: what it means, and how it is counted.

Each rate is a fraction of two counts and lies in [0, 1]. Two groups with the same rate have a
difference of 0 and a ratio of 1: no disparity. A rate with a zero denominator is undefined, and
stays so: it is never 0 by convention.

Sources: the confusion-matrix rates as in Fawcett, "An introduction to ROC analysis", Pattern
Recognition Letters 27 (2006), 861-874; selection rate and impact ratio as in 29 CFR 1607.4 D and
6 RCNY 5-300; base rate ("prev") as in Aequitas.
"""

from collections.abc import Callable
from dataclasses import dataclass

from fairness_audit.policy.model import Metric
from fairness_audit.steps.measure.counting.counts import Count, Counts
from fairness_audit.steps.measure.definition import Better, Definition, Needs

_FAWCETT = "Fawcett 2006"
_UNIFORM_GUIDELINES = "29 CFR 1607.4 D"
_DECISION = (Needs.SELECTED,)
_LABEL = (Needs.OUTCOME,)
_BOTH = (Needs.OUTCOME, Needs.SELECTED)


@dataclass(frozen=True)
class Rate(Definition):
    """A metric of one group: numerator / denominator over the group's counts."""

    numerator: Callable[[Counts], Count] = lambda c: c.n
    denominator: Callable[[Counts], Count] = lambda c: c.n


SELECTION_RATE = Rate(
    Metric.SELECTION_RATE.value,
    "SR",
    "share of all decisions that select",
    _UNIFORM_GUIDELINES,
    _DECISION,
    better=Better.AS_SELECTION,
    numerator=lambda c: c.selected,
    denominator=lambda c: c.n,
)

BASE_RATE = Rate(
    Metric.BASE_RATE.value,
    "BR",
    "share of known outcomes that are true",
    "Aequitas (prev)",
    _LABEL,
    better=Better.AS_SELECTION,
    numerator=lambda c: c.positives,
    denominator=lambda c: c.labelled,
)

TRUE_POSITIVE_RATE = Rate(
    Metric.TRUE_POSITIVE_RATE.value,
    "TPR",
    "share of true outcomes that were selected",
    _FAWCETT,
    _BOTH,
    better=Better.HIGHER,
    numerator=lambda c: c.tp,
    denominator=lambda c: c.positives,
)

FALSE_POSITIVE_RATE = Rate(
    Metric.FALSE_POSITIVE_RATE.value,
    "FPR",
    "share of false outcomes that were selected",
    _FAWCETT,
    _BOTH,
    better=Better.LOWER,
    numerator=lambda c: c.fp,
    denominator=lambda c: c.negatives,
)

FALSE_NEGATIVE_RATE = Rate(
    Metric.FALSE_NEGATIVE_RATE.value,
    "FNR",
    "share of true outcomes that were not selected",
    _FAWCETT,
    _BOTH,
    better=Better.LOWER,
    numerator=lambda c: c.fn,
    denominator=lambda c: c.positives,
)

TRUE_NEGATIVE_RATE = Rate(
    Metric.TRUE_NEGATIVE_RATE.value,
    "TNR",
    "share of false outcomes that were not selected",
    _FAWCETT,
    _BOTH,
    better=Better.HIGHER,
    numerator=lambda c: c.tn,
    denominator=lambda c: c.negatives,
)

POSITIVE_PREDICTIVE_VALUE = Rate(
    Metric.POSITIVE_PREDICTIVE_VALUE.value,
    "PPV",
    "share of the selected whose outcome is true",
    _FAWCETT,
    _BOTH,
    better=Better.HIGHER,
    numerator=lambda c: c.tp,
    denominator=lambda c: c.tp + c.fp,
)

NEGATIVE_PREDICTIVE_VALUE = Rate(
    Metric.NEGATIVE_PREDICTIVE_VALUE.value,
    "NPV",
    "share of the not selected whose outcome is false",
    _FAWCETT,
    _BOTH,
    better=Better.HIGHER,
    numerator=lambda c: c.tn,
    denominator=lambda c: c.tn + c.fn,
)

FALSE_DISCOVERY_RATE = Rate(
    Metric.FALSE_DISCOVERY_RATE.value,
    "FDR",
    "share of the selected whose outcome is false",
    _FAWCETT,
    _BOTH,
    better=Better.LOWER,
    numerator=lambda c: c.fp,
    denominator=lambda c: c.tp + c.fp,
)

FALSE_OMISSION_RATE = Rate(
    Metric.FALSE_OMISSION_RATE.value,
    "FOR",
    "share of the not selected whose outcome is true",
    _FAWCETT,
    _BOTH,
    better=Better.LOWER,
    numerator=lambda c: c.fn,
    denominator=lambda c: c.tn + c.fn,
)

ACCURACY = Rate(
    Metric.ACCURACY.value,
    "ACC",
    "share of known outcomes that the decision matched",
    _FAWCETT,
    _BOTH,
    better=Better.HIGHER,
    numerator=lambda c: c.tp + c.tn,
    denominator=lambda c: c.labelled,
)

RATES = (
    SELECTION_RATE,
    BASE_RATE,
    TRUE_POSITIVE_RATE,
    FALSE_POSITIVE_RATE,
    FALSE_NEGATIVE_RATE,
    TRUE_NEGATIVE_RATE,
    POSITIVE_PREDICTIVE_VALUE,
    NEGATIVE_PREDICTIVE_VALUE,
    FALSE_DISCOVERY_RATE,
    FALSE_OMISSION_RATE,
    ACCURACY,
)


def favourable_share(selected_is_favourable: bool) -> Rate:
    """The share whose ratio is the impact ratio: of the decisions good for the subject.

    It is the selection rate where being selected is favourable, and its complement where it is
    not. It is reported only as a ratio.
    """
    return Rate(
        Metric.IMPACT_RATIO.value,
        "AIR",
        "share of all decisions that are favourable to the subject",
        _UNIFORM_GUIDELINES,
        _DECISION,
        better=Better.HIGHER,
        numerator=(lambda c: c.selected) if selected_is_favourable else (lambda c: c.not_selected),
        denominator=lambda c: c.n,
    )
