"""CRM tables in Snowflake or BigQuery, read through ADBC by time travel as of one moment.

The statements are checked word by word, and what runs them was run against PostgreSQL through
its ADBC driver. None of it was run against an account of Snowflake or BigQuery.

A row access policy hides rows, and a masking policy changes values, without a word: give the
login of the audit a role that they exempt. No catalogue that every login may read tells of them.
"""

import importlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import adbc_driver_manager

from fairness_audit.errors import SourceError
from fairness_audit.sources import TableError
from fairness_audit.sources.warehouse.dialect import Dialect
from fairness_audit.sources.warehouse.session import Session, failed
from fairness_audit.sources.warehouse.statements import Statement
from fairness_audit.sources.warehouse.table import WarehouseTable, find_table

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class WarehouseSource:
    """A warehouse; ``options`` are what its driver is told, ``database`` may be a project."""

    def __init__(
        self,
        dialect: Dialect,
        options: Mapping[str, str],
        *,
        place: str,
        database: str,
        schema: str | None = None,
    ) -> None:
        self._dialect = dialect
        self._options = dict(options)
        self._place = place
        self._database = database
        self._schema = schema

    def __repr__(self) -> str:
        return f"WarehouseSource({self._place})"

    @contextmanager
    def frozen(self) -> Iterator["FrozenWarehouse"]:
        """Connect, and take the moment that every table is read as of."""
        dialect = self._dialect
        with self._connected() as connection:
            session = Session(connection, self._place)
            for text in dialect.preparation:
                session.order(text)
            ((since,),) = session.fetch(Statement(dialect.moment, ()), about="moment")
            micros = int(since) // dialect.resolution * dialect.resolution
            taken_at = _EPOCH + timedelta(microseconds=micros)
            yield FrozenWarehouse(session, dialect, self._database, self._schema, taken_at)

    def _connected(self) -> Any:
        try:
            driver = importlib.import_module(self._dialect.driver)
        except ImportError:
            raise SourceError(
                f"{self._place}: {self._dialect.name} needs a driver that is not installed"
                f" (pip install 'fairness-audit[{self._dialect.extra}]')"
            ) from None
        try:
            return driver.connect(db_kwargs=self._options, autocommit=True)
        except adbc_driver_manager.Error as error:
            # Without its cause: the driver's message can repeat what it was told.
            raise failed(self._place, "cannot connect", error) from None


@dataclass(frozen=True)
class FrozenWarehouse:
    """All tables as of one moment."""

    session: Session
    dialect: Dialect
    database: str
    schema: str | None
    taken_at: datetime

    def table(self, schema: str | None, name: str) -> WarehouseTable:
        """Find one table; without a schema in the connection's own."""
        at_schema = schema or self.schema
        if at_schema is None:
            raise TableError(f"{name} has no schema (add schema: with the one it is in)")
        return find_table(
            self.session, self.dialect, self.database, at_schema, name, self.taken_at
        )
