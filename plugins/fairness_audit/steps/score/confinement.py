"""What a process gives up before it touches an artifact that somebody else made.

All of it is for good: nothing that is loaded later, in whatever language, can take it back. Each
part is tried afterwards, so that a kernel which only pretends is found out. What a machine cannot
give is named, and whoever asked decides whether the rest is enough.
"""

import ctypes
import errno
import os
import resource
import signal
import socket
import sys
from collections.abc import Callable, Collection, Sequence
from functools import partial
from pathlib import Path
from typing import NamedTuple

from fairness_audit.steps.score import cgroup, landlock, namespaces, seccomp

_PR_SET_PDEATHSIG, _PR_SET_NO_NEW_PRIVS = 1, 38
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
    """The folders that the running Python and its packages lie in, as they are called there."""
    folders = {sys.prefix, sys.base_prefix, sys.exec_prefix, sys.base_exec_prefix}
    named = {Path(each) for each in (*folders, *sys.path) if each}
    named |= {each.resolve() for each in named}
    return tuple(sorted(each for each in named if each.exists()))


Tries = dict[str, Callable[[], object]]
"""What must not work, by what is said where it does."""


class Confined(NamedTuple):
    """What holds from now on, by name, and why the rest does not."""

    held: tuple[str, ...]
    missing: dict[str, str]


def confine(
    *,
    readable: Sequence[Path],
    home: Path,
    hidden: Sequence[Path],
    limits: dict[str, int],
    group: Path | None = None,
) -> Confined:
    """Give up everything that scoring does not need, as far as this machine lets us.

    Args:
        readable: files and folders that may be read, beside Python and the system's libraries.
        home: the folder in which files may be made.
        hidden: files that must not be readable then; they hold secrets.
        limits: the fields of :class:`.resources.Limits`.
        group: the control group to go into.

    Raises:
        OSError: when a part is found not to do what it says, or a hidden file can be read.
    """
    if len(os.listdir("/proc/self/task")) != 1:  # noqa: PTH208 - names are enough
        raise OSError(errno.EBUSY, "a second thread would stay outside")
    parent, null = os.getppid(), Path(os.devnull)
    there = [*map(Path, _SYSTEM), *python_folders(), *readable]
    size = limits["home_bytes"]
    parts: dict[str, Callable[[], str | None]] = {
        "rlimits": partial(_limit, limits),
        "namespaces": partial(
            namespaces.enter, readable=[*there, null], home=home, home_bytes=size
        ),
        "capabilities": _drop_capabilities,
        "landlock": partial(_restrict, there, [home, null], parent),
        "seccomp": seccomp.install,
    }
    if group is not None:  # first: its files are not there later
        parts = {"cgroup": partial(cgroup.join, group)} | parts
    held, missing = [], {}
    for name, take in parts.items():
        try:
            more = take()
        except OSError as error:
            missing[name] = error.strerror or str(error)
        else:
            held += [name, more] if more else [name]
    _try(hidden, held)
    return Confined(tuple(sorted(held)), missing)


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
    """Root is nobody special any more, nor who has a namespace of its own; others had none."""
    library = ctypes.CDLL(None, use_errno=True)
    for capability in range(_LAST_CAPABILITY + 1):
        library.prctl(_PR_CAPBSET_DROP, capability, 0, 0, 0)  # the last ones do not exist
    number = _CAPSET.get(os.uname().machine)
    header = (ctypes.c_uint32 * 2)(_CAPABILITY_VERSION_3, 0)
    none = (ctypes.c_uint32 * 6)()
    if number is None or library.syscall(number, header, none) != 0:
        raise OSError(errno.EPERM, "capabilities cannot be dropped")


def _restrict(readable: Sequence[Path], writable: Sequence[Path], parent: int) -> str:
    """Reach no other files, nor new privileges; and end with who started us, now that we can."""
    library = ctypes.CDLL(None, use_errno=True)
    if library.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0) != 0 or os.getppid() != parent:
        raise OSError(errno.ESRCH, "who started this process has ended")
    if library.prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0:  # Landlock asks for it
        raise OSError(ctypes.get_errno(), "no_new_privs")
    return f"landlock_abi_{landlock.restrict(readable=readable, writable=writable)}"


def _try(hidden: Sequence[Path], held: Collection[str]) -> None:
    """Do what must not work."""
    of_seccomp: Tries = {
        "a socket can be made": lambda: socket.socket().close(),
        "a process can be forked": _fork,
        "another process can be slowed down": partial(
            os.setpriority, os.PRIO_PROCESS, os.getppid(), 19
        ),
        "memory without a bound can be had": partial(os.memfd_create, "bound"),
    }
    of_landlock: Tries = {"/ can be listed": lambda: os.listdir("/")}  # noqa: PTH208
    of_namespaces: Tries = {"other processes can be seen": lambda: Path("/proc/1").stat()}
    tries: Tries = {f"{path} can be read": partial(_read, path) for path in hidden}
    tries |= of_seccomp if "seccomp" in held else {}
    tries |= of_landlock if "landlock" in held else {}
    tries |= of_namespaces if "namespaces" in held else {}
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
