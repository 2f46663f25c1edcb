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
from enum import Enum

from fairness_audit.measure.counts import Counts
from fairness_audit.policy.model import Metric

_FAWCETT = "Fawcett 2006"
_UNIFORM_GUIDELINES = "29 CFR 1607.4 D"


class Better(Enum):
    """Which of two rates is the more favourable one for the group that has it."""

    HIGHER = "higher"
    LOWER = "lower"
    AS_SELECTION = "as selection"  # higher if being selected is favourable, else lower


@dataclass(frozen=True)
class Rate:
    """A metric of one group: numerator / denominator over the group's counts."""

    metric: Metric
    code: str
    definition: str
    numerator: Callable[[Counts], int]
    denominator: Callable[[Counts], int]
    better: Better
    source: str = _FAWCETT

    def higher_is_better(self, selected_is_favourable: bool) -> bool:
        """True if, of two groups, the one with the higher rate is better off."""
        if self.better is Better.AS_SELECTION:
            return selected_is_favourable
        return self.better is Better.HIGHER


SELECTION_RATE = Rate(
    Metric.SELECTION_RATE,
    "SR",
    "share of all decisions that select",
    lambda c: c.selected,
    lambda c: c.n,
    Better.AS_SELECTION,
    _UNIFORM_GUIDELINES,
)

RATES: tuple[Rate, ...] = (
    SELECTION_RATE,
    Rate(
        Metric.BASE_RATE,
        "BR",
        "share of known outcomes that are true",
        lambda c: c.positives,
        lambda c: c.labelled,
        Better.AS_SELECTION,
        "Aequitas (prev)",
    ),
    Rate(
        Metric.TRUE_POSITIVE_RATE,
        "TPR",
        "share of true outcomes that were selected",
        lambda c: c.tp,
        lambda c: c.positives,
        Better.HIGHER,
    ),
    Rate(
        Metric.FALSE_POSITIVE_RATE,
        "FPR",
        "share of false outcomes that were selected",
        lambda c: c.fp,
        lambda c: c.negatives,
        Better.LOWER,
    ),
    Rate(
        Metric.FALSE_NEGATIVE_RATE,
        "FNR",
        "share of true outcomes that were not selected",
        lambda c: c.fn,
        lambda c: c.positives,
        Better.LOWER,
    ),
    Rate(
        Metric.TRUE_NEGATIVE_RATE,
        "TNR",
        "share of false outcomes that were not selected",
        lambda c: c.tn,
        lambda c: c.negatives,
        Better.HIGHER,
    ),
    Rate(
        Metric.POSITIVE_PREDICTIVE_VALUE,
        "PPV",
        "share of the selected whose outcome is true",
        lambda c: c.tp,
        lambda c: c.tp + c.fp,
        Better.HIGHER,
    ),
    Rate(
        Metric.NEGATIVE_PREDICTIVE_VALUE,
        "NPV",
        "share of the not selected whose outcome is false",
        lambda c: c.tn,
        lambda c: c.tn + c.fn,
        Better.HIGHER,
    ),
    Rate(
        Metric.FALSE_DISCOVERY_RATE,
        "FDR",
        "share of the selected whose outcome is false",
        lambda c: c.fp,
        lambda c: c.tp + c.fp,
        Better.LOWER,
    ),
    Rate(
        Metric.FALSE_OMISSION_RATE,
        "FOR",
        "share of the not selected whose outcome is true",
        lambda c: c.fn,
        lambda c: c.tn + c.fn,
        Better.LOWER,
    ),
    Rate(
        Metric.ACCURACY,
        "ACC",
        "share of known outcomes that the decision matched",
        lambda c: c.tp + c.tn,
        lambda c: c.labelled,
        Better.HIGHER,
    ),
)


def favourable_share(selected_is_favourable: bool) -> Rate:
    """The share whose ratio is the impact ratio: of the decisions good for the subject.

    It is the selection rate where being selected is favourable, and its complement where it is
    not. It is reported only as a ratio.
    """
    return Rate(
        Metric.IMPACT_RATIO,
        "AIR",
        "share of all decisions that are favourable to the subject",
        (lambda c: c.selected) if selected_is_favourable else (lambda c: c.not_selected),
        lambda c: c.n,
        Better.HIGHER,
        _UNIFORM_GUIDELINES,
    )
