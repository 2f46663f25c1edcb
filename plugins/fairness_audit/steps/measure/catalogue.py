"""The catalogue: every metric there is, each defined in one place."""

from collections.abc import Iterator
from typing import NamedTuple

from fairness_audit.policy.gaps import Gap
from fairness_audit.policy.metrics import NAMES, RATES, WORST_SUBGROUP, Direction, Metric, Needs
from fairness_audit.steps.measure.metrics import (
    classes,
    conditional,
    group_indices,
    neighbours,
    parities,
    probabilities,
    ranks,
    representation,
    scores,
    values,
    worst_pairs,
)
from fairness_audit.steps.measure.rates import disparities, pairwise

CATALOGUE: tuple[Metric, ...] = (
    *RATES,
    *representation.DEFINITIONS,
    *disparities.DISPARITIES,
    *pairwise.PAIRWISE,
    *conditional.DEFINITIONS,
    *worst_pairs.DEFINITIONS,
    *parities.DEFINITIONS,
    *group_indices.DEFINITIONS,
    WORST_SUBGROUP,
    *scores.DEFINITIONS,
    *values.DEFINITIONS,
    *classes.DEFINITIONS,
    *ranks.DEFINITIONS,
    *neighbours.DEFINITIONS,
    *probabilities.DEFINITIONS,
)
"""All metrics; names are unique, and so are codes."""

_BY_NAME = {each.code: each for each in CATALOGUE if each.code} | {
    each.name: each for each in CATALOGUE
}


def named(name: str) -> Metric | None:
    """The metric of that name or code; None if there is none."""
    return _BY_NAME.get(name)


class Facts(NamedTuple):
    """What a reader is told about a metric.

    ``low``, ``high`` and ``no_disparity`` are None where there is no such value, ``in_rules`` is
    true of what a rule of a policy can name.
    """

    name: str
    code: str | None
    meaning: str
    low: float | None
    high: float | None
    no_disparity: float | None
    direction: Direction
    needs: tuple[Needs, ...]
    source: str
    in_rules: bool

    @property
    def ends(self) -> tuple[str, str]:
        """The range in figures, where there is no end with an infinite one."""
        low = "-∞" if self.low is None else f"{self.low:.4g}"
        return low, "∞" if self.high is None else f"{self.high:.4g}"


def facts() -> Iterator[Facts]:
    """The catalogue as a table, in its order."""
    for each in CATALOGUE:
        yield Facts(
            name=each.name,
            code=each.code,
            meaning=each.meaning,
            low=each.range.low,
            high=each.range.high,
            no_disparity=each.range.no_disparity,
            direction=each.direction,
            needs=each.needs,
            source=each.source,
            in_rules=each.name in NAMES or isinstance(each, Gap),
        )
