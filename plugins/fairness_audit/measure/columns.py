"""Rates and their disparities, for all groups at once."""

from collections.abc import Callable, Iterable, Iterator, Sequence

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from fairness_audit.measure import estimates
from fairness_audit.measure.comparisons import Pairs, Side, effective_size
from fairness_audit.measure.estimates import Shares
from fairness_audit.measure.groups import Groups
from fairness_audit.measure.rates import Rate
from fairness_audit.measure.table import measurements_table
from fairness_audit.policy.model import Against, Comparison, Metric

Matters = Sequence[tuple[Rate, Sequence[Pairs]]]
"""Rates, and for each of them the pairs of groups that are compared."""


def rates_table(
    all_groups: Sequence[Groups], rates: Iterable[Rate], confidence: float
) -> pa.Table:
    """The rates of every group."""
    chosen = list(rates)
    sides = [Side(each.counts, each.squares, each.rows) for each in all_groups]
    column = joined([shares_of(rate, side) for rate in chosen for side in sides])
    known = estimates.rates(column, confidence)
    return measurements_table(
        known,
        metric=_repeated(chosen, all_groups, lambda rate, _: rate.name),
        code=_repeated(chosen, all_groups, lambda rate, _: rate.code),
        attribute=_repeated(chosen, all_groups, lambda _, each: each.attribute),
        group=[name for _ in chosen for each in all_groups for name in each.names],
        stratum=_repeated(chosen, all_groups, lambda _, each: each.stratum),
        numerator=column.numerator,
        denominator=column.denominator,
        n=np.concatenate([each.rows for _ in chosen for each in all_groups] or [np.zeros(0)]),
    )


def disparities_tables(matters: Matters, confidence: float) -> Iterator[pa.Table]:
    """The differences, then the ratios, of rates between the groups of every pair."""
    pairs = [(rate, each) for rate, compared in matters for each in compared]
    group = joined([shares_of(rate, each.group) for rate, each in pairs])
    other = joined([shares_of(rate, each.reference) for rate, each in pairs])
    tested = joined([shares_of(rate, each.tested) for rate, each in pairs])
    to_overall = [np.full(len(each.names), each.against is Against.OVERALL) for _, each in pairs]
    with_rest = np.concatenate([np.zeros(0, dtype=bool), *to_overall])
    contrast = estimates.contrast(group, other, tested, with_rest)
    labels = _labels(pairs, group, other)
    differences = estimates.differences(contrast, confidence)
    # The impact ratio is a ratio by definition; its difference is the selection rate's.
    has_difference = pa.array(
        [name != Metric.IMPACT_RATIO for name in labels["metric"]], pa.bool_()
    )
    table = measurements_table(differences, comparison=Comparison.DIFFERENCE.value, **labels)
    yield table.filter(has_difference)
    ratios = estimates.ratios(contrast, confidence)
    yield measurements_table(ratios, comparison=Comparison.RATIO.value, **labels)


def shares_of(rate: Rate, side: Side) -> Shares:
    """The rate of every entry."""
    return Shares(
        np.asarray(rate.numerator(side.counts), dtype=np.float64),
        np.asarray(rate.denominator(side.counts), dtype=np.float64),
        effective_size(rate, side.counts, side.squares),
    )


def joined(columns: Sequence[Shares]) -> Shares:
    """Columns below each other."""
    empty = Shares(np.zeros(0), np.zeros(0), np.zeros(0))
    return Shares(*(np.concatenate(parts) for parts in zip(empty, *columns, strict=True)))


def _labels(
    pairs: Sequence[tuple[Rate, Pairs]], group: Shares, other: Shares
) -> dict[str, list[object] | NDArray[np.float64]]:
    def column(of: Callable[[Rate, Pairs], object]) -> list[object]:
        return [value for rate, each in pairs for value in [of(rate, each)] * len(each.names)]

    return {
        "metric": column(lambda rate, _: rate.name),
        "code": column(lambda rate, _: rate.code),
        "attribute": column(lambda _, each: each.attribute),
        "group": [name for _, each in pairs for name in each.names],
        "stratum": column(lambda _, each: each.stratum),
        "against": column(lambda _, each: each.against.value),
        "reference": [name for _, each in pairs for name in each.references],
        "numerator": group.numerator,
        "denominator": group.denominator,
        "reference_numerator": other.numerator,
        "reference_denominator": other.denominator,
        "n": np.concatenate([np.zeros(0), *(each.group.rows for _, each in pairs)]),
        "reference_n": np.concatenate([np.zeros(0), *(each.reference.rows for _, each in pairs)]),
    }


def _repeated(
    rates: Sequence[Rate], all_groups: Sequence[Groups], of: Callable[[Rate, Groups], object]
) -> list[object]:
    return [
        value
        for rate in rates
        for each in all_groups
        for value in [of(rate, each)] * len(each.names)
    ]
