"""Landlock: of all files only those that are named can be read, fewer written, none run.

``Documentation/userspace-api/landlock.rst`` of the kernel describes the calls. What an older
kernel does not know is left out where the seccomp filter denies it anyway.
"""

import ctypes
import errno
import os
import stat
from collections.abc import Iterable
from pathlib import Path

_CREATE, _ADD, _RESTRICT = 444, 445, 446  # the same on every machine
_ASK_VERSION, _PATH_BENEATH = 1, 1

_EXECUTE, _WRITE_FILE, _READ_FILE, _READ_DIR = 1 << 0, 1 << 1, 1 << 2, 1 << 3
_TRUNCATE, _IOCTL_DEVICE = 1 << 14, 1 << 15
_ALL_OF_ABI = {1: 13, 2: 14, 3: 15, 4: 15, 5: 16}
"""How many kinds of access a version knows."""

_READ = _READ_FILE | _READ_DIR
_ON_A_FILE = _EXECUTE | _WRITE_FILE | _READ_FILE | _TRUNCATE | _IOCTL_DEVICE
_SPECIAL = 1 << 6 | 1 << 9 | 1 << 10 | 1 << 11 | 1 << 12  # devices, sockets, pipes, links
_TCP = 0b11  # bind and connect
_ABSTRACT_SOCKETS_AND_SIGNALS = 0b11


class _Ruleset(ctypes.Structure):
    _fields_ = (
        ("files", ctypes.c_uint64),
        ("network", ctypes.c_uint64),
        ("scoped", ctypes.c_uint64),
    )


class _Beneath(ctypes.Structure):
    _pack_ = 1
    _layout_ = "ms"
    _fields_ = (("access", ctypes.c_uint64), ("folder", ctypes.c_int32))


def version() -> int:
    """The version of Landlock that this kernel speaks; 0 if it has none."""
    library = ctypes.CDLL(None, use_errno=True)
    return max(0, int(library.syscall(_CREATE, None, ctypes.c_size_t(0), _ASK_VERSION)))


def restrict(*, readable: Iterable[Path], writable: Iterable[Path]) -> int:
    """From now on this thread, and what it starts, reaches no other files.

    Returns:
        The version of Landlock that does it.

    Raises:
        OSError: when the kernel has no Landlock, or does not do it.
    """
    spoken = version()
    if spoken < 1:
        raise OSError(errno.ENOSYS, "this kernel has no Landlock")
    handled = (1 << _ALL_OF_ABI.get(spoken, 16)) - 1
    attributes = _Ruleset(
        handled,
        _TCP if spoken >= 4 else 0,
        _ABSTRACT_SOCKETS_AND_SIGNALS if spoken >= 6 else 0,
    )
    size = 8 if spoken < 4 else 16 if spoken < 6 else 24
    rules = _call(_CREATE, ctypes.byref(attributes), ctypes.c_size_t(size), 0)
    try:
        write = handled & ~_EXECUTE & ~_SPECIAL & ~_IOCTL_DEVICE
        for paths, access in ((readable, _READ), (writable, write)):
            for path in paths:
                _allow(rules, path, access & handled)
        _call(_RESTRICT, rules, 0)
    finally:
        os.close(rules)
    return spoken


def _allow(rules: int, path: Path, access: int) -> None:
    try:
        opened = os.open(path, os.O_PATH | os.O_CLOEXEC)
    except FileNotFoundError:
        return  # what is not there needs no rule
    try:
        if not stat.S_ISDIR(os.fstat(opened).st_mode):
            access &= _ON_A_FILE
        rule = _Beneath(access, opened)
        _call(_ADD, rules, _PATH_BENEATH, ctypes.byref(rule), 0)
    finally:
        os.close(opened)


def _call(number: int, *arguments: object) -> int:
    library = ctypes.CDLL(None, use_errno=True)
    given = int(library.syscall(number, *arguments))
    if given < 0:
        code = ctypes.get_errno()
        raise OSError(code, f"landlock call {number}: {os.strerror(code)}")
    return given
