"""The catalogue: every metric there is, each defined in the module that computes it."""

from fairness_audit.steps.measure.definition import Definition
from fairness_audit.steps.measure.metrics import (
    attributes as summaries,
)
from fairness_audit.steps.measure.metrics import (
    classes as decision_metrics,
)
from fairness_audit.steps.measure.metrics import (
    conditional,
    representation,
    subgroups,
)
from fairness_audit.steps.measure.metrics import (
    neighbours as neighbour_metrics,
)
from fairness_audit.steps.measure.metrics import (
    ranks as rank_metrics,
)
from fairness_audit.steps.measure.metrics import (
    scores as score_metrics,
)
from fairness_audit.steps.measure.metrics import (
    values as value_metrics,
)
from fairness_audit.steps.measure.rates import disparities, pairwise
from fairness_audit.steps.measure.rates.rates import RATES

CATALOGUE: tuple[Definition, ...] = (
    *RATES,
    *representation.DEFINITIONS,
    *disparities.DISPARITIES,
    *pairwise.PAIRWISE,
    *conditional.DEFINITIONS,
    *summaries.DEFINITIONS,
    subgroups.WORST_SUBGROUP,
    *score_metrics.DEFINITIONS,
    *value_metrics.DEFINITIONS,
    *decision_metrics.DEFINITIONS,
    *rank_metrics.DEFINITIONS,
    *neighbour_metrics.DEFINITIONS,
)
"""All metrics; names are unique, and so are codes."""

_BY_NAME = {each.code: each for each in CATALOGUE if each.code} | {
    each.name: each for each in CATALOGUE
}


def named(name: str) -> Definition | None:
    """The metric of that name or code; None if there is none."""
    return _BY_NAME.get(name)
