"""Are the published records genuine, and all there? Answered from files alone.

Neither database nor Airflow is needed, only the records, their signed heads, and the public keys.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from securesystemslib.signer import Key

from fairness_audit.errors import RecordError
from fairness_audit.files import read_plain
from fairness_audit.ledger.heads import Heads
from fairness_audit.ledger.witness import seen_at, seen_faults
from fairness_audit.records.signed.chain import (
    Fault,
    FaultKind,
    StoredRecord,
    chain_faults,
    fault_of,
    head_faults,
)
from fairness_audit.records.signed.dsse import LARGEST, SignedRecord, open_envelope
from fairness_audit.records.signed.place import place_of
from fairness_audit.records.signed.statement import Record


@dataclass(frozen=True)
class Verification:
    """The genuine records of a folder, in the order of the chain, and all that is wrong."""

    records: tuple[Record, ...]
    faults: tuple[Fault, ...]

    @property
    def holds(self) -> bool:
        """True if there is nothing wrong."""
        return not self.faults


def verify_record(file: Path, trusted: Sequence[Key]) -> Record:
    """Verify one record file, wherever it lies, and read it.

    Raises:
        RecordError: when it cannot be read or is not genuine.
    """
    try:
        return _signed(file, trusted).record
    except RecordError as error:
        raise type(error)(f"{file}: {error}") from error


def verify_records(
    folder: Path, heads: Heads, trusted: Sequence[Key], witness: Heads | None = None
) -> Verification:
    """Verify every record file in a folder, its place, the chain, and its signed heads.

    A row of the ledger that was no record has no file: the void that names it stands for it.

    Raises:
        LedgerError: when the heads cannot be read.
        RecordError: when there is no record at all: that is no proof of anything; or when a head
            is not genuine.
    """
    seen = [] if witness is None else seen_at(witness, trusted)
    files = sorted(folder.rglob("*.json"))
    if not files:
        raise RecordError(f"{folder}: there are no records (name the folder they are in)")
    kept: list[StoredRecord] = []
    faults: list[Fault] = []
    for file in files:
        place = file.relative_to(folder).as_posix()
        try:
            kept.append(StoredRecord(place, _signed(file, trusted)))
        except RecordError as error:
            faults.append(fault_of(error, place))
    unread = len(faults)
    faults += _linked(folder)
    faults += _misplaced(kept)
    faults += chain_faults(kept, unread=unread)
    faults += head_faults(kept, heads.all(trusted), heads.place, unread=unread)
    faults += seen_faults(kept, seen)
    ordered = sorted((each.signed.record for each in kept), key=lambda record: record.seq)
    return Verification(tuple(ordered), tuple(faults))


def _signed(file: Path, trusted: Sequence[Key]) -> SignedRecord:
    try:
        envelope = read_plain(file, most=LARGEST)
    except OSError as error:
        raise RecordError(f"cannot be read: {error.strerror}") from error
    return open_envelope(envelope, trusted)


def _linked(folder: Path) -> Iterator[Fault]:
    """Links to folders: what lies behind one is nobody's record here."""
    for path in folder.rglob("*"):
        if path.is_symlink() and path.is_dir():
            place = path.relative_to(folder).as_posix()
            yield Fault(FaultKind.EDITED, place, "links to a folder (put that in its place)")


def _misplaced(kept: Sequence[StoredRecord]) -> Iterator[Fault]:
    """Records that lie where another one belongs."""
    belongs = {each.place: str(place_of(each.signed.record)) for each in kept}
    for place, proper in belongs.items():
        if place == proper:
            continue
        if belongs.get(proper) == place:
            yield Fault(FaultKind.SWAPPED, place, f"exchanged with {proper}")
        else:
            says = f"it is the record of {PurePosixPath(proper)}"
            yield Fault(FaultKind.REFILED, place, says)
