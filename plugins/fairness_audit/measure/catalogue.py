"""The catalogue: every metric there is, each defined in the module that computes it."""

from fairness_audit.measure import (
    conditional,
    decision_metrics,
    disparities,
    neighbour_metrics,
    pairwise,
    rank_metrics,
    representation,
    score_metrics,
    subgroups,
    summaries,
    value_metrics,
)
from fairness_audit.measure.definition import Definition
from fairness_audit.measure.rates import RATES

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
