"""What a file is, by its first bytes."""

import gzip
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from enum import StrEnum
from pathlib import Path
from typing import BinaryIO, cast

from fairness_audit.errors import TabularError

START = 1 << 16
"""How much of a file is looked at."""
_GZIP = b"\x1f\x8b"
_PARQUET = b"PAR1"
_CALLED_PARQUET = (".parquet", ".pq")
_UNREADABLE = {
    b"PK\x03\x04": "an Excel workbook or a ZIP archive (save as CSV UTF-8, or unpack it)",
    b"\xd0\xcf\x11\xe0": "an old Excel workbook (save as CSV UTF-8)",
    b"PARE": "Parquet that is encrypted (write it without encryption)",
    b"BZh": "packed with bzip2 (unpack it, or use gzip)",
    b"\xfd7zXZ": "packed with xz (unpack it, or use gzip)",
    b"\x28\xb5\x2f\xfd": "packed with zstd (unpack it, or use gzip)",
    b"ARROW1": "an Arrow or Feather file (write CSV or Parquet)",
    b"FEA1": "a Feather file (write CSV or Parquet)",
    b"Obj\x01": "an Avro file (write CSV or Parquet)",
    b"ORC": "an ORC file (write CSV or Parquet)",
    b"SQLite format 3": "a SQLite file (write its table as CSV or Parquet)",
    b"%PDF": "a PDF (write CSV or Parquet)",
    b"\x80\x04\x95": "a Python pickle (write CSV or Parquet)",
    b"\x80\x05\x95": "a Python pickle (write CSV or Parquet)",
}
_MARKED_UP = (b"<!doctype", b"<html", b"<table", b"<?xml")


class Kind(StrEnum):
    """How the rows of a file are written."""

    CSV = "CSV"
    JSON = "JSON"
    PARQUET = "Parquet"


def kind_of(path: Path) -> Kind:
    """The kind of a file that is there.

    Raises:
        TabularError: it is empty, cannot be read, or is known to be something else.
    """
    with worded(path):
        is_packed = _is_packed(path)
        start = start_of(path)
    if not start:
        raise TabularError(
            f"{path}: is empty, and so has no header (its first row names the columns)"
        )
    if path.suffix.lower() == ".gz" and not is_packed:
        raise TabularError(
            f"{path}: is called .gz and is not packed with gzip (rename it, or pack it)"
        )
    if path.suffix.lower() in _CALLED_PARQUET and not start.startswith(_PARQUET):
        raise TabularError(
            f"{path}: cannot be read as Parquet, which it is called (copy or write it again, or"
            " rename it)"
        )
    if start.startswith(_PARQUET):
        if is_packed:
            raise TabularError(f"{path}: is Parquet packed with gzip (unpack it)")
        return Kind.PARQUET
    if start.startswith(_GZIP):
        raise TabularError(f"{path}: is packed with gzip twice (unpack it once)")
    for magic, what in _UNREADABLE.items():
        if start.startswith(magic):
            raise TabularError(f"{path}: is {what}")
    head = start.lstrip(b"\xef\xbb\xbf \t\r\n")
    if head[:9].lower().startswith(_MARKED_UP):
        raise TabularError(f"{path}: is a web page or XML (save the sheet as CSV UTF-8)")
    return Kind.JSON if head.startswith((b"{", b"[{")) else Kind.CSV


def start_of(path: Path) -> bytes:
    """The first bytes of a file, unpacked."""
    with unpacked(path) as file:
        return file.read(START)


@contextmanager
def unpacked(path: Path) -> Iterator[BinaryIO]:
    """The bytes of a file; what is packed with gzip is unpacked."""
    if _is_packed(path):
        with gzip.open(path) as file:
            yield cast(BinaryIO, file)
    else:
        with path.open("rb") as plain:
            yield plain


def _is_packed(path: Path) -> bool:
    with path.open("rb") as file:
        return file.read(len(_GZIP)) == _GZIP


@contextmanager
def worded(path: Path) -> Iterator[None]:
    """The faults of reading bytes, in words for who has the file."""
    try:
        yield
    except (EOFError, gzip.BadGzipFile, zlib.error):
        raise TabularError(
            f"{path}: is packed with gzip and broken or cut off (copy or pack it again)"
        ) from None
    except OSError as error:
        raise TabularError(
            f"{path}: {error.strerror or type(error).__name__} (let this user read it)"
        ) from None
