"""What others know of a ledger than the place of its heads: its witness, and who asked before.

An older copy of the ledger and its heads holds together. It is told by a signed head of a record
that is not in it, or of another record than is.
"""

from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, NamedTuple

from securesystemslib.signer import Key

from fairness_audit.ledger.heads import Heads
from fairness_audit.records.signed.chain import Fault, FaultKind, StoredRecord
from fairness_audit.records.signed.head import Head

if TYPE_CHECKING:
    from fairness_audit.ledger.ledger import Ledger

_RESTORE = "restore the newest copy of both"


class Seen(NamedTuple):
    """The newest head that somebody knows, and where it is kept."""

    place: str
    head: Head
    cure: str

    def differs(self, digest: str | None) -> str | None:
        """What is wrong where its record has this digest in the ledger, or is not there."""
        if digest == self.head.envelope_digest:
            return None
        there = "is not there" if digest is None else "is another one"
        return (
            f"record {self.head.seq} {there}, which {self.place} knows: the ledger and its heads"
            f" are an older copy, or others ({self.cure})"
        )


def seen_elsewhere(ledger: "Ledger", trusted: Sequence[Key]) -> list[Seen]:
    """What is known elsewhere, asked before the ledger: what is appended meanwhile is no fault.

    Raises:
        LedgerError: when a place cannot be read.
        RecordError: when what is kept there is not genuine.
    """
    seen = [] if ledger.witness is None else seen_at(ledger.witness, trusted)
    if ledger.memory is not None and (head := ledger.memory.newest(trusted)) is not None:
        place = ledger.memory.heads.place
        seen.append(Seen(place, head, f"{_RESTORE}; if there is none any more, move {place} away"))
    return seen


def seen_at(witness: Heads, trusted: Sequence[Key]) -> list[Seen]:
    """What a witness knows: nothing yet, or its newest head.

    Raises:
        LedgerError: when the place cannot be read.
        RecordError: when what is kept there is not genuine.
    """
    head = witness.newest(trusted)
    return [] if head is None else [Seen(witness.place, head, _RESTORE)]


def seen_faults(kept: Sequence[StoredRecord], seen: Iterable[Seen]) -> Iterator[Fault]:
    """What is known elsewhere, and is not among the records."""
    digests = {each.signed.record.seq: each.signed.digest for each in kept}
    for each in seen:
        if says := each.differs(digests.get(each.head.seq)):
            yield Fault(FaultKind.OLDER, each.place, says)


def is_known(ledger: "Ledger") -> bool:
    """True if anybody ever saw a head of this ledger.

    Raises:
        LedgerError: when a place of heads cannot be read.
    """
    remembered = ledger.memory and ledger.memory.heads
    return any(each.length() for each in (ledger.heads, ledger.witness, remembered) if each)


def rewritable(ledger: "Ledger") -> str | None:
    """The warning that one account can put an older copy in the place of all; None if it cannot.

    Raises:
        LedgerError: when the ledger or a place of heads cannot be read.
    """
    places = [each for each in (ledger.heads, ledger.witness) if each is not None]
    if not all(each.is_rewritable() for each in places) or not ledger.is_rewritable():
        return None
    named = " and ".join(each.place for each in places)
    return (
        f"this account can rewrite the ledger {ledger.name} and its heads at {named}: an older"
        " copy of all of them is told only by who saw a newer one (give the heads to another"
        " account, or FAIRNESS_AUDIT_WITNESS a place that this one cannot overwrite)"
    )


def remember(ledger: "Ledger", seq: int) -> None:
    """Keep the head of this number, which was verified, in the memory of this machine."""
    if ledger.memory is None or ledger.heads is None:
        return
    envelope = ledger.heads.envelope(seq)
    if envelope is not None:
        ledger.memory.keep(seq, envelope)
