"""From the fine group counts to the measurements."""

from collections.abc import Iterator, Sequence
from pathlib import Path

import pyarrow as pa

from fairness_audit.measure.columns import disparities_tables, rates_table
from fairness_audit.measure.comparisons import (
    Pairs,
    with_best,
    with_overall,
    with_reference,
    with_rest,
)
from fairness_audit.measure.decision_metrics import decision_rows
from fairness_audit.measure.definition import Needs
from fairness_audit.measure.derived import derived_rows
from fairness_audit.measure.grouped_scan import Scanner
from fairness_audit.measure.groups import Cells, Groups
from fairness_audit.measure.plan import Plan
from fairness_audit.measure.rank_metrics import ranking_rows
from fairness_audit.measure.rates import RATES, Rate, favourable_share
from fairness_audit.measure.rows import Row
from fairness_audit.measure.scan import scanner
from fairness_audit.measure.score_metrics import score_rows
from fairness_audit.measure.subgroups import worst_subgroup
from fairness_audit.measure.table import rows_table
from fairness_audit.measure.value_metrics import value_rows
from fairness_audit.policy.model import Metric


def measurements(cells: pa.Table, plan: Plan) -> Iterator[pa.Table]:
    """The rates of every group, their differences, their ratios, and all metrics made of them."""
    counted = Cells(cells)
    whole, by_group = counted.everybody(), list(counted.groupings(plan))
    by_stratum = list(counted.strata(plan))
    rates = [rate for rate in RATES if plan.has(*rate.needs)]
    yield rates_table([whole, *by_group, *by_stratum], rates, plan.confidence)

    compared = [*rates]
    if plan.has(Needs.SELECTED):
        compared.append(favourable_share(plan.selected_is_favourable))
    matters = [(rate, _pairs(rate, by_group, by_stratum, plan)) for rate in compared]
    yield from disparities_tables(matters, plan.confidence)
    yield rows_table(derived_rows(whole, by_group, by_stratum, plan))
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
) -> Iterator[pa.Table]:
    """The measurements made of the counts, and those that need more columns of the population."""
    yield from measurements(cells, plan)
    if not plan.has_any(Needs.SCORE, Needs.VALUE, Needs.DECISION, Needs.RANK):
        return
    with scanner(population, sql, folder) as scan:
        yield rows_table(_scanned(plan, scan, has_lists=has_lists))


def _scanned(plan: Plan, scan: Scanner, *, has_lists: bool) -> Iterator[Row]:
    if plan.has(Needs.SCORE):
        yield from score_rows(plan, scan)
    if plan.has(Needs.VALUE):
        yield from value_rows(plan, scan)
    if plan.has(Needs.DECISION):
        yield from decision_rows(plan, scan)
    if plan.has(Needs.RANK):
        yield from ranking_rows(plan, scan, has_lists=has_lists)


def _pairs(
    rate: Rate, by_group: Sequence[Groups], by_stratum: Sequence[Groups], plan: Plan
) -> list[Pairs]:
    """Within strata groups are compared with the reference group alone."""
    found: list[Pairs] = []
    itself = plan.itself and rate.name == Metric.IMPACT_RATIO
    for groups in by_group:
        found += with_reference(groups, itself=itself)
        found += with_best(groups, rate, plan, itself=itself)
        found += with_rest(groups)
        found += with_overall(groups)
    for groups in by_stratum:
        found += with_reference(groups)
    return found
