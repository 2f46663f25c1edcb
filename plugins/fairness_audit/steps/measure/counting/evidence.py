"""The evidence of one audit, counted: what `records.evidence` describes."""

from collections.abc import Iterator, Sequence
from datetime import datetime
from pathlib import Path

import duckdb

from fairness_audit.engine.duckdb import exactly, locked_connection, statement
from fairness_audit.errors import MeasurementError
from fairness_audit.policy.gaps import Figure
from fairness_audit.policy.model import AuditPolicy
from fairness_audit.records.counted_units import Group
from fairness_audit.records.evidence import (
    CELLS,
    Evidence,
    GroupCounts,
    GroupingCounts,
    UnitFigures,
)
from fairness_audit.records.population import Population
from fairness_audit.records.subject_sums import PairSums, Whole
from fairness_audit.steps.measure.counting.by_unit import (
    Cells,
    Counted,
    People,
    Units,
    counted_groupings,
)
from fairness_audit.steps.measure.counting.figures import UnitRows, columns_for
from fairness_audit.steps.measure.counting.scan import FILE, columns_of
from fairness_audit.steps.measure.counting.subjects import Decisions, Grouped, subject_pairs

_BATCH = 1 << 20


def evidence_of(
    policy: AuditPolicy,
    population: Population,
    window: tuple[datetime, datetime],
    *,
    sql: Path,
    folder: Path,
    counts_from: datetime | None,
) -> Evidence:
    """Count a population, whose group counts lie in ``folder``, by closed calendar units.

    ``window`` is that of its decisions; of what was decided before ``counts_from`` nothing counts.
    Where a subject has several decisions, the sums over subjects are taken too.

    Raises:
        MeasurementError: the population is not the one whose groups were counted, two groups
            have the same name, or a column is missing of which figures are asked for.
    """
    wanted = list(counted_groupings(policy))
    units = Units.inside(policy.evidence.unit, *window, counts_from)
    counted: list[GroupingCounts] = []
    if units.starts:
        with locked_connection([folder, population.path.parent]) as connection:
            counted = list(_counted(wanted, population, units, connection, sql, folder))
    return Evidence(
        model=population.model,
        model_version=population.model_version,
        audited=population.audited,
        unit=units.unit,
        counts_from=counts_from,
        starts=units.starts,
        groupings=tuple(counted or (_grouping(each, [], [], [], []) for each in wanted)),
    )


def _counted(
    wanted: Sequence[Counted],
    population: Population,
    units: Units,
    connection: duckdb.DuckDBPyConnection,
    sql: Path,
    folder: Path,
) -> Iterator[GroupingCounts]:
    def ask(query: str, path: Path, **bound: object) -> duckdb.DuckDBPyRelation:
        text = statement(sql / "measure" / f"{query}.sql")
        return connection.sql(text, params={"path": exactly(path)} | bound)

    people = People(ask("combinations", folder / FILE).to_arrow_table())
    by_unit = ask("unit_counts", population.path, **units.bound).to_arrow_table()
    cells = Cells(by_unit, people, len(units.starts))
    grouped, names = [], []
    for each in wanted:
        codes, groups = people.groups(each)
        grouped.append(Grouped(codes, each.rates, cells.of(codes, len(groups))))
        names.append(groups)
    pairs: Iterator[list[dict[str, PairSums]]] = ([{} for _ in groups] for groups in names)
    if population.subjects != population.rows:
        rows = ask("subject_decisions", population.path, **units.bound)
        decisions = Decisions.repeated(rows.to_arrow_reader(_BATCH), people)
        if len(decisions.subject):
            pairs = subject_pairs(decisions, grouped)
    columns = sorted({column for each in wanted for column in columns_for(each.figures)})
    if missing := set(columns) - columns_of(population.path):
        raise MeasurementError(
            f"{population.path}: has no column {', '.join(sorted(missing))}, of which gaps of the"
            f" policy are made (return it in sql/population/{population.model}.sql)"
        )
    estimated: UnitRows | None = None
    if columns:
        rows = ask("unit_figures", population.path, columns=columns, **units.bound)
        estimated = UnitRows(rows.to_arrow_table(), people, len(units.starts))
    for each, groups, own, sums in zip(wanted, names, grouped, pairs, strict=True):
        told: list[dict[Figure, UnitFigures]] = [{} for _ in groups]
        if estimated is not None and each.figures:
            told = estimated.of(own.codes, len(groups), each.figures)
        yield _grouping(each, groups, own.counts, sums, told)


def _grouping(
    counted: Counted,
    groups: Sequence[Group],
    counts: Whole | Sequence[Whole],
    pairs: Sequence[dict[str, PairSums]],
    figures: Sequence[dict[Figure, UnitFigures]],
) -> GroupingCounts:
    """Groups of which no decision counts are left out."""
    return GroupingCounts(
        grouping=counted.grouping,
        stratum=counted.stratum,
        searched=counted.searched,
        rates=tuple(rate.name for rate in counted.rates),
        figures=counted.figures,
        groups=tuple(
            GroupCounts(
                group=group.name,
                value=group.value,
                **dict(zip(CELLS, map(tuple, cells.tolist()), strict=True)),
                subjects=sums,
                figures=estimates,
            )
            for group, cells, sums, estimates in zip(groups, counts, pairs, figures, strict=True)
            if cells.any()
        ),
    )
