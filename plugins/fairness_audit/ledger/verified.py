"""A ledger that somebody may have written to, read so that it can be relied on."""

from collections.abc import Iterator, Sequence

from securesystemslib.signer import Key

from fairness_audit.errors import LedgerError, RecordError
from fairness_audit.ledger.entry import Entry
from fairness_audit.ledger.heads import Heads
from fairness_audit.ledger.ledger import Ledger
from fairness_audit.records.signed.chain import (
    Fault,
    FaultKind,
    StoredRecord,
    chain_faults,
    fault_of,
    head_faults,
)
from fairness_audit.records.signed.dsse import open_envelope
from fairness_audit.records.signed.head import Head
from fairness_audit.records.signed.statement import Record


def verified_ledger(ledger: Ledger, trusted: Sequence[Key]) -> list[Record]:
    """The records of a ledger, in order, if every one holds and none was cut off at the end.

    The signed head is asked before the ledger, so that a record that is appended meanwhile is
    no sign of one that was cut off.

    Raises:
        LedgerError: when the ledger or its heads cannot be read, or it has no place for heads.
        RecordError: naming every entry that was edited, re-filed, removed or put in.
    """
    heads = heads_of(ledger)
    newest = heads.newest(trusted)
    known = [] if newest is None else [newest]
    return verified_records(ledger.all(), trusted, heads=known, place=heads.place)


def heads_of(ledger: Ledger) -> Heads:
    """The signed heads of a ledger.

    Raises:
        LedgerError: when it has no place for them.
    """
    if ledger.heads is None:
        raise LedgerError("the ledger has no place for its signed heads (FAIRNESS_AUDIT_HEADS)")
    return ledger.heads


def verified_records(
    entries: Sequence[Entry],
    trusted: Sequence[Key],
    *,
    heads: Sequence[Head] | None = None,
    place: str = "",
) -> list[Record]:
    """The records of all entries, in order, if every single one of them holds.

    All are checked, not only those of the version in question: a failure that was filed under
    another version is missing where it belongs. ``heads`` are those kept at ``place``; without
    them nobody knows whether the newest entries were cut off.

    Raises:
        RecordError: naming every entry that was edited, re-filed, removed or put in.
    """
    kept: list[StoredRecord] = []
    faults: list[Fault] = []
    for entry in entries:
        place = f"ledger entry {entry.seq}"
        try:
            signed = open_envelope(entry.envelope, trusted)
        except RecordError as error:
            faults.append(fault_of(error, place))
            continue
        kept.append(StoredRecord(place, signed))
        faults += _refiled(entry, Entry.of(signed), place)
    faults += chain_faults(kept, unread=len(entries) - len(kept))
    if heads is not None:
        faults += head_faults(kept, heads, place, unread=len(entries) - len(kept))
    if faults:
        raise RecordError("\n".join(str(fault) for fault in faults))
    return [each.signed.record for each in kept]


def _refiled(entry: Entry, signed: Entry, place: str) -> Iterator[Fault]:
    """The columns are no evidence; where they differ from what is signed, somebody wrote them."""
    differing = [name for name, value in vars(entry).items() if value != getattr(signed, name)]
    if differing:
        says = f"signed with another {', '.join(differing)} than it is filed under"
        yield Fault(FaultKind.REFILED, place, says)
