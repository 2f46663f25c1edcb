"""CRM tables in PostgreSQL, read through ADBC as of one repeatable-read transaction.

Large tables are read by several connections, which all see what the first one sees.
"""

import logging
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote

import adbc_driver_manager
import adbc_driver_postgresql.dbapi as adbc
import psycopg
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from fairness_audit.errors import SourceError
from fairness_audit.sources import TableError
from fairness_audit.sources.postgres import statements
from fairness_audit.sources.postgres.faults import refused
from fairness_audit.sources.postgres.followers import FROM_ROWS, STREAMS, Followers
from fairness_audit.sources.postgres.session import Session
from fairness_audit.sources.postgres.table import PostgresTable, find_table

log = logging.getLogger(__name__)

# A server that stops answering is noticed after a minute; the address may say otherwise.
_CONNECTION = {
    "application_name": "fairness-audit",
    "connect_timeout": 10,
    "keepalives_idle": 30,
    "keepalives_interval": 10,
    "keepalives_count": 3,
    "tcp_user_timeout": 60_000,
    "client_encoding": "UTF8",
}
_SECRETS = ("password", "sslpassword")


class PostgresSource:
    """A PostgreSQL database, by a libpq address (``postgresql://…`` or ``host=… dbname=…``)."""

    def __init__(self, uri: str, *, streams: int = STREAMS, from_rows: int = FROM_ROWS) -> None:
        try:
            given = conninfo_to_dict(uri)
        except psycopg.Error:
            # Without its cause, which quotes the address.
            raise SourceError(
                "the address of the source cannot be read (write"
                " postgresql://login:password@host:5432/database, special characters as %xx)"
            ) from None
        self._streams, self._from_rows = streams, from_rows
        self._address: dict[str, Any] = _CONNECTION | given
        host = given.get("host") or given.get("hostaddr") or "localhost"
        self._place = f"{host}:{given.get('port') or 5432}/{given.get('dbname') or ''}"

    def __repr__(self) -> str:
        return f"PostgresSource({self._place})"

    @contextmanager
    def frozen(self) -> Iterator["FrozenPostgres"]:
        """Connect and begin a read-only transaction that sees every table as of one moment."""
        # Closing the connections ends their transactions; they have written nothing.
        with ExitStack() as stack:
            session, now = self._begun(stack)
            try:
                ((exported,),) = session.fetch(statements.EXPORT, about="transaction")
            except SourceError as fault:
                log.info("reading by one connection: %s", fault)
                session, now, exported = *self._begun(stack), None
            others = Followers(
                connect=self._connected,
                exported=exported,
                place=self._place,
                stack=stack,
                streams=self._streams,
                from_rows=self._from_rows,
            )
            yield FrozenPostgres(session, now, others)

    def _begun(self, stack: ExitStack) -> tuple[Session, datetime]:
        session = Session(stack.enter_context(self._connected()), self._place)
        for statement in statements.PREPARATION:
            session.fetch(statement, about="transaction")
        ((now,),) = session.fetch(statements.MOMENT, about="transaction")
        return session, now.astimezone(UTC)

    def _connected(self) -> adbc.Connection:
        try:
            return adbc.connect(make_conninfo(**self._address), autocommit=True)
        except adbc_driver_manager.Error as error:
            raise refused(self._place, str(error), self._secrets()) from None

    def _secrets(self) -> list[str]:
        given = [str(self._address[name]) for name in _SECRETS if self._address.get(name)]
        return given + [quote(secret, safe="") for secret in given]


@dataclass(frozen=True)
class FrozenPostgres:
    """All tables as of one moment."""

    session: Session
    taken_at: datetime
    others: Followers

    def table(self, schema: str | None, name: str) -> PostgresTable:
        """Find one table, view or foreign table."""
        if schema is None:
            raise TableError(f"{name} has no schema (add schema: with the one it is in)")
        return find_table(self.session, schema, name, self.others)
