"""The statements that read one table. SQLAlchemy quotes the names, values are bound."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, NamedTuple

import pyarrow as pa
from sqlalchemy import (
    Select,
    String,
    bindparam,
    case,
    cast,
    column,
    func,
    literal_column,
    select,
    table,
)
from sqlalchemy.sql.elements import quoted_name
from sqlalchemy.types import UserDefinedType

from fairness_audit.sources import Scope, Window
from fairness_audit.sources.quoting import Column, a_column, quoted
from fairness_audit.sources.warehouse.dialect import Dialect, Reading


class Named(UserDefinedType[Any]):
    """A type by the name a warehouse has for it."""

    cache_ok = True

    def __init__(self, name: str) -> None:
        self.name = name

    def get_col_spec(self, **_: Any) -> str:
        """The name, as it is written in SQL."""
        return self.name


class Statement(NamedTuple):
    """What the driver is given."""

    text: str
    values: tuple[str, ...]


@dataclass(frozen=True)
class Relation:
    """A table as of one moment, and how each of its columns is read.

    ``path`` are the names it stands below, the schema last.
    """

    dialect: Dialect
    path: tuple[str, ...]
    name: str
    readings: Mapping[str, Reading]
    as_of: datetime

    def __str__(self) -> str:
        return ".".join((*self.path, self.name))

    def rows(self, wanted: Scope) -> Statement:
        """Give the wanted columns in their order, and the rows in that of the key if it lasts."""
        # Without names of their own: a warehouse could take one for the column it is made from.
        columns: list[Any] = [self._selected(name) for name in wanted.columns]
        statement = self._within(select(*columns), wanted)
        if self.dialect.is_ordered:
            statement = statement.order_by(*map(self._order, wanted.keys))
        return self._compiled(statement)

    def totals(self, wanted: Scope) -> Statement:
        """Count the wanted rows, and the unfit values of each column of :meth:`limited`."""
        counts: list[Any] = [func.count(), *map(_number_of, self.limited(wanted).values())]
        return self._compiled(self._within(select(*counts), wanted))

    def undated(self, name: str) -> Statement:
        """Count the rows that no window can contain."""
        return self._compiled(self._from(select(_number_of(a_column(name).is_(None)))))

    def limited(self, wanted: Scope) -> dict[str, Column]:
        """The wanted columns that can hold unfit values, and the condition of each."""
        unfit = {name: self.readings[name].unfit for name in wanted.columns}
        return {name: check(a_column(name)) for name, check in unfit.items() if check}

    def _order(self, name: str) -> Column:
        # Bytes order alike on every server; the order makes equal data equal files.
        order = self._selected(name)
        return self.dialect.bytes_of(order) if self.readings[name].is_text else order

    def _selected(self, name: str) -> Column:
        return self.readings[name].expression(a_column(name))

    def _within(self, statement: Select[Any], wanted: Scope) -> Select[Any]:
        window = wanted.window
        if window is None:
            return self._from(statement)
        stamp = a_column(window.column)
        arrow_type = self.readings[window.column].arrow_type
        is_zoned = getattr(arrow_type, "tz", None) is not None
        kind = Named(self.dialect.zoned if is_zoned else self.dialect.unzoned)
        if not pa.types.is_timestamp(arrow_type):
            stamp = cast(stamp, kind)
        start, end = (
            cast(bindparam(name, bound, String()), kind)
            for name, bound in zip(("start", "end"), _bounds(window, is_zoned), strict=True)
        )
        return self._from(statement).where(stamp >= start, stamp < end)

    def _from(self, statement: Select[Any]) -> Select[Any]:
        read = _table(self.dialect, self.path, self.name)
        statement = statement.select_from(read)
        if self.dialect.as_of is None:
            return statement
        return statement.with_hint(read, self.dialect.as_of(self.as_of))

    def _compiled(self, statement: Select[Any]) -> Statement:
        return compiled(self.dialect, statement)


def find_kind(dialect: Dialect, database: str, schema: str, name: str) -> Statement:
    """Ask the catalogue what kind of relation a name has."""
    return _found(dialect, database, schema, name, "TABLES", ("table_type",))


def find_columns(dialect: Dialect, database: str, schema: str, name: str) -> Statement:
    """Ask the catalogue for the columns of a relation, in their order."""
    wanted = ("column_name", *dialect.described)
    return _found(dialect, database, schema, name, "COLUMNS", wanted, "ordinal_position")


def compiled(dialect: Dialect, statement: Select[Any]) -> Statement:
    """A statement in the words of a warehouse, and the values to bind, in their order."""
    made = statement.compile(dialect=dialect.grammar)
    values = [made.params[name] for name in made.positiontup or ()]
    return Statement(str(made), tuple(values))


def _found(
    dialect: Dialect,
    database: str,
    schema: str,
    name: str,
    catalogue: str,
    wanted: tuple[str, ...],
    order: str | None = None,
) -> Statement:
    # The catalogue's own names are in its own case: without quotes.
    columns: list[Any] = [column(each) for each in wanted]
    *above, last = dialect.catalogue_of(database, schema)
    within = ".".join((*map(dialect.grammar.identifier_preparer.quote_identifier, above), last))
    source = table(quoted_name(catalogue, quote=False), schema=quoted_name(within, quote=False))
    statement = (
        select(*columns)
        .select_from(source)
        .where(
            column("table_schema") == bindparam("in_schema", schema, String()),
            column("table_name") == bindparam("called", name, String()),
        )
    )
    return compiled(dialect, statement.order_by(column(order)) if order else statement)


def _table(dialect: Dialect, path: tuple[str, ...], name: str) -> Any:
    within = ".".join(map(dialect.grammar.identifier_preparer.quote_identifier, path))
    return table(quoted(name), schema=quoted_name(within, quote=False))


def _number_of(condition: Column) -> Column:
    return func.count(case((condition, literal_column("1"))))


def _bounds(window: Window, is_zoned: bool) -> tuple[str, str]:
    """As text, which every driver binds alike; in UTC."""
    aware = (
        bound.astimezone(UTC) if bound.tzinfo else bound.replace(tzinfo=UTC)
        for bound in (window.start, window.end)
    )
    start, end = (
        (bound if is_zoned else bound.replace(tzinfo=None)).isoformat(" ", "microseconds")
        for bound in aware
    )
    return start, end
