"""What a model version consists of, as one digest."""

import os
import stat
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import yaml

from fairness_audit.encoding import digest_of, read_yaml
from fairness_audit.errors import RegistryError
from fairness_audit.files import open_plain, read_plain, sha256_of_open

_LOAD_MARK = "registered_model_meta"
_LOAD_MARK_KEYS = {"model_name", "model_version"}
_LOAD_MARK_BYTES = 4096


_RESOLVED_ANEW = {"runs", "models"}
"""Schemes of addresses that only lead to others, found out anew by everybody who loads."""


def lasting_location(location: str) -> str:
    """The same address, if it leads everybody to the same files.

    What is logged to a run later, under a version's name, is laid over the files of a version
    whose address is its run: what loads is then another thing than what was audited.

    Raises:
        RegistryError: when it is one that is resolved anew whenever it is loaded.
    """
    if urlsplit(location).scheme in _RESOLVED_ANEW:
        raise RegistryError(
            f"{location}: leads to whatever is logged there when it is loaded (register the files"
            " themselves, as mlflow.register_model does: a version's source is the address of its"
            " artifacts)"
        )
    return location


def folder_digest(folder: Path) -> str:
    """SHA-256 over path and SHA-256 of every file in a folder, in order of the paths.

    Only the mark that MLflow leaves beside a model it has loaded is left out, and only while it
    holds nothing but a name and a version.

    Raises:
        RegistryError: when there are no files, or something in it is no file or folder.
    """
    content = []
    for path in plain_files(folder):
        if not _is_load_mark(path, folder):
            name = path.relative_to(folder).as_posix()
            try:
                with open_plain(path) as handle:
                    content.append({"path": name, "sha256": sha256_of_open(handle)})
            except OSError as error:
                raise RegistryError(f"{path}: {error.strerror} (log the model again)") from error
    if not content:
        raise RegistryError(f"{folder} has no files (name the folder that holds MLmodel)")
    return digest_of(content)


def plain_files(folder: Path) -> list[Path]:
    """Every file of a model, in order of the paths.

    A link could lead elsewhere tomorrow, and behind one to a folder may be any number of files, or
    the way back; a pipe or a device never ends.

    Raises:
        RegistryError: when the folder or something in it is a link, is no file or folder, cannot
            be read, or is called what is no text.
    """
    if folder.is_symlink():
        raise RegistryError(f"{folder} is a link (name the folder that it leads to)")
    found = sorted(_all_within(folder)) if folder.is_dir() else []
    for path in found:
        mode = path.lstat().st_mode
        if stat.S_ISLNK(mode):
            raise RegistryError(f"{path} is a link (put what it leads to in its place)")
        if not (stat.S_ISREG(mode) or stat.S_ISDIR(mode)):
            raise RegistryError(f"{path} is neither a file nor a folder (remove it)")
    return [path for path in found if not path.is_dir()]


def _all_within(folder: Path) -> Iterator[Path]:
    """Everything in a folder, however deep; what `rglob` passes over in silence is an error."""
    waiting = [folder]
    while waiting:
        place = waiting.pop()
        try:
            with os.scandir(place) as entries:
                for entry in entries:
                    entry.name.encode()
                    yield place / entry.name
                    if entry.is_dir(follow_symlinks=False):
                        waiting.append(place / entry.name)
        except (OSError, UnicodeEncodeError) as error:
            why = error.strerror if isinstance(error, OSError) else "holds a name that is no text"
            raise RegistryError(f"{str(place)!r}: {why} (log the model again)") from error


def _is_load_mark(path: Path, folder: Path) -> bool:
    if path != folder / _LOAD_MARK or path.stat().st_size > _LOAD_MARK_BYTES:
        return False
    try:
        content = read_yaml(read_plain(path, most=_LOAD_MARK_BYTES))
    except (yaml.YAMLError, UnicodeDecodeError):
        return False
    return (
        isinstance(content, dict)
        and set(content) == _LOAD_MARK_KEYS
        and all(isinstance(value, str | int) for value in content.values())
    )
