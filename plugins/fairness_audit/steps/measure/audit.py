"""From the fine group counts to the measurements."""

from collections.abc import Iterator, Sequence
from functools import partial
from pathlib import Path

import pyarrow as pa

from fairness_audit.policy.metrics import IMPACT_RATIO, RATES, Needs, Rate
from fairness_audit.steps.measure.counting.grouped_scan import Scanner
from fairness_audit.steps.measure.counting.groups import Cells, Groups
from fairness_audit.steps.measure.counting.people import SubjectKinds
from fairness_audit.steps.measure.counting.plan import Plan
from fairness_audit.steps.measure.counting.scan import scanner
from fairness_audit.steps.measure.counting.weights import scale_of
from fairness_audit.steps.measure.derived import derived_tables
from fairness_audit.steps.measure.figures.by_subject import by_subject, without_chance
from fairness_audit.steps.measure.figures.columns import disparities_tables, rates_table
from fairness_audit.steps.measure.figures.pairs import (
    Pairs,
    with_best,
    with_overall,
    with_reference,
    with_rest,
)
from fairness_audit.steps.measure.figures.rows import Row
from fairness_audit.steps.measure.figures.table import rows_table
from fairness_audit.steps.measure.figures.within_strata import rows_within_strata
from fairness_audit.steps.measure.metrics import conditional
from fairness_audit.steps.measure.metrics.classes import decision_rows
from fairness_audit.steps.measure.metrics.neighbours import neighbour_rows
from fairness_audit.steps.measure.metrics.probabilities import probability_rows
from fairness_audit.steps.measure.metrics.ranks import ranking_rows
from fairness_audit.steps.measure.metrics.representation import representation_tables
from fairness_audit.steps.measure.metrics.scores import score_rows
from fairness_audit.steps.measure.metrics.subgroups import worst_subgroup
from fairness_audit.steps.measure.metrics.values import value_rows

_MORE = (Needs.SCORE, Needs.VALUE, Needs.DECISION, Needs.RANK, Needs.FEATURE)
"""Columns that metrics need which are not made of the outcome counts."""

_BY_ROWS = frozenset(each.name for each in conditional.DEFINITIONS)
"""Metrics whose intervals and tests take every decision for somebody else's."""


def measurements(
    cells: pa.Table, plan: Plan, kinds: SubjectKinds | None = None
) -> Iterator[pa.Table]:
    """The rates of every group, their differences, their ratios, and all metrics made of them.

    With ``kinds`` of subjects what varies is who is there, and every method says so.
    """
    counted = Cells(cells, kinds)
    tables = _measurements(counted, plan)
    yield from tables if kinds is None else (by_subject(each, besides=_BY_ROWS) for each in tables)


def _measurements(counted: Cells, plan: Plan) -> Iterator[pa.Table]:
    whole, by_group = counted.everybody(), list(counted.groupings(plan))
    by_stratum = list(counted.strata(plan))
    rates = [rate for rate in RATES if plan.has(*rate.needs)]
    yield rates_table([whole, *by_group, *by_stratum], rates, plan)
    yield from representation_tables(by_group, rates, plan)

    compared = [*rates]
    if plan.has(Needs.SELECTED):
        favourable = plan.selected_is_favourable
        compared.append(IMPACT_RATIO.where(selected_is_favourable=favourable))
    matters = list(_matters(compared, by_group, by_stratum, plan))
    yield from disparities_tables(matters, plan)
    yield from derived_tables(whole, by_group, by_stratum, plan)
    if plan.subgroup_depth and plan.has(Needs.SELECTED):
        yield worst_subgroup(counted, plan)


def all_measurements(
    cells: pa.Table,
    plan: Plan,
    population: Path,
    *,
    sql: Path,
    folder: Path,
    has_lists: bool = False,
    kinds: SubjectKinds | None = None,
) -> Iterator[pa.Table]:
    """The measurements made of the counts, and those that need more columns of the population.

    Of the second there are no intervals and tests by subject yet known to hold: with ``kinds`` of
    subjects they have none.
    """
    yield from measurements(cells, plan, kinds)
    if not plan.has_any(*_MORE):
        return
    is_weighted = "weight" in cells.column_names
    more = partial(_scanned, has_lists=has_lists, is_weighted=is_weighted)
    with scanner(population, sql, folder) as scan:
        found = list(more(plan, scan))
    found += rows_within_strata(cells, plan, population, more, sql=sql, folder=folder)
    yield rows_table(found) if kinds is None else without_chance(rows_table(found))


def expected_measurements(
    plan: Plan, population: Path, *, sql: Path, folder: Path, kinds: SubjectKinds | None = None
) -> pa.Table:
    """The measurements of attributes that are known by probabilities alone."""
    with scanner(population, sql, folder) as scan:
        table = rows_table(probability_rows(plan, scan))
    return table if kinds is None else by_subject(table)


def _scanned(plan: Plan, scan: Scanner, *, has_lists: bool, is_weighted: bool) -> Iterator[Row]:
    """The metrics of each column there is; those that no weight counts for say so."""
    if plan.has(Needs.SCORE):
        yield from score_rows(plan, scan, scale=scale_of(scan) if is_weighted else None)
    for row in _without_weights(plan, scan, has_lists=has_lists):
        yield row._replace(method=f"{row.method}, unweighted") if is_weighted else row


def _without_weights(plan: Plan, scan: Scanner, *, has_lists: bool) -> Iterator[Row]:
    if plan.has(Needs.VALUE):
        yield from value_rows(plan, scan)
    if plan.has(Needs.DECISION):
        yield from decision_rows(plan, scan)
    if plan.has(Needs.RANK):
        yield from ranking_rows(plan, scan, has_lists=has_lists)
    if plan.has(Needs.FEATURE):
        yield from neighbour_rows(plan, scan)


def _matters(
    rates: Sequence[Rate], by_group: Sequence[Groups], by_stratum: Sequence[Groups], plan: Plan
) -> Iterator[tuple[Rate, list[Pairs]]]:
    """What is compared of every rate; within strata, with the reference group alone."""
    to_reference = [pairs for groups in by_group for pairs in with_reference(groups)]
    within = [pairs for groups in by_stratum for pairs in with_reference(groups)]
    to_others = [
        pairs for groups in by_group for pairs in (*with_rest(groups), *with_overall(groups))
    ]
    for rate in rates:
        itself = plan.itself and rate.is_ratio
        first = to_reference
        if itself:
            first = [each for groups in by_group for each in with_reference(groups, itself=True)]
        best = [
            each for groups in by_group for each in with_best(groups, rate, plan, itself=itself)
        ]
        yield rate, [*first, *best, *to_others, *within]
