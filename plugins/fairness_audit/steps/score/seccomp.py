"""A seccomp filter: no network, no other processes, nothing that reaches out of the sandbox.

Denied calls fail with EPERM, so that a library which merely probes for a feature goes on without
it; those that are younger than this list fail as in a kernel that has them not. A call by another
machine's numbering (x32, a 32-bit compatibility mode) ends the process: the filter could not tell
what it does. Numbers are those of the kernel's own tables,
``arch/x86/entry/syscalls/syscall_64.tbl`` and ``include/uapi/asm-generic/unistd.h``.
"""

import ctypes
import errno
import os
from collections.abc import Mapping
from itertools import chain
from typing import NamedTuple

_PR_SET_NO_NEW_PRIVS, _PR_SET_SECCOMP, _MODE_FILTER = 38, 22, 2

_LOAD, _EQUAL, _AT_LEAST, _ANY_BIT, _RETURN = 0x20, 0x15, 0x35, 0x45, 0x06
_ALLOW, _KILL, _ERRNO = 0x7FFF0000, 0x80000000, 0x00050000
_NUMBER, _ARCHITECTURE, _FIRST_ARGUMENT = 0, 4, 16

_THREAD = 0x00010000  # CLONE_THREAD
_X32 = 0x40000000


class _Instruction(ctypes.Structure):
    _fields_ = (
        ("code", ctypes.c_uint16),
        ("if_true", ctypes.c_uint8),
        ("if_false", ctypes.c_uint8),
        ("operand", ctypes.c_uint32),
    )


class _Program(ctypes.Structure):
    _fields_ = (
        ("length", ctypes.c_uint16),
        ("instructions", ctypes.POINTER(_Instruction)),
    )


class _Machine(NamedTuple):
    """What a kernel calls itself, and the numbers of its calls; those denied by what they do."""

    audit: int
    clone: int
    prlimit: int
    fcntl: int
    ioctl: int
    prctl: int
    denied: Mapping[str, tuple[int, ...]]


_CLONE3 = 435
_EVERYWHERE = (424, 425, 426, 427, 428, 429, 430, 431, 432, 433, 434, 438, 440, 442, 443, 447, 448)
"""pidfd_send_signal, io_uring_*, open_tree, move_mount, fs*, pidfd_open, pidfd_getfd,
process_madvise, mount_setattr, quotactl_fd, memfd_secret, process_mrelease."""
_FIRST_UNKNOWN = 452
"""fchmodat2; from here on there is nothing that scoring needs."""

_OF_OTHERS = {
    "F_SETOWN": 8,
    "F_SETSIG": 10,
    "F_SETOWN_EX": 15,
    "F_SETLEASE": 1024,
    "F_NOTIFY": 1026,
    "F_SETPIPE_SZ": 1031,
}
"""What `fcntl` must not do: signal whom one names, watch files, hold memory beyond all limits."""
_OF_OPEN_FILES = {
    "TCGETS": 0x5401,
    "TIOCGWINSZ": 0x5413,
    "FIONREAD": 0x541B,
    "FIONBIO": 0x5421,
    "FIONCLEX": 0x5450,
    "FIOCLEX": 0x5451,
    "TCGETS2": 0x802C542A,
}
"""All that `ioctl` may do: what Python asks of files. Others signal, or change what is outside."""
_OF_THE_PARENT = {"PR_SET_PDEATHSIG": 1}
"""What `prctl` must not do: outlive who started this process."""

_MACHINES = {
    "x86_64": _Machine(
        audit=0xC000003E,
        clone=56,
        prlimit=302,
        fcntl=72,
        ioctl=16,
        prctl=157,
        denied={
            "sockets": (41, 42, 43, 44, 45, 46, 47, 49, 50, 53, 288, 299, 307),
            "fork, vfork, execve, execveat": (57, 58, 59, 322),
            "signals to whomever": (62, 200, 234, 129, 297),
            "looking into other processes, bpf": (101, 310, 311, 312, 298, 321, 323),
            "keys, shared memory, semaphores, queues": (248, 249, 250, 29, 64, 68, 240),
            "mounts, namespaces, limits": (155, 161, 165, 166, 272, 308, 303, 304, 135, 160),
            "the machine itself": (175, 313, 246, 320, 163, 167, 169, 170, 171, 227, 103, 162),
            "priority and processors of whomever": (141, 142, 144, 203, 251, 314),
            "watching files": (253, 254, 294, 300, 301),
            "memory without a name": (319,),
            "truncate by path, modes, owners": (76, 90, 91, 92, 93, 94, 260, 268),
            "times of files": (132, 235, 261, 280),
            "extended attributes": (188, 189, 190, 197, 198, 199),
        },
    ),
    "aarch64": _Machine(
        audit=0xC00000B7,
        clone=220,
        prlimit=261,
        fcntl=25,
        ioctl=29,
        prctl=167,
        denied={
            "sockets": (198, 199, 200, 201, 202, 203, 206, 207, 211, 212, 242, 243, 269),
            "execve, execveat": (221, 281),
            "signals to whomever": (129, 130, 131, 138, 240),
            "looking into other processes, bpf": (117, 270, 271, 272, 241, 280, 282),
            "keys, shared memory, semaphores, queues": (217, 218, 219, 194, 190, 186, 180),
            "mounts, namespaces, limits": (41, 51, 40, 39, 97, 268, 264, 265, 92, 164),
            "the machine itself": (105, 273, 104, 294, 89, 142, 161, 162, 112, 224, 116, 81),
            "priority and processors of whomever": (140, 118, 119, 122, 30, 274),
            "watching files": (26, 27, 262, 263),
            "memory without a name": (279,),
            "truncate by path, modes, owners": (45, 52, 53, 54, 55),
            "times of files": (88,),
            "extended attributes": (5, 6, 7, 14, 15, 16),
        },
    ),
}


def install() -> None:
    """Give up new privileges, and filter every call of this process from now on.

    Raises:
        OSError: when the kernel does not do it, or is one whose calls are not known here.
    """
    machine = _MACHINES.get(os.uname().machine)
    if machine is None:
        raise OSError(errno.ENOSYS, f"no filter for {os.uname().machine}")
    lines = _filter(machine, by_x32=os.uname().machine == "x86_64")
    program = _Program(len(lines), (_Instruction * len(lines))(*lines))
    _control(_PR_SET_NO_NEW_PRIVS, 1)
    _control(_PR_SET_SECCOMP, _MODE_FILTER, ctypes.addressof(program))


def _filter(machine: _Machine, *, by_x32: bool) -> list[_Instruction]:
    def line(code: int, operand: int, if_true: int = 0, if_false: int = 0) -> _Instruction:
        return _Instruction(code, if_true, if_false, operand)

    denied, unknown = line(_RETURN, _ERRNO | errno.EPERM), line(_RETURN, _ERRNO | errno.ENOSYS)
    allowed, killed = line(_RETURN, _ALLOW), line(_RETURN, _KILL)
    lines = [line(_LOAD, _ARCHITECTURE), line(_EQUAL, machine.audit, if_true=1), killed]
    lines.append(line(_LOAD, _NUMBER))
    if by_x32:
        lines += [line(_AT_LEAST, _X32, if_false=1), killed]
    for number in (*chain.from_iterable(machine.denied.values()), *_EVERYWHERE):
        lines += [line(_EQUAL, number, if_false=1), denied]
    lines += [line(_AT_LEAST, _FIRST_UNKNOWN, if_false=1), unknown]
    # Its flags lie in memory, where no filter sees them; libraries fall back on clone.
    lines += [line(_EQUAL, _CLONE3, if_false=1), unknown]
    # Threads are let through, processes are not.
    lines += [
        line(_EQUAL, machine.clone, if_false=4),
        line(_LOAD, _FIRST_ARGUMENT),
        line(_ANY_BIT, _THREAD, if_false=1),
        allowed,
        denied,
    ]
    # Limits may be asked for, and not be set: the third argument is where new ones lie.
    third = _FIRST_ARGUMENT + 2 * 8
    lines += [
        line(_EQUAL, machine.prlimit, if_false=5),
        line(_LOAD, third),
        line(_EQUAL, 0, if_false=2),
        line(_LOAD, third + 4),
        line(_EQUAL, 0, if_true=1),
        denied,
        line(_LOAD, _NUMBER),
    ]
    # The kernel takes these arguments for numbers of 32 bits.
    for number, argument, values, then, otherwise in (
        (machine.fcntl, 1, _OF_OTHERS, denied, allowed),
        (machine.prctl, 0, _OF_THE_PARENT, denied, allowed),
        (machine.ioctl, 1, _OF_OPEN_FILES, allowed, denied),
    ):
        lines += [
            line(_EQUAL, number, if_false=2 + 2 * len(values)),
            line(_LOAD, _FIRST_ARGUMENT + argument * 8),
        ]
        for value in values.values():
            lines += [line(_EQUAL, value, if_false=1), then]
        lines.append(otherwise)
    return [*lines, allowed]


def _control(option: int, *arguments: int) -> None:
    values = [*arguments, 0, 0, 0, 0][:4]
    library = ctypes.CDLL(None, use_errno=True)
    if library.prctl(option, *map(ctypes.c_ulong, values)) != 0:
        number = ctypes.get_errno()
        raise OSError(number, f"prctl {option}: {os.strerror(number)}")
