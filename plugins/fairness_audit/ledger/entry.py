"""One row of the ledger's table."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Self

from sqlalchemy import Row

from fairness_audit.records.signed.dsse import SignedRecord
from fairness_audit.records.signed.index import filed_under


def content_of(envelope: object) -> bytes:
    """The bytes in a row's last column; SQLite takes anything there."""
    return envelope if isinstance(envelope, bytes) else str(envelope).encode()


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
    def of(cls, signed: SignedRecord) -> Self:
        """The entry that a signed record belongs in."""
        return cls(**filed_under(signed.record), envelope=signed.envelope)

    @classmethod
    def at(cls, row: Row[Any]) -> Self:
        """The entry that a row of the table holds."""
        return cls(**{**row._mapping, "envelope": content_of(row.envelope)})

    @property
    def values(self) -> dict[str, Any]:
        """What the row of the table holds."""
        return vars(self) | {"envelope": self.envelope.decode()}
