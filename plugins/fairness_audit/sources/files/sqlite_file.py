"""A SQLite file, read within one transaction, which goes on seeing the file as it was."""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import quote

from sqlalchemy import Connection, NullPool, create_engine, text

from fairness_audit.errors import SourceError
from fairness_audit.sources import TableError
from fairness_audit.sources.files.held import is_there
from fairness_audit.sources.files.sqlite_faults import worded
from fairness_audit.sources.files.sqlite_table import SqliteTable
from fairness_audit.sources.files.sqlite_types import reading_of, text_of

_PREPARATION = tuple(
    text(statement)
    for statement in (
        "PRAGMA query_only = ON",
        # A view of the file may call no function that has effects.
        "PRAGMA trusted_schema = OFF",
        "BEGIN",
        # The transaction sees the file as of its first reading.
        "SELECT count(*) FROM sqlite_schema",
    )
)
_HERE = Path(__file__)
_FIND_RELATION = text(_HERE.with_name("sqlite_relation.sql").read_text(encoding="utf-8"))
_FIND_COLUMNS = text(_HERE.with_name("sqlite_columns.sql").read_text(encoding="utf-8"))


class SqliteSource:
    """A SQLite file.

    Programs that write it meanwhile are not seen; unless it is in WAL mode, they wait.
    """

    def __init__(self, path: Path) -> None:
        self._path = path

    def __repr__(self) -> str:
        return f"SqliteSource({self._path})"

    @contextmanager
    def frozen(self) -> Iterator["FrozenSqlite"]:
        """Open the file for reading and begin a transaction."""
        path = self._path.resolve()
        if not is_there(path):
            raise SourceError(
                f"{self._path}: there is no such file (give the connection the path of a SQLite"
                " file, as this machine sees it)"
            )
        engine = create_engine("sqlite://", creator=lambda: _opened(path), poolclass=NullPool)
        with worded(str(path)):
            connection = engine.connect()
        with connection:
            now = datetime.now(UTC)
            with worded(str(path)):
                for statement in _PREPARATION:
                    connection.execute(statement)
            yield FrozenSqlite(path, connection, now)


def _opened(path: Path) -> sqlite3.Connection:
    opened = sqlite3.connect(
        f"file:{quote(str(path))}?mode=ro",
        uri=True,
        timeout=60,
        isolation_level=None,  # the transaction begins by a statement of its own
        check_same_thread=False,
    )
    opened.text_factory = text_of
    return opened


@dataclass(frozen=True)
class FrozenSqlite:
    """All tables as of one moment."""

    path: Path
    connection: Connection
    taken_at: datetime

    def table(self, schema: str | None, name: str) -> SqliteTable:
        """Find one table or view."""
        place = f"{self.path}: {name}"
        if schema not in (None, "main"):
            raise TableError(f"{self.path} has no schemas (remove schema: from the object)")
        with worded(place):
            values = {"name": name}
            found = self.connection.execute(_FIND_RELATION, values).all()
            if not found:
                raise TableError(f"{self.path} has no table {name} (names are case-sensitive)")
            rows = self.connection.execute(_FIND_COLUMNS, values).all()
        declared: dict[str, str] = {row[0]: row[1] for row in rows}
        readings = {column: reading_of(kind) for column, kind in declared.items()}
        return SqliteTable(self.connection, place, name, declared, readings)
