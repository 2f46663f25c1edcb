"""Every metric that is made of the counts of several groups."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from fairness_audit.policy.metrics import SELECTION_RATE, Rate
from fairness_audit.statistics import intervals, simultaneous
from fairness_audit.statistics.proportions import Floats, Interval, quotient
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
from fairness_audit.steps.measure.metrics.conditional import conditional_rows
from fairness_audit.steps.measure.metrics.group_indices import index_rows, whole_rows
from fairness_audit.steps.measure.metrics.parities import parity_tables
from fairness_audit.steps.measure.metrics.worst_pairs import worst_pair_rows
from fairness_audit.steps.measure.rates.pairwise import PAIRWISE, Formula, Pairwise

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
            bootstrap = resampled(groups.sums, name, plan.resamples, groups.people)
        if groups.stratum is None:
            yield rows_table(worst_pair_rows(groups, plan))
            yield rows_table(index_rows(groups, bootstrap, plan))
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
    """Value, interval and test: in closed form where the metric compares one rate, or two."""
    formula = metric.formula_of(plan.compat)
    if metric.grows_with_size(plan.compat):
        formula = _of_worth(formula, d, a)
    value = formula(d.counts, a.counts)
    nothing = np.full(value.shape, np.nan)
    if metric.rate is not None:
        return _of_one_rate(metric, metric.rate, value, d, a, plan)
    # Who is decided about twice may count in both rates, which are no two samples then.
    if metric.mean_of and (metric.is_size or d.products is None):
        return _of_two_rates(metric, value, d, a, plan)
    if bootstrap is None:
        return Estimates(value, nothing, nothing, nothing, _named(NO_INTERVAL, value.shape))
    with np.errstate(all="ignore"):
        interval = percentile_interval(formula(*bootstrap), plan.confidence)
    low = interval.low
    if metric.zero_where_equal is not None and plan.compat not in metric.compat:
        # Never below 0, and resamples of rates alike are above: it starts at 0 if they may be.
        difference = _difference_of(metric.zero_where_equal, d, a, plan.confidence)
        equal = (difference.low <= 0) & (difference.high >= 0)
        low = np.where(equal & np.isfinite(low), 0.0, low)
    return _bounded(value, Interval(low, interval.high), "bootstrap")


def _of_worth(formula: Formula, d: Side, a: Side) -> Formula:
    """The formula of counts brought to the independent decisions that selection is worth."""
    if d.counts is d.squares and d.products is None:
        return formula
    own, other = (
        np.nan_to_num(quotient(comparisons.effective_size(SELECTION_RATE, side), side.counts.n))
        for side in (d, a)
    )
    return lambda x, y: formula(x.map(lambda cell: cell * own), y.map(lambda cell: cell * other))


def _of_one_rate(
    metric: Pairwise, rate: Rate, value: Floats, d: Side, a: Side, plan: Plan
) -> Estimates:
    group, other = shares_of(rate, d), shares_of(rate, a)
    contrast = estimates.contrast(group, other, other, np.zeros(value.shape, dtype=bool))
    make = estimates.ratios if metric.is_ratio else estimates.differences
    found = make(contrast, plan.confidence)
    low, high = found.low, found.high
    if metric.sign < 0:
        low, high = -found.high, -found.low
    if metric.is_size:
        sized = simultaneous.smaller_ratio if metric.is_ratio else simultaneous.size
        low, high = (metric.scale * end for end in sized(Interval(low, high)))
        bounded = _bounded(value, Interval(low, high), "")
        low, high = bounded.low, bounded.high
    if metric.compat and plan.compat in metric.compat:
        # The interval is of our formula, from which another system's may differ.
        same = np.isclose(value, metric.formula(d.counts, a.counts), rtol=1e-12, atol=0.0)
        nothing = np.full(value.shape, np.nan)
        method = np.where(same, found.method, NO_INTERVAL).astype(object)
        low, high = np.where(same, low, nothing), np.where(same, high, nothing)
        p_value = np.where(same, found.p_value, nothing)
        return Estimates(value, low, high, p_value, method)
    return found._replace(value=value, low=low, high=high)


def _of_two_rates(metric: Pairwise, value: Floats, d: Side, a: Side, plan: Plan) -> Estimates:
    """The mean of two differences on disjoint denominators, or of their sizes."""
    if metric.is_size:
        each = simultaneous.confidence_of_each(len(metric.mean_of), plan.confidence)
        sizes = [simultaneous.size(_difference_of(r, d, a, each)) for r in metric.mean_of]
        ends = [np.mean(each, axis=0) for each in zip(*sizes, strict=True)]
        return _bounded(value, Interval(ends[0], ends[1]), "newcombe_sizes")
    low, high = np.zeros(value.shape), np.zeros(value.shape)
    for rate in metric.mean_of:
        difference = _rate_of(rate, d) - _rate_of(rate, a)
        found = _difference_of(rate, d, a, plan.confidence)
        low = np.hypot(low, difference - found.low)
        high = np.hypot(high, found.high - difference)
    parts = len(metric.mean_of)
    return _bounded(value, Interval(value - low / parts, value + high / parts), "newcombe_added")


def _difference_of(rate: Rate, d: Side, a: Side, confidence: float) -> Interval:
    own, other = shares_of(rate, d).proportions, shares_of(rate, a).proportions
    return intervals.difference_interval(own, other, confidence)


def _rate_of(rate: Rate, side: Side) -> Floats:
    return shares_of(rate, side).rate


def _bounded(value: Floats, interval: Interval, method: str) -> Estimates:
    """With an interval that also holds the value, where there are both."""
    defined = np.isfinite(value) & np.isfinite(interval.low)
    low = np.where(defined, np.fmin(interval.low, value), np.nan)
    high = np.where(defined, np.fmax(interval.high, value), np.nan)
    nothing = np.full(value.shape, np.nan)
    named = np.where(defined, method, NO_INTERVAL).astype(object)
    return Estimates(value, low, high, nothing, named)


def _named(method: str, shape: tuple[int, ...]) -> NDArray[np.object_]:
    return np.full(shape, method, dtype=object)
