"""Metrics of decisions with several classes: segment, priority.

A row about one class names it in ``stratum``: ``decision=gold``.
"""

from collections.abc import Iterator

import numpy as np

from fairness_audit.errors import MeasurementError
from fairness_audit.policy.base import UNKNOWN
from fairness_audit.policy.metrics import (
    DIFFERENCE,
    GAP,
    RATIO,
    SHARE,
    Direction,
    Metric,
    Needs,
    Range,
)
from fairness_audit.records.measurement import OVERALL
from fairness_audit.statistics import divergence
from fairness_audit.statistics.proportions import Floats
from fairness_audit.steps.measure.counting.grouped_scan import Scanner, groups_in
from fairness_audit.steps.measure.counting.plan import Plan
from fairness_audit.steps.measure.figures import estimates
from fairness_audit.steps.measure.figures.estimates import Estimates, Shares
from fairness_audit.steps.measure.figures.pairs import REST
from fairness_audit.steps.measure.figures.rows import Row

_DECISION = (Needs.DECISION,)
_SOURCE = "Holistic AI (multiclass)"
RATE = Metric(
    name="decision_rate",
    meaning="share of the group that gets the class",
    source=_SOURCE,
    needs=_DECISION,
    range=SHARE,
    direction=Direction.NEITHER,
)
RATE_DIFFERENCE = Metric(
    name="decision_rate_difference",
    meaning="decision rate of d minus that of a",
    source=_SOURCE,
    needs=_DECISION,
    range=DIFFERENCE,
    direction=Direction.NEITHER,
)
RATE_RATIO = Metric(
    name="decision_rate_ratio",
    meaning="decision rate of d over that of a",
    source=_SOURCE,
    needs=_DECISION,
    range=RATIO,
    direction=Direction.NEITHER,
)
TOTAL_VARIATION = Metric(
    name="decision_total_variation",
    code="DTV",
    meaning="half the distance of the class distributions of d and a",
    source=_SOURCE,
    needs=_DECISION,
    range=GAP,
    direction=Direction.NEITHER,
)
WORST = Metric(
    name="worst_class_difference",
    meaning="the difference of decision rates of largest size",
    source=_SOURCE,
    needs=_DECISION,
    range=DIFFERENCE,
    direction=Direction.NEITHER,
)
SUPERIORITY = Metric(
    name="probability_of_superiority",
    code="PS",
    meaning="chance that a member of d gets a higher class than one of a; ties count half",
    source="McGraw & Wong 1992; Agresti 2010",
    needs=_DECISION,
    range=Range(0.0, 1.0, no_disparity=0.5),
    direction=Direction.NEITHER,
)
DEFINITIONS = (RATE, RATE_DIFFERENCE, RATE_RATIO, TOTAL_VARIATION, WORST, SUPERIORITY)


def decision_rows(plan: Plan, scan: Scanner) -> Iterator[Row]:
    """Every metric of the classes of every group."""
    first = True
    for attribute, parts in plan.groupings.items():
        table = scan.table("decision_counts", parts)
        if table["decision"].null_count:
            raise MeasurementError(
                "column decision: is NULL in some rows (mark them lost in sql/population/)"
            )
        classes = sorted(set(table["decision"].to_pylist()), key=_order)
        groups: dict[str, Floats] = {}
        given = zip(
            groups_in(table, parts),
            table["decision"].to_pylist(),
            table["n"].to_pylist(),
            strict=True,
        )
        for name, decision, n in given:
            counts = groups.setdefault(name, np.zeros(len(classes)))
            counts[classes.index(decision)] += n
        measured = _Classes(attribute, plan, classes, groups)
        if first:
            yield from measured.shares(OVERALL, OVERALL, measured.everybody)
            first = False
        yield from measured.rows()


def _order(decision: str) -> tuple[int, float, str]:
    try:
        return 0, int(decision), decision
    except ValueError:
        return 1, 0.0, decision


class _Classes:
    """The groups of one grouping, and the classes in order."""

    def __init__(
        self, attribute: str, plan: Plan, classes: list[str], groups: dict[str, Floats]
    ) -> None:
        self._attribute, self._plan, self._groups = attribute, plan, groups
        self._classes = classes
        self._is_ordinal = all(_order(each)[0] == 0 for each in classes)
        self.everybody = sum(groups.values(), start=np.zeros(len(classes)))

    def rows(self) -> Iterator[Row]:
        """Every group, alone and against the reference or the rest."""
        reference = self._plan.references.get(self._attribute)
        for name, counts in self._groups.items():
            yield from self.shares(self._attribute, name, counts)
        for name, counts in self._groups.items():
            if name in (UNKNOWN, reference):
                continue
            if reference is None:
                yield from self._against(name, counts, REST, self.everybody - counts)
            elif reference in self._groups:
                yield from self._against(name, counts, reference, self._groups[reference])

    def shares(self, attribute: str, name: str, counts: Floats) -> Iterator[Row]:
        """The share of every class."""
        column = _shares(counts)
        found = estimates.rates(column, self._plan.confidence)
        for i in range(len(counts)):
            yield self._row(RATE, name, counts, found, i)._replace(attribute=attribute)

    def _against(self, name: str, counts: Floats, reference: str, other: Floats) -> Iterator[Row]:
        for row in self._compared(name, counts, other):
            yield row._replace(reference=reference)

    def _compared(self, name: str, counts: Floats, other: Floats) -> Iterator[Row]:
        own, theirs = _shares(counts), _shares(other)
        contrast = estimates.contrast(own, theirs, theirs, np.zeros(len(counts), dtype=bool))
        differences = estimates.differences(contrast, self._plan.confidence)
        ratios = estimates.ratios(contrast, self._plan.confidence)
        for i in range(len(counts)):
            yield self._row(RATE_DIFFERENCE, name, counts, differences, i)
            yield self._row(RATE_RATIO, name, counts, ratios, i)
        if not counts.sum() or not other.sum():
            return
        worst = int(np.argmax(np.abs(differences.value)))
        yield self._row(WORST, name, counts, differences, worst)
        n = int(counts.sum())
        value = float(divergence.total_variation(counts, other))
        yield Row.of(
            TOTAL_VARIATION,
            self._attribute,
            name,
            n=n,
            value=value,
            method="none, chi2",
            p_value=same_distribution(counts, other),
        )
        if self._is_ordinal:
            superior, p = superiority(counts, other)
            yield Row.of(
                SUPERIORITY,
                self._attribute,
                name,
                n=n,
                value=superior,
                method="none, mann_whitney",
                p_value=p,
            )

    def _row(self, metric: Metric, name: str, counts: Floats, found: Estimates, i: int) -> Row:
        return Row.of(
            metric,
            self._attribute,
            name,
            n=int(counts.sum()),
            value=float(found.value[i]),
            method=str(found.method[i]),
            stratum=f"decision={self._classes[i]}",
            numerator=float(counts[i]),
            denominator=float(counts.sum()),
            low=float(found.low[i]),
            high=float(found.high[i]),
            p_value=float(found.p_value[i]),
        )


def _shares(counts: Floats) -> Shares:
    total = np.full(counts.shape, counts.sum())
    return Shares(counts, total, total)


def same_distribution(counts: Floats, other: Floats) -> float | None:
    """Pearson's χ² test that both groups have the same class distribution."""
    from scipy.special import chdtrc

    table = np.stack([counts, other])[:, counts + other > 0]
    if table.shape[1] < 2:
        return None
    expected = table.sum(axis=1, keepdims=True) * table.sum(axis=0) / table.sum()
    statistic = float(((table - expected) ** 2 / expected).sum())
    return max(float(chdtrc(table.shape[1] - 1, statistic)), 2.3e-308)


def superiority(counts: Floats, other: Floats) -> tuple[float, float | None]:
    """P(d > a) + P(d = a)/2 and the p-value of Mann & Whitney's test, with ties (1947)."""
    from math import erfc, sqrt

    n, m = counts.sum(), other.sum()
    value = float((counts * (np.cumsum(other) - other / 2)).sum() / (n * m))
    ties = counts + other
    both = n + m
    variance = (both + 1 - (ties**3 - ties).sum() / (both * (both - 1))) / (12 * n * m)
    if variance <= 0:
        return value, None
    return value, max(erfc(abs(value - 0.5) / sqrt(2 * variance)), 2.3e-308)
