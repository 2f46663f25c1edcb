"""What a process gives up before it touches an artifact that somebody else made.

All of it is for good: nothing that is loaded later, in whatever language, can take it back. Each
part is tried afterwards, so that a kernel which only pretends is found out.
"""

import ctypes
import errno
import os
import resource
import socket
import sys
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

from fairness_audit.steps.score import landlock, seccomp

_PR_CAPBSET_DROP, _LAST_CAPABILITY = 24, 63
_CAPSET = {"x86_64": 126, "aarch64": 91}
_CAPABILITY_VERSION_3 = 0x20080522
_SPARE_SECONDS = 2

_SYSTEM = (
    "/usr/lib",
    "/usr/lib64",
    "/usr/local/lib",
    "/usr/share/zoneinfo",
    "/lib",
    "/lib64",
    "/etc/ld.so.cache",
    "/etc/localtime",
    "/etc/mime.types",
    "/dev/urandom",
    "/dev/random",
    "/dev/zero",
    "/proc/self",
    "/proc/cpuinfo",
    "/proc/meminfo",
    "/proc/stat",
    "/sys/devices/system/cpu",
)
"""What Python and its libraries read of a machine; nothing in it is anybody's secret."""


def python_folders() -> tuple[Path, ...]:
    """The folders that the running Python and its packages lie in."""
    folders = {sys.prefix, sys.base_prefix, sys.exec_prefix, sys.base_exec_prefix}
    named = {Path(each).resolve() for each in (*folders, *sys.path) if each}
    return tuple(sorted(each for each in named if each.exists()))


def confine(
    *,
    readable: Sequence[Path],
    writable: Sequence[Path],
    hidden: Sequence[Path],
    limits: dict[str, int],
) -> tuple[str, ...]:
    """Give up everything that scoring does not need; say what holds from now on.

    Args:
        readable: files and folders that may be read, beside Python and the system's libraries.
        writable: folders in which files may be made.
        hidden: files that must not be readable then; they hold secrets.
        limits: the fields of :class:`.limits.Limits`.

    Raises:
        OSError: when any of it cannot be given up, or is found not to be.
    """
    if len(os.listdir("/proc/self/task")) != 1:  # noqa: PTH208 - names are enough
        raise OSError(errno.EBUSY, "a second thread would stay outside")
    _limit(limits)
    _drop_capabilities()
    library = ctypes.CDLL(None, use_errno=True)
    if library.prctl(38, 1, 0, 0, 0) != 0:  # Landlock asks for it too
        raise OSError(ctypes.get_errno(), "no_new_privs")
    system = [Path(each) for each in _SYSTEM]
    spoken = landlock.restrict(
        readable=[*system, *python_folders(), *readable],
        writable=[*writable, Path(os.devnull)],
    )
    seccomp.install()
    _try(hidden)
    return ("capabilities", "landlock", f"landlock_abi_{spoken}", "rlimits", "seccomp")


def _limit(limits: dict[str, int]) -> None:
    bounds = {
        resource.RLIMIT_CPU: limits["cpu_seconds"],
        resource.RLIMIT_AS: limits["memory_bytes"],
        resource.RLIMIT_FSIZE: limits["file_bytes"],
        resource.RLIMIT_CORE: 0,
        resource.RLIMIT_NOFILE: 256,
        resource.RLIMIT_MEMLOCK: 0,
    }
    for kind, bound in bounds.items():
        _, hard = resource.getrlimit(kind)
        bound = bound if hard == resource.RLIM_INFINITY else min(bound, hard)
        # The signal of a soft limit says what happened, that of a hard one does not.
        spare = _SPARE_SECONDS if kind == resource.RLIMIT_CPU else 0
        resource.setrlimit(kind, (max(0, bound - spare), bound))


def _drop_capabilities() -> None:
    """Root is nobody special any more; others had none."""
    library = ctypes.CDLL(None, use_errno=True)
    if os.geteuid() == 0:
        for capability in range(_LAST_CAPABILITY + 1):
            library.prctl(_PR_CAPBSET_DROP, capability, 0, 0, 0)  # the last ones do not exist
    number = _CAPSET.get(os.uname().machine)
    header = (ctypes.c_uint32 * 2)(_CAPABILITY_VERSION_3, 0)
    none = (ctypes.c_uint32 * 6)()
    if number is None or library.syscall(number, header, none) != 0:
        raise OSError(errno.EPERM, "capabilities cannot be dropped")


def _try(hidden: Sequence[Path]) -> None:
    """Do what must not work."""
    tries: dict[str, Callable[[], object]] = {
        "a socket can be made": lambda: socket.socket().close(),
        "a process can be forked": _fork,
        "/ can be listed": lambda: os.listdir("/"),  # noqa: PTH208
    }
    tries |= {f"{path} can be read": partial(_read, path) for path in hidden}
    for what, attempt in tries.items():
        try:
            attempt()
        except (PermissionError, FileNotFoundError):
            continue
        raise OSError(errno.EPERM, what)


def _read(path: Path) -> None:
    os.close(os.open(path, os.O_RDONLY))


def _fork() -> None:
    if os.fork() == 0:
        os._exit(0)
