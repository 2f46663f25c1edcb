"""Figures about a whole attribute: its worst pair of groups, its inequality.

Sources: Fairlearn, `fairlearn.metrics` (between groups, to overall, demographic parity, equalized
odds, equal opportunity); AIF360, `binary_label_dataset_metric.py` (differential fairness after
Foulds et al. 2020, bias amplification); LiFT (entropy indices of the benefit map, here of the
selection rates).
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from fairness_audit.policy.metrics import (
    ANY_DIFFERENCE,
    DISTANCE,
    FALSE_POSITIVE_RATE,
    GAP,
    POSITIVE_PREDICTIVE_VALUE,
    RATES,
    SELECTION_RATE,
    TRUE_POSITIVE_RATE,
    Direction,
    Metric,
    Needs,
    Range,
    Rate,
)
from fairness_audit.policy.model import Comparison
from fairness_audit.records.measurement import OVERALL
from fairness_audit.statistics import inequality
from fairness_audit.statistics.proportions import Floats, quotient
from fairness_audit.steps.measure.counting.counts import Counts
from fairness_audit.steps.measure.counting.groups import Groups
from fairness_audit.steps.measure.counting.plan import Compat, Plan
from fairness_audit.steps.measure.figures.bootstrap import percentile_interval
from fairness_audit.steps.measure.figures.rows import Row
from fairness_audit.steps.measure.metrics import parities

_DECISION = (Needs.SELECTED,)
_BOTH = (Needs.OUTCOME, Needs.SELECTED)

_SMALLEST_RATIO = Range(0.0, 1.0, no_disparity=1.0)


@dataclass(frozen=True, kw_only=True)
class WorstPair(Metric):
    """The two groups furthest apart in a rate; of several rates, ``combine`` makes one figure."""

    compare: Comparison
    rates: tuple[Rate, ...]
    combine: Callable[..., Floats]


def _worst_pair(
    name: str,
    meaning: str,
    compare: Comparison,
    *rates: Rate,
    combine: Callable[..., Floats],
    code: str | None = None,
) -> WorstPair:
    return WorstPair(
        name=name,
        code=code,
        meaning=meaning,
        source="Fairlearn",
        needs=rates[0].needs,
        range=GAP if compare is Comparison.DIFFERENCE else _SMALLEST_RATIO,
        direction=Direction.NEITHER,
        compare=compare,
        rates=rates,
        combine=combine,
    )


def _between(rate: Rate, compare: Comparison) -> WorstPair:
    called = rate.phrase.called
    meaning = {
        Comparison.DIFFERENCE: f"largest minus smallest {called}",
        Comparison.RATIO: f"smallest over largest {called}",
    }
    name = f"{rate.name}_{compare}_between_groups"
    return _worst_pair(name, meaning[compare], compare, rate, combine=np.max)


def _to_overall(rate: Rate, compare: Comparison) -> Metric:
    return Metric(
        name=f"{rate.name}_{compare}_worst_to_overall",
        meaning=f"largest {compare} of a group's {rate.phrase.called} to everybody's",
        source="Fairlearn",
        needs=rate.needs,
        range=GAP if compare is Comparison.DIFFERENCE else _SMALLEST_RATIO,
        direction=Direction.NEITHER,
    )


_COMPARED = (Comparison.DIFFERENCE, Comparison.RATIO)
BETWEEN = {(rate.name, each): _between(rate, each) for rate in RATES for each in _COMPARED}
TO_OVERALL = {(rate.name, each): _to_overall(rate, each) for rate in RATES for each in _COMPARED}

PARITIES = (
    _worst_pair(
        "demographic_parity_difference",
        "largest difference of selection rates",
        Comparison.DIFFERENCE,
        SELECTION_RATE,
        combine=np.max,
        code="DPD",
    ),
    _worst_pair(
        "demographic_parity_ratio",
        "smallest ratio of selection rates",
        Comparison.RATIO,
        SELECTION_RATE,
        combine=np.min,
        code="DPR",
    ),
    _worst_pair(
        "equalized_odds_difference",
        "the larger of the largest differences of true and of false positive rates",
        Comparison.DIFFERENCE,
        TRUE_POSITIVE_RATE,
        FALSE_POSITIVE_RATE,
        combine=np.max,
    ),
    _worst_pair(
        "equalized_odds_ratio",
        "the smaller of the smallest ratios of true and of false positive rates",
        Comparison.RATIO,
        TRUE_POSITIVE_RATE,
        FALSE_POSITIVE_RATE,
        combine=np.min,
    ),
    _worst_pair(
        "equalized_odds_difference_mean",
        "the mean of the largest differences of true and of false positive rates",
        Comparison.DIFFERENCE,
        TRUE_POSITIVE_RATE,
        FALSE_POSITIVE_RATE,
        combine=np.mean,
    ),
    _worst_pair(
        "equalized_odds_ratio_mean",
        "the mean of the smallest ratios of true and of false positive rates",
        Comparison.RATIO,
        TRUE_POSITIVE_RATE,
        FALSE_POSITIVE_RATE,
        combine=np.mean,
    ),
    _worst_pair(
        "equal_opportunity_worst_difference",
        "largest difference of true positive rates",
        Comparison.DIFFERENCE,
        TRUE_POSITIVE_RATE,
        combine=np.max,
    ),
    _worst_pair(
        "equal_opportunity_worst_ratio",
        "smallest ratio of true positive rates",
        Comparison.RATIO,
        TRUE_POSITIVE_RATE,
        combine=np.min,
    ),
    _worst_pair(
        "predictive_parity_difference",
        "largest difference of positive predictive values",
        Comparison.DIFFERENCE,
        POSITIVE_PREDICTIVE_VALUE,
        combine=np.max,
    ),
)

DIFFERENTIAL = Metric(
    name="smoothed_empirical_differential_fairness",
    code="EDF",
    meaning="largest |ln| ratio of smoothed rates of selection, or of non-selection,"
    " of two groups",
    source="AIF360",
    needs=_DECISION,
    range=DISTANCE,
    direction=Direction.NEITHER,
)
AMPLIFICATION = Metric(
    name="bias_amplification",
    meaning="differential fairness of the decisions minus that of the labels",
    source="AIF360",
    needs=_BOTH,
    range=ANY_DIFFERENCE,
    direction=Direction.NEITHER,
)


@dataclass(frozen=True, kw_only=True)
class Inequality(Metric):
    """How unequal the selection rates of the groups are."""

    index: Callable[[Floats], Floats]


def _inequality(
    name: str, index_name: str, index: Callable[[Floats], Floats], *, high: float | None = None
) -> Inequality:
    return Inequality(
        name=name,
        meaning=f"{index_name} of the groups' selection rates",
        source="LiFT",
        needs=_DECISION,
        range=Range(0.0, high, no_disparity=0.0),
        direction=Direction.NEITHER,
        index=index,
    )


def _entropy(alpha: float) -> Callable[[Floats], Floats]:
    return lambda rates: inequality.generalized_entropy(rates, np.ones_like(rates), alpha)


INEQUALITIES = (
    _inequality("benefit_generalized_entropy", "GE(2)", _entropy(2)),
    _inequality("benefit_theil_t", "Theil's T", _entropy(1)),
    _inequality("benefit_theil_l", "Theil's L", _entropy(0)),
    _inequality(
        "benefit_atkinson",
        "Atkinson's index (ε 1)",
        lambda rates: inequality.atkinson(rates, np.ones_like(rates), 1),
        high=1.0,
    ),
)
TOTAL_ENTROPY = Metric(
    name="total_generalized_entropy",
    meaning="GE(2) of the benefit selected - outcome + 1 over everybody",
    source="AIF360",
    needs=_BOTH,
    range=DISTANCE,
    direction=Direction.NEITHER,
)
TOTAL_THEIL = Metric(
    name="total_theil_index",
    meaning="Theil's T of the same benefit",
    source="AIF360",
    needs=_BOTH,
    range=DISTANCE,
    direction=Direction.NEITHER,
)

DEFINITIONS: tuple[Metric, ...] = (
    *BETWEEN.values(),
    *TO_OVERALL.values(),
    *PARITIES,
    *parities.DEFINITIONS,
    DIFFERENTIAL,
    AMPLIFICATION,
    *INEQUALITIES,
    TOTAL_ENTROPY,
    TOTAL_THEIL,
)


def whole_rows(whole: Groups, plan: Plan) -> Iterator[Row]:
    """Figures about everybody."""
    if plan.has(*_BOTH):
        c = whole.counts
        benefits = np.stack([c.fp, c.tp + c.tn, c.fn], axis=-1)
        for metric, alpha in ((TOTAL_ENTROPY, 2), (TOTAL_THEIL, 1)):
            value = inequality.generalized_entropy(np.array([2.0, 1.0, 0.0]), benefits, alpha)
            n = int(whole.rows[0])
            yield Row.of(metric, whole.attribute, OVERALL, n=n, value=float(value[0]))


def summary_rows(groups: Groups, bootstrap: Counts | None, plan: Plan) -> Iterator[Row]:
    """Every figure about one grouping that the population has the columns for."""
    if not len(groups.known):
        return
    counts = groups.counts.take(groups.known)
    resampled = None if bootstrap is None else bootstrap.take(groups.known)
    names = [groups.names[i] for i in groups.known]
    rows = groups.rows[groups.known]
    summary = _Summary(groups, names, counts, rows, resampled, plan)
    yield from summary.between()
    yield from summary.to_overall()
    yield from summary.parities()
    yield from summary.indices()


class _Summary:
    """The known groups of one grouping."""

    def __init__(
        self,
        groups: Groups,
        names: Sequence[str],
        counts: Counts,
        rows: Floats,
        bootstrap: Counts | None,
        plan: Plan,
    ) -> None:
        self._groups, self._names, self._counts = groups, names, counts
        self._rows, self._bootstrap, self._plan = rows, bootstrap, plan
        self._rates = [rate for rate in RATES if plan.has(*rate.needs)]
        self._values = {rate.name: self._rate(rate, counts) for rate in self._rates}
        self._resampled = {}
        if bootstrap is not None:
            self._resampled = {rate.name: self._rate(rate, bootstrap) for rate in self._rates}

    def _rate(self, rate: Rate, counts: Counts) -> Floats:
        value = quotient(rate.numerator(counts), rate.denominator(counts))
        return np.nan_to_num(value) if self._plan.compat is Compat.FAIRLEARN else value

    def between(self) -> Iterator[Row]:
        """Of each rate, the two groups furthest apart."""
        for rate in self._rates:
            for compare in _COMPARED:
                yield self._worst(BETWEEN[rate.name, compare])

    def parities(self) -> Iterator[Row]:
        """The disparities that have names of their own."""
        for metric in PARITIES:
            if self._plan.has(*metric.needs):
                yield self._worst(metric)

    def to_overall(self) -> Iterator[Row]:
        """Of each rate, the group furthest from everybody."""
        for rate in self._rates:
            values = self._values[rate.name]
            everybody = self._rate(rate, self._groups.overall)
            ratio = quotient(values, np.broadcast_to(everybody, values.shape))
            inverse = np.where(ratio == 0, 0.0, quotient(np.ones_like(ratio), ratio))
            apart = {
                Comparison.DIFFERENCE: np.abs(values - everybody),
                Comparison.RATIO: np.fmin(ratio, inverse),
            }
            for compare, each in apart.items():
                if np.isnan(each).all():
                    continue
                is_ratio = compare is Comparison.RATIO
                worst = int(np.nanargmin(each) if is_ratio else np.nanargmax(each))
                yield self._row(
                    TO_OVERALL[rate.name, compare],
                    self._names[worst],
                    n=int(self._rows[worst]),
                    value=float(each[worst]),
                    reference=OVERALL,
                )

    def indices(self) -> Iterator[Row]:
        """Figures about all groups at once."""
        if not self._plan.has(Needs.SELECTED):
            return
        yield self._index(DIFFERENTIAL, lambda c: _differential(c.selected, c.n))
        if self._plan.has(Needs.OUTCOME):
            yield self._index(
                AMPLIFICATION,
                lambda c: np.where(
                    c.labelled.sum(axis=-1) == 0,
                    np.nan,
                    _differential(c.labelled_selected, c.labelled)
                    - _differential(c.positives, c.labelled),
                ),
            )
        for metric in INEQUALITIES:
            yield self._inequality(metric)

    def _inequality(self, metric: Inequality) -> Row:
        return self._index(metric, lambda counts: metric.index(self._rate(SELECTION_RATE, counts)))

    def _index(self, metric: Metric, formula: Callable[[Counts], Floats]) -> Row:
        with np.errstate(all="ignore"):
            value = float(formula(self._counts))
            bootstrap = None if self._bootstrap is None else formula(self._bootstrap)
        n = int(self._rows.sum())
        return self._bounded(self._row(metric, OVERALL, n=n, value=value), bootstrap)

    def _worst(self, metric: WorstPair) -> Row:
        gaps = [_gap_of(metric.compare, self._values[rate.name]) for rate in metric.rates]
        value = float(metric.combine(gaps))
        is_ratio = metric.compare is Comparison.RATIO
        furthest = metric.rates[int(np.argmin(gaps) if is_ratio else np.argmax(gaps))]
        values = self._values[furthest.name]
        bootstrap = None
        if self._bootstrap is not None:
            parts = [_gap_of(metric.compare, self._resampled[rate.name]) for rate in metric.rates]
            bootstrap = metric.combine(np.stack(parts), axis=0)
        if np.isnan(values).all():
            return self._row(metric, OVERALL, n=int(self._rows.sum()), value=None)
        least, most = int(np.nanargmin(values)), int(np.nanargmax(values))
        row = self._row(
            metric,
            self._names[least],
            n=int(self._rows[least]),
            value=value,
            reference=self._names[most],
        )
        return self._bounded(row, bootstrap)

    def _row(
        self,
        metric: Metric,
        group: str,
        *,
        n: int,
        value: float | None,
        reference: str | None = None,
    ) -> Row:
        attribute, stratum = self._groups.attribute, self._groups.stratum
        return Row.of(
            metric, attribute, group, n=n, value=value, reference=reference, stratum=stratum
        )

    def _bounded(self, row: Row, bootstrap: Floats | None) -> Row:
        """With the interval of the figure's resamples, if it is defined."""
        if bootstrap is None or row.value is None or not np.isfinite(row.value):
            return row
        low, high = percentile_interval(bootstrap[:, None], self._plan.confidence)
        if not np.isfinite(low[0]):
            return row
        ends = min(float(low[0]), row.value), max(float(high[0]), row.value)
        return row._replace(low=ends[0], high=ends[1], method="bootstrap")


def _gap_of(compare: Comparison, values: Floats) -> Floats:
    """Largest minus smallest, or smallest over largest, over the last axis; NaN left out."""
    least: Floats = np.fmin.reduce(values, axis=-1)
    most: Floats = np.fmax.reduce(values, axis=-1)
    return most - least if compare is Comparison.DIFFERENCE else quotient(least, most)


def _differential(positives: Floats, n: Floats) -> Floats:
    """Largest |ln| ratio of the smoothed rates of any two groups, of either result."""
    rate = (positives + 0.5) / (n + 1.0)
    result = np.stack([np.log(rate), np.log(1 - rate)])
    found: Floats = (result.max(axis=-1) - result.min(axis=-1)).max(axis=0)
    return found
