"""The one scan of the population: everything else is computed from its fine group counts."""

from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from fairness_audit.engine import locked_connection, statement
from fairness_audit.errors import MeasurementError
from fairness_audit.files import written_whole
from fairness_audit.policy.model import AuditPolicy
from fairness_audit.records.population import Population

FILE = "group_counts.parquet"


def group_counts(
    policy: AuditPolicy, population: Population, *, sql: Path, folder: Path
) -> pa.Table:
    """Count the population by attributes, strata, outcome and selection; keep it in ``folder``.

    At full detail most cells are of one person, so the file is personal data and stays in the
    run's folder.
    """
    folder.mkdir(parents=True, exist_ok=True)
    query = statement(sql / "measure" / "group_counts.sql")
    with locked_connection([folder, population.path.parent]) as connection:
        result = connection.sql(query, params={"path": str(population.path)})
        cells = result.to_arrow_table()
    _check(cells, policy, population)
    with written_whole(folder / FILE) as temporary:
        pq.write_table(cells, temporary)
    return cells


def _check(cells: pa.Table, policy: AuditPolicy, population: Population) -> None:
    """The cells must hold what the policy names, and every row of the population once."""
    wanted = [f"attr_{name}" for name in policy.attributes]
    wanted += [f"stratum_{name}" for name in policy.strata]
    if missing := sorted(set(wanted) - set(cells.column_names)):
        raise MeasurementError(
            f"{population.path}: no column {', '.join(missing)}"
            f" (select it in sql/population/{policy.model}.sql)"
        )
    counted = pc.sum(cells["n"]).as_py() or 0
    if counted != population.rows:
        raise MeasurementError(
            f"{population.path}: holds {counted} rows, but {population.rows} were assembled"
            " (run the step assemble again)"
        )
    if cells["selected"].null_count:
        raise MeasurementError(
            f"{population.path}: selected is NULL in some rows"
            f" (every decision selects or does not; see sql/population/{policy.model}.sql)"
        )
