"""Every metric that is made of the counts of several groups."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from fairness_audit.steps.measure.counting.counts import Counts
from fairness_audit.steps.measure.counting.groups import Groups
from fairness_audit.steps.measure.counting.plan import Plan
from fairness_audit.steps.measure.figures import estimates
from fairness_audit.steps.measure.figures import pairs as comparisons
from fairness_audit.steps.measure.figures.bootstrap import percentile_interval, resampled
from fairness_audit.steps.measure.figures.columns import shares_of
from fairness_audit.steps.measure.figures.estimates import NO_INTERVAL, Estimates
from fairness_audit.steps.measure.figures.pairs import Pairs, Side
from fairness_audit.steps.measure.figures.table import measurements_table, rows_table
from fairness_audit.steps.measure.metrics.attributes import summary_rows, whole_rows
from fairness_audit.steps.measure.metrics.conditional import conditional_rows
from fairness_audit.steps.measure.metrics.parities import parity_tables
from fairness_audit.steps.measure.rates.pairwise import PAIRWISE, Pairwise

_AT_ONCE = 2000
"""Pairs of groups taken together: enough to be fast, few enough for a thousand resamples."""


def derived_tables(
    whole: Groups, by_group: Sequence[Groups], by_stratum: Sequence[Groups], plan: Plan
) -> Iterator[pa.Table]:
    """Group against group, whole attributes, and strata taken together."""
    yield rows_table(whole_rows(whole, plan))
    batch: list[_Compared] = []
    for groups in [*by_group, *by_stratum]:
        bootstrap = None
        if plan.resamples:
            name = f"{groups.attribute} in {groups.stratum}"
            bootstrap = resampled(groups.counts, name, plan.resamples, groups.people)
        if groups.stratum is None:
            yield rows_table(summary_rows(groups, bootstrap, plan))
        batch += _compared(groups, bootstrap)
        if sum(len(each.pairs.names) for each in batch) >= _AT_ONCE:
            yield from _pairwise_tables(batch, plan)
            batch = []
    yield from _pairwise_tables(batch, plan)
    yield from parity_tables(by_group, plan)
    yield rows_table(conditional_rows(by_stratum, plan))


@dataclass(frozen=True)
class _Compared:
    """The groups of a grouping beside what they are compared with, in the data and resampled."""

    pairs: Pairs
    bootstrap: tuple[Counts, Counts] | None


def _compared(groups: Groups, bootstrap: Counts | None) -> Iterator[_Compared]:
    if groups.reference is None:
        found = list(comparisons.with_rest(groups))
    else:
        found = list(comparisons.with_reference(groups))
    for pairs in found:
        if pairs.names:
            yield _Compared(pairs, None if bootstrap is None else _sides(groups, pairs, bootstrap))


def _sides(groups: Groups, pairs: Pairs, counts: Counts) -> tuple[Counts, Counts]:
    """Both sides of the pairs in other counts of the same groups."""
    d = counts.take(np.array([groups.names.index(name) for name in pairs.names], dtype=np.intp))
    if groups.reference_position is None:
        return d, counts.total() - d
    reference = np.full(len(pairs.names), groups.reference_position, dtype=np.intp)
    return d, counts.take(reference)


def _pairwise_tables(batch: Sequence[_Compared], plan: Plan) -> Iterator[pa.Table]:
    if not batch:
        return
    pairs = [each.pairs for each in batch]
    d, a = Side.joined([each.group for each in pairs]), Side.joined([e.reference for e in pairs])
    bootstrap = None
    if resampled_sides := [each.bootstrap for each in batch if each.bootstrap is not None]:
        bootstrap = (
            Counts.joined([d for d, _ in resampled_sides]),
            Counts.joined([a for _, a in resampled_sides]),
        )
    labels = {
        "attribute": [each.attribute for each in pairs for _ in each.names],
        "group": [name for each in pairs for name in each.names],
        "reference": [name for each in pairs for name in each.references],
        "stratum": [each.stratum for each in pairs for _ in each.names],
        "n": d.rows,
    }
    for metric in PAIRWISE:
        if not plan.has(*metric.needs):
            continue
        counted = None if metric.rate is None else shares_of(metric.rate, d)
        yield measurements_table(
            _estimated(metric, d, a, bootstrap, plan),
            metric=metric.name,
            code=metric.code,
            numerator=None if counted is None else counted.numerator,
            denominator=None if counted is None else counted.denominator,
            **labels,
        )


def _estimated(
    metric: Pairwise, d: Side, a: Side, bootstrap: tuple[Counts, Counts] | None, plan: Plan
) -> Estimates:
    """Value, interval and test: in closed form where the metric compares one rate."""
    value = metric.formula_of(plan.compat)(d.counts, a.counts)
    nothing = np.full(value.shape, np.nan)
    if metric.rate is not None:
        group, other = shares_of(metric.rate, d), shares_of(metric.rate, a)
        contrast = estimates.contrast(group, other, other, np.zeros(value.shape, dtype=bool))
        make = estimates.ratios if metric.is_ratio else estimates.differences
        found = make(contrast, plan.confidence)
        low, high = found.low, found.high
        if metric.sign < 0:
            low, high = -found.high, -found.low
        return found._replace(value=value, low=low, high=high)
    if bootstrap is None:
        return Estimates(value, nothing, nothing, nothing, _named(NO_INTERVAL, value.shape))
    with np.errstate(all="ignore"):
        interval = percentile_interval(metric.formula_of(plan.compat)(*bootstrap), plan.confidence)
    defined = np.isfinite(value) & np.isfinite(interval.low)
    low = np.where(defined, np.fmin(interval.low, value), np.nan)
    high = np.where(defined, np.fmax(interval.high, value), np.nan)
    method = np.where(defined, "bootstrap", NO_INTERVAL).astype(object)
    return Estimates(value, low, high, nothing, method)


def _named(method: str, shape: tuple[int, ...]) -> NDArray[np.object_]:
    return np.full(shape, method, dtype=object)
