"""What a question about one model needs of the ledger, without all the envelopes.

A ledger of 10,000 records weighs 390 MB, its columns but for the envelopes 4 MB. Envelopes are
hashed where they are: by PostgreSQL itself, or here one after the other as SQLite gives them.
"""

import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from itertools import islice
from typing import Any

from sqlalchemy import ColumnElement, Connection, Select, String, func, select, type_coerce

from fairness_audit.ledger.entry import Entry, content_of
from fairness_audit.ledger.table import UtcDateTime
from fairness_audit.ledger.table import ledger_table as table
from fairness_audit.records.signed.dsse import digest_of_envelope
from fairness_audit.records.signed.index import IndexRow, index_digest
from fairness_audit.records.signed.void import VoidRecord

_NUMBER = re.compile(r"[1-9][0-9]{0,17}")


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
    voided = _voided(connection, upto)
    rows = (IndexRow(*row) for row in connection.execute(_index(connection.dialect.name)))

    def first() -> Iterator[IndexRow]:
        wanted: int | None = None
        for row in islice(rows, upto):
            if wanted is not None:
                named[wanted] = row.prev
            if row.seq in voided:
                row = IndexRow.voided(row.seq, voided[row.seq], row.prev)
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
        hashed=dict(_hashed(connection, model, upto, voided)),
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


def _voided(connection: Connection, upto: int) -> dict[int, str]:
    """The numbers of the rows that voids are filed under, each with its digest.

    A void comes after what it voids, and one that is voided itself voids nothing.
    """
    voids = select(table.c.seq, table.c.model_version, table.c.policy_digest)
    voids = voids.where(table.c.kind == VoidRecord.kind, table.c.seq <= upto)
    found: dict[int, str] = {}
    for seq, number, digest in connection.execute(voids.order_by(table.c.seq.desc())):
        if seq not in found and _NUMBER.fullmatch(str(number)):
            found[int(number)] = digest
    return found


def _hashed(
    connection: Connection, model: str, upto: int, voided: Collection[int]
) -> Iterator[tuple[int, str]]:
    asked = (table.c.seq <= upto) & (table.c.model == model) | (table.c.seq == upto)
    if voided:
        asked &= table.c.seq.not_in(voided)
    if connection.dialect.name == "sqlite":
        for seq, envelope in connection.execute(
            select(table.c.seq, table.c.envelope).where(asked)
        ):
            yield seq, digest_of_envelope(content_of(envelope))
        return
    content = func.pg_catalog.convert_to(table.c.envelope, "UTF8")
    digest = func.pg_catalog.encode(func.pg_catalog.sha256(content), "hex")
    for seq, hashed in connection.execute(select(table.c.seq, digest).where(asked)):
        yield seq, hashed
