"""A record appended to the ledger once, with the head and the file that it makes."""

import os
from collections.abc import Callable, Sequence
from pathlib import Path

from securesystemslib.signer import Key, Signer

from fairness_audit.errors import RecordError
from fairness_audit.files import read_plain, write_bytes
from fairness_audit.ledger.checkpoint import keep_head
from fairness_audit.ledger.entry import Entry
from fairness_audit.ledger.ledger import Ledger
from fairness_audit.ledger.opened import open_entries
from fairness_audit.ledger.witness import seen_elsewhere
from fairness_audit.records.signed.dsse import (
    LARGEST,
    SignedRecord,
    digest_of_envelope,
    open_envelope,
    sign,
)
from fairness_audit.records.signed.place import place_of
from fairness_audit.records.signed.statement import Record
from fairness_audit.records.signed.void import VoidRecord

Trusted = Callable[[], Sequence[Key]]
"""Gives the keys that records may be signed with, as they are now."""


def appended(
    ledger: Ledger,
    signer: Signer,
    trusted: Trusted,
    record: Record,
    check: Callable[[Record], None],
) -> SignedRecord:
    """The record as it is in the ledger, whoever appended it.

    Raises:
        RecordError: when the end of the ledger is not as others know it, or holds a row that is no
            record, or the record's id is that of such a row.
        LedgerError: when the ledger cannot be written.
    """

    def build(seq: int, prev: str | None) -> SignedRecord:
        key = signer.public_key  # first of all: with one that nobody trusts nothing is said
        _check_end(ledger, trusted, seq, prev)
        if not isinstance(record, VoidRecord):  # which may be one of several to come
            _check_behind(ledger, trusted, seq)
        placed = record.model_copy(update={"seq": seq, "prev": prev})
        check(placed)
        signed = sign(placed, signer)
        # What nobody would believe could never be taken out again.
        open_envelope(signed.envelope, [key])
        return signed

    entry = ledger.append(record.record_id, build)
    try:
        signed = open_envelope(entry.envelope, [*trusted(), signer.public_key])
    except RecordError as error:
        raise type(error)(
            f"row {entry.seq} of the ledger has the id of this record, and is none: {error} (void"
            f" it: fairness-audit ledger void {entry.seq}; and do this again as of a later moment)"
        ) from error
    if Entry.of(signed) != entry:
        raise RecordError(f"record {entry.seq} is filed as another one than it is")
    return signed


def kept(
    ledger: Ledger, signer: Signer, trusted: Trusted, signed: SignedRecord, records: Path
) -> Path:
    """Write the head and the file that a record of the ledger makes."""
    keep_head(ledger, Entry.of(signed), signer, trusted)
    file = records / place_of(signed.record)
    _write(file, signed.envelope)
    return file


def _check_end(ledger: Ledger, trusted: Trusted, seq: int, prev: str | None) -> None:
    """What is known of the ledger must be there: the next head would hide that it is not.

    Raises:
        RecordError: when it is not, or what is known is not genuine.
    """
    for each in seen_elsewhere(ledger, trusted()):
        there = ledger.envelopes([each.head.seq]).get(each.head.seq) if seq > 1 else None
        if says := each.differs(None if there is None else digest_of_envelope(there)):
            raise RecordError(says)
    if ledger.heads is None or (head := ledger.heads.newest(trusted())) is None:
        return
    if head.seq >= seq:
        raise RecordError(
            f"the ledger has {seq - 1} records, and its signed heads at"
            f" {ledger.heads.place} say {head.seq}: the newest were cut off (restore them;"
            " fairness-audit ledger status names what is missing)"
        )
    there_digest = prev
    if head.seq < seq - 1:  # a publishing was cut off before its head
        there_digest = digest_of_envelope(ledger.envelopes([head.seq]).get(head.seq, b""))
    if there_digest != head.envelope_digest:
        raise RecordError(
            f"record {head.seq} of the ledger is another one than its signed head at"
            f" {ledger.heads.place} says (restore it; fairness-audit ledger status says more)"
        )


def _check_behind(ledger: Ledger, trusted: Trusted, seq: int) -> None:
    """What lies behind the newest head must be records, or voided.

    Raises:
        RecordError: when it is not: nobody would believe what is appended behind it.
    """
    if ledger.heads is None or seq == 1:
        return
    faults = open_entries(ledger.behind(ledger.heads.length()), trusted()).faults
    if faults:
        raise RecordError("\n".join(str(fault) for fault in faults))


def _write(file: Path, envelope: bytes) -> None:
    if not os.path.lexists(file):
        write_bytes(file, envelope)
        return
    try:
        there = read_plain(file, most=LARGEST)
    except OSError:  # a link, a pipe, a folder
        there = b""
    if there != envelope:
        raise RecordError(
            f"{file} is not the record that is in the ledger: it was changed after publishing"
            " (find out by whom; move it away and publish again to restore it)"
        )
