"""Metrics within strata, and over all strata taken together."""

from collections.abc import Iterator, Sequence

import numpy as np

from fairness_audit.policy.base import UNKNOWN
from fairness_audit.policy.metrics import (
    DIFFERENCE,
    DISTANCE,
    GAP,
    RATIO,
    RISK_DIFFERENCE,
    Direction,
    Metric,
    Needs,
)
from fairness_audit.statistics import stratified
from fairness_audit.statistics.proportions import Floats, Interval
from fairness_audit.statistics.stratified import Tables
from fairness_audit.steps.measure.counting.counts import Counts
from fairness_audit.steps.measure.counting.groups import Groups
from fairness_audit.steps.measure.counting.plan import Plan
from fairness_audit.steps.measure.figures.bootstrap import percentile_interval, resampled
from fairness_audit.steps.measure.figures.rows import Row

_LABEL = (Needs.OUTCOME, Needs.STRATUM)
_DECISION = (Needs.SELECTED, Needs.STRATUM)

CDDL = Metric(
    name="conditional_demographic_disparity_labels",
    code="CDDL",
    meaning="demographic disparity of the outcomes, averaged over the strata by size",
    source="SageMaker Clarify",
    needs=_LABEL,
    range=DIFFERENCE,
    direction=Direction.NEITHER,
)
CDDPL = Metric(
    name="conditional_demographic_disparity_predicted_labels",
    code="CDDPL",
    meaning="demographic disparity of the decisions, averaged over the strata by size",
    source="SageMaker Clarify",
    needs=_DECISION,
    range=DIFFERENCE,
    direction=Direction.NEITHER,
)
ODDS_RATIO = Metric(
    name="mantel_haenszel_odds_ratio",
    code="MHOR",
    meaning="odds of being selected of the group over the reference's, common to all strata",
    source="Mantel & Haenszel 1959; interval Robins, Breslow & Greenland 1986",
    needs=_DECISION,
    range=RATIO,
    direction=Direction.AS_SELECTION,
)
HOMOGENEITY = Metric(
    name="breslow_day",
    code="BD",
    meaning="χ² of the odds ratios of the strata being the same",
    source="Breslow & Day 1980; Tarone 1985",
    needs=_DECISION,
    range=DISTANCE,
    direction=Direction.NEITHER,
)
REVERSAL = Metric(
    name="simpson_reversal",
    meaning="1 if the selection rates over all strata differ the other way than within them,"
    " else 0",
    source="Simpson 1951",
    needs=_DECISION,
    range=GAP,
    direction=Direction.NEITHER,
)
DEFINITIONS = (CDDL, CDDPL, ODDS_RATIO, RISK_DIFFERENCE, HOMOGENEITY, REVERSAL)


def conditional_rows(by_stratum: Sequence[Groups], plan: Plan) -> Iterator[Row]:
    """Every known group of every attribute, conditional on each stratum column of the plan."""
    for stratum in plan.strata:
        for attribute in plan.attributes:
            within = [
                each
                for each in by_stratum
                if each.attribute == attribute
                and (each.stratum or "").partition("=")[0] == stratum
            ]
            if within:
                yield from _Conditional(attribute, stratum, within, plan).rows()


class _Conditional:
    """One attribute within the values of one stratum column."""

    def __init__(self, attribute: str, stratum: str, within: Sequence[Groups], plan: Plan) -> None:
        names = sorted({name for each in within for name in each.names})
        self._names, self._plan = names, plan
        self._attribute, self._stratum = attribute, stratum
        self._reference = plan.references.get(attribute)
        cells = np.zeros((len(within), len(names), 6))
        for k, each in enumerate(within):
            cells[k, [names.index(name) for name in each.names]] = each.counts.cells()
        self._counts = Counts.from_cells(cells)  # strata x groups
        self._resampled: Counts | None = None
        if plan.resamples:
            name = f"{attribute} within {stratum}"
            self._resampled = resampled(self._counts, name, plan.resamples)

    def rows(self) -> Iterator[Row]:
        for position, name in enumerate(self._names):
            if name in (UNKNOWN, self._reference):
                continue
            if self._reference is not None and self._reference not in self._names:
                continue
            if self._plan.has(Needs.OUTCOME):
                yield self._disparity(CDDL, position)
            if self._plan.has(Needs.SELECTED):
                yield self._disparity(CDDPL, position)
                yield from self._selection(position)

    def _sides(self, counts: Counts, position: int) -> tuple[Counts, Counts]:
        """The group and what it is compared with; strata on the last axis."""
        d = counts.map(lambda cell: cell[..., position])
        if self._reference is None:
            return d, counts.map(lambda cell: cell.sum(axis=-1)) - d
        other = self._names.index(self._reference)
        return d, counts.map(lambda cell: cell[..., other])

    def _tables(self, counts: Counts, position: int, metric: Metric) -> Tables:
        d, a = self._sides(counts, position)
        if metric is CDDL:
            return Tables(d.positives, d.negatives, a.positives, a.negatives)
        return Tables(d.selected, d.not_selected, a.selected, a.not_selected)

    def _disparity(self, metric: Metric, position: int) -> Row:
        tables = self._tables(self._counts, position, metric)
        value = stratified.conditional_demographic_disparity(tables)
        interval, method = Interval(np.array(np.nan), np.array(np.nan)), "none"
        if self._resampled is not None:
            again = self._tables(self._resampled, position, metric)
            values = stratified.conditional_demographic_disparity(again)[:, None]
            found = percentile_interval(values, self._plan.confidence)
            interval, method = Interval(found.low[0], found.high[0]), "bootstrap"
        return self._row(metric, position, value, interval, np.array(np.nan), method)

    def _selection(self, position: int) -> Iterator[Row]:
        tables = self._tables(self._counts, position, CDDPL)
        confidence = self._plan.confidence
        p_value = stratified.independence_p_value(tables)
        odds = stratified.odds_ratio(tables)
        interval = stratified.odds_ratio_interval(tables, confidence)
        yield self._row(ODDS_RATIO, position, odds, interval, p_value, "rbg, cmh")
        common = stratified.risk_difference(tables)
        interval = stratified.risk_difference_interval(tables, confidence)
        yield self._row(RISK_DIFFERENCE, position, common, interval, p_value, "sato, cmh")
        same = stratified.breslow_day(tables)
        nothing = Interval(np.array(np.nan), np.array(np.nan))
        method = f"none, chi2 with {same.freedom} df"
        yield self._row(HOMOGENEITY, position, same.statistic, nothing, same.p_value, method)
        pooled = stratified.risk_difference(Tables(*(each.sum(keepdims=True) for each in tables)))
        turned = np.asarray(stratified.is_reversed(pooled, common), dtype=np.float64)
        undefined = np.isnan(pooled) | np.isnan(common)
        value = np.where(undefined, np.nan, turned)
        yield self._row(REVERSAL, position, value, nothing, np.array(np.nan), "none")

    def _row(
        self,
        metric: Metric,
        position: int,
        value: Floats,
        interval: Interval,
        p_value: Floats,
        method: str,
    ) -> Row:
        reference = self._reference if self._reference is not None else "rest"
        n = round(float(self._counts.n[:, position].sum()))
        return Row.of(
            metric,
            self._attribute,
            self._names[position],
            n=n,
            value=float(value),
            method=method,
            reference=reference,
            low=float(interval.low),
            high=float(interval.high),
            p_value=float(p_value),
            stratum=self._stratum,
        )
