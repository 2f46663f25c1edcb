"""Every metric that is made of the counts of several groups, row by row."""

from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from fairness_audit.measure import comparisons, estimates
from fairness_audit.measure.bootstrap import percentile_interval, resampled
from fairness_audit.measure.columns import shares_of
from fairness_audit.measure.comparisons import Pairs
from fairness_audit.measure.conditional import conditional_rows
from fairness_audit.measure.counts import Counts
from fairness_audit.measure.groups import Groups
from fairness_audit.measure.pairwise import PAIRWISE, Pairwise
from fairness_audit.measure.plan import Plan
from fairness_audit.measure.rows import Row
from fairness_audit.measure.summaries import summary_rows, whole_rows
from fairness_audit.statistics.proportions import Floats, Interval


def derived_rows(
    whole: Groups, by_group: Sequence[Groups], by_stratum: Sequence[Groups], plan: Plan
) -> Iterator[Row]:
    """Group against group, whole attributes, and strata taken together."""
    yield from whole_rows(whole, plan)
    for groups in [*by_group, *by_stratum]:
        again = None
        if plan.resamples:
            name = f"{groups.attribute} in {groups.stratum}"
            again = resampled(groups.counts, name, plan.resamples)
        yield from _pairwise_rows(groups, again, plan)
        if groups.stratum is None:
            yield from summary_rows(groups, again, plan)
    yield from conditional_rows(by_stratum, plan)


def _pairwise_rows(groups: Groups, again: Counts | None, plan: Plan) -> Iterator[Row]:
    if groups.reference is None:
        found = list(comparisons.with_rest(groups))
    else:
        found = list(comparisons.with_reference(groups))
    for pairs in found:
        if not pairs.names:
            continue
        resampled_sides = None if again is None else _sides(groups, pairs, again)
        for metric in PAIRWISE:
            if plan.has(*metric.needs):
                yield from _rows(metric, pairs, resampled_sides, plan)


def _sides(groups: Groups, pairs: Pairs, counts: Counts) -> tuple[Counts, Counts]:
    """Both sides of the pairs in other counts of the same groups."""
    d = counts.take(np.array([groups.names.index(name) for name in pairs.names], dtype=np.intp))
    if groups.reference_position is None:
        return d, counts.total() - d
    return d, counts.take(np.array([groups.reference_position]))


def _rows(
    metric: Pairwise, pairs: Pairs, again: tuple[Counts, Counts] | None, plan: Plan
) -> Iterator[Row]:
    d, a = pairs.group.counts, pairs.reference.counts
    value = metric.formula_of(plan.compat)(d, a)
    low, high, p_value, method = _interval(metric, pairs, again, plan, value)
    counted = None if metric.rate is None else shares_of(metric.rate, pairs.group)
    for i, name in enumerate(pairs.names):
        yield Row(
            metric.name,
            metric.code,
            pairs.attribute,
            name,
            n=int(pairs.group.rows[i]),
            value=float(value[i]),
            method=str(method[i]),
            reference=pairs.references[i],
            stratum=pairs.stratum,
            numerator=None if counted is None else float(counted.numerator[i]),
            denominator=None if counted is None else float(counted.denominator[i]),
            low=float(low[i]),
            high=float(high[i]),
            p_value=float(p_value[i]),
        )


def _interval(
    metric: Pairwise, pairs: Pairs, again: tuple[Counts, Counts] | None, plan: Plan, value: Floats
) -> tuple[Floats, Floats, Floats, NDArray[np.object_]]:
    """Low, high, p-value and method: in closed form where the metric compares one rate."""
    nothing = np.full(value.shape, np.nan)
    if metric.rate is not None:
        group, other = shares_of(metric.rate, pairs.group), shares_of(metric.rate, pairs.reference)
        contrast = estimates.contrast(group, other, other, np.zeros(value.shape, dtype=bool))
        make = estimates.ratios if metric.is_ratio else estimates.differences
        found = make(contrast, plan.confidence)
        low, high = found.low, found.high
        if metric.sign < 0:
            low, high = -found.high, -found.low
        return low, high, found.p_value, found.method
    if again is None:
        return nothing, nothing, nothing, np.full(value.shape, estimates.NO_INTERVAL, dtype=object)
    with np.errstate(all="ignore"):
        interval = percentile_interval(metric.formula_of(plan.compat)(*again), plan.confidence)
    defined = np.isfinite(value) & np.isfinite(interval.low)
    bounds = Interval(
        np.where(defined, np.fmin(interval.low, value), np.nan),
        np.where(defined, np.fmax(interval.high, value), np.nan),
    )
    method = np.where(defined, "bootstrap", estimates.NO_INTERVAL).astype(object)
    return *bounds, nothing, method
