"""A root of its own: of all files only those that scoring reads are there at all.

Landlock refuses to open a file, and still tells that it is there, how large and how old. In a user
and mount namespace of its own a process sees a machine that has no others: what may be read is
bound to the place where it was, and its home is memory of a fixed size, which is gone with the
process however that ends. What others run is not in its ``/proc``, and there is no network.

A container's runtime may forbid namespaces; then nothing has changed.
"""

import ctypes
import os
from collections.abc import Iterable
from pathlib import Path

_USER, _MOUNT, _NETWORK, _IPC = 0x10000000, 0x00020000, 0x40000000, 0x08000000
_BIND, _RECURSIVE, _PRIVATE = 0x1000, 0x4000, 0x40000
_NO_SETUID, _NO_DEVICES, _NO_PROGRAMS = 0x2, 0x4, 0x8
_DETACH = 2
_PIVOT_ROOT = {"x86_64": 155, "aarch64": 41}
_MOST_FILES = 65_536


def enter(*, readable: Iterable[Path], home: Path, home_bytes: int) -> None:
    """Leave everything behind but what may be read, and an empty home of a fixed size.

    The paths stay what they were, with links resolved too. Nothing here forbids to write: that is
    Landlock's.

    Args:
        readable: files and folders; those that are not there are left out.
        home: an empty folder; it is the working directory then.
        home_bytes: how much all files of the home together may hold.

    Raises:
        OSError: when the kernel, or what runs the container, does not do it; all files are there
            then as before.
    """
    user, group = os.getuid(), os.getgid()
    _call("unshare", _USER | _MOUNT | _NETWORK | _IPC)
    Path("/proc/self/setgroups").write_text("deny")
    Path("/proc/self/uid_map").write_text(f"{user} {user} 1")
    Path("/proc/self/gid_map").write_text(f"{group} {group} 1")
    _call("mount", b"none", b"/", None, _RECURSIVE | _PRIVATE, None)
    # The new root is put where the home was, and the home into it.
    root = home
    _in_memory(root, _NO_SETUID | _NO_DEVICES, f"size=1m,nr_inodes={_MOST_FILES},mode=0755")
    try:
        for path in _with_resolved(readable):
            _bind(path, root)
        own = _inside(root, home)
        own.mkdir(parents=True, exist_ok=True)
        flags = _NO_SETUID | _NO_DEVICES | _NO_PROGRAMS
        _in_memory(own, flags, f"size={home_bytes},nr_inodes={_MOST_FILES},mode=0700")
        _make_root(root)
    except OSError:
        _call("umount2", os.fsencode(root), _DETACH)
        os.chdir(home)
        raise
    os.chdir(home)


def _with_resolved(paths: Iterable[Path]) -> list[Path]:
    """All paths that are there, and what they lead to; folders before what lies in them."""
    there = {path.absolute() for path in paths if path.exists()}
    own_process = Path("/proc/self")  # which is a link to another place for each process
    return sorted(there | {path.resolve() for path in there if path != own_process})


def _bind(path: Path, root: Path) -> None:
    place = _inside(root, path)
    if place.exists():
        return  # it lies in a folder that is there already
    if path.is_dir():
        place.mkdir(parents=True)
    else:
        place.parent.mkdir(parents=True, exist_ok=True)
        place.touch()
    _call("mount", os.fsencode(path), os.fsencode(place), None, _BIND | _RECURSIVE, None)


def _make_root(root: Path) -> None:
    """From here on there is no other place."""
    number = _PIVOT_ROOT.get(os.uname().machine)
    if number is None:
        raise OSError(f"no number of pivot_root for {os.uname().machine}")
    os.chdir(root)
    _call("syscall", number, b".", b".")
    _call("umount2", b".", _DETACH)  # the root before, which lies on the new one


def _in_memory(folder: Path, flags: int, options: str) -> None:
    _call("mount", b"tmpfs", os.fsencode(folder), b"tmpfs", flags, options.encode())


def _inside(root: Path, path: Path) -> Path:
    return root / path.relative_to("/")


def _call(name: str, *arguments: object) -> None:
    library = ctypes.CDLL(None, use_errno=True)
    given = [ctypes.c_ulong(each) if isinstance(each, int) else each for each in arguments]
    if getattr(library, name)(*given) != 0:
        code = ctypes.get_errno()
        raise OSError(code, f"{name}: {os.strerror(code)}")
