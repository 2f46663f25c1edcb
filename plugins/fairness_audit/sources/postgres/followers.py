"""More connections that see exactly what the first one sees."""

import logging
from collections.abc import Callable, Sequence
from contextlib import ExitStack

import adbc_driver_postgresql.dbapi as adbc

from fairness_audit.errors import SourceError
from fairness_audit.sources.postgres import statements
from fairness_audit.sources.postgres.session import Session

log = logging.getLogger(__name__)

STREAMS = 2
FROM_ROWS = 500_000


class Followers:
    """Sessions on a snapshot that the first session exported; opened when a table is large.

    Args:
        connect: opens a connection.
        exported: the snapshot's name; None if the server does not export one.
        place: names the server in messages.
        stack: closes the connections when the reading ends.
        streams: how many sessions.
        from_rows: tables of fewer rows are read by one connection.
    """

    def __init__(
        self,
        connect: Callable[[], adbc.Connection],
        exported: str | None,
        place: str,
        stack: ExitStack,
        *,
        streams: int = STREAMS,
        from_rows: int = FROM_ROWS,
    ) -> None:
        self._connect, self._exported, self._place = connect, exported, place
        self._stack, self._streams = stack, streams
        self._sessions: tuple[Session, ...] | None = None
        self.from_rows = from_rows

    def sessions(self) -> Sequence[Session]:
        """The sessions; none where the server lets only one connection see the snapshot."""
        if self._sessions is None:
            try:
                self._sessions = tuple(self._open() for _ in range(self._streams))
            except SourceError as fault:
                # A pooler may hand out another server, a role may have no connection left.
                log.warning("reading by one connection: %s", fault)
                self._sessions = ()
        return self._sessions

    def _open(self) -> Session:
        if self._exported is None:
            raise SourceError(f"{self._place} exports no snapshot")
        session = Session(self._stack.enter_context(self._connect()), self._place)
        for statement in statements.following(self._exported):
            session.fetch(statement, about="transaction")
        return session
