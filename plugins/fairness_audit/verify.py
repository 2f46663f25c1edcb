"""Are the published records genuine, and all there? Answered from files alone.

Neither database nor Airflow is needed, only the records and the public keys. Records cut off at
the end of the chain are not seen from here: what is left holds together.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from securesystemslib.signer import Key

from fairness_audit.errors import RecordError
from fairness_audit.records.chain import Fault, FaultKind, Kept, chain_faults, fault_of
from fairness_audit.records.dsse import SignedRecord, open_envelope
from fairness_audit.records.place import place_of
from fairness_audit.records.record import AuditRecord


@dataclass(frozen=True)
class Verification:
    """The genuine records of a folder, in the order of the chain, and all that is wrong."""

    records: tuple[AuditRecord, ...]
    faults: tuple[Fault, ...]

    @property
    def holds(self) -> bool:
        """True if there is nothing wrong."""
        return not self.faults


def verify_record(file: Path, trusted: Sequence[Key]) -> AuditRecord:
    """Verify one record file, wherever it lies, and read it.

    Raises:
        RecordError: when it cannot be read or is not genuine.
    """
    try:
        return _signed(file, trusted).record
    except RecordError as error:
        raise type(error)(f"{file}: {error}") from error


def verify_records(folder: Path, trusted: Sequence[Key]) -> Verification:
    """Verify every record file in a folder, its place, and the chain from first to last.

    Raises:
        RecordError: when there is no record at all: that is no proof of anything.
    """
    files = sorted(folder.rglob("*.json"))
    if not files:
        raise RecordError(f"{folder}: there are no records (name the folder they are in)")
    kept: list[Kept] = []
    faults: list[Fault] = []
    for file in files:
        place = file.relative_to(folder).as_posix()
        try:
            kept.append(Kept(place, _signed(file, trusted)))
        except RecordError as error:
            faults.append(fault_of(error, place))
    faults += _misplaced(kept)
    faults += chain_faults(kept, unread=len(faults))
    ordered = sorted((each.signed.record for each in kept), key=lambda record: record.seq)
    return Verification(tuple(ordered), tuple(faults))


def _signed(file: Path, trusted: Sequence[Key]) -> SignedRecord:
    try:
        envelope = file.read_bytes()
    except OSError as error:
        raise RecordError(f"cannot be read: {error.strerror}") from error
    return open_envelope(envelope, trusted)


def _misplaced(kept: Sequence[Kept]) -> Iterator[Fault]:
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
