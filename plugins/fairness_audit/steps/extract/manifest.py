"""The manifest that makes a snapshot visible, and the folder before there is one.

``manifest.json`` is the whole :class:`Snapshot` but for its folder, which may be moved.
"""

import fcntl
import json
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from fairness_audit.encoding import canonical_bytes, digest_of
from fairness_audit.errors import SourceError
from fairness_audit.files import sha256_of, write_bytes
from fairness_audit.records.snapshot import Snapshot

MANIFEST = "manifest.json"
PAGES = ".pages"
"""Where pages wait until their object is whole."""

_ABOUT_IT = ("folder", "logical_date", "taken_at", "method_digest", "digest", "drift")
_ABOUT_IT = ("folder", "logical_date", "taken_at", "method_digest", "digest", "drift")
_NOT_CONTENT: Any = {
    **dict.fromkeys(_ABOUT_IT, True),
    "objects": {"__all__": {"source_columns"}},
}


@contextmanager
def emptied(folder: Path) -> Iterator[None]:
    """Make ``folder`` this process's own, without a snapshot; after an error, without rows.

    Raises:
        SourceError: when another process is extracting into the same folder.
    """
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    # The kernel lets go of the lock however the process ends.
    descriptor = os.open(folder / ".lock", os.O_CREAT | os.O_RDWR, 0o600)
    try:
        _lock(descriptor, folder)
        _clear(folder)
        try:
            yield
        except BaseException:
            _clear(folder)
            raise
    finally:
        os.close(descriptor)


def sealed(snapshot: Snapshot) -> Snapshot:
    """Give the snapshot its digest and write its manifest, which makes it visible."""
    whole = snapshot.model_copy(update={"digest": _digest(snapshot)})
    content = whole.model_dump(mode="json", exclude={"folder"})
    write_bytes(snapshot.folder / MANIFEST, canonical_bytes(content))
    return whole


def read_snapshot(folder: Path) -> Snapshot:
    """Read a snapshot back and hold every file against its digest.

    Raises:
        SourceError: when there is none, or when it is not what was written.
    """
    snapshot = read_manifest(folder)
    for name, stored in snapshot.objects.items():
        path = folder / f"{name}.parquet"
        if stored.file != path.name or not path.is_file() or sha256_of(path) != stored.sha256:
            raise _changed(path)
    return snapshot


def read_manifest(folder: Path) -> Snapshot:
    """Read what a snapshot says of itself, and look at none of its files.

    Raises:
        SourceError: when there is none, or when it contradicts its own digest.
    """
    file = folder / MANIFEST
    try:
        content = json.loads(file.read_bytes())
        snapshot = Snapshot.model_validate({**content, "folder": folder})
    except FileNotFoundError:
        raise SourceError(f"{folder}: there is no snapshot (run the extract step)") from None
    except (ValueError, TypeError, RecursionError, ValidationError) as error:
        raise _changed(file) from error
    if snapshot.digest != _digest(snapshot):
        raise _changed(file)
    return snapshot


def previous_snapshot(run: Path, model: str) -> Snapshot | None:
    """The snapshot of another run of the model that was taken last; None if there is none.

    ``run`` is the folder of the run that asks; those of the others lie beside it. One whose
    manifest cannot be read says nothing about what the source was like.
    """
    found: list[Snapshot] = []
    for folder in run.parent.glob("*/snapshot"):
        if folder.parent != run and (folder / MANIFEST).is_file():
            with suppress(SourceError):
                found.append(read_manifest(folder))
    of_model = (each for each in found if each.model == model)
    return max(of_model, key=lambda each: each.taken_at, default=None)


def _digest(snapshot: Snapshot) -> str:
    return digest_of(snapshot.model_dump(mode="json", exclude=_NOT_CONTENT))


def _changed(path: Path) -> SourceError:
    return SourceError(f"{path}: is not what extract wrote (run the extract step again)")


def _lock(descriptor: int, folder: Path) -> None:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        raise SourceError(
            f"{folder}: another process is extracting into this folder (let it end, or end it)"
        ) from None


def _clear(folder: Path) -> None:
    # The manifest goes first: without it, whatever is left is no snapshot.
    (folder / MANIFEST).unlink(missing_ok=True)
    for left in (*folder.glob("*.parquet"), *folder.glob(".*.part")):
        left.unlink()
    shutil.rmtree(folder / ".spill", ignore_errors=True)


def without_pages(folder: Path) -> None:
    """Remove the pages that a snapshot was made of."""
    shutil.rmtree(folder / PAGES, ignore_errors=True)
