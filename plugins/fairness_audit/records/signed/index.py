"""The ledger's index: what every record is filed under, and all of it in one digest.

A signed head carries the digest. As a row names the digest of the envelope before it, the newest
head so says which records there are, what each is filed under, and of all but the newest the very
bytes; its own envelope's it says itself. Who has neither the signing key nor broken SHA-256 can
change nothing of that unseen, and nobody has to open a record to look.
"""

import hashlib
import json
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Any, NamedTuple, Self

from fairness_audit.records.signed.statement import Record

_ROW = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"))
"""Of an array of texts and one number, what it gives is canonical JSON (RFC 8785)."""


class IndexRow(NamedTuple):
    """One row of the ledger without its envelope; moments are spelt as `spelt` does."""

    seq: int
    record_id: str
    kind: str
    model: str
    model_version: str
    policy_digest: str
    verdict: str
    logical_date: str
    issued: str
    expires: str
    prev: str | None

    @classmethod
    def of(cls, record: Record) -> Self:
        """The row that a record belongs in."""
        values = filed_under(record).values()
        return cls._make(spelt(each) if isinstance(each, datetime) else each for each in values)

    @classmethod
    def voided(cls, seq: int, digest: str, prev: str | None) -> Self:
        """The row in the stead of one that is no record: of that only the digest is believed."""
        return cls(seq, digest, "voided", "", "", "", "", "", "", "", prev)


class Vouch(NamedTuple):
    """What a signed head says of all records up to its own.

    ``signers`` are the keys that signed them, each with the number of the last that it signed, so
    that a key that is trusted no longer takes the trust from what it signed.
    """

    index_digest: str
    signers: Mapping[str, int]


def filed_under(record: Record) -> dict[str, Any]:
    """What the ledger files a record under: by the name of each column but the envelope's."""
    return {name: getattr(record, _CALLED.get(name, name)) for name in IndexRow._fields}


_CALLED = {"verdict": "outcome"}
"""Columns that a record calls otherwise: a review has a decision in that place."""


def spelt(moment: datetime) -> str:
    """A moment in UTC, to the microsecond: ``2026-06-29 00:00:00.000000``."""
    return moment.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S.%f")


def index_digest(rows: Iterable[tuple[object, ...]], before: str | None = None) -> str:
    """Hex SHA-256 of an index, row upon row: of the digest before a row, and the row.

    Args:
        rows: those that follow, in order.
        before: digest of the rows before them; None if there are none.

    Raises:
        TypeError: when a row holds what no row of a ledger holds.
    """
    digest = bytes.fromhex(before or "")
    for row in rows:
        digest = hashlib.sha256(digest + _ROW.encode(row).encode()).digest()
    return digest.hex()
