"""Builders: one envelope of every kind that is signed."""

import base64
import json
from typing import Any

from fairness_audit.records.signed.dsse import sign, sign_head
from tests.builders.published import LOGICAL_DATE, SIGNER, WAITS, a_finding, a_record, a_review

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
    """What an envelope holds."""
    content: dict[str, Any] = json.loads(base64.b64decode(json.loads(envelope)["payload"]))
    return content
