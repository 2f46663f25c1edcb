"""A folder of Parquet and CSV files, one per table."""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq

from fairness_audit.engine.duckdb import locked_connection
from fairness_audit.errors import SourceError
from fairness_audit.sources import Field, Table, TableError
from fairness_audit.sources.files.csv_table import CsvTable, Dialect
from fairness_audit.sources.files.engine_table import EngineTable, worded
from fairness_audit.sources.files.engine_types import reading_of
from fairness_audit.sources.files.held import Held, is_there
from fairness_audit.sources.files.int96 import cut_values, int96_columns

_SUFFIXES = (".parquet", ".csv")
_LARGEST_DECIMAL = 38
# DuckDB would take a name with one of these for a pattern of names.
_PATTERN = set("*?[]{}")


class FolderSource:
    """A folder whose files are called after their tables: ``leads.parquet``, ``cases.csv``.

    A schema of the policy is a folder within it.
    """

    def __init__(self, folder: Path, dialect: Dialect | None = None) -> None:
        self._folder = folder
        self._dialect = dialect or Dialect()
        self._dialect.check()

    def __repr__(self) -> str:
        return f"FolderSource({self._folder})"

    @contextmanager
    def frozen(self) -> Iterator["FrozenFolder"]:
        """Note what every file looks like; one that is used may not change until the end."""
        folder = self._folder.resolve()
        if not is_there(folder, as_folder=True):
            raise SourceError(
                f"{self._folder}: there is no such folder (give the connection the path of a"
                " folder of Parquet and CSV files, as this machine sees it)"
            )
        now = datetime.now(UTC)
        files = [path for path in (*folder.glob("*"), *folder.glob("*/*")) if _is_table(path)]
        held = Held(files)
        with (
            tempfile.TemporaryDirectory(prefix="fairness-audit-") as spill,
            locked_connection([Path(spill), folder], memory_limit="512MB") as connection,
        ):
            yield FrozenFolder(folder, held, self._dialect, connection, now)
        held.check_used()


@dataclass(frozen=True)
class FrozenFolder:
    """All files as they are at one moment."""

    folder: Path
    held: Held
    dialect: Dialect
    connection: duckdb.DuckDBPyConnection
    taken_at: datetime

    def table(self, schema: str | None, name: str) -> Table:
        """Find the file of one table."""
        within = self.folder if schema is None else self.folder / schema
        found = [path for path in self.held.files if path.parent == within and path.stem == name]
        if not found:
            raise TableError(
                f"there is no {within / name}.parquet or .csv (names are case-sensitive)"
            )
        if len(found) > 1:
            raise TableError(f"{within / name} is there as Parquet and as CSV (keep one of them)")
        (path,) = found
        self.held.use(path)
        if path.suffix == ".csv":
            return CsvTable(path, self.dialect, self.connection, lambda: self.held.check(path))
        return self._parquet(path)

    def _parquet(self, path: Path) -> EngineTable:
        if _PATTERN & set(str(path)):
            raise TableError(f"{path}: its path holds one of * ? [ ] {{ }} (rename it)")
        with worded(str(path)):
            declared, int96 = pq.read_schema(path), int96_columns(path)
            # The names of folders are no columns.
            relation = self.connection.read_parquet(str(path), hive_partitioning=False)
            types = relation.types
        names = declared.names
        if len(set(names)) != len(names):
            raise TableError(f"{path}: columns are named twice (name each once)")
        readings = {name: reading_of(kind) for name, kind in zip(names, types, strict=True)}
        fields = {
            name: Field(str(declared.field(name).type), reading.arrow_type, readable=True)
            for name, reading in readings.items()
        }
        # DuckDB makes doubles of decimals with more than 38 digits.
        lossy = {name for name in fields if _is_wide(declared.field(name).type)}
        lossy |= {name for name, is_within in int96.items() if is_within}
        cut = {name: partial(cut_values, path, name) for name in int96}
        return EngineTable(
            str(path),
            relation,
            readings=readings,
            fields=fields,
            lossy=frozenset(lossy),
            cut=cut,
            check=lambda: self.held.check(path),
        )


def _is_wide(kind: pa.DataType) -> bool:
    if pa.types.is_decimal(kind):
        return bool(kind.precision > _LARGEST_DECIMAL)
    inner = range(kind.num_fields) if pa.types.is_nested(kind) else ()
    return any(_is_wide(kind.field(index).type) for index in inner)


def _is_table(path: Path) -> bool:
    return path.suffix in _SUFFIXES and is_there(path)
