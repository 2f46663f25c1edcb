"""Columns of a file by their place, and a key of several of them as one value.

DuckDB takes names that differ in case only for one, and calls the second of them otherwise. So no
statement here names a column as the CRM does: it is ``column_0``, ``column_1``, and so on, in the
order of the file.
"""

from collections.abc import Sequence

import pyarrow as pa
from duckdb import ColumnExpression, DuckDBPyRelation, Expression, FunctionExpression


def columns_of(relation: DuckDBPyRelation, names: Sequence[str]) -> dict[str, Expression]:
    """The first columns of a relation by the names that its file has for them."""
    return dict(zip(names, map(ColumnExpression, relation.columns), strict=False))


def numbered(columns: Sequence[Expression]) -> list[Expression]:
    """Columns under the names that statements have for them."""
    return [column.alias(f"column_{place}") for place, column in enumerate(columns)]


def one_key(columns: Sequence[Expression]) -> Expression:
    """A key as one value, which is in the order of its columns; NULL is no part of it."""
    return columns[0] if len(columns) == 1 else FunctionExpression("row", *columns)


def as_schema(batch: pa.RecordBatch, schema: pa.Schema) -> pa.RecordBatch:
    """A batch of numbered columns under the names and types of the rows that are kept."""
    columns = [column.cast(each.type) for column, each in zip(batch.columns, schema, strict=True)]
    return pa.RecordBatch.from_arrays(columns, schema=schema)
