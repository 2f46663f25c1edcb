"""What is signed is verified where nothing of this project is installed."""

import base64
import json
import subprocess
import sys

import pytest

from tests.builders.envelopes import ENVELOPES, payload
from tests.builders.published import SIGNER

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
