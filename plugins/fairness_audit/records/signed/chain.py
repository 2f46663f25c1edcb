"""Do records hold together? Every way of rewriting a chain of records, by its name.

Cutting off the newest records leaves a shorter chain that holds together: it is seen by the signed
heads, which are kept in another place and say how long the chain was.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from itertools import count, takewhile

from fairness_audit.errors import RecordError
from fairness_audit.records.signed.dsse import SignedRecord, UntrustedRecord
from fairness_audit.records.signed.head import Head
from fairness_audit.records.signed.index import IndexRow, index_digest


class FaultKind(StrEnum):
    """What was done to a record."""

    EDITED = "edited"  # its signature does not fit, or it is no record at all
    UNTRUSTED = "untrusted"  # signed by somebody whose key is not trusted
    REFILED = "re-filed"  # genuine, but kept as another model's, version's or audit's
    SWAPPED = "swapped"  # genuine, and two of them are kept in each other's place
    MISSING = "missing"  # there are later records, but not this one
    FORKED = "forked"  # two genuine records with the same number
    UNLINKED = "unlinked"  # does not follow the record before it
    TRUNCATED = "truncated"  # the newest records are not there, though a signed head names them
    ROLLED_BACK = "rolled back"  # what is cut off stood against a version that now passes
    UNHEADED = "unheaded"  # there are records and no signed head, or others than the head's


@dataclass(frozen=True)
class Fault:
    """One thing that is wrong with one record."""

    kind: FaultKind
    place: str
    says: str

    def __str__(self) -> str:
        return f"{self.place}: {self.kind}: {self.says}"


@dataclass(frozen=True)
class StoredRecord:
    """A genuine record, and where it is kept."""

    place: str
    signed: SignedRecord


def fault_of(error: RecordError, place: str) -> Fault:
    """The fault of a record that cannot be relied on, from the error on opening it."""
    untrusted = isinstance(error, UntrustedRecord)
    kind = FaultKind.UNTRUSTED if untrusted else FaultKind.EDITED
    return Fault(kind, place, str(error))


def chain_faults(kept: Sequence[StoredRecord], *, unread: int = 0) -> Iterator[Fault]:
    """Walk the chain from the first record to the last.

    ``unread`` is the number of records that are there and could not be read; so many missing
    numbers are theirs and are not reported again.
    """
    before: StoredRecord | None = None
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


def head_faults(
    kept: Sequence[StoredRecord], heads: Sequence[Head], place: str, *, unread: int = 0
) -> Iterator[Fault]:
    """What the signed heads say against a chain of records.

    ``heads`` begin with the newest. Records without a head of their own are those of a publishing
    that was cut off just then; there must be a head at all, and every head must be of a record.
    ``unread`` is the number of records that are there and could not be read.
    """
    chain = {each.signed.record.seq: each for each in kept}
    if kept and not heads:
        says = f"there is no signed head of {len(kept)} records (publish again, or restore it)"
        yield Fault(FaultKind.UNHEADED, place, says)
    newest = max(chain, default=0)
    # What could not be read stands in a gap of the chain, or else at its end.
    length = newest + max(0, unread - (newest - len(chain)))
    lost = [head for head in heads if head.seq > length]
    if lost:
        says = f"the ledger had {lost[0].seq} records, and {length} are there"
        yield Fault(FaultKind.TRUNCATED, place, says)
        yield from _rolled_back(kept, lost, place)
    indexes = _index_digests(chain) if any(head.index_digest for head in heads) else {}
    for head in heads:
        there = chain.get(head.seq)
        if there is not None and there.signed.digest != head.envelope_digest:
            says = f"another record {head.seq} than the signed head of it says"
            yield Fault(FaultKind.UNHEADED, there.place, says)
        elif head.index_digest not in (None, indexes.get(head.seq, head.index_digest)):
            says = f"the signed head of record {head.seq} vouches for other records before it"
            yield Fault(FaultKind.UNHEADED, place, says)


def _index_digests(chain: Mapping[int, StoredRecord]) -> dict[int, str]:
    """What the index was at each record, as far as no record before it is missing."""
    digests: dict[int, str] = {}
    for seq in takewhile(chain.__contains__, count(1)):
        row = IndexRow.of(chain[seq].signed.record)
        digests[seq] = index_digest([row], digests.get(seq - 1))
    return digests


def _rolled_back(
    kept: Sequence[StoredRecord], lost: Sequence[Head], place: str
) -> Iterator[Fault]:
    """Versions that the lost records stood against, and that what is left lets pass."""
    last = {(head.model, head.model_version): head for head in reversed(lost)}
    for head in last.values():
        left = [
            each.signed.record
            for each in kept
            if (each.signed.record.model, each.signed.record.model_version)
            == (head.model, head.model_version)
        ]
        if left and left[-1].outcome != head.outcome:
            says = (
                f"{head.model} version {head.model_version} is back at {left[-1].outcome}; its"
                f" record {head.seq}, {head.outcome}, is gone"
            )
            yield Fault(FaultKind.ROLLED_BACK, place, says)


def _gap(first: int, last: int) -> str:
    if first == last:
        return f"record {first}, which comes before this one, is not there"
    return f"records {first} to {last}, which come before this one, are not there"
