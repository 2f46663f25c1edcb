"""The faults of a MySQL or MariaDB server in an operator's words.

What a server says is not repeated: it can quote values of rows, and an address holds a password.
"""

from sqlalchemy.exc import DBAPIError

from fairness_audit.errors import SourceError

_LOST = "the connection was lost; try again"
_ENDED = "a timeout of the server, or a person, ended the query; try again"
_FULL = "the server is out of memory, disk space or connections; try again later"
_GRANT = "grant the login SELECT on it and, for a view, SHOW VIEW and SELECT on all it reads"
_MIGRATED = "the table was changed by a migration after the reading began; try again"

_CURES = {
    1021: _FULL,
    1037: _FULL,
    1038: _FULL,
    1040: _FULL,
    1041: _FULL,
    1044: _GRANT,
    1049: "the database is not there; names are case-sensitive",
    1053: "the server is shutting down; try again",
    1114: _FULL,
    1142: _GRANT,
    1143: _GRANT,
    1146: "the table is not there; names are case-sensitive",
    1152: _LOST,
    1159: _LOST,
    1160: _LOST,
    1161: _LOST,
    1184: _LOST,
    1203: _FULL,
    1205: "another session, such as a migration, keeps it locked; try again when it is done",
    1213: "another session got in the way; try again",
    1317: _ENDED,
    1345: _GRANT,
    1356: "the view reads what is gone or what its owner may not read; mend the view",
    1412: _MIGRATED,
    1792: "reading it would write; give the policy a table or view that only reads",
    1969: _ENDED,
    2006: _LOST,
    2013: _LOST,
    2055: _LOST,
    3024: _ENDED,
    4031: _LOST,
}
_LOOK = "the server's log has the details; they can quote rows, so they are not repeated here"

NOT_THERE = {1049, 1146}
"""Errors of a table, or a database, that is not there."""

DENIED = {1044, 1142, 1143, 1345}
"""Errors of a login that lacks a privilege; the server does not say what is there."""


class StatementFailed(SourceError):
    """A statement the server refused; ``code`` is the number it gave, 0 if none."""

    def __init__(self, message: str, code: int) -> None:
        super().__init__(message)
        self.code = code


def refused(place: str, error: Exception, password: str) -> SourceError:
    """The error of a connection that could not be made; the driver's own words say why."""
    original = getattr(error, "orig", None) or error
    message = " ".join(str(original.args[-1] if original.args else original).split())
    if password:
        message = message.replace(password, "***")
    return SourceError(
        f"{place}: cannot connect: {message} (check that the server is up, and the host, port,"
        " database, login and password of the connection)"
    )


def failed(place: str, about: str, error: Exception) -> StatementFailed:
    """The error of a statement that failed at once, or while its rows were arriving."""
    if isinstance(error, UnicodeDecodeError):
        message = "text is not UTF-8 (mend the rows at the source)"
        return StatementFailed(f"{place}: {about}: {message}", 0)
    code = _code_of(error)
    if not code:
        return StatementFailed(f"{place}: {about}: the server ended the query ({_LOOK})", 0)
    return StatementFailed(f"{place}: {about}: error {code} ({_CURES.get(code, _LOOK)})", code)


def _code_of(error: Exception) -> int:
    original = error.orig if isinstance(error, DBAPIError) else error
    first = original.args[0] if original is not None and original.args else 0
    return first if isinstance(first, int) and not isinstance(original, OSError) else 0
