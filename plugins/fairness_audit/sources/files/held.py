"""Files that must stay as they are while they are read."""

from dataclasses import dataclass, field
from pathlib import Path

from fairness_audit.errors import SourceError
from fairness_audit.files import sha256_of

_SMALL = 16 << 20


@dataclass(frozen=True)
class _Stamp:
    size: int
    modified: int
    inode: int


@dataclass
class Held:
    """What files looked like when the reading began."""

    files: list[Path]
    _stamps: dict[Path, _Stamp | None] = field(init=False)
    _used: dict[Path, str | None] = field(init=False, default_factory=dict)

    def __post_init__(self) -> None:
        self._stamps = {path: _stamp(path) for path in self.files}

    def use(self, path: Path) -> None:
        """Remember the content of a small file too: a clock can be set back."""
        if path in self._used:
            return
        self._used[path] = None
        self.check(path)
        stamp = self._stamps[path]
        if stamp is not None and stamp.size <= _SMALL:
            self._used[path] = _digest(path)

    def check(self, path: Path) -> None:
        """Compare a file with what it looked like.

        Raises:
            SourceError: when it changed.
        """
        digest = self._used[path]
        stamp = _stamp(path)
        is_same = stamp is not None and stamp == self._stamps[path]
        if not is_same or (digest is not None and _digest(path) != digest):
            raise SourceError(
                f"{path}: the file changed while it was read (try again when nothing writes it;"
                " let exports write to another name and rename)"
            )

    def check_used(self) -> None:
        """Compare every file that was used."""
        for path in self._used:
            self.check(path)


def is_there(path: Path, *, as_folder: bool = False) -> bool:
    """True if there is a file, or a folder, that this user may reach."""
    try:
        return path.is_dir() if as_folder else path.is_file()
    except OSError:
        return False


def _digest(path: Path) -> str:
    try:
        return sha256_of(path)
    except OSError as error:
        raise SourceError(f"{path}: {error.strerror} (let this user read it)") from None


def _stamp(path: Path) -> _Stamp | None:
    try:
        found = path.stat()
    except OSError:
        return None
    return _Stamp(found.st_size, found.st_mtime_ns, found.st_ino)
