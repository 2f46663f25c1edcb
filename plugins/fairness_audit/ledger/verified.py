"""A ledger that somebody may have written to, read so that it can be relied on."""

from collections.abc import Iterable, Sequence

from securesystemslib.signer import Key

from fairness_audit.errors import LedgerError, RecordError
from fairness_audit.ledger.entry import Entry
from fairness_audit.ledger.heads import Heads
from fairness_audit.ledger.ledger import Ledger
from fairness_audit.ledger.opened import open_entries
from fairness_audit.ledger.witness import Seen, remember, seen_elsewhere, seen_faults
from fairness_audit.records.signed.chain import StoredRecord, chain_faults, head_faults
from fairness_audit.records.signed.head import Head
from fairness_audit.records.signed.statement import Record


def verified_ledger(ledger: Ledger, trusted: Sequence[Key]) -> list[Record]:
    """The records of a ledger, in order, if every one holds and none was cut off at the end.

    The signed heads are asked before the ledger, so that a record that is appended meanwhile is
    no sign of one that was cut off.

    Raises:
        LedgerError: when the ledger or its heads cannot be read, or it has no place for heads.
        RecordError: naming every entry that was edited, re-filed, removed or put in.
    """
    heads = heads_of(ledger)
    newest = heads.newest(trusted)
    known = [] if newest is None else [newest]
    seen = seen_elsewhere(ledger, trusted)
    records = verified_records(ledger.all(), trusted, heads=known, place=heads.place, seen=seen)
    if newest is not None:
        remember(ledger, newest.seq)
    return records


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
    seen: Iterable[Seen] = (),
) -> list[Record]:
    """The records of all entries, as `verified_entries` gives them.

    Raises:
        RecordError: naming every entry that was edited, re-filed, removed or put in.
    """
    kept = verified_entries(entries, trusted, heads=heads, place=place, seen=seen)
    return [each.signed.record for each in kept]


def verified_entries(
    entries: Sequence[Entry],
    trusted: Sequence[Key],
    *,
    heads: Sequence[Head] | None = None,
    place: str = "",
    seen: Iterable[Seen] = (),
) -> tuple[StoredRecord, ...]:
    """The records of all entries, in order, if every single one of them holds.

    All are checked, not only those of the version in question: a failure that was filed under
    another version is missing where it belongs. ``heads`` are those kept at ``place``; without
    them nobody knows whether the newest entries were cut off. ``seen`` is what is known elsewhere.

    Raises:
        RecordError: naming every entry that was edited, re-filed, removed or put in.
    """
    opened = open_entries(entries, trusted)
    faults = [*opened.faults, *chain_faults(opened.kept, unread=opened.unread)]
    if heads is not None:
        faults += head_faults(opened.kept, heads, place, unread=opened.unread)
    faults += seen_faults(opened.kept, seen)
    if faults:
        raise RecordError("\n".join(str(fault) for fault in faults))
    return opened.kept
