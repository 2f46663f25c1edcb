"""The ledger: every record, in order, appended exactly once."""

from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

from sqlalchemy import Connection, func, insert, select

from fairness_audit.ledger.append_only import TRIGGERS, grant, protect, protected_by
from fairness_audit.ledger.database import Database
from fairness_audit.ledger.entry import Entry, content_of
from fairness_audit.ledger.excerpt import Excerpt, entries_behind, read_excerpt
from fairness_audit.ledger.heads import Heads
from fairness_audit.ledger.memory import Memory
from fairness_audit.ledger.table import ledger_table as table
from fairness_audit.records.signed.audit import AuditRecord
from fairness_audit.records.signed.dsse import SignedRecord, digest_of_envelope


class Ledger:
    """An append-only table in SQLite or PostgreSQL; nothing is opened before it is used.

    ``heads`` is the second place that says how long the ledger is, and ``witness`` a third, which
    an older copy of both does not reach; ``memory`` is the folder in which this machine remembers
    what it saw.
    ``wait_seconds`` is how long to wait for the database, and for others who are appending.
    """

    def __init__(
        self,
        address: str,
        heads: Heads | None = None,
        *,
        witness: Heads | None = None,
        memory: Path | None = None,
        wait_seconds: int = 30,
    ) -> None:
        self.heads = heads
        self.witness = witness
        self._database = Database(address, wait_seconds)
        self.memory = Memory(memory, self.name, heads.place) if memory and heads else None

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
                return Entry.at(row)
            entry = Entry.of(build(*_next(connection)))
            if entry.record_id != record_id:
                raise ValueError(f"built record {entry.record_id}, not {record_id}")
            connection.execute(insert(table).values(entry.values))
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

    def is_rewritable(self) -> bool:
        """True if this account could put another ledger in the place of this one.

        Raises:
            LedgerError: when there is no ledger, or it cannot be read.
        """
        with self._database.reading() as connection:
            return self._database.is_owned(connection)

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
            rows = connection.execute(select(table).order_by(table.c.seq))
            return [Entry.at(row) for row in rows]

    def behind(self, seq: int) -> list[Entry]:
        """The entries behind a number, in the order they were appended.

        Raises:
            LedgerError: when there is no ledger, or it cannot be read.
        """
        with self._database.reading() as connection:
            return list(entries_behind(connection, seq))

    def excerpt(self, model: str, upto: int) -> Excerpt:
        """A model's part of the ledger up to a number, and every entry behind it.

        Raises:
            LedgerError: when there is no ledger, or it cannot be read.
        """
        with self._database.reading() as connection:
            return read_excerpt(connection, model, upto)

    def entry(self, seq: int) -> Entry | None:
        """The entry of a number; None where there is none.

        Raises:
            LedgerError: when there is no ledger, or it cannot be read.
        """
        with self._database.reading() as connection:
            row = connection.execute(select(table).where(table.c.seq == seq)).one_or_none()
            return None if row is None else Entry.at(row)

    def envelopes(self, numbers: Collection[int]) -> dict[int, bytes]:
        """The envelopes of some entries, by number.

        Raises:
            LedgerError: when there is no ledger, or it cannot be read.
        """
        asked = select(table.c.seq, table.c.envelope).where(table.c.seq.in_(numbers))
        with self._database.reading() as connection:
            return {seq: content_of(envelope) for seq, envelope in connection.execute(asked)}

    def has_audit(self, model: str, model_version: str) -> bool:
        """True if an entry is filed as an audit of this version, which is no evidence of one.

        Raises:
            LedgerError: when there is no ledger, or it cannot be read.
        """
        filed = {"kind": AuditRecord.kind, "model": model, "model_version": model_version}
        asked = select(table.c.seq).filter_by(**filed).limit(1)
        with self._database.reading() as connection:
            return connection.execute(asked).first() is not None

    def clock(self) -> datetime:
        """The time by the database's clock, which is this machine's where it is a file.

        Raises:
            LedgerError: when the database does not answer.
        """
        with self._database.reading() as connection:
            now: datetime = connection.execute(select(func.now())).scalar_one()
        return now.astimezone(UTC) if now.tzinfo else now.replace(tzinfo=UTC)


def _next(connection: Connection) -> tuple[int, str | None]:
    """Number of the next record, and the digest of the one before it."""
    newest = select(table.c.seq, table.c.envelope).order_by(table.c.seq.desc()).limit(1)
    row = connection.execute(newest).one_or_none()
    return (row.seq + 1, digest_of_envelope(content_of(row.envelope))) if row else (1, None)
