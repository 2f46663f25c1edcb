"""Rates and their disparities, for all groups at once."""

from collections.abc import Callable, Iterable, Iterator, Sequence

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from fairness_audit.policy.metrics import FALSE_DISCOVERY_RATE, FALSE_POSITIVE_RATE, Rate
from fairness_audit.policy.model import Against, Comparison
from fairness_audit.statistics.proportions import Floats
from fairness_audit.steps.measure.counting.groups import Groups
from fairness_audit.steps.measure.counting.plan import Compat, Plan
from fairness_audit.steps.measure.figures import estimates
from fairness_audit.steps.measure.figures.estimates import Shares
from fairness_audit.steps.measure.figures.pairs import (
    Fraction,
    Pairs,
    Side,
    effective_size,
    size_for_intervals,
)
from fairness_audit.steps.measure.figures.table import measurements_table

Matters = Sequence[tuple[Rate, Sequence[Pairs]]]
"""Rates, and for each of them the pairs of groups that are compared."""


def rates_table(all_groups: Sequence[Groups], rates: Iterable[Rate], plan: Plan) -> pa.Table:
    """The rates of every group."""
    chosen = list(rates)
    everyone = Side.joined([Side.every(each) for each in all_groups])
    column = joined([shares_of(rate, everyone) for rate in chosen])
    known = estimates.rates(column, plan.confidence)
    if plan.compat is Compat.FAIRLEARN:
        known = known._replace(value=np.nan_to_num(known.value))
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
        n_effective=worth((rate, everyone) for rate in chosen),
    )


def disparities_tables(matters: Matters, plan: Plan) -> Iterator[pa.Table]:
    """The differences, then the ratios, of rates between the groups of every pair."""
    confidence = plan.confidence
    pairs = [(rate, each) for rate, compared in matters for each in compared]
    group, other, tested = (_shares(matters, side) for side in ("group", "reference", "tested"))
    to_overall = [np.full(len(each.names), each.against is Against.OVERALL) for _, each in pairs]
    with_rest = np.concatenate([np.zeros(0, dtype=bool), *to_overall])
    contrast = estimates.contrast(group, other, tested, with_rest)
    if plan.compat is Compat.AEQUITAS:
        contrast = _tested_as_aequitas_does(contrast, matters)
    labels = _labels(pairs, group, other)
    differences = estimates.differences(contrast, confidence)
    has_difference = pa.array(
        [not rate.is_ratio for rate, each in pairs for _ in each.names], pa.bool_()
    )
    table = measurements_table(differences, comparison=Comparison.DIFFERENCE.value, **labels)
    yield table.filter(has_difference)
    ratios = estimates.ratios(contrast, confidence)
    yield measurements_table(ratios, comparison=Comparison.RATIO.value, **labels)


def _shares(matters: Matters, side: str) -> Shares:
    """One side of all pairs, rate by rate."""
    return joined(
        [
            shares_of(rate, Side.joined([getattr(each, side) for each in compared]))
            for rate, compared in matters
        ]
    )


def _tested_as_aequitas_does(contrast: estimates.Contrast, matters: Matters) -> estimates.Contrast:
    """With the p-values of false discovery rates beside false positive rates.

    Aequitas tests the former where it reports the latter: it prints .0504 for the false positive
    rates of its COMPAS table, whose own p-value is 2e-37.
    """
    turned = [
        (FALSE_DISCOVERY_RATE if rate is FALSE_POSITIVE_RATE else rate, compared)
        for rate, compared in matters
    ]
    tested = _shares(turned, "tested")
    other = estimates.contrast(_shares(turned, "group"), tested, tested, contrast.with_rest)
    return contrast._replace(p_value=other.p_value, test=other.test)


def shares_of(rate: Fraction, side: Side) -> Shares:
    """The rate of every entry."""
    return Shares(
        np.asarray(rate.numerator(side.counts), dtype=np.float64),
        np.asarray(rate.denominator(side.counts), dtype=np.float64),
        size_for_intervals(rate, side),
    )


def worth(sides: Iterable[tuple[Rate, Side]]) -> Floats | None:
    """How many independent decisions each rate is worth; None if nobody is decided about twice."""
    sizes = [effective_size(rate, side) for rate, side in sides if side.products is not None]
    return np.concatenate(sizes) if sizes else None


def joined(columns: Sequence[Shares]) -> Shares:
    """Columns below each other."""
    empty = Shares(np.zeros(0), np.zeros(0), np.zeros(0))
    return Shares(*(np.concatenate(parts) for parts in zip(empty, *columns, strict=True)))


def _labels(
    pairs: Sequence[tuple[Rate, Pairs]], group: Shares, other: Shares
) -> dict[str, list[object] | NDArray[np.float64] | None]:
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
        "n_effective": worth((rate, each.group) for rate, each in pairs),
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
