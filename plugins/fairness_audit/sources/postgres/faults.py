"""The faults of a PostgreSQL server in an operator's words.

What a server says is not repeated: it can quote values of rows, and an address holds a password.
"""

import re

from psycopg import errors

from fairness_audit.errors import SourceError

_CURES = {
    "22021": "text is not UTF-8; mend the rows at the source",
    "25006": "reading it would write; give the policy a table or view that only reads",
    "40001": "a standby gave up the query; try again, or read from the primary",
    "42501": "grant the login SELECT on it and, for a view, on what it reads; where row-level"
    " security filters its rows, BYPASSRLS too",
    "42P01": "the table went away while it was read; try again",
    "55P03": "another session, such as a migration, keeps it locked; try again when it is done",
    "57014": "a timeout of the server, or a person, ended the query; try again",
}
_CLASS_CURES = {
    "08": "the connection was lost; try again",
    "53": "the server is out of memory, disk space or connections; try again later",
    "57": "the server was shut down or the connection ended by a person; try again",
}
_LOOK = "the server's log has the details; they can quote rows, so they are not repeated here"

# While rows are arriving the driver passes on a text without its SQLSTATE.
_STATES = {
    "invalid byte sequence for encoding": "22021",
    "in a read-only transaction": "25006",
    "canceling statement due to conflict with recovery": "40001",
    "canceling statement": "57014",
    "terminating connection": "57P01",
    "server closed the connection unexpectedly": "08006",
    "could not receive data from server": "08006",
    "no connection to the server": "08006",
    "SSL SYSCALL error": "08006",
}

_ASIDES = re.compile(
    r"IO: \[libpq\] Failed to (connect|execute query '.*'): | This probably means .*?request\."
    r"| Is the server running .*?\?"
)


def refused(place: str, message: str, secrets: list[str]) -> SourceError:
    """The error of a connection that could not be made; libpq's own words say why."""
    for secret in sorted(secrets, key=len, reverse=True):
        message = message.replace(secret, "***")
    reason = _ASIDES.sub("", " ".join(message.split()))
    return SourceError(
        f"{place}: cannot connect: {reason} (check that the server is up, and the host, port,"
        " database, login and password of the connection)"
    )


def failed(place: str, about: str, error: Exception) -> SourceError:
    """The error of a statement that failed at once, or while its rows were arriving."""
    state = _state_of(error)
    if state is None:
        return SourceError(f"{place}: {about}: the server ended the query ({_LOOK})")
    cure = _CURES.get(state) or _CLASS_CURES.get(state[:2]) or _LOOK
    return SourceError(f"{place}: {about}: {_condition(state)}SQLSTATE {state} ({cure})")


def _state_of(error: Exception) -> str | None:
    given = getattr(error, "sqlstate", None)
    if given:
        return str(given)
    said = str(error)
    return next((state for phrase, state in _STATES.items() if phrase in said), None)


def _condition(state: str) -> str:
    """PostgreSQL's own name of the condition, from ``InsufficientPrivilege``."""
    try:
        name = errors.lookup(state).__name__
    except KeyError:
        return ""
    return re.sub(r"(?<=[a-z])(?=[A-Z])", " ", name).lower() + ", "
