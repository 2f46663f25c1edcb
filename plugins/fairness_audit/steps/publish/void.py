"""A row that is no record, voided: the one way in which a ledger goes on behind it."""

from datetime import datetime
from pathlib import Path

from securesystemslib.signer import Signer

from fairness_audit.errors import InputError, RecordError
from fairness_audit.ledger.entry import Entry
from fairness_audit.ledger.ledger import Ledger
from fairness_audit.ledger.opened import open_entries
from fairness_audit.records.signed.dsse import SignedRecord, digest_of_envelope, open_envelope
from fairness_audit.records.signed.statement import Record
from fairness_audit.records.signed.void import VoidRecord
from fairness_audit.steps.publish.appending import Trusted, appended, kept
from fairness_audit.steps.publish.software import software_versions


def publish_void(
    seq: int,
    reason: str,
    *,
    ledger: Ledger,
    signer: Signer,
    trusted: Trusted,
    records: Path,
    now: datetime,
) -> VoidRecord:
    """Void a row of the ledger that is no record; doing so again gives the same void.

    Args:
        seq: number of the row.
        reason: how it came there, in the words of who voids it.
        ledger: what the row is in.
        signer: holds the ed25519 key.
        trusted: gives the keys that records may be signed with.
        records: folder of the record files.
        now: when the void is issued, with a time zone.

    Raises:
        InputError: when there is no such row.
        RecordError: when it is a genuine record, or once was one, or does not follow the row
            before it.
        LedgerError: when the ledger cannot be read or written.
    """
    entry = ledger.entry(seq)
    if entry is None:
        raise InputError(
            f"the ledger has no row {seq} (fairness-audit ledger status names what is no record)"
        )
    if (there := _voided_by(entry, ledger, trusted)) is not None:
        kept(ledger, signer, trusted, there, records)
        return _as_void(there)
    _check_is_none(entry, ledger, trusted)
    void = VoidRecord(
        seq=entry.seq + 1,
        prev=None,
        voids=entry.seq,
        voided_digest=digest_of_envelope(entry.envelope),
        voided_prev=entry.prev,
        reason=reason,
        issued=now,
        versions=software_versions(),
    )

    def check_is_first(_: Record) -> None:
        if _voided_by(entry, ledger, trusted) is not None:
            raise RecordError(f"row {entry.seq} was voided just now (there is nothing left to do)")

    signed = appended(ledger, signer, trusted, void, check_is_first)
    kept(ledger, signer, trusted, signed, records)
    return _as_void(signed)


def _as_void(signed: SignedRecord) -> VoidRecord:
    if not isinstance(signed.record, VoidRecord):
        raise RecordError(f"record {signed.record.seq} of the ledger is no void")
    return signed.record


def _voided_by(entry: Entry, ledger: Ledger, trusted: Trusted) -> SignedRecord | None:
    """The genuine void of a row; None where there is none yet."""
    filed = [
        each
        for each in ledger.behind(entry.seq)
        if (each.kind, each.model_version) == (VoidRecord.kind, str(entry.seq))
    ]
    for each in open_entries(filed, trusted()).kept:
        if isinstance(each.signed.record, VoidRecord):
            return each.signed
    return None


def _check_is_none(entry: Entry, ledger: Ledger, trusted: Trusted) -> None:
    try:
        open_envelope(entry.envelope, trusted())
    except RecordError:
        pass
    else:
        raise RecordError(
            f"row {entry.seq} is a genuine record, and nobody would believe that it is none (what"
            " an audit found is lifted by a later audit, or waived by two people)"
        )
    if ledger.heads is not None and ledger.heads.has(entry.seq):
        raise RecordError(
            f"row {entry.seq} was a record: {ledger.heads.place} holds its signed head (restore it"
            " from a backup, or the public key that it is signed with)"
        )
    before = ledger.entry(entry.seq - 1)
    if entry.prev != (digest_of_envelope(before.envelope) if before else None):
        raise RecordError(
            f"row {entry.seq} does not follow the row before it, so it was not appended (restore"
            " the ledger from a backup)"
        )
