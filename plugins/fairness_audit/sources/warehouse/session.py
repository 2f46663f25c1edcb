"""One connection: it sends statements, streams their rows, and words their faults."""

from collections.abc import Iterator
from typing import Any

import adbc_driver_manager
import pyarrow as pa
from adbc_driver_manager import AdbcStatusCode

from fairness_audit.errors import SourceError
from fairness_audit.sources.warehouse.statements import Statement

_CURES = {
    AdbcStatusCode.UNAUTHENTICATED: "check the login and the password or key of the connection",
    AdbcStatusCode.UNAUTHORIZED: "grant the login SELECT on it",
    AdbcStatusCode.NOT_FOUND: "check the names; they are case-sensitive",
    AdbcStatusCode.IO: "the connection was lost, or time travel does not reach back; try again",
    AdbcStatusCode.TIMEOUT: "it took too long; try again, or use a larger warehouse",
    AdbcStatusCode.CANCELLED: "a person, or a limit of the warehouse, ended the query; try again",
}
_LOOK = "the query history has the details; they can quote rows, so they are not repeated here"


class Session:
    """Statements on one ADBC connection; ``place`` names the warehouse in messages."""

    def __init__(self, connection: Any, place: str) -> None:
        self._connection = connection
        self.place = place

    def fetch(self, statement: Statement, *, about: str) -> list[tuple[Any, ...]]:
        """Execute a statement that gives few rows."""
        try:
            with self._connection.cursor() as cursor:
                cursor.execute(statement.text, statement.values or None)
                return list(cursor.fetchall())
        except (adbc_driver_manager.Error, pa.ArrowException, OSError) as error:
            # Without its cause: the driver's message quotes the server, and so perhaps a row.
            raise failed(self.place, about, error) from None

    def order(self, text: str) -> None:
        """Execute a statement that gives nothing."""
        try:
            with self._connection.cursor() as cursor:
                cursor.execute(text)
        except adbc_driver_manager.Error as error:
            raise failed(self.place, "session", error) from None

    def stream(self, statement: Statement, *, about: str) -> Iterator[pa.RecordBatch]:
        """Execute a statement and give its rows as they arrive."""
        try:
            with self._connection.cursor() as cursor:
                cursor.execute(statement.text, statement.values or None)
                with cursor.fetch_record_batch() as reader:
                    yield from reader
        except (adbc_driver_manager.Error, pa.ArrowException, OSError) as error:
            raise failed(self.place, about, error) from None


def failed(place: str, about: str, error: Exception) -> SourceError:
    """The error of a connection or statement, by the codes it has."""
    status: Any = getattr(error, "status_code", None)
    names = [status.name.lower().replace("_", " ")] if isinstance(status, AdbcStatusCode) else []
    if state := getattr(error, "sqlstate", None):
        names.append(f"SQLSTATE {state}")
    if code := getattr(error, "vendor_code", None):
        names.append(f"code {code}")
    fault = ", ".join(names) or "the server ended the query"
    return SourceError(f"{place}: {about}: {fault} ({_CURES.get(status, _LOOK)})")
