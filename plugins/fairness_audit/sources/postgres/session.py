"""One connection: it sends statements, streams their rows, and words their faults."""

from collections.abc import Iterator, Sequence
from typing import Any

import adbc_driver_manager
import adbc_driver_postgresql.dbapi as adbc
import pyarrow as pa

from fairness_audit.sources.postgres.faults import failed

_BATCH_BYTES = 4 << 20

_STREAM = {"adbc.postgresql.batch_size_hint_bytes": str(_BATCH_BYTES)}


class Session:
    """Statements on one connection; ``place`` names the server in messages."""

    def __init__(self, connection: adbc.Connection, place: str) -> None:
        self._connection = connection
        self.place = place

    def fetch(
        self, statement: str, values: Sequence[str] = (), *, about: str
    ) -> list[tuple[Any, ...]]:
        """Execute a statement that gives few rows; ``values`` are bound as ``$1`` and on."""
        try:
            with self._connection.cursor() as cursor:
                cursor.execute(statement, values or None)
                return list(cursor.fetchall())
        except adbc_driver_manager.Error as error:
            # Without its cause: the driver's message quotes the server, and so perhaps a row.
            raise failed(self.place, about, error) from None

    def stream(self, statement: str, *, about: str) -> Iterator[pa.RecordBatch]:
        """Execute a statement and give its rows in batches of about 4 MiB."""
        try:
            with self._connection.cursor(adbc_stmt_kwargs=_STREAM) as cursor:
                cursor.execute(statement)
                with cursor.fetch_record_batch() as reader:
                    yield from reader
        except (adbc_driver_manager.Error, pa.ArrowException, OSError) as error:
            # Arrow's errors and OSError are what fails while rows are arriving.
            raise failed(self.place, about, error) from None
