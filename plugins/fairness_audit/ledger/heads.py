"""The second place: one signed head per record, where whoever writes to the ledger cannot write.

A folder, or an object store (``s3://bucket/folder``) whose objects are locked against overwriting
and deleting. One file per head, named by its number, written once.
"""

import os
import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from securesystemslib.signer import Key

from fairness_audit.errors import LedgerError, RecordError
from fairness_audit.files import read_plain, write_bytes
from fairness_audit.records.signed.dsse import is_same_head, open_head
from fairness_audit.records.signed.head import Head

if TYPE_CHECKING:
    from pyarrow.fs import FileSystem


_HEAD = re.compile(r"\d{12}\.json")
_LARGEST = 1024 * 1024


class Heads:
    """The signed heads of one ledger; nothing is opened before it is used."""

    def __init__(self, place: str) -> None:
        self.place = place
        self._store = _store(place)

    def add(self, seq: int, envelope: bytes) -> None:
        """Keep the head that the record ``seq`` made; the same one again changes nothing.

        It may have been signed with the key before this one, or say nothing of the index.

        Raises:
            LedgerError: when the place cannot be written, or holds another head of this number.
        """
        name = _name(seq)
        with _as_ledger_error(self.place):
            there = self._store.read(name) if self._store.has(name) else None
            if there is None:
                self._store.write(name, envelope)
            elif not _same(there, envelope):
                raise LedgerError(
                    f"{self.place}/{name} is the head of another ledger (give every ledger a"
                    " place of its own in FAIRNESS_AUDIT_HEADS; two ledgers here is also what"
                    " an exchanged ledger looks like)"
                )

    def newest(self, trusted: Sequence[Key], *, below: int | None = None) -> Head | None:
        """The head with the highest number, of those below a number; None where there is none.

        Raises:
            LedgerError: when the place cannot be read.
            RecordError: when the head is not genuine.
        """
        return next(self._heads(trusted, below), None)

    def has(self, seq: int) -> bool:
        """True if there is a head of this number, genuine or not.

        Raises:
            LedgerError: when the place cannot be read.
        """
        with _as_ledger_error(self.place):
            return self._store.has(_name(seq))

    def envelope(self, seq: int) -> bytes | None:
        """The bytes of the head of this number, genuine or not; None where there is none.

        Raises:
            LedgerError: when the place cannot be read.
        """
        with _as_ledger_error(self.place):
            return self._store.read(_name(seq)) if self._store.has(_name(seq)) else None

    def all(self, trusted: Sequence[Key]) -> list[Head]:
        """Every head, the newest first.

        Raises:
            LedgerError: when the place cannot be read.
            RecordError: when a head is not genuine.
        """
        return list(self._heads(trusted))

    def drop_below(self, seq: int) -> None:
        """Delete the heads below a number, of a place that keeps the newest alone: a folder.

        Raises:
            LedgerError: when the place cannot be written.
        """
        with _as_ledger_error(self.place):
            for name in self._store.names():
                if name < _name(seq):
                    Path(self.place, name).unlink(missing_ok=True)

    def is_rewritable(self) -> bool:
        """True if this account surely could put other heads here; of an object store none can say.

        Raises:
            LedgerError: when the place cannot be read.
        """
        return "://" not in self.place and os.access(self.place, os.W_OK)

    def length(self) -> int:
        """The highest number of a head, genuine or not; 0 where there is none.

        Raises:
            LedgerError: when the place cannot be read.
        """
        with _as_ledger_error(self.place):
            return max((int(name.partition(".")[0]) for name in self._store.names()), default=0)

    def _heads(self, trusted: Sequence[Key], below: int | None = None) -> Iterator[Head]:
        with _as_ledger_error(self.place):
            names = sorted(self._store.names(), reverse=True)
        if below is not None:
            names = [name for name in names if name < _name(below)]
        for name in names:
            with _as_ledger_error(self.place):
                envelope = self._store.read(name)
            try:
                head = open_head(envelope, trusted)
            except RecordError as error:
                raise RecordError(f"{self.place}/{name}: {error}") from error
            if name != _name(head.seq):
                raise RecordError(f"{self.place}/{name}: is the head of record {head.seq}")
            yield head


class _Store(Protocol):
    def names(self) -> list[str]: ...
    def has(self, name: str) -> bool: ...
    def read(self, name: str) -> bytes: ...
    def write(self, name: str, content: bytes) -> None: ...


class _Folder:
    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def names(self) -> list[str]:
        try:
            with os.scandir(self._folder) as found:
                return [each.name for each in found if _HEAD.fullmatch(each.name)]
        except FileNotFoundError:
            return []

    def has(self, name: str) -> bool:
        return os.path.lexists(self._folder / name)

    def read(self, name: str) -> bytes:
        return read_plain(self._folder / name, most=_LARGEST)

    def write(self, name: str, content: bytes) -> None:
        write_bytes(self._folder / name, content)


class _Objects:
    """Objects of a store that pyarrow knows; their keys end with the names."""

    def __init__(self, address: str) -> None:
        self._address = address

    def names(self) -> list[str]:
        from pyarrow.fs import FileSelector

        store, folder = self._opened()
        found = store.get_file_info(FileSelector(folder, allow_not_found=True))
        return [each.base_name for each in found if _HEAD.fullmatch(each.base_name)]

    def has(self, name: str) -> bool:
        from pyarrow.fs import FileType

        store, folder = self._opened()
        return bool(store.get_file_info(f"{folder}/{name}").type is not FileType.NotFound)

    def read(self, name: str) -> bytes:
        store, folder = self._opened()
        with store.open_input_stream(f"{folder}/{name}") as stream:
            content: bytes = stream.read()
        return content

    def write(self, name: str, content: bytes) -> None:
        store, folder = self._opened()
        with store.open_output_stream(f"{folder}/{name}") as stream:
            stream.write(content)

    def _opened(self) -> "tuple[FileSystem, str]":
        from pyarrow.fs import FileSystem

        store, folder = FileSystem.from_uri(self._address)
        return store, folder.rstrip("/")


def _name(seq: int) -> str:
    return f"{seq:012d}.json"


def _same(there: bytes, envelope: bytes) -> bool:
    try:
        return is_same_head(there, envelope)
    except RecordError:
        return False


def _store(place: str) -> _Store:
    return _Objects(place) if "://" in place else _Folder(Path(place))


@contextmanager
def _as_ledger_error(place: str) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise LedgerError(
            f"the signed heads at {place} cannot be used: {error}"
            " (check FAIRNESS_AUDIT_HEADS and that the place is there)"
        ) from error
