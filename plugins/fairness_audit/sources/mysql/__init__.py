"""CRM tables in MySQL or MariaDB, read within one transaction that sees a consistent snapshot."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from pymysql.converters import encoders
from sqlalchemy import Connection, Engine, NullPool, create_engine

from fairness_audit.errors import SourceError
from fairness_audit.sources import TableError
from fairness_audit.sources.mysql import statements
from fairness_audit.sources.mysql.faults import refused
from fairness_audit.sources.mysql.session import FAULTS, Session
from fairness_audit.sources.mysql.table import MySQLTable, find_table

_OPTIONS = {
    "connect_timeout",
    "read_timeout",
    "ssl",
    "ssl_ca",
    "ssl_cert",
    "ssl_key",
    "ssl_verify_cert",
    "ssl_verify_identity",
    "unix_socket",
}
_PORT = 3306
_UNFIT = (ValueError, TypeError, AttributeError, RuntimeError, OverflowError)
"""What the driver makes of an option that is none."""


class MySQLSource:
    """A database of a MySQL or MariaDB server.

    A host that is a path is a Unix socket. ``options`` are PyMySQL's, such as ``ssl_ca`` and
    ``ssl_verify_identity``.
    """

    def __init__(
        self,
        *,
        host: str | None,
        port: int | None = None,
        login: str | None = None,
        password: str | None = None,
        database: str | None = None,
        options: Mapping[str, Any] | None = None,
    ) -> None:
        given = dict(options or {})
        unknown = sorted(set(given) - _OPTIONS)
        if unknown:
            raise SourceError(
                f"the options {unknown} of a MySQL connection are not known (known are"
                f" {', '.join(sorted(_OPTIONS))})"
            )
        if host and host.startswith("/"):
            given["unix_socket"] = host
        self._address = {
            "connect_timeout": 10,
            "host": host or "localhost",
            "port": _PORT if port is None else port,
            "user": login,
            "password": password or "",
            "database": database,
        } | given
        self._database = database
        self._password = password or ""
        where = given.get("unix_socket") or f"{host or 'localhost'}:{self._address['port']}"
        self._place = f"{where}/{database or ''}"

    def __repr__(self) -> str:
        return f"MySQLSource({self._place})"

    @contextmanager
    def frozen(self) -> Iterator["FrozenMySQL"]:
        """Connect and begin a read-only transaction that sees every table as of one moment."""
        engine = self._engine()
        with self._connected(engine) as connection:
            session = Session(connection, self._place)
            for statement in statements.PREPARATION:
                session.fetch(statement, about="session")
            is_mariadb = getattr(engine.dialect, "is_mariadb", False)
            session.fetch(
                statements.NO_DEADLINE_MARIADB if is_mariadb else statements.NO_DEADLINE_MYSQL,
                about="session",
            )
            # The moment first: whatever was committed by then is seen.
            ((now,),) = session.fetch(statements.MOMENT, about="transaction")
            session.fetch(statements.BEGIN, about="transaction")
            taken_at = datetime.fromisoformat(now).replace(tzinfo=UTC)
            # Closing the connection ends the transaction; it has written nothing.
            yield FrozenMySQL(session, taken_at, self._database)

    def _engine(self) -> Engine:
        return create_engine(
            "mysql+pymysql://",
            poolclass=NullPool,
            isolation_level="AUTOCOMMIT",  # the transaction begins by a statement of its own
            connect_args={
                **self._address,
                "charset": "utf8mb4",
                # Zero dates are to be seen as they are, names quoted and text escaped one way.
                "init_command": "SET SESSION sql_mode = ''",
                # Values arrive as the server spells them: the driver damages some.
                "conv": dict(encoders),
            },
        )

    def _connected(self, engine: Engine) -> Connection:
        # Asked here, for the driver would leave open what it cannot connect.
        path = self._address.get("unix_socket")
        if path is not None and not (isinstance(path, str) and Path(path).is_socket()):
            raise SourceError(
                f"{self._place}: cannot connect: there is no socket (write the path of the"
                " server's, as this machine sees it)"
            )
        try:
            return engine.connect()
        except (*FAULTS, *_UNFIT) as error:
            raise refused(self._place, error, self._password) from None


@dataclass(frozen=True)
class FrozenMySQL:
    """All tables as of one moment."""

    session: Session
    taken_at: datetime
    database: str | None

    def table(self, schema: str | None, name: str) -> MySQLTable:
        """Find one table or view; without a schema in the connection's own database."""
        at_schema = schema or self.database
        if at_schema is None:
            raise TableError(f"{name} has no schema (add schema: with the database it is in)")
        return find_table(self.session, at_schema, name)
