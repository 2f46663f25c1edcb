"""Figures about a whole attribute: how far its groups are apart at most.

Sources: Fairlearn, `metrics/_disparities.py` and `MetricFrame` (between groups, to overall,
demographic parity, equalized odds, equal opportunity). Their intervals are those of all pairs at
once, projected (`statistics.simultaneous`). What is largest of something that a group does not
have is undefined, and the row names the group.
"""

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from fairness_audit.policy.metrics import (
    FALSE_POSITIVE_RATE,
    GAP,
    POSITIVE_PREDICTIVE_VALUE,
    RATES,
    SELECTION_RATE,
    TRUE_POSITIVE_RATE,
    Direction,
    Metric,
    Range,
    Rate,
)
from fairness_audit.policy.model import Comparison
from fairness_audit.records.measurement import OVERALL
from fairness_audit.statistics import intervals, ratio_intervals, simultaneous
from fairness_audit.statistics.proportions import Floats, Interval, Proportions, quotient
from fairness_audit.steps.measure.counting.groups import Groups
from fairness_audit.steps.measure.counting.plan import Compat, Plan
from fairness_audit.steps.measure.figures.columns import shares_of
from fairness_audit.steps.measure.figures.estimates import NO_INTERVAL, Shares
from fairness_audit.steps.measure.figures.pairs import Side
from fairness_audit.steps.measure.figures.rows import Row

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

DEFINITIONS: tuple[Metric, ...] = (*BETWEEN.values(), *TO_OVERALL.values(), *PARITIES)


def worst_pair_rows(groups: Groups, plan: Plan) -> Iterator[Row]:
    """Every such figure about one grouping that the population has the columns for."""
    rates = [rate for rate in RATES if plan.has(*rate.needs)]
    if not len(groups.known) or not rates:
        return
    found = _WorstPairs(groups, rates, plan)
    yield from found.between()
    yield from found.to_overall()
    yield from found.parities()


class _WorstPairs:
    """The known groups of one grouping: rates by groups."""

    def __init__(self, groups: Groups, rates: Sequence[Rate], plan: Plan) -> None:
        self._groups, self._rates, self._plan = groups, rates, plan
        self._names = [groups.names[i] for i in groups.known]
        self._side = Side.of(groups, groups.known)
        shares = [shares_of(rate, self._side) for rate in rates]
        self._values = np.stack([each.rate for each in shares])
        if plan.compat is Compat.FAIRLEARN:
            self._values = np.nan_to_num(self._values)
        self._shares = _stacked(shares)
        # Of each rate the groups with the least and the most of it; one without it is the least.
        least, most = self._values.argmin(axis=-1), self._values.argmax(axis=-1)
        every = np.arange(len(rates))
        low, high = self._values[every, least], self._values[every, most]
        self._least, self._most = least.tolist(), most.tolist()
        self._gaps = ((high - low).tolist(), quotient(low, high).tolist())
        self._bounds: dict[tuple[Comparison, int], Interval] = {}

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
        rest = Side.rest_of(self._groups, self._groups.known)
        wholes = [shares_of(rate, Side.all_of(self._groups, 1)).rate for rate in self._rates]
        whole = np.stack(wholes)
        if self._plan.compat is Compat.FAIRLEARN:
            whole = np.nan_to_num(whole)
        whole = np.broadcast_to(whole, self._values.shape)
        sizes, smaller = self._intervals_to_overall(
            _stacked([shares_of(rate, rest) for rate in self._rates])
        )
        ratios = quotient(self._values, whole)
        inverse = np.where(ratios == 0, 0.0, quotient(np.ones_like(ratios), ratios))
        found = {
            Comparison.DIFFERENCE: (np.abs(self._values - whole), sizes),
            Comparison.RATIO: (np.fmin(ratios, inverse), smaller),
        }
        for compare, (apart, bounds) in found.items():
            furthest = np.argmin if compare is Comparison.RATIO else np.argmax
            worst = furthest(apart, axis=-1).tolist()  # where one is undefined, that one
            value = np.take_along_axis(apart, np.array(worst)[:, None], axis=-1)[:, 0].tolist()
            for i, rate in enumerate(self._rates):
                metric = TO_OVERALL[rate.name, compare]
                if math.isnan(value[i]):
                    yield self._row(metric, worst[i], None, None)
                else:
                    row = self._row(metric, worst[i], value[i], OVERALL)
                    yield _bounded(row, bounds.low[i], bounds.high[i], "bonferroni")

    def _intervals_to_overall(self, rest: Proportions) -> tuple[Interval, Interval]:
        """Of the largest difference of a group to everybody, and the smallest ratio, per rate."""
        each = 1 - (1 - self._plan.confidence) / len(self._names)  # all share a whole
        shape = self._values.shape
        own, other = (
            Proportions(side.successes.ravel(), side.trials.ravel())
            for side in (self._shares, rest)
        )
        difference = intervals.difference_interval(own, other, each)
        difference = intervals.difference_to_overall(difference, own, other)
        ratio = ratio_intervals.ratio_interval(own, other, each)
        ratio = simultaneous.smaller_ratio(ratio_intervals.ratio_to_overall(ratio, own, other))
        return (
            simultaneous.largest_size(Interval(*(end.reshape(shape) for end in difference))),
            Interval(*(end.reshape(shape).min(axis=-1) for end in ratio)),
        )

    def _worst(self, metric: WorstPair) -> Row:
        places = [self._rates.index(rate) for rate in metric.rates]
        undefined = next((self._least[i] for i in places if math.isnan(self._gaps[0][i])), None)
        if undefined is not None or len(self._names) < 2:
            return self._row(metric, undefined or 0, None, None)
        is_ratio = metric.compare is Comparison.RATIO
        gaps = [self._gaps[is_ratio][i] for i in places]
        furthest = places[gaps.index(min(gaps) if is_ratio else max(gaps))]
        if math.isnan(sum(gaps)):
            furthest = places[0]  # all rates are zero, and have no ratio
        # Denominators of true and of false positive rates are disjoint: independent questions.
        bounds = self._apart(metric.compare, len(places))
        row = self._row(
            metric,
            self._least[furthest],
            _one_of(metric, gaps),
            self._names[self._most[furthest]],
        )
        low, high = (_one_of(metric, [end[i] for i in places]) for end in bounds)
        return _bounded(row, low, high, "tukey")

    def _apart(self, compare: Comparison, at_once: int) -> Interval:
        """How far apart the groups are in each rate, so that so many intervals hold at once."""
        key = compare, at_once
        if key not in self._bounds:
            each = simultaneous.confidence_of_each(at_once, self._plan.confidence)
            is_ratio = compare is Comparison.RATIO
            bound = simultaneous.smallest_ratio if is_ratio else simultaneous.largest_difference
            self._bounds[key] = bound(self._shares, each)
        return self._bounds[key]

    def _row(
        self, metric: Metric, position: int, value: float | None, reference: str | None
    ) -> Row:
        return Row.of(
            metric,
            self._groups.attribute,
            self._names[position],
            n=int(self._side.rows[position]),
            value=value,
            reference=reference,
            stratum=self._groups.stratum,
        )


def _stacked(columns: Sequence[Shares]) -> Proportions:
    """Columns of rates as rows of proportions, as intervals see them."""
    return Proportions(
        np.stack([each.proportions.successes for each in columns]),
        np.stack([each.effective for each in columns]),
    )


def _one_of(metric: WorstPair, figures: Sequence[float]) -> float:
    """One figure of those of the metric's rates."""
    return float(figures[0] if len(figures) == 1 else metric.combine(figures))


def _bounded(row: Row, low: float, high: float, method: str) -> Row:
    """With an interval that also holds the value, if there are both."""
    value = row.value
    if value is None or not math.isfinite(value) or math.isnan(low) or math.isnan(high):
        return row._replace(method=NO_INTERVAL)
    return row._replace(low=min(float(low), value), high=max(float(high), value), method=method)
