"""Metrics within strata, and over all strata taken together."""

from collections.abc import Callable, Iterator, Sequence

import numpy as np

from fairness_audit.policy import gaps
from fairness_audit.policy.base import UNKNOWN
from fairness_audit.policy.metrics import (
    BRESLOW_DAY,
    DIFFERENCE,
    GAP,
    RATIO,
    RISK_DIFFERENCE,
    SELECTION_RATE,
    WOOLF,
    Direction,
    Metric,
    Needs,
)
from fairness_audit.statistics import intervals, significance, stratified
from fairness_audit.statistics.proportions import Floats, two_sided_quantile
from fairness_audit.statistics.stratified import Tables
from fairness_audit.statistics.within_strata import Gap, Pattern, pattern
from fairness_audit.steps.measure.counting.counts import Counts
from fairness_audit.steps.measure.counting.groups import Groups, Sums
from fairness_audit.steps.measure.counting.plan import Plan
from fairness_audit.steps.measure.figures.bootstrap import percentile_interval, resampled
from fairness_audit.steps.measure.figures.by_subject import LEFT_OUT
from fairness_audit.steps.measure.figures.columns import shares_of
from fairness_audit.steps.measure.figures.pairs import REST, Side
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
REVERSAL = Metric(
    name="simpson_reversal",
    meaning="1 if the selection rates differ beyond chance over all strata and, the other way,"
    " within them, else 0; the method names what the strata make of the gap",
    source="Simpson 1951",
    needs=_DECISION,
    range=GAP,
    direction=Direction.NEITHER,
)
DEFINITIONS = (
    CDDL,
    CDDPL,
    ODDS_RATIO,
    RISK_DIFFERENCE,
    gaps.CONDITIONAL_IMPACT,
    BRESLOW_DAY,
    WOOLF,
    REVERSAL,
)


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
    """One attribute within the values of one stratum column: strata by groups."""

    def __init__(self, attribute: str, stratum: str, within: Sequence[Groups], plan: Plan) -> None:
        names = sorted({name for each in within for name in each.names})
        self._names, self._plan = names, plan
        self._attribute, self._stratum = attribute, stratum
        self._reference = plan.references.get(attribute)
        sums = _aligned(within, names)
        self._counts, self._squares, self._decisions = map(Counts.from_cells, sums)
        self._is_weighted, self._by_subject = sums.is_weighted, within[0].people is not None
        self._resampled: Counts | None = None
        if plan.resamples:
            name = f"{attribute} within {stratum}"
            self._resampled = resampled(sums, name, plan.resamples)

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
        row = self._row(metric, position, value, "none")
        if self._resampled is None:
            return row
        again = self._tables(self._resampled, position, metric)
        values = stratified.conditional_demographic_disparity(again)[:, None]
        low, high = percentile_interval(values, self._plan.confidence)
        if not np.isfinite(low[0]):
            return row
        error = float(np.nanstd(values))
        return row._replace(
            low=float(low[0]), high=float(high[0]), standard_error=error, method="bootstrap"
        )

    def _selection(self, position: int) -> Iterator[Row]:
        tables = self._effective(position)
        confidence = self._plan.confidence
        test = stratified.cochran_mantel_haenszel(tables)
        odds = stratified.odds_ratio(tables)
        low, high = stratified.odds_ratio_interval(tables, confidence)
        row = self._row(ODDS_RATIO, position, odds, "rbg, cmh", test.p_value)
        yield _with_interval(row, low, high, confidence, is_ratio=True)
        common = stratified.risk_difference(tables)
        low, high = stratified.risk_difference_interval(tables, confidence)
        row = self._row(RISK_DIFFERENCE, position, common, "sato, cmh", test.p_value)
        yield _with_interval(row, low, high, confidence)
        yield self._impact_ratio(position, tables, test.p_value)
        same, too = stratified.breslow_day(tables), stratified.woolf(tables)
        for metric, found in ((BRESLOW_DAY, same), (WOOLF, too)):
            method = f"none, chi2 with {found.freedom} df"
            yield self._row(metric, position, found.statistic, method, found.p_value)
        gap = Gap(float(common), float(low), float(high), float(test.p_value))
        p_homogeneous = max(float(same.p_value), float(too.p_value))
        yield self._reversal(position, gap, p_homogeneous)

    def _impact_ratio(self, position: int, tables: Tables, p_value: Floats) -> Row:
        t = tables
        if not self._plan.selected_is_favourable:
            t = Tables(t.b, t.a, t.d, t.c)
        ratio, error = stratified.risk_ratio(t), stratified.risk_ratio_error(t)
        factor = np.exp(two_sided_quantile(self._plan.confidence) * error)
        row = self._row(gaps.CONDITIONAL_IMPACT, position, ratio, "greenland_robins, cmh", p_value)
        return _with_interval(
            row, ratio / factor, ratio * factor, self._plan.confidence, is_ratio=True
        )

    def _reversal(self, position: int, common: Gap, p_homogeneous: float) -> Row:
        if self._by_subject:  # by evidence of rows, of which some are about the same subject
            return self._row(REVERSAL, position, np.array(np.nan), LEFT_OUT)
        whole, confidence = self._whole(position), self._plan.confidence
        found = pattern(whole, common, p_homogeneous, 1 - confidence)
        value = np.array(float(found is Pattern.REVERSED))
        if np.isnan(whole.value) or np.isnan(common.value):
            value = np.array(np.nan)
        return self._row(REVERSAL, position, value, found.value)

    def _effective(self, position: int) -> Tables:
        tables = self._tables(self._counts, position, CDDPL)
        if not self._is_weighted:
            return tables
        return stratified.effective(tables, self._tables(self._squares, position, CDDPL))

    def _whole(self, position: int) -> Gap:
        """The difference of the selection rates over everybody."""
        sides = zip(
            *(self._sides(each, position) for each in (self._counts, self._squares)), strict=True
        )
        own, other = (
            shares_of(SELECTION_RATE, Side(counts.total(), squares.total(), counts.total().n))
            for counts, squares in sides
        )
        a, b = own.proportions, other.proportions
        low, high = intervals.difference_interval(a, b, self._plan.confidence)
        p_value = significance.p_values(a, b)
        return Gap(*(float(each[0]) for each in (own.rate - other.rate, low, high, p_value)))

    def _row(
        self,
        metric: Metric,
        position: int,
        value: Floats,
        method: str,
        p_value: Floats | None = None,
    ) -> Row:
        return Row.of(
            metric,
            self._attribute,
            self._names[position],
            n=int(self._decisions.n[:, position].sum()),
            value=float(value),
            method=method,
            reference=self._reference if self._reference is not None else REST,
            p_value=None if p_value is None else float(p_value),
            stratum=self._stratum,
        )


def _aligned(within: Sequence[Groups], names: Sequence[str]) -> Sums:
    """Strata by groups by cells; a group that a stratum does not have counts nothing there."""

    def of(each: Callable[[Sums], Floats]) -> Floats:
        cells = np.zeros((len(within), len(names), 6))
        for k, groups in enumerate(within):
            cells[k, [names.index(name) for name in groups.names]] = each(groups.sums)
        return cells

    rows = of(lambda sums: sums.rows)
    if not within[0].is_weighted:
        return Sums(rows, rows, rows)
    return Sums(of(lambda sums: sums.weight), of(lambda sums: sums.squares), rows)


def _with_interval(
    row: Row, low: Floats, high: Floats, confidence: float, *, is_ratio: bool = False
) -> Row:
    """With an interval about the value or its logarithm, and the standard error it is made of."""
    ends = np.array([low, high], dtype=np.float64)
    if not np.isfinite(ends).all() or row.value is None or not np.isfinite(row.value):
        return row._replace(method=f"none{row.method[row.method.index(',') :]}")
    width = np.diff(np.log(ends) if is_ratio else ends)[0]
    error = float(width / (2 * two_sided_quantile(confidence)))
    return row._replace(low=float(ends[0]), high=float(ends[1]), standard_error=error)
