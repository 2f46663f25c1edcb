"""The entries of a ledger, opened: what is genuine, what was voided, and what is neither."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from securesystemslib.signer import Key

from fairness_audit.errors import RecordError
from fairness_audit.ledger.entry import Entry
from fairness_audit.records.signed.chain import Fault, FaultKind, StoredRecord, fault_of
from fairness_audit.records.signed.dsse import digest_of_envelope, open_envelope
from fairness_audit.records.signed.void import VoidRecord


@dataclass(frozen=True)
class Opened:
    """The genuine records among entries, what is wrong with others, and how many are neither."""

    kept: tuple[StoredRecord, ...]
    faults: tuple[Fault, ...]
    unread: int


def open_entries(entries: Sequence[Entry], trusted: Sequence[Key]) -> Opened:
    """Open every entry; one that is no record is no fault where a genuine void names it."""
    kept: list[StoredRecord] = []
    faults: list[Fault] = []
    failed: list[tuple[Entry, RecordError]] = []
    for entry in entries:
        try:
            signed = open_envelope(entry.envelope, trusted)
        except RecordError as error:
            failed.append((entry, error))
            continue
        kept.append(StoredRecord(_place(entry), signed))
        faults += _refiled(entry, Entry.of(signed))
    voids = {
        (void.voids, void.voided_digest, void.voided_prev): void
        for each in kept
        if isinstance(void := each.signed.record, VoidRecord)
    }
    unread = [(entry, error) for entry, error in failed if voids.pop(_named(entry), None) is None]
    faults += (_unread(entry, error) for entry, error in unread)
    genuine = {each.signed.record.seq for each in kept}
    for void in voids.values():
        if void.voids not in genuine:  # that it is, is said by who walks the chain
            says = f"the row {void.voids}, which it voids, is not there, or is another"
            faults.append(Fault(FaultKind.MISSING, f"ledger entry {void.seq}", says))
    return Opened(tuple(kept), tuple(faults), len(unread))


def _place(entry: Entry) -> str:
    return f"ledger entry {entry.seq}"


def _named(entry: Entry) -> tuple[int, str, str | None]:
    """What a void says of an entry."""
    return entry.seq, digest_of_envelope(entry.envelope), entry.prev


def _unread(entry: Entry, error: RecordError) -> Fault:
    fault = fault_of(error, _place(entry))
    cure = (
        "restore it, if there ever was such a record; else, as who holds the signing key:"
        f" fairness-audit ledger void {entry.seq} --reason …"
    )
    return Fault(fault.kind, fault.place, f"{fault.says} ({cure})")


def _refiled(entry: Entry, signed: Entry) -> Iterator[Fault]:
    """The columns are no evidence; where they differ from what is signed, somebody wrote them."""
    differing = [name for name, value in vars(entry).items() if value != getattr(signed, name)]
    if differing:
        says = f"signed with another {', '.join(differing)} than it is filed under"
        yield Fault(FaultKind.REFILED, _place(entry), says)
