"""Who is there: the share of each group, and what its rates could be if everybody's were known.

People of unknown group may belong to any. A group's rate is lowest if all of them are its own who
make it lower, and highest if all are who make it higher (Manski, "Nonparametric bounds on
treatment effects", American Economic Review 80 (1990), 319-323).
"""

from collections.abc import Iterator, Sequence

import numpy as np
import pyarrow as pa

from fairness_audit.policy.base import UNKNOWN
from fairness_audit.policy.metrics import RATES, SHARE, Direction, Metric, Rate
from fairness_audit.statistics.clustering import SubjectSums
from fairness_audit.statistics.effective_counts import (
    effective_trials,
    of_few_persons,
)
from fairness_audit.statistics.proportions import Floats, quotient
from fairness_audit.steps.measure.counting.groups import Groups
from fairness_audit.steps.measure.counting.plan import JOINT, Plan
from fairness_audit.steps.measure.figures import estimates
from fairness_audit.steps.measure.figures.columns import shares_of
from fairness_audit.steps.measure.figures.estimates import Estimates, Shares
from fairness_audit.steps.measure.figures.pairs import Side
from fairness_audit.steps.measure.figures.table import measurements_table

POPULATION_SHARE = Metric(
    name="population_share",
    meaning="the group's share of everybody, the unknown included",
    source="6 RCNY 5-301 (groups under 2 % may be left out)",
    needs=(),
    range=SHARE,
    direction=Direction.NEITHER,
)
BOUNDS = {
    rate.name: Metric(
        name=f"{rate.name}_bounds",
        meaning=f"{rate.phrase.called}; low and high if all of unknown group were worst and best"
        " for it",
        source="Manski 1990",
        needs=rate.needs,
        range=SHARE,
        direction=Direction.NEITHER,
    )
    for rate in RATES
}
DEFINITIONS = (POPULATION_SHARE, *BOUNDS.values())


def representation_tables(
    by_group: Sequence[Groups], rates: Sequence[Rate], plan: Plan
) -> Iterator[pa.Table]:
    """The share of every group and, where some are unknown, the bounds of every rate."""
    for groups in by_group:
        n = groups.counts.n
        total = np.full(n.shape, groups.overall.n[0] if len(n) else 0.0)
        share = Shares(n, total, _size(groups, n, total, plan))
        yield measurements_table(
            estimates.rates(share, plan.confidence),
            metric=POPULATION_SHARE.name,
            attribute=groups.attribute,
            group=list(groups.names),
            numerator=n,
            denominator=total,
            n=groups.rows,
        )
        if UNKNOWN in groups.names and len(groups.known):
            for rate in rates:
                yield _bounds(groups, rate)


def _size(groups: Groups, n: Floats, total: Floats, plan: Plan) -> Floats:
    """How many independent decisions the shares are of."""
    if groups.people is None:
        return np.full(n.shape, groups.rows.sum())
    everything = groups.people.everybody.cells.sum(axis=(-1, -2))
    shared = groups.people.with_everybody.sum(axis=(-1, -2))
    subjects = SubjectSums(
        np.broadcast_to(everything, n.shape), shared, groups.people.own.cells.sum(axis=(-1, -2))
    )
    effective = effective_trials(n, total, subjects)
    return of_few_persons(effective, total, subjects, plan.confidence)


def _bounds(groups: Groups, rate: Rate) -> pa.Table:
    column = shares_of(rate, Side.every(groups))
    unknown = groups.names.index(UNKNOWN)
    good = column.numerator[unknown]
    bad = column.denominator[unknown] - good
    num, den = column.numerator[groups.known], column.denominator[groups.known]
    nothing = np.full(num.shape, np.nan)
    found = Estimates(
        quotient(num, den),
        quotient(num, den + bad),
        quotient(num + good, den + good),
        nothing,
        np.full(num.shape, "manski", dtype=object),
    )
    return measurements_table(
        found,
        metric=BOUNDS[rate.name].name,
        attribute=groups.attribute,
        group=[groups.names[i] for i in groups.known],
        numerator=num,
        denominator=den,
        n=groups.rows[groups.known],
    )


def disagreements(by_group: Sequence[Groups]) -> Iterator[str]:
    """Where groupings of one population do not count the same people.

    Every grouping counts everybody. A group of an attribute is no smaller than its parts in an
    intersection; it is larger only by those whose other attribute is unknown.
    """
    if not by_group:
        return
    first = by_group[0]
    for each in by_group[1:]:
        if each.rows.sum() != first.rows.sum():
            yield (
                f"{first.attribute} counts {first.rows.sum():,.0f} rows, {each.attribute}"
                f" {each.rows.sum():,.0f}"
            )
    single = {each.attribute: each for each in by_group if "*" not in each.attribute}
    for each in by_group:
        attributes = each.attribute.split("*")
        for place, attribute in enumerate(attributes if len(attributes) > 1 else []):
            if attribute in single:
                yield from _margins(single[attribute], each, place)


def _margins(single: Groups, joint: Groups, place: int) -> Iterator[str]:
    has_unknown = UNKNOWN in joint.names
    margin = dict.fromkeys(single.names, 0.0)
    for name, rows in zip(joint.names, joint.rows, strict=True):
        if name != UNKNOWN:
            part = name.split(JOINT)[place]
            margin[part] = margin.get(part, 0.0) + float(rows)
    for name, rows in zip(single.names, single.rows, strict=True):
        is_apart = margin[name] != rows and (margin[name] > rows or not has_unknown)
        if name != UNKNOWN and is_apart:
            yield (
                f"{single.attribute} {name} counts {rows:,.0f} rows, its parts in"
                f" {joint.attribute} {margin[name]:,.0f}"
            )
