"""Envelopes: signed so that anybody can verify them, and nobody can change them."""

import base64
import json
from typing import Any

import pytest
from securesystemslib.dsse import Envelope
from securesystemslib.exceptions import VerificationError
from securesystemslib.signer import CryptoSigner

from fairness_audit.encoding import canonical_bytes
from fairness_audit.errors import RecordError
from fairness_audit.records.signed.dsse import (
    UntrustedRecord,
    open_envelope,
    sign,
    unverified_record,
)
from tests.builders.published import FAILED, SIGNER, STRANGER, TRUSTED, a_record


def signed(**changes: Any) -> bytes:
    return sign(a_record(**changes), SIGNER).envelope


def parts(envelope: bytes) -> dict[str, Any]:
    content: dict[str, Any] = json.loads(envelope)
    return content


def with_payload(envelope: bytes, payload: bytes) -> bytes:
    return canonical_bytes(parts(envelope) | {"payload": base64.b64encode(payload).decode()})


def test_signed_and_opened() -> None:
    opened = open_envelope(signed(), TRUSTED)
    assert opened.record == a_record()
    assert opened.envelope == signed()


def test_signing_again_gives_the_same_bytes() -> None:
    assert signed() == signed()


def test_securesystemslib_alone_verifies_it() -> None:
    envelope = Envelope.from_dict(parts(signed()))
    assert list(envelope.verify(list(TRUSTED), 1)) == [SIGNER.public_key.keyid]
    payload = json.loads(envelope.payload)
    assert payload["predicate"]["verificationResult"] == "PASSED"


def test_securesystemslib_alone_refuses_an_edited_one() -> None:
    failed = signed(findings=[FAILED], verdict="fail")
    payload = base64.b64decode(parts(failed)["payload"]).replace(b"FAILED", b"PASSED")
    envelope = Envelope.from_dict(parts(with_payload(failed, payload)))
    with pytest.raises(VerificationError):
        envelope.verify(list(TRUSTED), 1)


def test_every_edited_field_is_refused() -> None:
    envelope = signed()
    payload = json.loads(base64.b64decode(parts(envelope)["payload"]))
    for field in payload["predicate"]:
        edited = payload | {"predicate": payload["predicate"] | {field: "edited"}}
        with pytest.raises(RecordError, match=r"^the signature does not fit") as refused:
            open_envelope(with_payload(envelope, canonical_bytes(edited)), TRUSTED)
        assert refused.type is RecordError
    for number in range(4):
        edited = json.loads(canonical_bytes(payload))
        edited["subject"][number]["digest"]["sha256"] = "0" * 64
        with pytest.raises(RecordError, match=r"^the signature does not fit"):
            open_envelope(with_payload(envelope, canonical_bytes(edited)), TRUSTED)


def test_a_key_that_is_not_trusted_is_refused_and_named() -> None:
    envelope = sign(a_record(), STRANGER).envelope
    with pytest.raises(UntrustedRecord, match=STRANGER.public_key.keyid[:16]):
        open_envelope(envelope, TRUSTED)


def test_no_signature_at_all_is_refused() -> None:
    with pytest.raises(UntrustedRecord, match="signed with no key"):
        open_envelope(canonical_bytes(parts(signed()) | {"signatures": []}), TRUSTED)


def test_a_stranger_cannot_sign_in_the_name_of_a_trusted_key() -> None:
    content = parts(sign(a_record(), STRANGER).envelope)
    content["signatures"][0]["keyid"] = SIGNER.public_key.keyid
    with pytest.raises(RecordError, match=r"^the signature does not fit"):
        open_envelope(canonical_bytes(content), TRUSTED)


def test_after_a_rotation_old_records_verify_with_the_old_key() -> None:
    new = CryptoSigner.generate_ed25519()
    both = (new.public_key, *TRUSTED)
    assert open_envelope(signed(), both).record == a_record()
    assert open_envelope(sign(a_record(), new).envelope, both).record == a_record()
    with pytest.raises(UntrustedRecord):
        open_envelope(signed(), (new.public_key,))


def test_a_second_signature_by_somebody_else_does_not_matter() -> None:
    content = parts(signed())
    content["signatures"] += parts(sign(a_record(), STRANGER).envelope)["signatures"]
    assert open_envelope(canonical_bytes(content), TRUSTED).record == a_record()


def test_another_payload_type_is_refused() -> None:
    envelope = Envelope(b"{}", "application/json", {})
    envelope.sign(SIGNER)
    with pytest.raises(RecordError, match="the payload's type is 'application/json'"):
        open_envelope(canonical_bytes(envelope.to_dict()), TRUSTED)


def test_a_swapped_payload_type_is_refused() -> None:
    swapped = canonical_bytes(parts(signed()) | {"payloadType": "application/json"})
    with pytest.raises(RecordError, match="the payload's type"):
        open_envelope(swapped, TRUSTED)


def test_another_statement_with_a_trusted_signature_is_refused() -> None:
    envelope = Envelope(b'{"_type":"x"}', "application/vnd.in-toto+json", {})
    envelope.sign(SIGNER)
    with pytest.raises(RecordError, match="not an audit record"):
        open_envelope(canonical_bytes(envelope.to_dict()), TRUSTED)


def added_to_signature() -> bytes:
    content = parts(signed())
    content["signatures"][0]["note"] = "unsigned"
    return canonical_bytes(content)


@pytest.mark.parametrize(
    "envelope",
    [
        b"",
        b"null",
        b"[]",
        b"\xff\xfe",
        b"[" * 100_000,
        signed()[:-1],
        signed() + b"\n",
        b" " + signed(),
        signed().replace(b'{"payload"', b'{"payload":"","payload"'),
        canonical_bytes(parts(signed()) | {"unknown": 1}),
        canonical_bytes({"payload": "", "payloadType": ""}),
        canonical_bytes(parts(signed()) | {"payload": "no base64!"}),
        canonical_bytes(parts(signed()) | {"signatures": parts(signed())["signatures"] * 2}),
        added_to_signature(),
    ],
)
def test_what_is_no_canonical_envelope_is_refused(envelope: bytes) -> None:
    with pytest.raises(RecordError, match=r"^not a DSSE envelope"):
        open_envelope(envelope, TRUSTED)


def test_an_unverified_record_is_read_whoever_signed_it() -> None:
    assert unverified_record(sign(a_record(), STRANGER).envelope) == a_record()
