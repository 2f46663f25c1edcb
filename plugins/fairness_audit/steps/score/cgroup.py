"""A control group for one scoring: a bound of memory, of whatever kind, and of threads.

Limits of a process count its address space; what lies in the kernel, or in files in memory, they
do not. A group of the kernel's counts all of it. Who runs the machine hands over a folder in
which groups may be made (version 2 with the controllers ``memory`` and ``pids``, or the hierarchy
``memory`` of version 1); on our own we would step out of the bounds that we are in.
"""

import errno
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from uuid import uuid4

from fairness_audit.steps.score.resources import Limits

_MEMORY = ("memory.max", "memory.limit_in_bytes")
_PATIENCE_SECONDS = 2.0


@contextmanager
def made_in(folder: Path, limits: Limits) -> Iterator[Path]:
    """A group with the bounds of a scoring; it is removed with the block.

    Raises:
        OSError: when it cannot be made, or nothing in it bounds memory.
    """
    group = folder / f"fairness-audit-{uuid4().hex}"
    group.mkdir()
    try:
        there = [group / name for name in _MEMORY if (group / name).exists()]
        if not there:
            raise OSError(errno.ENOTSUP, "has no controller of memory", str(folder))
        bounds = dict.fromkeys(there, str(limits.memory_bytes + limits.home_bytes))
        bounds |= {group / "memory.swap.max": "0", group / "pids.max": str(limits.threads)}
        for file, bound in bounds.items():
            if file.exists():
                file.write_text(bound)
        yield group
    finally:
        _remove(group)


def join(group: Path) -> None:
    """Go into a group, with all that is started from now on.

    Raises:
        OSError: when this process may not.
    """
    (group / "cgroup.procs").write_text(str(os.getpid()))
    if group.name not in Path("/proc/self/cgroup").read_text():
        raise OSError(errno.EPERM, "was not joined", str(group))


def _remove(group: Path) -> None:
    """Remove a group. It is empty once the kernel has taken leave of its last process."""
    until = time.monotonic() + _PATIENCE_SECONDS
    while time.monotonic() < until:
        with suppress(OSError):
            group.rmdir()
        if not group.exists():
            return
        time.sleep(0.02)
