"""A DuckDB file."""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import duckdb
from psycopg.sql import Identifier

from fairness_audit.engine.duckdb import locked_connection, statement
from fairness_audit.errors import SourceError
from fairness_audit.sources import Field, TableError
from fairness_audit.sources.files.engine_table import EngineTable, worded
from fairness_audit.sources.files.engine_types import reading_of
from fairness_audit.sources.files.held import Held, is_there

_ATTACH = Path(__file__).with_name("duckdb_attach.sql")
_COLUMNS = Path(__file__).with_name("duckdb_columns.sql")


class DuckdbSource:
    """A DuckDB file; while it is read, its lock keeps other programs from writing it."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def __repr__(self) -> str:
        return f"DuckdbSource({self._path})"

    @contextmanager
    def frozen(self) -> Iterator["FrozenDuckdb"]:
        """Attach the file for reading."""
        path = self._path.resolve()
        if not is_there(path):
            raise SourceError(
                f"{self._path}: there is no such file (give the connection the path of a DuckDB"
                " file, as this machine sees it)"
            )
        held = Held([path])
        with (
            tempfile.TemporaryDirectory(prefix="fairness-audit-") as spill,
            # Views of the file may read what lies beside it, and nothing else.
            locked_connection([Path(spill), path.parent], memory_limit="512MB") as connection,
        ):
            now = datetime.now(UTC)
            self._attach(connection, path)
            held.use(path)
            yield FrozenDuckdb(path, held, connection, now)
            held.check_used()

    def _attach(self, connection: duckdb.DuckDBPyConnection, path: Path) -> None:
        try:
            connection.execute(statement(_ATTACH), {"path": str(path)})
        except duckdb.Error as error:
            if "Conflicting lock" in str(error):
                raise SourceError(
                    f"{path}: another program has it open for writing (try again when it is done,"
                    " or name a copy)"
                ) from None
            raise SourceError(
                f"{path}: is no DuckDB file that version {duckdb.__version__} reads (check the"
                " path, that this user may read it, and the version that wrote it)"
            ) from None


@dataclass(frozen=True)
class FrozenDuckdb:
    """All tables of the file."""

    path: Path
    held: Held
    connection: duckdb.DuckDBPyConnection
    taken_at: datetime

    def table(self, schema: str | None, name: str) -> EngineTable:
        """Find one table or view; without a schema in the schema ``main``."""
        within = schema or "main"
        place = f"{self.path}: {within}.{name}"
        with worded(place):
            values = {"schema": within, "name": name}
            declared = dict(self.connection.execute(statement(_COLUMNS), values).fetchall())
            if not declared:
                raise TableError(f"{self.path} has no {within}.{name} (names are case-sensitive)")
            relation = self.connection.table(Identifier("crm", within, name).as_string())
            kinds = dict(zip(relation.columns, relation.types, strict=True))
        readings = {column: reading_of(kinds[column]) for column in declared}
        fields = {
            # The values an enum may have are not part of its name.
            column: Field(
                "ENUM" if kinds[column].id == "enum" else source_type,
                readings[column].arrow_type,
                readable=True,
            )
            for column, source_type in declared.items()
        }
        return EngineTable(
            place, relation, readings, fields, check=lambda: self.held.check(self.path)
        )
