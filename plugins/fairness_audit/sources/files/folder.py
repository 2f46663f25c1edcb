"""A folder of Parquet and CSV files, one per table."""

import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

import duckdb
import pyarrow as pa

from fairness_audit.engine.duckdb import locked_connection
from fairness_audit.errors import SourceError, TabularError
from fairness_audit.sources import Field, Table, TableError
from fairness_audit.sources.files.engine_table import EngineTable, worded
from fairness_audit.sources.files.engine_types import reading_of
from fairness_audit.sources.files.held import Held, is_there
from fairness_audit.sources.files.int96 import cut_values, int96_columns
from fairness_audit.sources.files.text_table import TextTable, checked
from fairness_audit.tabular import table_at
from fairness_audit.tabular.dialect import Dialect
from fairness_audit.tabular.parquet_files import ParquetFiles, parts_of, visible

SUFFIXES = (".parquet", ".csv", ".csv.gz", ".tsv", ".tsv.gz", ".jsonl", ".jsonl.gz", "")
"""What may follow a table's name; what a file is its bytes say."""
_LARGEST_DECIMAL = 38


class FolderSource:
    """A folder whose files are called after their tables: ``leads.parquet``, ``cases.csv``.

    A schema of the policy is a folder within it.
    """

    def __init__(self, folder: Path, dialect: Dialect | None = None) -> None:
        self._folder = folder
        self._dialect = checked(dialect)

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
        held = Held(sorted(_files(folder)))
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
        """Find the file of one table, or the folder of its parts."""
        within = self.folder if schema is None else self.folder / schema
        path = self._path_of(within, name)
        parts = [file for file in self.held.files if file == path or path in file.parents]
        for part in parts:
            self.held.use(part)

        def check() -> None:
            for part in parts:
                self.held.check(part)
            if path.is_dir() and parts_of(path) != parts:
                raise SourceError(
                    f"{path}: files came or went while it was read (try again when nothing writes"
                    " there; let exports write to another name and rename)"
                )

        try:
            file = table_at(path, self.dialect)
            if path.is_dir():
                check()
        except TabularError as error:
            raise TableError(str(error)) from None
        if isinstance(file, ParquetFiles):
            return self._parquet(file, check)
        return TextTable(file, self.connection, check)

    def _path_of(self, within: Path, name: str) -> Path:
        """The one file or folder that is called after the table."""
        files = self.held.files
        found = [path for path in files if path.parent == within and is_called(path.name, name)]
        folders = {parent for path in files for parent in path.parents}
        found += sorted({within / f"{name}.parquet", within / name} & folders)
        if not found:
            raise TableError(
                f"there is no {within / name}.parquet or .csv (names are case-sensitive)"
            )
        if len(found) > 1:
            names = ", ".join(path.name for path in found)
            raise TableError(f"{within / name} is there more than once: {names} (keep one)")
        return found[0]

    def _parquet(self, file: ParquetFiles, check: Callable[[], None]) -> EngineTable:
        with worded(str(file.path)):
            int96 = {part: int96_columns(part) for part in file.parts}
            relation = file.relation(self.connection)
            types = relation.types
        readings = {name: reading_of(kind) for name, kind in zip(file.names, types, strict=True)}
        fields = {
            name: Field(str(file.schema.field(name).type), reading.arrow_type, readable=True)
            for name, reading in readings.items()
        }
        # DuckDB makes doubles of decimals with more than 38 digits.
        lossy = {name for name in fields if _is_wide(file.schema.field(name).type)}
        lossy |= {
            name for found in int96.values() for name, is_within in found.items() if is_within
        }
        cut = {
            name: partial(_cut, [part for part in file.parts if name in int96[part]], name)
            for name in file.names
            if any(name in found for found in int96.values())
        }
        return EngineTable(
            str(file.path),
            relation,
            readings=readings,
            fields=fields,
            lossy=frozenset(lossy),
            cut=cut,
            check=check,
        )


def _cut(parts: Sequence[Path], name: str) -> int:
    return sum(cut_values(part, name) for part in parts)


def _is_wide(kind: pa.DataType) -> bool:
    if pa.types.is_decimal(kind):
        return bool(kind.precision > _LARGEST_DECIMAL)
    inner = range(kind.num_fields) if pa.types.is_nested(kind) else ()
    return any(_is_wide(kind.field(index).type) for index in inner)


def _files(folder: Path) -> Iterator[Path]:
    """The files of the folder, of those within, which are schemas, and the parts of tables."""
    for each in _inside(folder):
        if is_there(each):
            yield each
        for inner in _inside(each):
            if is_there(inner):
                yield inner
            elif holds_parts(each.name) or holds_parts(inner.name):
                yield from filter(is_there, _inside(inner, deep=True))


def _inside(folder: Path, *, deep: bool = False) -> list[Path]:
    try:
        return list(visible(folder, deep=deep)) if is_there(folder, as_folder=True) else []
    except OSError:
        return []


def holds_parts(folder: str) -> bool:
    """True if a folder of that name may be within the folder of a table."""
    return folder.endswith(".parquet") or "=" in folder


def is_called(file: str, table: str) -> bool:
    """True if a file of that name may hold the table."""
    return file.startswith(table) and file[len(table) :].lower() in SUFFIXES
