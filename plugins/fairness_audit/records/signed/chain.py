"""Do records hold together? Every way of rewriting a chain of records, by its name.

Cutting off the newest records leaves a shorter chain that holds together: it is seen by the signed
heads, which are kept in another place and say how long the chain was.

The chain goes on through a row that is no record where a record behind it says so: a void.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from itertools import count, takewhile
from typing import NamedTuple

from fairness_audit.errors import RecordError
from fairness_audit.records.signed.dsse import SignedRecord, UntrustedRecord
from fairness_audit.records.signed.head import Head
from fairness_audit.records.signed.index import IndexRow, index_digest
from fairness_audit.records.signed.statement import Record
from fairness_audit.records.signed.void import VoidRecord


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
    OLDER = "older copy"  # a head that is kept elsewhere names a record that is not there
    MISVOIDED = "wrongly voided"  # a void says of a genuine record that it is none
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


class Link(NamedTuple):
    """One place of the chain: a record, or a row that is none and was voided."""

    seq: int
    prev: str | None
    digest: str
    place: str
    record: Record | None = None

    @property
    def row(self) -> IndexRow:
        """What the index holds in this place."""
        if self.record is None:
            return IndexRow.voided(self.seq, self.digest, self.prev)
        return IndexRow.of(self.record)


def links_of(kept: Sequence[StoredRecord]) -> list[Link]:
    """Records, and the rows that they void, in order; one that is genuine is none of these."""
    links, genuine = [], set()
    for each in kept:
        record = each.signed.record
        genuine.add(record.seq)
        links.append(Link(record.seq, record.prev, each.signed.digest, each.place, record))
    for each in kept:
        void = each.signed.record
        if isinstance(void, VoidRecord) and void.voids not in genuine:
            named = void.voids, void.voided_prev, void.voided_digest
            links.append(Link(*named, f"what record {void.seq} voids"))
    return sorted(links, key=lambda link: link.seq)


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
    yield from misvoided(kept)
    before: Link | None = None
    for each in links_of(kept):
        expected = before.seq + 1 if before else 1
        if each.seq < expected:
            says = f"record {each.seq} is also kept at {before.place if before else '?'}"
            yield Fault(FaultKind.FORKED, each.place, says)
            continue
        if each.seq > expected:
            gap = each.seq - expected
            unread -= gap
            if unread < 0:
                yield Fault(FaultKind.MISSING, each.place, _gap(expected, each.seq - 1))
        elif each.prev != (before.digest if before else None):
            says = f"record {each.seq} does not follow record {expected - 1} as it is kept"
            yield Fault(FaultKind.UNLINKED, each.place, says)
        before = each


def misvoided(kept: Sequence[StoredRecord]) -> Iterator[Fault]:
    """Voids of genuine records: who could take one back could take back a failure."""
    genuine = {each.signed.record.seq for each in kept}
    for each in kept:
        void = each.signed.record
        if isinstance(void, VoidRecord) and void.voids in genuine:
            says = f"record {void.seq} voids record {void.voids}, which is genuine"
            yield Fault(FaultKind.MISVOIDED, each.place, says)


def head_faults(
    kept: Sequence[StoredRecord], heads: Sequence[Head], place: str, *, unread: int = 0
) -> Iterator[Fault]:
    """What the signed heads say against a chain of records.

    ``heads`` begin with the newest. Records without a head of their own are those of a publishing
    that was cut off just then; there must be a head at all, and every head must be of a record.
    ``unread`` is the number of records that are there and could not be read.
    """
    chain = {link.seq: link for link in links_of(kept)}
    records = {each.signed.record.seq for each in kept}
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
        if there is not None and head.seq not in records:
            says = f"{there.place} is record {head.seq}, says its signed head at {place}"
            yield Fault(FaultKind.MISVOIDED, there.place, says)
        elif there is not None and there.digest != head.envelope_digest:
            says = f"another record {head.seq} than the signed head of it says"
            yield Fault(FaultKind.UNHEADED, there.place, says)
        elif head.index_digest not in (None, indexes.get(head.seq, head.index_digest)):
            says = f"the signed head of record {head.seq} vouches for other records before it"
            yield Fault(FaultKind.UNHEADED, place, says)


def _index_digests(chain: Mapping[int, Link]) -> dict[int, str]:
    """What the index was at each record, as far as no record before it is missing."""
    digests: dict[int, str] = {}
    for seq in takewhile(chain.__contains__, count(1)):
        digests[seq] = index_digest([chain[seq].row], digests.get(seq - 1))
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
