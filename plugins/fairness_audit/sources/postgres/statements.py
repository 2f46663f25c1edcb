"""The statements that read one relation. Identifiers are quoted, values are bound.

COPY, which keeps memory flat, takes no parameters: the window is bound to two settings of the
transaction, and the statements read it from there.
"""

from collections.abc import Mapping, Set
from dataclasses import dataclass
from pathlib import Path
from typing import LiteralString

import pyarrow as pa
from psycopg.sql import SQL, Composable, Identifier, Literal

from fairness_audit.sources import Scope
from fairness_audit.sources.postgres.ranges import Keys
from fairness_audit.sources.postgres.types import Reading

PREPARATION = (
    "BEGIN ISOLATION LEVEL REPEATABLE READ, READ ONLY",
    # The catalogue first: nothing may stand in for its functions and operators.
    "SELECT set_config('search_path', concat_ws(', ', 'pg_catalog',"
    " nullif(current_setting('search_path'), '')), true)",
    # Row-level security below a view becomes an error instead of missing rows.
    "SET LOCAL row_security = off",
    # Values that are read as text are spelled alike everywhere.
    "SET LOCAL TimeZone = 'UTC'",
    "SET LOCAL DateStyle = 'ISO, YMD'",
    "SET LOCAL IntervalStyle = 'iso_8601'",
    "SET LOCAL extra_float_digits = 1",
    "SET LOCAL bytea_output = 'hex'",
    # A long table is no fault. Waiting for a lock for minutes is, and so is a reader that hangs
    # while its transaction keeps the server from cleaning up.
    "SET LOCAL statement_timeout = 0",
    "SET LOCAL lock_timeout = '60s'",
    "SET LOCAL idle_in_transaction_session_timeout = '15min'",
)
"""What begins the transaction that every table is read in."""

MOMENT = "SELECT now() AS taken_at"
EXPORT = "SELECT pg_export_snapshot() AS name"


def following(exported: str) -> tuple[str, ...]:
    """What begins a transaction that sees what an exported snapshot sees."""
    begin, *settings = PREPARATION
    adopt = SQL("SET TRANSACTION SNAPSHOT {}").format(Literal(exported)).as_string()
    return (begin, adopt, *settings)


FIND_RELATION = Path(__file__).with_name("relation.sql").read_text(encoding="utf-8")
FIND_COLUMNS = Path(__file__).with_name("columns.sql").read_text(encoding="utf-8")
SET_WINDOW = (
    "SELECT set_config('fairness_audit.window_start', $1, true),"
    " set_config('fairness_audit.window_end', $2, true)"
)

_START, _END = SQL("fairness_audit.window_start"), SQL("fairness_audit.window_end")
_ZONED = SQL("CAST(current_setting('{}') AS timestamptz)")
_UNZONED = SQL("(CAST(current_setting('{}') AS timestamptz) AT TIME ZONE 'UTC')")


@dataclass(frozen=True)
class Relation:
    """A table, how each of its columns is read, and which of them are sorted as text."""

    schema: str
    name: str
    readings: Mapping[str, Reading]
    sorted_as_text: Set[str]

    def __str__(self) -> str:
        return f"{self.schema}.{self.name}"

    def rows(self, wanted: Scope, keys: Keys | None = None) -> str:
        """Give the wanted columns in their order, the rows in the order of the key.

        With ``keys`` only those of a range of the key's first column.
        """
        columns = SQL(", ").join(
            SQL("{} AS {}").format(self._column(name), Identifier(name)) for name in wanted.columns
        )
        return (
            SQL("SELECT {} FROM {} WHERE {} ORDER BY {}")
            .format(
                columns,
                self._name,
                SQL(" AND ").join([self._within(wanted), *_among(wanted.keys[0], keys)]),
                SQL(", ").join(map(self._order, wanted.keys)),
            )
            .as_string()
        )

    def extent(self, wanted: Scope) -> str:
        """The lowest and the highest value of the first column of the wanted keys."""
        return (
            SQL("SELECT min({0}), max({0}) FROM {1} WHERE {2}")
            .format(Identifier(wanted.keys[0]), self._name, self._within(wanted))
            .as_string()
        )

    def has_ranges(self, wanted: Scope) -> bool:
        """True if the key begins with a whole number, by which rows can be cut into ranges."""
        return bool(pa.types.is_integer(self.readings[wanted.keys[0]].arrow_type))

    def totals(self, wanted: Scope) -> str:
        """Count the wanted rows, and the unfit values of each column of :meth:`limited`."""
        counts = [SQL("count(*)")] + [
            SQL("count(*) FILTER (WHERE {})").format(_filled(unfit, name))
            for name, unfit in self.limited(wanted).items()
        ]
        return (
            SQL("SELECT {} FROM {} WHERE {}")
            .format(SQL(", ").join(counts), self._name, self._within(wanted))
            .as_string()
        )

    def undated(self, column: str) -> str:
        """Count the rows that no window can contain."""
        return (
            SQL("SELECT count(*) FROM {0} WHERE {1} IS NULL OR NOT isfinite({1})")
            .format(self._name, Identifier(column))
            .as_string()
        )

    def limited(self, wanted: Scope) -> dict[str, LiteralString]:
        """The wanted columns that can hold unfit values, and the condition of each."""
        unfit = {name: self.readings[name].unfit for name in wanted.columns}
        return {name: condition for name, condition in unfit.items() if condition}

    def _order(self, name: str) -> Composable:
        # Bytes order alike on every server; the order makes equal data equal files.
        order = SQL('{} COLLATE "C"' if name in self.sorted_as_text else "{}")
        return order.format(Identifier(name))

    @property
    def _name(self) -> Identifier:
        return Identifier(self.schema, self.name)

    def _column(self, name: str) -> Composable:
        return _filled(self.readings[name].expression, name)

    def _within(self, wanted: Scope) -> Composable:
        if wanted.window is None:
            return SQL("true")
        column = wanted.window.column
        zoned = getattr(self.readings[column].arrow_type, "tz", None) is not None
        bound = _ZONED if zoned else _UNZONED
        return SQL("{0} >= {1} AND {0} < {2}").format(
            Identifier(column), bound.format(_START), bound.format(_END)
        )


def _among(key: str, keys: Keys | None) -> list[Composable]:
    if keys is None:
        return []
    limits = []
    if keys.start is not None:
        limits.append(SQL("{} >= {}").format(Identifier(key), Literal(keys.start)))
    if keys.end is not None:
        limits.append(SQL("{} < {}").format(Identifier(key), Literal(keys.end)))
    inside = SQL(" AND ").join(limits) if limits else SQL("true")
    if keys.end is None:  # the last range: whoever has no key comes after all others
        return [SQL("({} OR {} IS NULL)").format(inside, Identifier(key))]
    return [inside]


def _filled(expression: LiteralString, name: str) -> Composable:
    return SQL(expression).format(Identifier(name))
