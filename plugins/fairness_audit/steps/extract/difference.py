"""Two snapshots, object by object: how many rows and which columns differ, and no value."""

import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Literal

import duckdb
from duckdb import ColumnExpression, ConstantExpression, Expression, FunctionExpression
from pydantic import Field

from fairness_audit.engine.duckdb import locked_connection, statement
from fairness_audit.records.door import Door
from fairness_audit.records.snapshot import Column, ObjectFile, Snapshot


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
    if was.key is None or was.key != became.key:
        return ObjectDifference(status="without_key", **columns)
    common = [each for each in old if each in new and each not in retyped and each != was.key]
    paths = before.path_of(name), after.path_of(name)
    rows, changed = _counted(paths, was.key, common, sql)
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
    paths: tuple[Path, Path], key: str, columns: Sequence[str], sql: Path
) -> tuple[Rows, dict[str, int]]:
    """Match the rows by key, and count them: all of it in DuckDB, no row comes here."""
    with (
        tempfile.TemporaryDirectory(prefix="fairness-audit-") as spill,
        locked_connection([Path(spill).resolve(), *(path.parent for path in paths)]) as connection,
    ):
        sides = [connection.read_parquet(str(path)) for path in paths]
        keys = [_key(side, key, sides) for side in sides]
        for name, side, named in zip(("before", "after"), sides, keys, strict=True):
            side.select(*_positions(name, named, columns)).create_view(name)
        matched = connection.sql(statement(sql / "snapshot" / "matched.sql"))
        matched.select(
            ColumnExpression("in_before"), ColumnExpression("in_after"), *_pairs(columns)
        ).create_view("matched")
        query = connection.sql(statement(sql / "snapshot" / "changes.sql"))
        only_in_a, only_in_b, in_both, changed, _, *of_columns = query.fetchall()[0]
    rows = Rows(only_in_a=only_in_a, only_in_b=only_in_b, in_both=in_both, changed=changed)
    return rows, dict(zip(columns, of_columns, strict=True))


def _key(
    side: duckdb.DuckDBPyRelation, key: str, sides: Sequence[duckdb.DuckDBPyRelation]
) -> Expression:
    """The key, as text where its type is another one in the two."""
    types = {str(each.types[each.columns.index(key)]) for each in sides}
    column = ColumnExpression(key)
    return column if len(types) == 1 else column.cast("VARCHAR")


def _positions(side: str, key: Expression, columns: Sequence[str]) -> Iterator[Expression]:
    """The key and the columns of one side, named by position: a CRM's names may be anything."""
    yield key.alias(f"{side}_key")
    for position, column in enumerate(columns):
        yield ColumnExpression(column).alias(f"{side}_{position}")


def _pairs(columns: Sequence[str]) -> Iterator[Expression]:
    never = ConstantExpression(True)
    yield FunctionExpression("list_value", never, never).alias("pair_never")
    for position in range(len(columns)):
        both = ColumnExpression(f"before_{position}"), ColumnExpression(f"after_{position}")
        yield FunctionExpression("list_value", *both).alias(f"pair_{position}")
