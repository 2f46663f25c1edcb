"""Signed records and heads: a Statement in a DSSE envelope, ed25519.

An envelope is kept and hashed as one exact string of bytes, its canonical JSON. Anybody can
verify it with `securesystemslib` alone; nothing here is a format of our own.

A key that was replaced signs nothing new: where a trusted key carries ``LAST_SEQ``, records with
a higher number are not trusted, so a stolen old key forges no new record.
"""

import hashlib
import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from securesystemslib.dsse import Envelope
from securesystemslib.exceptions import FormatError, VerificationError
from securesystemslib.signer import Key, Signer

from fairness_audit.encoding import canonical_bytes
from fairness_audit.errors import RecordError
from fairness_audit.records.signed.head import Head, head_of, head_payload
from fairness_audit.records.signed.index import Vouch
from fairness_audit.records.signed.statement import (
    Record,
    check_with_in_toto,
    payload_of,
    record_of,
)

PAYLOAD_TYPE = "application/vnd.in-toto+json"

LARGEST = 64 * 1024 * 1024
"""Bytes of the largest record that anybody looks at; real ones have some ten thousand."""

LAST_SEQ = "last_seq"
"""Field of a trusted key: number of the last record it may have signed."""

_MALFORMED = (ValueError, TypeError, KeyError, AttributeError, RecursionError, FormatError)


class UntrustedRecord(RecordError):
    """A record that is signed, but with a key that is not trusted."""


@dataclass(frozen=True)
class SignedRecord:
    """A record, and the bytes of the envelope that carries it."""

    record: Record
    envelope: bytes

    @property
    def digest(self) -> str:
        """SHA-256 of the envelope: what the next record names as ``prev``."""
        return digest_of_envelope(self.envelope)


def digest_of_envelope(envelope: bytes) -> str:
    """Hex SHA-256 of an envelope's exact bytes."""
    return hashlib.sha256(envelope).hexdigest()


def sign(record: Record, signer: Signer) -> SignedRecord:
    """Sign a record.

    Raises:
        RecordError: when the record cannot be read back from what would be signed.
    """
    payload = payload_of(record)
    check_with_in_toto(payload)
    if record_of(payload) != record:
        raise RecordError(f"the record of {record.model} would not read back as it is")
    return SignedRecord(record, _sealed(payload, signer))


def sign_head(signed: SignedRecord, signer: Signer, vouch: Vouch | None = None) -> bytes:
    """The envelope of the head that a record makes; signing again gives the same bytes.

    ``vouch`` is for the records up to this one, if they are known to hold.
    """
    record = signed.record
    head = Head(
        seq=record.seq,
        envelope_digest=signed.digest,
        record_id=record.record_id,
        model=record.model,
        model_version=record.model_version,
        outcome=record.outcome,
        issued=record.issued,
        index_digest=vouch.index_digest if vouch else None,
        signers=dict(vouch.signers) if vouch else None,
    )
    payload = head_payload(head)
    check_with_in_toto(payload)
    return _sealed(payload, signer)


def open_envelope(envelope: bytes, trusted: Sequence[Key]) -> SignedRecord:
    """Verify an envelope, and only then read what it carries.

    Raises:
        UntrustedRecord: when no signature is by a key that may have signed it.
        RecordError: when it is malformed, edited after signing, or carries something else than
            a record.
    """
    parsed = _verified(envelope, trusted)
    record = record_of(parsed.payload)
    _check_not_retired(parsed, trusted, record.seq)
    return SignedRecord(record, envelope)


def open_head(envelope: bytes, trusted: Sequence[Key]) -> Head:
    """Verify the envelope of a head, and only then read it.

    Raises:
        UntrustedRecord: when no signature is by a key that may have signed it.
        RecordError: when it is malformed, edited after signing, or no head.
    """
    parsed = _verified(envelope, trusted)
    head = head_of(parsed.payload)
    _check_not_retired(parsed, trusted, head.seq)
    return head


def signers_of(envelope: bytes) -> frozenset[str]:
    """The ids of the keys that an envelope is signed with, whether or not that holds."""
    return frozenset(_parse(envelope).signatures)


def are_trusted(signers: Mapping[str, int], trusted: Sequence[Key]) -> bool:
    """True if each key, by its id, is trusted up to the last record that it signed."""
    last = {key.keyid: key.unrecognized_fields.get(LAST_SEQ, math.inf) for key in trusted}
    return all(seq <= last.get(keyid, 0) for keyid, seq in signers.items())


def still_in_use(trusted: Sequence[Key]) -> list[Key]:
    """The trusted keys that were not replaced."""
    return [key for key in trusted if LAST_SEQ not in key.unrecognized_fields]


def unverified_record(envelope: bytes) -> Record:
    """What an envelope says, whoever signed it. Never ground for a decision to allow."""
    return record_of(_parse(envelope).payload)


def is_same_head(one: bytes, other: bytes) -> bool:
    """True if two envelopes carry the same head, whoever signed it.

    One that says nothing of the index is the same as one that does.
    """
    heads = [head_of(_parse(each).payload) for each in (one, other)]
    if any(head.index_digest is None for head in heads):
        nothing = {"index_digest": None, "signers": None}
        heads = [head.model_copy(update=nothing) for head in heads]
    return heads[0] == heads[1]


def _sealed(payload: bytes, signer: Signer) -> bytes:
    envelope = Envelope(payload, PAYLOAD_TYPE, {})
    envelope.sign(signer)
    return canonical_bytes(envelope.to_dict())


def _verified(envelope: bytes, trusted: Sequence[Key]) -> Envelope:
    parsed = _parse(envelope)
    if parsed.payload_type != PAYLOAD_TYPE:
        raise RecordError(f"the payload's type is {parsed.payload_type!r}, not {PAYLOAD_TYPE}")
    _verify(parsed, trusted)
    return parsed


def _check_not_retired(parsed: Envelope, trusted: Sequence[Key], seq: int) -> None:
    """Some signature must be by a key that was in use when the record was appended."""
    retired = {key.keyid: key.unrecognized_fields.get(LAST_SEQ) for key in trusted}
    in_use = [key for key in trusted if (last := retired[key.keyid]) is None or seq <= last]
    if not set(parsed.signatures) & {key.keyid for key in in_use}:
        raise UntrustedRecord(
            f"record {seq} is signed with a key that was replaced before it"
            " (if it is only about to be: run fairness-audit ledger rotate-key again)"
        )
    _verify(parsed, in_use)


def _parse(envelope: bytes) -> Envelope:
    try:
        parsed = Envelope.from_dict(json.loads(envelope))  # it changes what it is given
        canonical = canonical_bytes(parsed.to_dict())
    except _MALFORMED as error:
        raise RecordError(f"not a DSSE envelope: {type(error).__name__}: {error}") from error
    signatures = parsed.signatures.values()
    extra = [name for each in signatures for name in each.unrecognized_fields]
    said = [part for each in signatures for part in each.to_dict().values()]
    if extra or canonical != envelope or not all(isinstance(part, str) for part in said):
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
