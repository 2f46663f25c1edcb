"""The statements that read one table. SQLAlchemy quotes the names, values are bound."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from sqlalchemy import (
    BINARY,
    CHAR,
    ClauseElement,
    Executable,
    Select,
    case,
    cast,
    func,
    select,
    text,
    true,
)
from sqlalchemy.ext.compiler import compiles

from fairness_audit.sources import Scope, Window
from fairness_audit.sources.mysql.types import Reading, is_a_day
from fairness_audit.sources.quoting import Column, a_column, a_table, quoted

PREPARATION = tuple(
    text(statement)
    for statement in (
        "SET SESSION TRANSACTION ISOLATION LEVEL REPEATABLE READ",
        # Stamps are spelled, and bounds are read, as UTC.
        "SET SESSION time_zone = '+00:00'",
        # A server may be set up to give the first rows only, or to refuse large readings.
        "SET SESSION sql_select_limit = 18446744073709551615",
        "SET SESSION sql_big_selects = 1",
        # Text is sorted by this many bytes; keys are shorter.
        "SET SESSION max_sort_length = 4096",
        # A long table is no fault. Waiting for a lock for minutes is, and so is a reader that
        # hangs while its transaction keeps the server from cleaning up.
        "SET SESSION lock_wait_timeout = 60",
        "SET SESSION net_write_timeout = 900",
        "SET SESSION wait_timeout = 900",
    )
)
"""What a session is told before its transaction begins."""

NO_DEADLINE_MARIADB = text("SET SESSION max_statement_time = 0")
NO_DEADLINE_MYSQL = text("SET SESSION max_execution_time = 0")

MOMENT = text("SELECT utc_timestamp(6) AS taken_at")
BEGIN = text("START TRANSACTION WITH CONSISTENT SNAPSHOT, READ ONLY")

_HERE = Path(__file__)
FIND_RELATION = text(_HERE.with_name("relation.sql").read_text(encoding="utf-8"))
FIND_COLUMNS = text(_HERE.with_name("columns.sql").read_text(encoding="utf-8"))
FIND_VIEW = text(_HERE.with_name("view.sql").read_text(encoding="utf-8"))


@dataclass(frozen=True)
class Relation:
    """A table, and how each of its columns is read."""

    schema: str
    name: str
    readings: Mapping[str, Reading]

    def __str__(self) -> str:
        return f"{self.schema}.{self.name}"

    def rows(self, wanted: Scope) -> Select[Any]:
        """Give the wanted columns in their order, the rows in the order of the key."""
        columns = [
            self.readings[name].expression(a_column(name)).label(quoted(name))
            for name in wanted.columns
        ]
        order = map(self._order, wanted.keys)
        return select(*columns).select_from(self._name).where(_within(wanted)).order_by(*order)

    def totals(self, wanted: Scope) -> Select[Any]:
        """Count the wanted rows, and the unfit values of each column of :meth:`doubtful`."""
        counts = [
            _filled(name) - _holding(fit(a_column(name)))
            for name, fit in self.doubtful(wanted).items()
        ]
        return select(func.count(), *counts).select_from(self._name).where(_within(wanted))

    def undated(self, name: str) -> Select[Any]:
        """Count the rows that no window can contain."""
        return select(func.count() - _holding(is_a_day(a_column(name)))).select_from(self._name)

    def doubtful(self, wanted: Scope) -> Mapping[str, Callable[[Column], Column]]:
        """The wanted columns that can hold unfit values, and the condition that one is fit."""
        fits = {name: self.readings[name].fit for name in wanted.columns}
        return {name: fit for name, fit in fits.items() if fit is not None}

    def _order(self, name: str) -> Column:
        # Bytes order alike on every server; the order makes equal data equal files.
        order = self.readings[name].expression(a_column(name))
        return cast(cast(order, CHAR()), BINARY()) if self.readings[name].is_text else order

    @property
    def _name(self) -> Any:
        return a_table(self.name, self.schema)


def opening(schema: str, name: str) -> Select[Any]:
    """Open a table without reading it: no migration can change it until the transaction ends."""
    return select(text("1")).select_from(a_table(name, schema)).limit(0)


def all_columns(schema: str, name: str) -> Select[Any]:
    """Ask for every column without reading any: refused unless the login may read them all."""
    return select(text("*")).select_from(a_table(name, schema)).limit(0)


class _Explained(Executable, ClauseElement):
    """How the server would execute a statement."""

    inherit_cache = False

    def __init__(self, statement: Select[Any]) -> None:
        self.statement = statement


@compiles(_Explained)
def _explain(element: _Explained, compiler: Any, **options: Any) -> str:
    return f"EXPLAIN {compiler.process(element.statement, **options)}"


def explained(schema: str, name: str) -> Executable:
    """Explain a reading; refused unless the login may see everything that is read."""
    return _Explained(select(text("1")).select_from(a_table(name, schema)))


def _filled(name: str) -> Column:
    # Not IS NULL, which MySQL makes true for the zero dates of a NOT NULL column.
    return func.count(a_column(name))


def _holding(condition: Column) -> Column:
    return func.count(case((condition, 1)))


def _within(wanted: Scope) -> Column:
    window = wanted.window
    if window is None:
        return true()
    start, end = _bounds(window)
    stamp = a_column(window.column)
    return (stamp >= start) & (stamp < end)


def _bounds(window: Window) -> tuple[datetime, datetime]:
    """In UTC, which is the session's time zone."""
    start, end = (
        (bound.astimezone(UTC) if bound.tzinfo else bound).replace(tzinfo=None)
        for bound in (window.start, window.end)
    )
    return start, end
