"""Names that people type: completed while they are typed, and told where there is none such."""

from collections.abc import Iterable, Sequence
from itertools import islice
from pathlib import Path
from typing import Annotated

import typer

from fairness_audit.errors import AuditError, InputError
from fairness_audit.settings import Settings

_NEAREST = 5


def completed_models(incomplete: str) -> list[str]:
    """The models whose names begin so, for the shell; none where there is no installation."""
    try:  # not by way of an installation, whose policies take longer to load than a person waits
        expectations = Settings.from_environment().expectations
    except AuditError:
        return []
    names = (file.parent.name for file in expectations.glob("*/policy.yaml"))
    return sorted(name for name in names if name.startswith(incomplete))


_MODEL = "Name of a folder under expectations/."
ModelArgument = Annotated[
    str, typer.Argument(metavar="MODEL", help=_MODEL, autocompletion=completed_models)
]
ModelOption = Annotated[
    str, typer.Option(metavar="MODEL", help=_MODEL, autocompletion=completed_models)
]


def listed(names: Iterable[object]) -> str:
    """The first few names, and how many more there are; `none` where there is none."""
    rest = map(str, names)
    first = list(islice(rest, _NEAREST))
    more = sum(1 for _ in rest)
    return ", ".join(first or ["none"]) + (f" and {more} more" if more else "")


def newest(paths: Iterable[Path]) -> list[Path]:
    """The paths, what was written last before what was written first."""
    return sorted(paths, key=lambda path: path.stat().st_mtime, reverse=True)


def existing_file(file: Path, patterns: Sequence[str] = ("*",), *, what: str = "file") -> Path:
    """The file, if there is one.

    Raises:
        InputError: when there is none; names the nearest folder that is there, and what such
            files it holds.
    """
    if file.is_file():
        return file
    if file.is_dir():
        raise InputError(f"{file}: is a folder (name a {what} in it: {_inside(file, patterns)})")
    there = next(
        each for each in (file.absolute().parent, *file.absolute().parents) if each.is_dir()
    )
    raise InputError(
        f"{file}: no such {what} (name one that is there; {there} has {_inside(there, patterns)})"
    )


def existing_folder(folder: Path, *, what: str = "folder") -> Path:
    """The folder, if there is one.

    Raises:
        InputError: when there is none; names the folders beside it.
    """
    if folder.is_dir():
        return folder
    if folder.is_file():
        raise InputError(f"{folder}: is a file (name the {what} it is in)")
    there = next(each for each in folder.absolute().parents if each.is_dir())
    beside = listed(sorted(each.name for each in there.iterdir() if each.is_dir()))
    raise InputError(
        f"{folder}: no such {what} (name one that is there; {there} has the folders {beside})"
    )


def _inside(folder: Path, patterns: Sequence[str]) -> str:
    found = {each for pattern in patterns for each in folder.glob(pattern) if each.is_file()}
    names = listed(sorted(each.name for each in found if not each.name.startswith(".")))
    return f"no {' or '.join(patterns)}" if names == "none" else names
