"""Two snapshots, object by object: how many rows and which columns differ, and no value."""

import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Literal

import duckdb
import pyarrow.parquet as pq
from duckdb import ColumnExpression, ConstantExpression, Expression, FunctionExpression
from pydantic import Field

from fairness_audit.engine.duckdb import exactly, locked_connection, statement
from fairness_audit.records.door import Door
from fairness_audit.records.snapshot import Column, ObjectFile, Snapshot
from fairness_audit.steps.extract.keyed import columns_of, one_key


class Retyped(Door):
    """A column that has another type."""

    was: str
    became: str


class Rows(Door):
    """Rows by their key: in one of the two alone, or in both; ``changed`` differ in a column."""

    only_in_a: int
    only_in_b: int
    in_both: int
    changed: int


class ObjectDifference(Door):
    """One CRM object in two snapshots.

    ``rows`` is None where the rows cannot be matched: the object is in one of them alone, or a
    manifest is from before keys were kept. ``changed`` has, per column of both, the rows of both
    in which it differs; a column of another type is only in ``retyped``.
    """

    status: Literal["equal", "different", "only_in_a", "only_in_b", "without_key"]
    rows: Rows | None = None
    changed: dict[str, int] = Field(default_factory=dict)
    appeared: tuple[str, ...] = ()
    vanished: tuple[str, ...] = ()
    retyped: dict[str, Retyped] = Field(default_factory=dict)


class Difference(Door):
    """Two snapshots, and what differs between them."""

    a: str
    b: str
    equal: bool
    objects: dict[str, ObjectDifference]


def compared(before: Snapshot, after: Snapshot, *, sql: Path) -> Difference:
    """Compare two snapshots whose files were verified."""
    objects = {
        name: _compared(before, after, name, sql)
        for name in dict.fromkeys([*before.objects, *after.objects])
    }
    equal = all(each.status == "equal" for each in objects.values())
    return Difference(a=before.digest, b=after.digest, equal=equal, objects=objects)


def _compared(before: Snapshot, after: Snapshot, name: str, sql: Path) -> ObjectDifference:
    if name not in before.objects or name not in after.objects:
        return ObjectDifference(status="only_in_a" if name in before.objects else "only_in_b")
    was, became = before.objects[name], after.objects[name]
    old, new = _columns(was), _columns(became)
    retyped = {
        column: Retyped(was=_type(old[column]), became=_type(new[column]))
        for column in old
        if column in new and old[column] != new[column]
    }
    columns = {
        "appeared": tuple(column for column in new if column not in old),
        "vanished": tuple(column for column in old if column not in new),
        "retyped": retyped,
    }
    if was.sha256 == became.sha256 and not any(columns.values()):
        rows = _same(was)
        return ObjectDifference(status="equal", rows=rows, changed=dict.fromkeys(old, 0))
    if not was.keys or was.keys != became.keys:
        return ObjectDifference(status="without_key", **columns)
    common = [each for each in old if each in new and each not in retyped and each not in was.keys]
    paths = before.path_of(name), after.path_of(name)
    rows, changed = _counted(paths, was.keys, common, sql)
    same = not any(columns.values()) and rows == _same(was)
    return ObjectDifference(
        status="equal" if same else "different", rows=rows, changed=changed, **columns
    )


def _columns(stored: ObjectFile) -> dict[str, Column]:
    return {column.name: column for column in stored.columns}


def _type(column: Column) -> str:
    return f"{column.source_type} as {column.arrow_type}"


def _same(stored: ObjectFile) -> Rows:
    return Rows(only_in_a=0, only_in_b=0, in_both=stored.rows_written, changed=0)


def _counted(
    paths: tuple[Path, Path], key: Sequence[str], columns: Sequence[str], sql: Path
) -> tuple[Rows, dict[str, int]]:
    """Match the rows by key, and count them: all of it in DuckDB, no row comes here."""
    with (
        tempfile.TemporaryDirectory(prefix="fairness-audit-") as spill,
        locked_connection([Path(spill).resolve(), *(path.parent for path in paths)]) as connection,
    ):
        sides = [_Side(connection.read_parquet(exactly(path)), path) for path in paths]
        kinds = [{side.type_of(name) for side in sides} for name in key]
        for name, side in zip(("before", "after"), sides, strict=True):
            # As text where the two have other types of it.
            parts = [
                side.columns[each] if len(kind) == 1 else side.columns[each].cast("VARCHAR")
                for each, kind in zip(key, kinds, strict=True)
            ]
            named = one_key(parts).alias(f"{name}_key")
            side.rows.select(named, *_positions(name, side, columns)).create_view(name)
        matched = connection.sql(statement(sql / "snapshot" / "matched.sql"))
        matched.select(
            ColumnExpression("in_before"), ColumnExpression("in_after"), *_pairs(columns)
        ).create_view("matched")
        query = connection.sql(statement(sql / "snapshot" / "changes.sql"))
        only_in_a, only_in_b, in_both, changed, _, *of_columns = query.fetchall()[0]
    rows = Rows(only_in_a=only_in_a, only_in_b=only_in_b, in_both=in_both, changed=changed)
    return rows, dict(zip(columns, of_columns, strict=True))


class _Side:
    """The rows of one snapshot, their columns by the names in its file."""

    def __init__(self, rows: duckdb.DuckDBPyRelation, path: Path) -> None:
        self.rows = rows
        self.columns = columns_of(rows, pq.read_schema(path).names)
        self._types = dict(zip(self.columns, map(str, rows.types), strict=True))

    def type_of(self, name: str) -> str:
        return self._types[name]


def _positions(name: str, side: _Side, columns: Sequence[str]) -> Iterator[Expression]:
    """The columns of one side, named by position: a CRM's names may be anything."""
    for position, column in enumerate(columns):
        yield side.columns[column].alias(f"{name}_{position}")


def _pairs(columns: Sequence[str]) -> Iterator[Expression]:
    never = ConstantExpression(True)
    yield FunctionExpression("list_value", never, never).alias("pair_never")
    for position in range(len(columns)):
        both = ColumnExpression(f"before_{position}"), ColumnExpression(f"after_{position}")
        yield FunctionExpression("list_value", *both).alias(f"pair_{position}")
