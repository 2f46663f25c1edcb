"""Files that are visible whole or not at all."""

import errno
import hashlib
import os
import re
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO
from uuid import uuid4

_CHUNK = 1 << 20

PACKAGE = Path(__file__).resolve().parent
"""Folder of this package, wherever in it a file lies."""


@contextmanager
def written_whole(path: Path) -> Iterator[Path]:
    """Yield a temporary path beside ``path``; on success fsync it and rename it into place.

    On any error the temporary file is removed and ``path`` is left as it was, so a reader never
    meets half a file and a retry starts clean.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.{uuid4().hex}.part")
    try:
        yield temporary
        with temporary.open("rb") as handle:
            os.fsync(handle.fileno())
        temporary.replace(path)
        _sync_folder(path.parent)
    finally:
        temporary.unlink(missing_ok=True)


def write_bytes(path: Path, content: bytes, *, mode: int = 0o666) -> None:
    """Write ``content`` to ``path`` whole or not at all; ``mode`` is less the process's umask."""
    with written_whole(path) as temporary:
        descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
        with os.fdopen(descriptor, "wb") as handle:
            handle.write(content)


def read_plain(path: Path, *, most: int) -> bytes:
    """The bytes of a plain file: no link, which may lead anywhere, and nothing that never ends.

    Args:
        path: the file.
        most: how many bytes it may have.

    Raises:
        OSError: it cannot be read, is something else than a file, or is larger.
    """
    with open_plain(path) as handle:
        size = os.fstat(handle.fileno()).st_size
        if size > most or len(content := handle.read(most + 1)) > most:
            raise OSError(errno.EFBIG, f"is larger than {most:,} bytes", str(path))
        return content


@contextmanager
def open_plain(path: Path) -> Iterator[BinaryIO]:
    """Open a plain file for reading: no link, no pipe, no device.

    Raises:
        OSError: it cannot be opened, or is something else than a file.
    """
    # Opening a pipe would wait for who writes into it.
    descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    with os.fdopen(descriptor, "rb") as handle:
        if not stat.S_ISREG(os.fstat(handle.fileno()).st_mode):
            raise OSError(errno.EINVAL, "is no file", str(path))
        yield handle


def sha256_of(path: Path) -> str:
    """Hex SHA-256 of a file's bytes, read in chunks."""
    with path.open("rb") as handle:
        return sha256_of_open(handle)


def sha256_of_open(handle: BinaryIO) -> str:
    """Hex SHA-256 of what is left of an open file, read in chunks."""
    digest = hashlib.sha256()
    while chunk := handle.read(_CHUNK):
        digest.update(chunk)
    return digest.hexdigest()


def safe_name(text: str) -> str:
    """A file name for any text: harmless, readable, and different for different texts."""
    readable = re.sub(r"[^A-Za-z0-9_-]+", "-", text).strip("-")[:80]
    if text and readable == text:
        return text
    return f"{readable}-{hashlib.sha256(text.encode()).hexdigest()[:8]}".lstrip("-")


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
