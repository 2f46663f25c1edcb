"""Do records hold together? Every way of rewriting a chain of records, by its name.

Cutting off the newest records leaves a shorter chain that holds together: it can only be seen by
somebody who knows how long the chain was.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum

from fairness_audit.errors import RecordError
from fairness_audit.records.dsse import SignedRecord, UntrustedRecord


class FaultKind(StrEnum):
    """What was done to a record."""

    EDITED = "edited"  # its signature does not fit, or it is no record at all
    UNTRUSTED = "untrusted"  # signed by somebody whose key is not trusted
    REFILED = "re-filed"  # genuine, but kept as another model's, version's or audit's
    SWAPPED = "swapped"  # genuine, and two of them are kept in each other's place
    MISSING = "missing"  # there are later records, but not this one
    FORKED = "forked"  # two genuine records with the same number
    UNLINKED = "unlinked"  # does not follow the record before it


@dataclass(frozen=True)
class Fault:
    """One thing that is wrong with one record."""

    kind: FaultKind
    place: str
    says: str

    def __str__(self) -> str:
        return f"{self.place}: {self.kind}: {self.says}"


@dataclass(frozen=True)
class Kept:
    """A genuine record, and where it is kept."""

    place: str
    signed: SignedRecord


def fault_of(error: RecordError, place: str) -> Fault:
    """The fault of a record that cannot be relied on, from the error on opening it."""
    untrusted = isinstance(error, UntrustedRecord)
    kind = FaultKind.UNTRUSTED if untrusted else FaultKind.EDITED
    return Fault(kind, place, str(error))


def chain_faults(kept: Sequence[Kept], *, unread: int = 0) -> Iterator[Fault]:
    """Walk the chain from the first record to the last.

    ``unread`` is the number of records that are there and could not be read; so many missing
    numbers are theirs and are not reported again.
    """
    before: Kept | None = None
    for each in sorted(kept, key=lambda each: each.signed.record.seq):
        record = each.signed.record
        expected = before.signed.record.seq + 1 if before else 1
        if record.seq < expected:
            says = f"record {record.seq} is also kept at {before.place if before else '?'}"
            yield Fault(FaultKind.FORKED, each.place, says)
            continue
        if record.seq > expected:
            gap = record.seq - expected
            unread -= gap
            if unread < 0:
                yield Fault(FaultKind.MISSING, each.place, _gap(expected, record.seq - 1))
        elif record.prev != (before.signed.digest if before else None):
            says = f"record {record.seq} does not follow record {expected - 1} as it is kept"
            yield Fault(FaultKind.UNLINKED, each.place, says)
        before = each


def _gap(first: int, last: int) -> str:
    if first == last:
        return f"record {first}, which comes before this one, is not there"
    return f"records {first} to {last}, which come before this one, are not there"
