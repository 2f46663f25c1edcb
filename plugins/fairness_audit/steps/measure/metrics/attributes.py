"""Figures about a whole attribute: its worst pair of groups, its inequality.

Sources: Fairlearn, `fairlearn.metrics` (between groups, to overall, demographic parity, equalized
odds, equal opportunity); AIF360, `binary_label_dataset_metric.py` (differential fairness after
Foulds et al. 2020, bias amplification); LiFT (entropy indices of the benefit map, here of the
selection rates).
"""

from collections.abc import Callable, Iterator, Sequence

import numpy as np

from fairness_audit.records.measurement import OVERALL
from fairness_audit.statistics import inequality
from fairness_audit.statistics.proportions import Floats, quotient
from fairness_audit.steps.measure.counting.counts import Counts
from fairness_audit.steps.measure.counting.groups import Groups
from fairness_audit.steps.measure.counting.plan import Compat, Plan
from fairness_audit.steps.measure.definition import Definition, Needs
from fairness_audit.steps.measure.figures.bootstrap import percentile_interval
from fairness_audit.steps.measure.figures.rows import Row, summary_row
from fairness_audit.steps.measure.metrics import parities
from fairness_audit.steps.measure.rates import rates
from fairness_audit.steps.measure.rates.rates import Rate

_LABEL = (Needs.OUTCOME,)
_DECISION = (Needs.SELECTED,)
_BOTH = (Needs.OUTCOME, Needs.SELECTED)
_FAIRLEARN, _AIF360, _LIFT = "Fairlearn", "AIF360", "LiFT"


def _gap(name: str, code: str | None, meaning: str, needs: tuple[Needs, ...]) -> Definition:
    return Definition(name, code, meaning, _FAIRLEARN, needs, 0.0, 1.0, 0.0)


def _quotient(name: str, code: str | None, meaning: str, needs: tuple[Needs, ...]) -> Definition:
    return Definition(name, code, meaning, _FAIRLEARN, needs, 0.0, 1.0, 1.0)


BETWEEN = {
    (rate.name, kind): (_gap if kind == "difference" else _quotient)(
        f"{rate.name}_{kind}_between_groups", None,
        f"{'largest minus' if kind == 'difference' else 'smallest over largest'}"
        f" {'smallest ' if kind == 'difference' else ''}{rate.name.replace('_', ' ')}",
        rate.needs,
    )
    for rate in rates.RATES for kind in ("difference", "ratio")
}  # fmt: skip
TO_OVERALL = {
    (rate.name, kind): (_gap if kind == "difference" else _quotient)(
        f"{rate.name}_{kind}_worst_to_overall", None,
        f"largest {kind} of a group's {rate.name.replace('_', ' ')} to everybody's",
        rate.needs,
    )
    for rate in rates.RATES for kind in ("difference", "ratio")
}  # fmt: skip
PARITIES = (
    (_gap("demographic_parity_difference", "DPD", "largest difference of selection rates",
          _DECISION), "difference", (rates.SELECTION_RATE,), np.max),
    (_quotient("demographic_parity_ratio", "DPR", "smallest ratio of selection rates", _DECISION),
     "ratio", (rates.SELECTION_RATE,), np.min),
    (_gap("equalized_odds_difference", None,
          "the larger of the largest differences of true and of false positive rates", _BOTH),
     "difference", (rates.TRUE_POSITIVE_RATE, rates.FALSE_POSITIVE_RATE), np.max),
    (_quotient("equalized_odds_ratio", None,
               "the smaller of the smallest ratios of true and of false positive rates", _BOTH),
     "ratio", (rates.TRUE_POSITIVE_RATE, rates.FALSE_POSITIVE_RATE), np.min),
    (_gap("equalized_odds_difference_mean", None,
          "the mean of the largest differences of true and of false positive rates", _BOTH),
     "difference", (rates.TRUE_POSITIVE_RATE, rates.FALSE_POSITIVE_RATE), np.mean),
    (_quotient("equalized_odds_ratio_mean", None,
               "the mean of the smallest ratios of true and of false positive rates", _BOTH),
     "ratio", (rates.TRUE_POSITIVE_RATE, rates.FALSE_POSITIVE_RATE), np.mean),
    (_gap("equal_opportunity_worst_difference", None, "largest difference of true positive rates",
          _BOTH), "difference", (rates.TRUE_POSITIVE_RATE,), np.max),
    (_quotient("equal_opportunity_worst_ratio", None, "smallest ratio of true positive rates",
               _BOTH), "ratio", (rates.TRUE_POSITIVE_RATE,), np.min),
    (_gap("predictive_parity_difference", None,
          "largest difference of positive predictive values", _BOTH),
     "difference", (rates.POSITIVE_PREDICTIVE_VALUE,), np.max),
)  # fmt: skip

DIFFERENTIAL = Definition(
    "smoothed_empirical_differential_fairness", "EDF",
    "largest |ln| ratio of smoothed rates of selection, or of non-selection, of two groups",
    _AIF360, _DECISION, 0.0, None, 0.0,
)  # fmt: skip
AMPLIFICATION = Definition(
    "bias_amplification", None, "differential fairness of the decisions minus that of the labels",
    _AIF360, _BOTH, None, None, 0.0,
)  # fmt: skip
INEQUALITIES: tuple[tuple[Definition, Callable[[Floats], Floats]], ...] = (
    (Definition("benefit_generalized_entropy", None, "GE(2) of the groups' selection rates",
                _LIFT, _DECISION, 0.0, None, 0.0),
     lambda v: inequality.generalized_entropy(v, np.ones_like(v), 2)),
    (Definition("benefit_theil_t", None, "Theil's T of the groups' selection rates", _LIFT,
                _DECISION, 0.0, None, 0.0),
     lambda v: inequality.generalized_entropy(v, np.ones_like(v), 1)),
    (Definition("benefit_theil_l", None, "Theil's L of the groups' selection rates", _LIFT,
                _DECISION, 0.0, None, 0.0),
     lambda v: inequality.generalized_entropy(v, np.ones_like(v), 0)),
    (Definition("benefit_atkinson", None, "Atkinson's index (ε 1) of the groups' selection rates",
                _LIFT, _DECISION, 0.0, 1.0, 0.0),
     lambda v: inequality.atkinson(v, np.ones_like(v), 1)),
)  # fmt: skip
WHOLE = (
    Definition("total_generalized_entropy", None,
               "GE(2) of the benefit selected - outcome + 1 over everybody", "AIF360", _BOTH,
               0.0, None, 0.0),
    Definition("total_theil_index", None, "Theil's T of the same benefit", "AIF360", _BOTH,
               0.0, None, 0.0),
)  # fmt: skip

DEFINITIONS: tuple[Definition, ...] = (
    *BETWEEN.values(), *TO_OVERALL.values(), *(each[0] for each in PARITIES),
        *parities.DEFINITIONS, DIFFERENTIAL, AMPLIFICATION,
    *(each for each, _ in INEQUALITIES), *WHOLE,
)  # fmt: skip


def whole_rows(whole: Groups, plan: Plan) -> Iterator[Row]:
    """Figures about everybody."""
    if plan.has(*_BOTH):
        c = whole.counts
        benefits = np.stack([c.fp, c.tp + c.tn, c.fn], axis=-1)
        for definition, alpha in zip(WHOLE, (2, 1), strict=True):
            value = inequality.generalized_entropy(np.array([2.0, 1.0, 0.0]), benefits, alpha)
            yield summary_row(
                definition, whole, OVERALL, None, float(value[0]), int(whole.rows[0])
            )


def summary_rows(groups: Groups, again: Counts | None, plan: Plan) -> Iterator[Row]:
    """Every figure about one grouping that the population has the columns for."""
    if not len(groups.known):
        return
    counts = groups.counts.take(groups.known)
    resampled = None if again is None else again.take(groups.known)
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
        self, groups: Groups, names: Sequence[str], counts: Counts, rows: Floats,
        again: Counts | None, plan: Plan,
    ) -> None:  # fmt: skip
        self._groups, self._names, self._counts = groups, names, counts
        self._rows, self._again, self._plan = rows, again, plan
        self._rates = [rate for rate in rates.RATES if plan.has(*rate.needs)]
        self._values = {rate.name: self._rate(rate, counts) for rate in self._rates}
        self._resampled = {}
        if again is not None:
            self._resampled = {rate.name: self._rate(rate, again) for rate in self._rates}

    def _rate(self, rate: Rate, counts: Counts) -> Floats:
        value = quotient(rate.numerator(counts), rate.denominator(counts))
        return np.nan_to_num(value) if self._plan.compat is Compat.FAIRLEARN else value

    def between(self) -> Iterator[Row]:
        """Of each rate, the two groups furthest apart."""
        for rate in self._rates:
            for kind in ("difference", "ratio"):
                yield self._worst(BETWEEN[rate.name, kind], kind, (rate,), np.max)

    def parities(self) -> Iterator[Row]:
        """The disparities that have names of their own."""
        for definition, kind, of, combine in PARITIES:
            if self._plan.has(*definition.needs):
                yield self._worst(definition, kind, of, combine)

    def to_overall(self) -> Iterator[Row]:
        """Of each rate, the group furthest from everybody."""
        for rate in self._rates:
            values = self._values[rate.name]
            everybody = self._rate(rate, self._groups.overall)
            ratio = quotient(values, np.broadcast_to(everybody, values.shape))
            inverse = np.where(ratio == 0, 0.0, quotient(np.ones_like(ratio), ratio))
            for kind, each in (
                ("difference", -np.abs(values - everybody)), ("ratio", np.fmin(ratio, inverse)),
            ):  # fmt: skip
                if np.isnan(each).all():
                    continue
                worst = int(np.nanargmin(each))
                value = -each[worst] if kind == "difference" else each[worst]
                yield summary_row(
                    TO_OVERALL[rate.name, kind], self._groups, self._names[worst], OVERALL,
                    float(value), int(self._rows[worst]),
                )  # fmt: skip

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
        for definition, index in INEQUALITIES:
            yield self._benefit(definition, index)

    def _benefit(self, definition: Definition, index: Callable[[Floats], Floats]) -> Row:
        return self._index(definition, lambda counts: index(self._rate(_SELECTION, counts)))

    def _index(self, definition: Definition, formula: Callable[[Counts], Floats]) -> Row:
        with np.errstate(all="ignore"):
            value = float(formula(self._counts))
            again = None if self._again is None else formula(self._again)
        n = int(self._rows.sum())
        return summary_row(
            definition, self._groups, OVERALL, None, value, n, *self._bounds(value, again)
        )

    def _worst(
        self,
        definition: Definition,
        kind: str,
        of: tuple[Rate, ...],
        combine: Callable[..., Floats],
    ) -> Row:
        gaps = [_gap_of(kind, self._values[rate.name]) for rate in of]
        value = float(combine(gaps))
        furthest = int(np.argmax(gaps) if kind == "difference" else np.argmin(gaps))
        values = self._values[of[furthest].name]
        again = None
        if self._again is not None:
            parts = [_gap_of(kind, self._resampled[rate.name]) for rate in of]
            again = combine(np.stack(parts), axis=0)
        if np.isnan(values).all():
            return summary_row(
                definition, self._groups, OVERALL, None, np.nan, int(self._rows.sum())
            )
        least, most = int(np.nanargmin(values)), int(np.nanargmax(values))
        return summary_row(
            definition, self._groups, self._names[least], self._names[most], value,
            int(self._rows[least]), *self._bounds(value, again),
        )  # fmt: skip

    def _bounds(self, value: float, again: Floats | None) -> tuple[float, float, str]:
        if again is None or not np.isfinite(value):
            return np.nan, np.nan, "none"
        low, high = percentile_interval(again[:, None], self._plan.confidence)
        if not np.isfinite(low[0]):
            return np.nan, np.nan, "none"
        return min(float(low[0]), value), max(float(high[0]), value), "bootstrap"


_SELECTION = rates.SELECTION_RATE


def _gap_of(kind: str, values: Floats) -> Floats:
    """Largest minus smallest, or smallest over largest, over the last axis; NaN left out."""
    least: Floats = np.fmin.reduce(values, axis=-1)
    most: Floats = np.fmax.reduce(values, axis=-1)
    return most - least if kind == "difference" else quotient(least, most)


def _differential(positives: Floats, n: Floats) -> Floats:
    """Largest |ln| ratio of the smoothed rates of any two groups, of either result."""
    rate = (positives + 0.5) / (n + 1.0)
    result = np.stack([np.log(rate), np.log(1 - rate)])
    found: Floats = (result.max(axis=-1) - result.min(axis=-1)).max(axis=0)
    return found
