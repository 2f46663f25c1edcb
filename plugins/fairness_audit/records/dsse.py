"""Signed records: a Statement in a DSSE envelope, ed25519.

An envelope is kept and hashed as one exact string of bytes, its canonical JSON. Anybody can
verify it with `securesystemslib` alone; nothing here is a format of our own.
"""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass

from securesystemslib.dsse import Envelope
from securesystemslib.exceptions import FormatError, VerificationError
from securesystemslib.signer import Key, Signer

from fairness_audit.canonical import canonical_bytes
from fairness_audit.errors import RecordError
from fairness_audit.records.record import AuditRecord
from fairness_audit.records.statement import check_with_in_toto, payload_of, record_of

PAYLOAD_TYPE = "application/vnd.in-toto+json"

_MALFORMED = (ValueError, TypeError, KeyError, AttributeError, RecursionError, FormatError)


class UntrustedRecord(RecordError):
    """A record that is signed, but with a key that is not trusted."""


@dataclass(frozen=True)
class SignedRecord:
    """A record, and the bytes of the envelope that carries it."""

    record: AuditRecord
    envelope: bytes

    @property
    def digest(self) -> str:
        """SHA-256 of the envelope: what the next record names as ``prev``."""
        return digest_of_envelope(self.envelope)


def digest_of_envelope(envelope: bytes) -> str:
    """Hex SHA-256 of an envelope's exact bytes."""
    return hashlib.sha256(envelope).hexdigest()


def sign(record: AuditRecord, signer: Signer) -> SignedRecord:
    """Sign a record.

    Raises:
        RecordError: when the record cannot be read back from what would be signed.
    """
    payload = payload_of(record)
    check_with_in_toto(payload)
    if record_of(payload) != record:
        raise RecordError(f"the record of {record.model} would not read back as it is")
    envelope = Envelope(payload, PAYLOAD_TYPE, {})
    envelope.sign(signer)
    return SignedRecord(record, canonical_bytes(envelope.to_dict()))


def open_envelope(envelope: bytes, trusted: Sequence[Key]) -> SignedRecord:
    """Verify an envelope, and only then read what it carries.

    Raises:
        UntrustedRecord: when no signature is by a trusted key.
        RecordError: when it is malformed, edited after signing, or carries something else than
            an audit record.
    """
    parsed = _parse(envelope)
    if parsed.payload_type != PAYLOAD_TYPE:
        raise RecordError(f"the payload's type is {parsed.payload_type!r}, not {PAYLOAD_TYPE}")
    _verify(parsed, trusted)
    return SignedRecord(record_of(parsed.payload), envelope)


def unverified_record(envelope: bytes) -> AuditRecord:
    """What an envelope says, whoever signed it. Never ground for a decision to allow."""
    return record_of(_parse(envelope).payload)


def _parse(envelope: bytes) -> Envelope:
    try:
        parsed = Envelope.from_dict(json.loads(envelope))  # it changes what it is given
        canonical = canonical_bytes(parsed.to_dict())
    except _MALFORMED as error:
        raise RecordError(f"not a DSSE envelope: {type(error).__name__}: {error}") from error
    extra = [name for each in parsed.signatures.values() for name in each.unrecognized_fields]
    if extra or canonical != envelope:
        raise RecordError("not a DSSE envelope in canonical form: its bytes were changed")
    return parsed


def _verify(parsed: Envelope, trusted: Sequence[Key]) -> None:
    signers = set(parsed.signatures)
    if not signers & {key.keyid for key in trusted}:
        named = ", ".join(sorted(f"{keyid[:16]}…" for keyid in signers)) or "no key"
        raise UntrustedRecord(
            f"signed with {named}, which is not trusted"
            " (if it should be, add its public key to FAIRNESS_AUDIT_TRUSTED_KEYS)"
        )
    try:
        parsed.verify(list(trusted), threshold=1)
    except VerificationError as error:
        raise RecordError("the signature does not fit: it was edited after signing") from error
