"""What is signed is documented, and needs nothing of this project to be verified."""

import base64
import json
import subprocess
import sys
from datetime import timedelta
from typing import Any

import pytest
from jsonschema import Draft202012Validator, ValidationError

from fairness_audit.records.signed.dsse import sign, sign_head
from fairness_audit.records.signed.schema import FILE_NAME, schema_text, undescribed
from tests import CHECKOUT
from tests.builders.published import LOGICAL_DATE, SIGNER, WAITS, a_finding, a_record, a_review

SCHEMA = Draft202012Validator(json.loads(schema_text()))

RICH = a_record(
    findings=[a_finding(), WAITS],
    error_budget={
        "audit": 2, "of": 52, "alpha": "1/40", "spent": "3/40", "period_start": LOGICAL_DATE,
    },
    attributes={"gender": {"provenance": "self_id", "coverage": 0.9}},
    schema_changes=[{"object": "lead", "column": "gender", "was": "text", "became": "integer"}],
)  # fmt: skip
ENVELOPES = {
    "a small audit": sign(a_record(), SIGNER).envelope,
    "an audit with everything": sign(RICH, SIGNER).envelope,
    "a review": sign(a_review(RICH), SIGNER).envelope,
    "an approval": sign(
        a_review(RICH, decision="approve", compensating_control=None), SIGNER
    ).envelope,
    "a head": sign_head(sign(RICH, SIGNER), SIGNER),
}


def payload(envelope: bytes) -> dict[str, Any]:
    content: dict[str, Any] = json.loads(base64.b64decode(json.loads(envelope)["payload"]))
    return content


def test_the_file_is_in_step() -> None:
    assert (CHECKOUT / "expectations" / FILE_NAME).read_text(encoding="utf-8") == schema_text()


def test_every_field_says_what_it_means() -> None:
    assert undescribed() == []


@pytest.mark.parametrize("what", ENVELOPES)
def test_what_is_signed_is_as_documented(what: str) -> None:
    said = payload(ENVELOPES[what])
    SCHEMA.validate(said)
    predicate = said["predicate"]
    for wrong in (
        said | {"surprise": 1},
        said | {"predicate": predicate | {"surprise": 1}},
        said | {"predicate": {name: predicate[name] for name in predicate if name != "seq"}},
        said | {"predicate": predicate | {"timeVerified": 5}},
        said | {"predicateType": "urn:somebody-else:v1"},
    ):
        with pytest.raises(ValidationError):
            SCHEMA.validate(wrong)


ALONE = """
import json, sys
from securesystemslib.dsse import Envelope
from securesystemslib.signer import SSlibKey
envelope = Envelope.from_dict(json.loads(sys.stdin.buffer.read()))
key = SSlibKey.from_dict(sys.argv[1], json.loads(sys.argv[2]))
print(sorted(envelope.verify([key], threshold=1)))
print(json.loads(envelope.payload)["predicateType"])
print([name for name in sys.modules if name.startswith("fairness_audit")])
"""


def verified_alone(envelope: bytes) -> "subprocess.CompletedProcess[bytes]":
    key = SIGNER.public_key
    return subprocess.run(
        [sys.executable, "-c", ALONE, key.keyid, json.dumps(key.to_dict())],
        input=envelope,
        capture_output=True,
        check=False,
    )


@pytest.mark.parametrize("what", ["an audit with everything", "a review", "a head"])
def test_securesystemslib_alone_verifies_it(what: str) -> None:
    envelope = ENVELOPES[what]
    done = verified_alone(envelope)
    assert done.returncode == 0, done.stderr.decode()
    keys, kind, ours = done.stdout.decode().splitlines()
    assert SIGNER.public_key.keyid in keys
    assert kind == payload(envelope)["predicateType"]
    assert ours == "[]"


def test_securesystemslib_alone_refuses_what_was_edited() -> None:
    said = json.loads(ENVELOPES["an audit with everything"])
    edited = base64.b64decode(said["payload"]).replace(b'"verdict":"pass"', b'"verdict":"warn"')
    assert edited != base64.b64decode(said["payload"])
    done = verified_alone(
        json.dumps(said | {"payload": base64.b64encode(edited).decode()}).encode()
    )
    assert done.returncode != 0
    assert b"VerificationError" in done.stderr


@pytest.mark.parametrize("what", ENVELOPES)
def test_in_toto_accepts_it(what: str) -> None:
    from google.protobuf import json_format
    from in_toto_attestation.v1.statement import Statement
    from in_toto_attestation.v1.statement_pb2 import Statement as Message

    content = payload(ENVELOPES[what])
    Statement.copy_from_pb(json_format.ParseDict(content, Message())).validate()
    content["subject"][0]["digest"] = {}
    with pytest.raises(ValueError, match="digest"):
        Statement.copy_from_pb(json_format.ParseDict(content, Message())).validate()


def test_an_attribute_of_which_nothing_was_measured_can_be_signed() -> None:
    record = a_record(
        logical_date=LOGICAL_DATE + timedelta(days=1),
        attributes={"gender": {"provenance": "self_id", "coverage": None}},
    )
    SCHEMA.validate(payload(sign(record, SIGNER).envelope))
