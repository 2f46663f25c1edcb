"""What a question about one model needs of the ledger, without all the envelopes.

A ledger of 10,000 records weighs 390 MB, its columns but for the envelopes 4 MB. Envelopes are
hashed where they are: by PostgreSQL itself, or here one after the other as SQLite gives them.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import islice
from typing import Any

from sqlalchemy import ColumnElement, Connection, Select, String, func, select, type_coerce

from fairness_audit.ledger.entry import Entry
from fairness_audit.ledger.table import UtcDateTime
from fairness_audit.ledger.table import ledger_table as table
from fairness_audit.records.signed.dsse import digest_of_envelope
from fairness_audit.records.signed.index import IndexRow, index_digest


@dataclass(frozen=True)
class Excerpt:
    """One model's rows among the first of a ledger, all of these in one digest, and the others.

    Nothing of it is verified. By the number of a row ``named`` is the digest that the next row
    names as that of the envelope before it, and ``hashed`` what the envelope's digest is, of the
    model's and of the last of the first rows. ``behind`` are the entries after these, and
    ``others`` is how many rows there are besides them, whatever their number.
    """

    index: tuple[IndexRow, ...]
    digest: str
    named: Mapping[int, str | None]
    hashed: Mapping[int, str]
    others: int
    behind: tuple[Entry, ...]


def read_excerpt(connection: Connection, model: str, upto: int) -> Excerpt:
    """Read a model's part of the rows up to a number, and every entry behind it."""
    index: list[IndexRow] = []
    named: dict[int, str | None] = {}
    rows = (IndexRow(*row) for row in connection.execute(_index(connection.dialect.name)))

    def first() -> Iterator[IndexRow]:
        wanted: int | None = None
        for row in islice(rows, upto):
            if wanted is not None:
                named[wanted] = row.prev
            wanted = row.seq if row.model == model else None
            if wanted is not None:
                index.append(row)
            yield row

    digest = index_digest(first())
    # What lies behind is read last, so that no row that was counted is missing there.
    return Excerpt(
        index=tuple(index),
        digest=digest,
        named=named,
        hashed=dict(_hashed(connection, model, upto)),
        others=sum(1 for _ in rows),
        behind=tuple(entries_behind(connection, upto)),
    )


def entries_behind(connection: Connection, seq: int) -> Iterator[Entry]:
    """The entries behind a number, in order."""
    behind = select(table).where(table.c.seq > seq).order_by(table.c.seq)
    return (Entry.at(row) for row in connection.execute(behind))


def _index(dialect: str) -> Select[Any]:
    """All columns but the envelope's, spelt as signed heads spell them."""
    columns = [_spelt(table.c[name], dialect) for name in IndexRow._fields]
    return select(*columns).order_by(table.c.seq)


def _spelt(column: ColumnElement[Any], dialect: str) -> ColumnElement[Any]:
    if not isinstance(column.type, UtcDateTime):
        return column
    if dialect == "sqlite":
        return type_coerce(column, String)  # so it is stored
    in_utc = func.pg_catalog.timezone("UTC", column)
    spelt = func.pg_catalog.to_char(in_utc, "YYYY-MM-DD HH24:MI:SS.USAD")
    return func.pg_catalog.replace(spelt, "AD", "")  # so a year before Christ stays another one


def _hashed(connection: Connection, model: str, upto: int) -> Iterator[tuple[int, str]]:
    asked = (table.c.seq <= upto) & (table.c.model == model) | (table.c.seq == upto)
    if connection.dialect.name == "sqlite":
        for seq, envelope in connection.execute(
            select(table.c.seq, table.c.envelope).where(asked)
        ):
            yield seq, digest_of_envelope(envelope.encode())
        return
    content = func.pg_catalog.convert_to(table.c.envelope, "UTF8")
    digest = func.pg_catalog.encode(func.pg_catalog.sha256(content), "hex")
    for seq, hashed in connection.execute(select(table.c.seq, digest).where(asked)):
        yield seq, hashed
