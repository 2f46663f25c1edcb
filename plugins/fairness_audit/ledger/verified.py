"""A ledger that somebody may have written to, read so that it can be relied on."""

from collections.abc import Iterator, Sequence

from securesystemslib.signer import Key

from fairness_audit.errors import RecordError
from fairness_audit.ledger.ledger import Entry
from fairness_audit.records.chain import Fault, FaultKind, Kept, chain_faults, fault_of
from fairness_audit.records.dsse import open_envelope
from fairness_audit.records.record import AuditRecord


def verified_records(entries: Sequence[Entry], trusted: Sequence[Key]) -> list[AuditRecord]:
    """The records of all entries, in order, if every single one of them holds.

    All are checked, not only those of the version in question: a failure that was filed under
    another version is missing where it belongs.

    Raises:
        RecordError: naming every entry that was edited, re-filed, removed or put in.
    """
    kept: list[Kept] = []
    faults: list[Fault] = []
    for entry in entries:
        place = f"ledger entry {entry.seq}"
        try:
            signed = open_envelope(entry.envelope, trusted)
        except RecordError as error:
            faults.append(fault_of(error, place))
            continue
        kept.append(Kept(place, signed))
        faults += _refiled(entry, Entry.of(signed), place)
    faults += chain_faults(kept, unread=len(entries) - len(kept))
    if faults:
        raise RecordError("\n".join(str(fault) for fault in faults))
    return [each.signed.record for each in kept]


def _refiled(entry: Entry, signed: Entry, place: str) -> Iterator[Fault]:
    """The columns are no evidence; where they differ from what is signed, somebody wrote them."""
    differing = [name for name, value in vars(entry).items() if value != getattr(signed, name)]
    if differing:
        says = f"signed with another {', '.join(differing)} than it is filed under"
        yield Fault(FaultKind.REFILED, place, says)
