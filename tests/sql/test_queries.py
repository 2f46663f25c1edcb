"""Every query of `sql/` over its cases, run as the product runs it.

A case is a folder, `tests/sql/<folder>/<query>/<case>/`, and its files say what each row proves:

`<name>.yaml`    rows that the query reads; a name that it binds (`$path`) is a file of them, any
                 other a view
`bound.yaml`     the other values that it binds
`expected.yaml`  the columns that it gives, in this order and of these types, and the rows, which
                 are `in_order` where the query orders them

What a row leaves out is NULL, or what `defaults` say.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import yaml
from duckdb import ConstantExpression

from fairness_audit.engine.duckdb import locked_connection, statement
from fairness_audit.steps.canonical_objects import read_object
from tests.builders.populations import SQL

HERE = Path(__file__).parent
QUERIES = sorted(path.relative_to(SQL).with_suffix("") for path in SQL.rglob("*.sql"))
CASES = sorted({path.parent.relative_to(HERE) for path in HERE.rglob("*.yaml")})


@dataclass(frozen=True)
class Rows:
    """Rows of one table, with the type of every column by DuckDB's name."""

    columns: Mapping[str, str]
    rows: list[Mapping[str, Any]]
    defaults: Mapping[str, Any] = field(default_factory=dict)
    in_order: bool = False

    @classmethod
    def read(cls, file: Path) -> "Rows":
        """The rows in a file; a column that has no type is refused."""
        read = cls(**_content(file))
        untyped = {name for row in (read.defaults, *read.rows) for name in row} - set(read.columns)
        assert not untyped, f"{file}: {untyped} have no type under columns"
        return read

    def table(self, connection: duckdb.DuckDBPyConnection) -> pa.Table:
        """The rows as DuckDB hands them over."""
        none = connection.sql("SELECT 1").select(
            *(ConstantExpression(None).cast(kind).alias(name) for name, kind in self.types.items())
        )
        rows = [{**self.defaults, **row} for row in self.rows]
        return pa.Table.from_pylist(rows, none.to_arrow_table().schema)

    @property
    def types(self) -> dict[str, duckdb.sqltypes.DuckDBPyType]:
        """The type of every column."""
        return {name: duckdb.sqltype(kind) for name, kind in self.columns.items()}


def _content(file: Path) -> Any:
    return yaml.load(file.read_bytes(), yaml.CSafeLoader)  # ten times as fast as the other


def test_every_query_has_a_case_and_every_case_a_query() -> None:
    assert QUERIES
    assert sorted({case.parent for case in CASES}) == QUERIES


@pytest.mark.parametrize("case", CASES, ids=str)
def test_query(case: Path, tmp_path: Path) -> None:
    text = statement((SQL / case.parent).with_suffix(".sql"))
    files = {file.stem: file for file in (HERE / case).glob("*.yaml")}
    expected = Rows.read(files.pop("expected"))
    bound = _content(files.pop("bound")) if "bound" in files else {}
    with locked_connection([tmp_path]) as connection:
        for name, file in files.items():
            path = tmp_path / f"{name}.parquet"
            pq.write_table(Rows.read(file).table(connection), path)
            if re.search(rf"\${name}\b", text):
                bound[name] = str(path)
            else:
                connection.read_parquet(str(path)).create_view(name)
        found = connection.sql(text, params=bound)
        assert list(zip(found.columns, found.types, strict=True)) == list(expected.types.items())
        given, wanted = (
            list(map(repr, table.to_pylist()))  # as text, NaN is itself
            for table in (found.to_arrow_table(), expected.table(connection))
        )
    assert expected.in_order is bool(re.search(r"^ORDER BY", text, re.MULTILINE))
    if not expected.in_order:
        given, wanted = sorted(given), sorted(wanted)
    assert given == wanted


@pytest.mark.parametrize("case", [each for each in CASES if each.parts[0] == "staging"], ids=str)
def test_a_staging_case_expects_the_columns_and_types_of_the_object(case: Path) -> None:
    described = read_object(SQL / "objects" / f"{case.parts[2]}.yaml")
    types = Rows.read(HERE / case / "expected.yaml").types
    needed = {name for name, column in described.columns.items() if not column.optional}
    assert needed <= set(types) <= set(described.columns)
    others = {
        name for name, kind in types.items() if not described.columns[name].type.admits(kind.id)
    }
    assert not others
