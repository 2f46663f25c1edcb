"""Transactions on the ledger's database: one writer at a time, errors an operator can act on."""

import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import (
    Connection,
    Engine,
    NullPool,
    Select,
    column,
    create_engine,
    event,
    func,
    inspect,
    select,
    table,
    text,
)
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError, DBAPIError, NoSuchModuleError, SQLAlchemyError

from fairness_audit.errors import LedgerAbsent, LedgerError
from fairness_audit.ledger.append_only import TURN, lend_functions, protect
from fairness_audit.ledger.table import ledger_table, metadata

_HOLDERS = threading.RLock()
_TURN: Select[Any] = select(column("id")).select_from(table(TURN))
_NO_RIGHT = "42501"
_TIMEOUTS = {"55P03", "SQLITE_BUSY"}


class Database:
    """SQLite or PostgreSQL, opened anew for each transaction."""

    def __init__(self, address: str, wait_seconds: int) -> None:
        self._url = _url(address)
        self._wait_seconds = wait_seconds
        self._engine = _engine(self._url, wait_seconds)
        self._held = threading.local()

    @contextmanager
    def writing(self) -> Iterator[Connection]:
        """One transaction that nobody else writes beside; the table exists in it.

        Raises:
            LedgerError: when the database does not do it.
        """
        if self._file is not None:
            self._file.parent.mkdir(parents=True, exist_ok=True)
        with self._as_ledger_error(), self._engine.connect() as opened:
            connection = opened.execution_options(begin="BEGIN IMMEDIATE")
            with connection.begin():
                if self._file is None:
                    self._take_turn(connection, shared=False)
                else:
                    metadata.create_all(connection)
                yield connection

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """One transaction that writes nothing, not even an empty ledger.

        Raises:
            LedgerError: when there is no ledger, or the database does not answer.
        """
        held: Connection | None = getattr(self._held, "connection", None)
        if held is not None:
            with self._as_ledger_error():
                yield held
            return
        if self._file is not None and not self._file.exists():
            raise self._absent()
        with (
            self._turn(),
            self._as_ledger_error(),
            self._engine.connect() as connection,
            connection.begin(),
        ):
            if not inspect(connection).has_table(ledger_table.name):
                raise self._absent()
            yield connection

    @contextmanager
    def holding(self) -> Iterator[None]:
        """Keep writers waiting, without any right to write.

        On SQLite an open read keeps a writer from committing; on PostgreSQL readers share the
        row that a writer locks alone: to lock it takes a right, which who may merely connect has
        not. What this thread reads meanwhile, it reads in the same
        transaction: a SQLite writer that waits for its commit lets no new reader in.
        """
        with self._turn(), self.reading() as connection:
            if self._file is None:
                self._take_turn(connection, shared=True)
            else:
                connection.execute(select(ledger_table.c.seq).limit(1))
                if connection.exec_driver_sql("PRAGMA journal_mode").scalar() == "wal":
                    raise LedgerError(
                        f"the ledger {self.name} cannot be held: it is in WAL mode, where nobody"
                        " waits for a reader (PRAGMA journal_mode = DELETE)"
                    )
            self._held.connection = connection
            try:
                yield
            finally:
                del self._held.connection

    def _take_turn(self, connection: Connection, *, shared: bool) -> None:
        """Lock the one row that stands for the end of the ledger, on PostgreSQL."""
        wait = func.set_config("lock_timeout", f"{self._wait_seconds}s", True)
        connection.execute(select(wait))
        _make_turn(connection)
        row = connection.execute(_TURN.with_for_update(read=shared)).one_or_none()
        if row is None:
            raise LedgerError(
                f"the ledger {self.name} cannot be held: {TURN} has no row (as its owner:"
                " fairness-audit ledger init)"
            )

    @contextmanager
    def _turn(self) -> Iterator[None]:
        """On SQLite one thread of a process after the other.

        The threads of a process share its read lock: if they overlapped, it would never be given
        back, and a writer in another process would never have its turn.
        """
        if self._file is None:
            yield
            return
        if not _HOLDERS.acquire(timeout=self._wait_seconds):
            raise self._held_too_long()
        try:
            yield
        finally:
            _HOLDERS.release()

    def is_owned(self, connection: Connection) -> bool:
        """True if this account may write the file, or do what the owner of the table may."""
        if self._file is not None:
            return os.access(self._file, os.W_OK)
        owned = text(
            "SELECT pg_has_role(relowner, 'USAGE') FROM pg_class WHERE oid = to_regclass(:table)"
        )
        return bool(connection.execute(owned, {"table": ledger_table.name}).scalar_one())

    def close(self) -> None:
        """Give back the connections; the next transaction opens a new one."""
        self._engine.dispose()

    @property
    def name(self) -> str:
        """The address without password and options."""
        return self._url.set(query={}).render_as_string(hide_password=True)

    @property
    def _file(self) -> Path | None:
        return Path(str(self._url.database)) if _is_sqlite(self._url) else None

    def _absent(self) -> LedgerAbsent:
        return LedgerAbsent(
            f"{self.name}: there is no ledger yet"
            " (the first audit makes it; or FAIRNESS_AUDIT_LEDGER names another place)"
        )

    def _held_too_long(self) -> LedgerError:
        return LedgerError(
            f"the ledger {self.name} is held by others for longer than {self._wait_seconds} s (try"
            " again; if it stays, find who holds it: pg_locks and pg_stat_activity, or lsof of the"
            " file)"
        )

    @contextmanager
    def _as_ledger_error(self) -> Iterator[None]:
        try:
            yield
        except SQLAlchemyError as error:
            if _is_timeout(error):
                raise self._held_too_long() from error
            said = str(error.orig if isinstance(error, DBAPIError) else error)
            reason = (said.strip() or type(error).__name__).splitlines()[0]
            if self._url.password:
                reason = reason.replace(str(self._url.password), "***")
            raise LedgerError(
                f"the ledger {self.name} cannot be used: {reason}"
                " (check that it is up, and FAIRNESS_AUDIT_LEDGER)"
            ) from error


def _url(address: str) -> URL:
    try:
        url = make_url(address)
    except ArgumentError:  # its message may repeat the address
        url = None
    if url is None or not (_is_sqlite(url) or url.get_backend_name() == "postgresql"):
        raise LedgerError(
            "FAIRNESS_AUDIT_LEDGER: not an address of SQLite or PostgreSQL"
            " (write sqlite:////path/ledger.db or postgresql+psycopg://role:password@host/database)"
        )
    if _is_sqlite(url) and not url.database:
        raise LedgerError("FAIRNESS_AUDIT_LEDGER: a ledger in memory is none (name a file)")
    return url


def _engine(url: URL, wait_seconds: int) -> Engine:
    given: dict[str, Any] = {}
    if _is_sqlite(url):
        given = {"timeout": wait_seconds}
    elif url.drivername in ("postgresql", "postgresql+psycopg"):
        given = {"connect_timeout": wait_seconds}
    try:
        engine = create_engine(url, poolclass=NullPool, connect_args=given)
    except (NoSuchModuleError, ImportError) as error:
        raise LedgerError(
            f"FAIRNESS_AUDIT_LEDGER: no driver {url.drivername} is installed"
            " (write postgresql+psycopg://)"
        ) from error
    if _is_sqlite(url):
        event.listen(engine, "connect", _leave_transactions_to_us)
        event.listen(engine, "begin", _begin)
    return engine


def _leave_transactions_to_us(connection: Any, _: Any) -> None:
    connection.isolation_level = None
    lend_functions(connection)
    connection.execute("PRAGMA synchronous = EXTRA")  # what is acknowledged survives power loss


def _make_turn(connection: Connection) -> None:
    """Make the ledger and what is locked for it, where they are not there yet."""
    if inspect(connection).has_table(TURN):
        return
    try:
        with connection.begin_nested():
            metadata.create_all(connection)
            protect(connection)
    except DBAPIError as error:
        if inspect(connection).has_table(TURN):  # somebody else made it just now
            return
        if getattr(error.orig, "sqlstate", None) == _NO_RIGHT:
            raise LedgerError(
                f"the ledger has no table {TURN}, and this role may not make it (as its owner:"
                " fairness-audit ledger init, with its --writer and --reader)"
            ) from error
        raise


def _is_timeout(error: SQLAlchemyError) -> bool:
    if not isinstance(error, DBAPIError):
        return False
    code = getattr(error.orig, "sqlstate", None) or getattr(error.orig, "sqlite_errorname", None)
    return code in _TIMEOUTS


def _begin(connection: Connection) -> None:
    connection.exec_driver_sql(connection.get_execution_options().get("begin", "BEGIN"))


def _is_sqlite(url: URL) -> bool:
    return url.get_backend_name() == "sqlite"
