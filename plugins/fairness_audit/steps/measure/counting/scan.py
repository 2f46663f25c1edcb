"""The one scan of the population: everything else is computed from its fine group counts."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from fairness_audit.engine.duckdb import exactly, locked_connection, statement, values_used
from fairness_audit.errors import MeasurementError
from fairness_audit.files import sha256_of, written_whole
from fairness_audit.policy.model import AuditPolicy
from fairness_audit.records.population import Population
from fairness_audit.steps.measure.counting.weights import scale_of

FILE = "group_counts.parquet"


def group_counts(population: Path, *, sql: Path, folder: Path) -> pa.Table:
    """Count a population by attributes, strata, outcome and selection; keep it in ``folder``.

    A column ``weight`` in the population is summed beside the count, and squared. At full detail
    most cells are of one person, so the file is personal data and stays in the run's folder.

    Raises:
        MeasurementError: a weight is missing, not above zero or not finite.
    """
    folder.mkdir(parents=True, exist_ok=True)
    with scanner(population, sql, folder) as scan:
        if "weight" in columns_of(population):
            cells = scan.table("weighted_group_counts", scale=scale_of(scan))
        else:
            cells = scan.table("group_counts")
    with written_whole(folder / FILE) as temporary:
        pq.write_table(cells, temporary)
    return cells


def subject_kinds(population: Path, *, sql: Path, folder: Path) -> pa.Table:
    """The kinds of subjects of a population with a column ``subject``."""
    with scanner(population, sql, folder) as scan:
        return scan.table("subject_counts")


def columns_of(population: Path) -> frozenset[str]:
    """The names of the population's columns."""
    return frozenset(pq.read_schema(population).names)


def check(cells: pa.Table, policy: AuditPolicy, population: Population) -> None:
    """The cells must hold what the policy names, and every row of the population once.

    Raises:
        MeasurementError: they do not.
    """
    wanted = [f"attr_{name}" for name in policy.attributes]
    wanted += [f"stratum_{name}" for name in policy.strata]
    if missing := sorted(set(wanted) - set(cells.column_names)):
        raise MeasurementError(
            f"{population.path}: no column {', '.join(missing)}"
            f" (select it in sql/population/{policy.model}.sql)"
        )
    counted = pc.sum(cells["n"]).as_py() or 0
    if counted != _assembled(population):
        raise MeasurementError(
            f"{population.path}: holds another number of rows than were assembled (run the step"
            " assemble again)"
        )
    if cells["selected"].null_count:
        raise MeasurementError(
            f"{population.path}: selected is NULL in some rows"
            f" (every decision selects or does not; see sql/population/{policy.model}.sql)"
        )


def _assembled(population: Population) -> int | None:
    """How many rows it was assembled of; None of a file that is not the one that was written."""
    if population.rows is not None:
        return population.rows
    is_same = sha256_of(population.path) == population.digest
    return pq.read_metadata(population.path).num_rows if is_same else None


class PopulationScanner:
    """A `grouped_scan.Scanner` over a population in Parquet."""

    def __init__(self, connection: Any, population: Path, sql: Path) -> None:
        self._connection, self._population, self._sql = connection, population, sql

    def table(self, query: str, parts: tuple[str, ...] = (), **values: object) -> pa.Table:
        """The result of ``query``; ``parts`` are the attributes that make the grouping."""
        text = statement(self._sql / "measure" / f"{query}.sql")
        given = values | {
            "path": exactly(self._population),
            "columns": [f"attr_{part}" for part in parts],
        }
        found = self._connection.sql(text, params=values_used(text, given))
        return found.to_arrow_table()


@contextmanager
def scanner(population: Path, sql: Path, folder: Path) -> Iterator[PopulationScanner]:
    """Open the population for scans; ``folder`` takes what does not fit into memory."""
    folder.mkdir(parents=True, exist_ok=True)
    with locked_connection([folder, population.parent]) as connection:
        yield PopulationScanner(connection, population, sql)
