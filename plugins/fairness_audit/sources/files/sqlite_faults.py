"""The faults of SQLite in an operator's words; its own can quote values."""

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy.exc import SQLAlchemyError

from fairness_audit.errors import SourceError

_CURES = {
    "SQLITE_BUSY": "another program is writing it; try again when it is done",
    "SQLITE_LOCKED": "another program is writing it; try again when it is done",
    "SQLITE_CANTOPEN": "let this user read the file and its folder; a file in WAL mode needs its"
    " -wal and -shm files, or leave to make them",
    "SQLITE_READONLY": "a program that wrote it ended in the middle; open it once for writing",
    "SQLITE_NOTADB": "check the path: it is no SQLite file, or an encrypted one",
    "SQLITE_CORRUPT": "the file is damaged; take a copy of it with VACUUM INTO, or a backup",
    "SQLITE_FULL": "free some space in the folder for temporary files",
}
_OTHER = "check the view or the file with the program that made it"


@contextmanager
def worded(place: str) -> Iterator[None]:
    """Make a :class:`SourceError` of what SQLite raises."""
    try:
        yield
    except SQLAlchemyError as error:
        original = getattr(error, "orig", None)
        name = str(getattr(original, "sqlite_errorname", "error"))
        cure = next((cure for known, cure in _CURES.items() if name.startswith(known)), _OTHER)
        # Without its cause, which quotes the statement and perhaps a value.
        raise SourceError(f"{place}: {name} ({cure})") from None
