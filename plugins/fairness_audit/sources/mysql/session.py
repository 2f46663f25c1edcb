"""One connection: it sends statements, streams their rows, and words their faults."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import pymysql
from sqlalchemy import Connection, Executable
from sqlalchemy.exc import SQLAlchemyError

from fairness_audit.sources.mysql.faults import failed

_ROWS = 1000

FAULTS = (SQLAlchemyError, pymysql.Error, OSError, UnicodeDecodeError)
"""What a statement can end with; the last two while its rows are arriving."""


class Session:
    """Statements on one connection; ``place`` names the server in messages."""

    def __init__(self, connection: Connection, place: str) -> None:
        self._connection = connection
        self.place = place

    def fetch(
        self, statement: Executable, values: Mapping[str, str] | None = None, *, about: str
    ) -> list[tuple[Any, ...]]:
        """Execute a statement that gives few rows, each value as the server spells it."""
        try:
            result = self._connection.execute(statement, values)
            return [tuple(row) for row in result] if result.returns_rows else []
        except FAULTS as error:
            # Without its cause: the driver's message quotes the server, and so perhaps a row.
            raise failed(self.place, about, error) from None

    def stream(self, statement: Executable, *, about: str) -> Iterator[Sequence[Sequence[Any]]]:
        """Execute a statement and give its rows by the thousand, unbuffered by the driver."""
        try:
            with self._connection.execute(
                statement, execution_options={"yield_per": _ROWS}
            ) as result:
                yield from result.partitions()
        except FAULTS as error:
            raise failed(self.place, about, error) from None
