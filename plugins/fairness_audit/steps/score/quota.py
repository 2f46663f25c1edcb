"""The parent's eye on what the child uses that no limit of the kernel bounds.

Where the child's home is memory of a fixed size there is nothing to see in it. Else its files are
counted, those too that it removed and still has open. Of those that it removed and has mapped, the
bound is that of its memory.
"""

import os
import stat
import subprocess
from collections.abc import Iterator
from pathlib import Path

from fairness_audit.steps.score.resources import Limits

LOOK_SECONDS = 0.1
"""Between two looks."""

_BLOCK = 512
_ENTRY_BYTES = 4096  # what an empty file takes


def exceeded(pid: int, home: Path, limits: Limits) -> str | None:
    """What of it is more than the child may have; None while all is within its bounds."""
    try:
        if len(os.listdir(f"/proc/{pid}/task")) > limits.threads:  # noqa: PTH208 - names are enough
            return f"it started more than the {limits.threads:,} threads that it may"
        if not _is_within(pid, home, limits.home_bytes):
            return f"it wrote more than the {limits.home_bytes:,} bytes that its home may hold"
    except (FileNotFoundError, ProcessLookupError):  # it has ended
        return None
    except OSError as error:
        return f"its files cannot be counted ({os.strerror(error.errno or 0)})"
    return None


def remove(home: Path) -> None:
    """Remove a home, whatever was made in it.

    Folders may lie deeper than a path is long, which `shutil.rmtree` does not end.
    """
    command = ["rm", "-rf", "--", str(home)]
    subprocess.run(command, check=False, stderr=subprocess.DEVNULL)  # noqa: S603 - our own


def _is_within(pid: int, home: Path, most: int) -> bool:
    total = 0
    for each in _files(pid, home):
        total += max(each.st_blocks * _BLOCK, _ENTRY_BYTES)
        if total > most:
            return False
    return True


def _files(pid: int, home: Path) -> Iterator[os.stat_result]:
    folders = [str(home)]
    while folders:
        try:
            with os.scandir(folders.pop()) as found:
                for entry in found:
                    if entry.is_dir(follow_symlinks=False):
                        folders.append(entry.path)
                    yield entry.stat(follow_symlinks=False)
        except FileNotFoundError:
            continue  # removed meanwhile
    for name in os.listdir(f"/proc/{pid}/fd"):  # noqa: PTH208 - names are enough
        try:
            opened = os.stat(f"/proc/{pid}/fd/{name}")  # noqa: PTH116 - no path of a file
        except FileNotFoundError:
            continue  # closed meanwhile
        if stat.S_ISREG(opened.st_mode) and not opened.st_nlink:
            yield opened
