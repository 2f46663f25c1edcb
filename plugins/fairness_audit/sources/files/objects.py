"""A folder of Parquet and CSV files in an object store: S3, Google Cloud Storage, Azure.

An object that is needed is copied to this machine's temporary folder and read there. It must be
what it was when the folder was listed, by size and time, and keep its ETag while it is copied.
"""

import errno
import re
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
from pyarrow.fs import FileInfo, FileSelector, FileSystem, FileType

from fairness_audit.engine.duckdb import locked_connection
from fairness_audit.errors import SourceError
from fairness_audit.sources import Count, Field, Page, Scope, Table, TableError
from fairness_audit.sources.files.folder import FrozenFolder, holds_parts, is_called
from fairness_audit.sources.files.held import Held
from fairness_audit.sources.files.text_table import checked
from fairness_audit.tabular.dialect import Dialect

_CHUNK = 8 << 20
_FAULTS = (pa.ArrowException, OSError)
_CODE = re.compile(r"(?:AWS Error|HTTP status code|Error code:?|ErrorCode:?) ([A-Za-z_0-9]+)")


class ObjectFolderSource:
    """A folder of an object store by its address, ``s3://bucket/folder``; else as on a disk.

    ``connect`` opens the store, ``path`` is where the folder is in it.
    """

    def __init__(
        self,
        address: str,
        path: str,
        connect: Callable[[], FileSystem],
        dialect: Dialect | None = None,
    ) -> None:
        self._address = address.rstrip("/")
        self._path = path.rstrip("/")
        self._connect = connect
        self._dialect = checked(dialect)

    def __repr__(self) -> str:
        return f"ObjectFolderSource({self._address})"

    @contextmanager
    def frozen(self) -> Iterator["FrozenObjects"]:
        """List the folder; an object of it may not change until it is copied."""
        now = datetime.now(UTC)
        with _worded(self._address):
            store = self._connect()
            found = {each.path: each for each in _objects(store, self._path)}
        with (
            tempfile.TemporaryDirectory(prefix="fairness-audit-") as copies,
            tempfile.TemporaryDirectory(prefix="fairness-audit-") as spill,
            locked_connection([Path(spill), Path(copies)], memory_limit="512MB") as connection,
        ):
            yield FrozenObjects(
                address=self._address,
                path=self._path,
                store=store,
                found=found,
                dialect=self._dialect,
                copies=Path(copies),
                connection=connection,
                taken_at=now,
            )


@dataclass(frozen=True)
class FrozenObjects:
    """All objects of the folder as they were when it was listed."""

    address: str
    path: str
    store: FileSystem
    found: Mapping[str, FileInfo]
    dialect: Dialect
    copies: Path
    connection: duckdb.DuckDBPyConnection
    taken_at: datetime
    copied: dict[str, Path] = field(default_factory=dict)

    def table(self, schema: str | None, name: str) -> Table:
        """Find the object of one table, or those of its parts, and copy them."""
        within = "/".join(part for part in (self.path, schema) if part)
        at = f"{self.address}/{schema}/{name}" if schema else f"{self.address}/{name}"
        place, parts = self._objects_of(within, name, at)
        address = f"{at}{place.rpartition('/')[2].removeprefix(name)}"
        copy = self._copied(place, parts, address)
        files = [copy / part.removeprefix("/") for part in parts]
        folder = FrozenFolder(
            copy.parent, Held(files), self.dialect, self.connection, self.taken_at
        )
        with _named(copy, address):
            return _CopiedTable(folder.table(None, name), copy, address)

    def _objects_of(self, within: str, name: str, at: str) -> tuple[str, Mapping[str, FileInfo]]:
        """Where a table is, and its objects by where they are within."""
        inside = f"{within}/".lstrip("/")
        files = {
            path: {"": info}
            for path, info in self.found.items()
            if path.startswith(inside) and is_called(path.removeprefix(inside), name)
        }
        for folder in (f"{inside}{name}.parquet", f"{inside}{name}"):
            parts = {
                path.removeprefix(folder): info
                for path, info in self.found.items()
                if path.startswith(f"{folder}/")
            }
            files |= {folder: parts} if parts else {}
        if not files:
            raise TableError(f"there is no {at}.parquet or .csv (names are case-sensitive)")
        if len(files) > 1:
            names = ", ".join(path.rpartition("/")[2] for path in sorted(files))
            raise TableError(f"{at} is there more than once: {names} (keep one)")
        (found,) = files.items()
        return found

    def _copied(self, place: str, parts: Mapping[str, FileInfo], address: str) -> Path:
        if place in self.copied:
            return self.copied[place]
        copy = Path(tempfile.mkdtemp(dir=self.copies)) / place.rpartition("/")[2]
        for part, info in parts.items():
            self._copy(info, copy / part.removeprefix("/"), f"{address}{part}")
        self.copied[place] = copy
        return copy

    def _copy(self, info: FileInfo, copy: Path, address: str) -> None:
        copy.parent.mkdir(parents=True, exist_ok=True)
        with _worded(address):
            size, tags = _download(self.store, info.path, copy)
            (after,) = self.store.get_file_info([info.path])
            is_same = (size, after.size, after.mtime_ns) == (info.size, info.size, info.mtime_ns)
            is_same = is_same and tags == _tags(self.store, info.path)
        if not is_same:
            raise SourceError(
                f"{address}: the object changed while it was read (try again when nothing writes"
                " it; let exports write to another folder and switch the connection)"
            )


class _CopiedTable:
    """A table read from a copy, whose faults name the object."""

    def __init__(self, table: Table, copy: Path, address: str) -> None:
        self._table, self._copy, self._address = table, copy, address

    @property
    def is_ordered(self) -> bool:
        return self._table.is_ordered

    @property
    def fields(self) -> Mapping[str, Field]:
        return self._table.fields

    def count(self, wanted: Scope) -> Count:
        with _named(self._copy, self._address):
            return self._table.count(wanted)

    def pages(self, wanted: Scope, resume: str | None = None) -> Iterator[Page]:
        with _named(self._copy, self._address):
            yield from self._table.pages(wanted, resume)


@contextmanager
def _named(copy: Path, address: str) -> Iterator[None]:
    try:
        yield
    except SourceError as error:
        raise type(error)(str(error).replace(str(copy), address)) from None


def _objects(store: FileSystem, path: str) -> Iterator[FileInfo]:
    """The objects of the folder, of those within, which are schemas, and the parts of tables."""
    for info in _visible(store, path):
        if info.type != FileType.Directory:
            yield info
            continue
        for inner in _visible(store, info.path):
            if inner.type != FileType.Directory:
                yield inner
            elif holds_parts(info.base_name) or holds_parts(inner.base_name):
                yield from _parts(store, inner.path)


def _parts(store: FileSystem, path: str) -> Iterator[FileInfo]:
    for info in _visible(store, path):
        if info.type == FileType.Directory:
            yield from _parts(store, info.path)
        else:
            yield info


def _visible(store: FileSystem, path: str) -> Iterator[FileInfo]:
    for info in store.get_file_info(FileSelector(path)):
        if not info.base_name.startswith(("_", ".")):
            yield info


def _download(store: FileSystem, path: str, copy: Path) -> tuple[int, dict[str, Any]]:
    """Copy an object; its size and its tags as they were before."""
    tags, size = _tags(store, path), 0
    with store.open_input_stream(path, compression=None) as stream, copy.open("wb") as file:
        while chunk := stream.read(_CHUNK):
            size += file.write(chunk)
    return size, tags


def _tags(store: FileSystem, path: str) -> dict[str, Any]:
    """What the store says that changes whenever the object does; nothing if it says nothing."""
    with store.open_input_stream(path, compression=None) as stream:
        metadata = stream.metadata() or {}
    told = {_text(name).lower(): value for name, value in metadata.items()}
    return {name: told[name] for name in ("etag", "generation") if name in told}


def _text(name: bytes | str) -> str:
    return name.decode() if isinstance(name, bytes) else name


@contextmanager
def _worded(address: str) -> Iterator[None]:
    """The faults of a store, whose own words can repeat a request, in an operator's."""
    try:
        yield
    except FileNotFoundError:
        raise SourceError(
            f"{address}: there is no such folder or object (check bucket and path)"
        ) from None
    except _FAULTS as error:
        if isinstance(error, OSError) and error.errno == errno.ENOSPC:
            raise SourceError(
                f"{address}: this machine's disk is full (objects are copied to the folder for"
                " temporary files; free some space, or set TMPDIR)"
            ) from None
        code = _CODE.search(str(error))
        raise SourceError(
            f"{address}: {code[1] if code else type(error).__name__} (check the address, the"
            " region or endpoint, and that the login may list the folder and read its objects)"
        ) from None
