"""The ledger: every record, in order, appended exactly once."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, insert, select

from fairness_audit.ledger.append_only import TRIGGERS, grant, protect, protected_by
from fairness_audit.ledger.database import Database
from fairness_audit.ledger.heads import Heads
from fairness_audit.ledger.table import ledger_table as table
from fairness_audit.records.signed.dsse import SignedRecord, digest_of_envelope


@dataclass(frozen=True)
class Entry:
    """One row of the ledger. Only what is inside the envelope is signed."""

    seq: int
    record_id: str
    kind: str
    model: str
    model_version: str
    policy_digest: str
    verdict: str
    logical_date: datetime
    issued: datetime
    expires: datetime
    prev: str | None
    envelope: bytes

    @classmethod
    def of(cls, signed: SignedRecord) -> "Entry":
        """The entry that a signed record belongs in."""
        record = signed.record
        return cls(
            seq=record.seq,
            record_id=record.record_id,
            kind=record.kind,
            model=record.model,
            model_version=record.model_version,
            policy_digest=record.policy_digest,
            verdict=record.outcome,
            logical_date=record.logical_date,
            issued=record.issued,
            expires=record.expires,
            prev=record.prev,
            envelope=signed.envelope,
        )


class Ledger:
    """An append-only table in SQLite or PostgreSQL; nothing is opened before it is used.

    ``heads`` is the second place that says how long the ledger is. ``wait_seconds`` is how long
    to wait for the database, and for others who are appending.
    """

    def __init__(
        self, address: str, heads: Heads | None = None, *, wait_seconds: int = 30
    ) -> None:
        self.heads = heads
        self._database = Database(address, wait_seconds)

    @contextmanager
    def holding(self) -> Iterator[None]:
        """Until the end of the block nobody appends; needs no right to write.

        A promotion decides and moves the alias in here, so that no failure comes in between.

        Raises:
            LedgerError: when there is no ledger, or it cannot be read.
        """
        with self._database.holding():
            yield

    @property
    def name(self) -> str:
        """The address without password and options."""
        return self._database.name

    def close(self) -> None:
        """Give back the connections; the next use opens new ones."""
        self._database.close()

    def append(self, record_id: str, build: Callable[[int, str | None], SignedRecord]) -> Entry:
        """Append the record that ``build(seq, prev)`` signs, unless it is there already.

        ``build`` runs while nobody else can append, and only if no record has this id. The entry
        that is in the ledger afterwards is returned, whoever appended it.

        Raises:
            LedgerError: when the database does not do it; nothing is appended then.
        """
        with self._database.writing() as connection:
            there = select(table).where(table.c.record_id == record_id)
            if row := connection.execute(there).one_or_none():
                return _entry(row)
            entry = Entry.of(build(*_next(connection)))
            if entry.record_id != record_id:
                raise ValueError(f"built record {entry.record_id}, not {record_id}")
            connection.execute(insert(table).values(_values(entry)))
            return entry

    def init(self, *, writers: Sequence[str] = (), readers: Sequence[str] = ()) -> None:
        """Make the ledger, append-only, as the role that owns it; again changes nothing.

        Args:
            writers: roles of PostgreSQL that may append and read.
            readers: roles of PostgreSQL that may only read.

        Raises:
            LedgerError: when the database does not do it, or a role is not there.
        """
        with self._database.writing() as connection:
            protect(connection)
            if writers or readers:
                grant(connection, writers=writers, readers=readers)

    def missing_triggers(self) -> frozenset[str]:
        """The triggers that ought to keep the table append-only, and are not there.

        Raises:
            LedgerError: when there is no ledger, or it cannot be read.
        """
        with self._database.reading() as connection:
            return TRIGGERS - protected_by(connection)

    def all(self) -> list[Entry]:
        """Every entry, in the order it was appended.

        Raises:
            LedgerError: when there is no ledger, or it cannot be read.
        """
        with self._database.reading() as connection:
            return [_entry(row) for row in connection.execute(select(table).order_by(table.c.seq))]


def _next(connection: Connection) -> tuple[int, str | None]:
    """Number of the next record, and the digest of the one before it."""
    newest = select(table.c.seq, table.c.envelope).order_by(table.c.seq.desc()).limit(1)
    row = connection.execute(newest).one_or_none()
    return (row.seq + 1, digest_of_envelope(row.envelope.encode())) if row else (1, None)


def _values(entry: Entry) -> dict[str, Any]:
    return vars(entry) | {"envelope": entry.envelope.decode()}


def _entry(row: Row[Any]) -> Entry:
    return Entry(**{**row._mapping, "envelope": row.envelope.encode()})
