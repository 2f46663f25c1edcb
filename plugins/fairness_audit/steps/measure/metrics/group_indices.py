"""Indices over all groups of an attribute, and over everybody.

Sources: AIF360, `binary_label_dataset_metric.py` (differential fairness after Foulds et al. 2020,
bias amplification); LiFT (entropy indices of the benefit map, here of the selection rates).
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np

from fairness_audit.policy.metrics import (
    ANY_DIFFERENCE,
    BASE_RATE,
    DISTANCE,
    SELECTION_RATE,
    Direction,
    Metric,
    Needs,
    Range,
)
from fairness_audit.records.measurement import OVERALL
from fairness_audit.statistics import inequality, simultaneous
from fairness_audit.statistics.confusion import ConfusionTable, Count
from fairness_audit.statistics.proportions import Floats, Interval, Proportions, quotient
from fairness_audit.steps.measure.counting.counts import Counts
from fairness_audit.steps.measure.counting.groups import Groups
from fairness_audit.steps.measure.counting.plan import Plan
from fairness_audit.steps.measure.figures.bootstrap import percentile_interval
from fairness_audit.steps.measure.figures.columns import shares_of
from fairness_audit.steps.measure.figures.pairs import Fraction, Side
from fairness_audit.steps.measure.figures.rows import Row

_DECISION = (Needs.SELECTED,)
_BOTH = (Needs.OUTCOME, Needs.SELECTED)


class _Share(NamedTuple):
    """A share that is no rate of its own."""

    numerator: Callable[[ConfusionTable], Count]
    denominator: Callable[[ConfusionTable], Count]


_LABELLED_SELECTED = _Share(lambda c: c.labelled_selected, lambda c: c.labelled)

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


def index_rows(groups: Groups, bootstrap: Counts | None, plan: Plan) -> Iterator[Row]:
    """Every index over one grouping that the population has the columns for."""
    if not len(groups.known) or not plan.has(Needs.SELECTED):
        return
    found = _Indices(groups, bootstrap, plan)
    yield found.differential()
    if plan.has(Needs.OUTCOME):
        yield found.amplification()
    for metric in INEQUALITIES:
        yield found.inequality(metric)


class _Indices:
    """The known groups of one grouping."""

    def __init__(self, groups: Groups, bootstrap: Counts | None, plan: Plan) -> None:
        self._groups, self._confidence = groups, plan.confidence
        self._side = Side.of(groups, groups.known)
        self._bootstrap = None if bootstrap is None else bootstrap.take(groups.known)

    def differential(self) -> Row:
        """Differential fairness of the decisions."""
        shares = self._shares(SELECTION_RATE)
        interval = _interval_of_differential(shares, self._confidence)
        return self._row(DIFFERENTIAL, self._differential(SELECTION_RATE), interval)

    def amplification(self) -> Row:
        """How much more of it the decisions have than the labels."""
        decisions, labels = self._shares(_LABELLED_SELECTED), self._shares(BASE_RATE)
        apart = self._differential(_LABELLED_SELECTED)
        value = np.asarray(apart - self._differential(BASE_RATE))
        if not decisions.trials.sum():
            value = np.array(np.nan)
        each = 1 - (1 - self._confidence) / 2
        own, other = (_interval_of_differential(of, each) for of in (decisions, labels))
        interval = Interval(own.low - other.high, own.high - other.low)
        return self._row(AMPLIFICATION, value, interval)

    def inequality(self, metric: Inequality) -> Row:
        """An index of the groups' selection rates.

        It is never below 0, and every resample of groups alike is above: where their rates may all
        be the same, its interval starts at 0.
        """
        share = shares_of(SELECTION_RATE, self._side)
        value = metric.index(share.rate)
        row = self._row(metric, value, Interval(np.array(np.nan), np.array(np.nan)))
        if self._bootstrap is None or not np.isfinite(value):
            return row
        with np.errstate(all="ignore"):
            resampled = metric.index(quotient(self._bootstrap.selected, self._bootstrap.n))
        low, high = (end[0] for end in percentile_interval(resampled[:, None], self._confidence))
        apart = simultaneous.largest_difference(share.proportions, self._confidence)
        if not np.isfinite(low):
            return row
        low = 0.0 if not apart.low > 0 else min(float(low), float(value))
        return row._replace(low=low, high=max(float(high), float(value)), method="bootstrap")

    def _shares(self, fraction: Fraction) -> Proportions:
        """Shares of the groups, as intervals see them."""
        return shares_of(fraction, self._side).proportions

    def _differential(self, fraction: Fraction) -> Floats:
        """Of rows, or what weights are worth of them: what subjects are does not change it."""
        rows = replace(self._side, products=None)
        return _differential(shares_of(fraction, rows).proportions)

    def _row(self, metric: Metric, value: Floats, interval: Interval) -> Row:
        row = Row.of(
            metric,
            self._groups.attribute,
            OVERALL,
            n=int(self._side.rows.sum()),
            value=float(value),
            stratum=self._groups.stratum,
        )
        low, high = float(interval.low), float(interval.high)
        if not np.isfinite(float(value)) or np.isnan(low) or np.isnan(high):
            return row
        ends = min(low, float(value)), max(high, float(value))
        return row._replace(low=ends[0], high=ends[1], method="tukey")


def _differential(shares: Proportions) -> Floats:
    """Largest |ln| ratio of the smoothed rates of any two groups, of either result."""
    rate = (shares.successes + 0.5) / (shares.trials + 1.0)
    result = np.log(np.stack([rate, 1 - rate]))
    found: Floats = (result.max(axis=-1) - result.min(axis=-1)).max(axis=0)
    return found


def _interval_of_differential(shares: Proportions, confidence: float) -> Interval:
    """From the smallest ratios of the groups' shares with a result, and of those without."""
    both = Proportions(
        np.stack([shares.successes, shares.failures]), np.stack([shares.trials, shares.trials])
    )
    ratio = simultaneous.smallest_ratio(both, 1 - (1 - confidence) / 2)
    with np.errstate(divide="ignore"):
        return Interval((-np.log(ratio.high)).max(), (-np.log(ratio.low)).max())
