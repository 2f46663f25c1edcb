"""The metrics that need more than counts, within each stratum too.

Each stratum becomes a population of its own for a while. Intersections are left out, as they are
of the counts: within a stratum their groups are mostly single persons.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

import pyarrow as pa

from fairness_audit.engine.duckdb import exactly, locked_connection, statement
from fairness_audit.steps.measure.counting.grouped_scan import Scanner
from fairness_audit.steps.measure.counting.groups import Cells
from fairness_audit.steps.measure.counting.plan import Plan
from fairness_audit.steps.measure.counting.scan import scanner
from fairness_audit.steps.measure.figures.rows import Row

Measure = Callable[[Plan, Scanner], Iterator[Row]]


def rows_within_strata(
    cells: pa.Table, plan: Plan, population: Path, measure: Measure, *, sql: Path, folder: Path
) -> Iterator[Row]:
    """What ``measure`` gives of every stratum, each row with the stratum it is about."""
    single = {name: parts for name, parts in plan.groupings.items() if len(parts) == 1}
    within = replace(plan, groupings=single, strata=())
    counted = Cells(cells)
    for stratum in plan.strata:
        values = [each.stratum for each in counted.strata(replace(plan, strata=(stratum,)))]
        for named in dict.fromkeys(each for each in values if each is not None):
            value = named.partition("=")[2]
            column = f"stratum_{stratum}"
            with (
                _stratum(population, column, value, sql, folder) as part,
                scanner(part, sql, folder) as scan,
            ):
                for row in measure(within, scan):
                    place = named if row.stratum is None else f"{named}, {row.stratum}"
                    yield row._replace(stratum=place)


@contextmanager
def _stratum(population: Path, column: str, value: str, sql: Path, folder: Path) -> Iterator[Path]:
    """The rows of one stratum in a file; they are personal data and go away again."""
    with TemporaryDirectory(dir=folder, prefix=".stratum-") as temporary:
        file = Path(temporary).resolve() / "population.parquet"
        query = statement(sql / "measure" / "stratum_rows.sql")
        with locked_connection([file.parent, population.parent]) as connection:
            given = {"path": exactly(population), "columns": [column], "stratum": value}
            connection.sql(query, params=given).write_parquet(str(file))
        yield file
