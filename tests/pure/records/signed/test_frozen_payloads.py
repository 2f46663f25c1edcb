"""What was signed once is read for years, and signed again is the same to the byte.

The payloads in ``frozen`` were made when each of their fields was still spelt out four times, from
the records below. No change of the code may change them: whoever holds one of these records
verifies it with the code of then.
"""

import hashlib
import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

import pytest
from jsonschema import Draft202012Validator

from fairness_audit.records.signed.audit import AuditRecord
from fairness_audit.records.signed.head import Head, head_of, head_payload
from fairness_audit.records.signed.review import ReviewRecord
from fairness_audit.records.signed.schema import schema_text
from fairness_audit.records.signed.statement import Record, payload_of, record_of
from fairness_audit.records.signed.void import VoidRecord

FROZEN: Final = Path(__file__).parent / "frozen"

_AUDIT: Final[dict[str, Any]] = {
    "seq": 7,
    "prev": "0" * 64,
    "model": "lead_scoring",
    "registered_model": "Lead scoring",
    "model_version": "3",
    "artifact_digest": "1" * 64,
    "snapshot_digest": "2" * 64,
    "population_digest": "3" * 64,
    "measurements_digest": "4" * 64,
    "report_digest": "5" * 64,
    "policy_digest": "6" * 64,
    "audited": "decisions",
    "logical_date": datetime(2026, 6, 29, tzinfo=UTC),
    "window_start": datetime(2026, 4, 2, tzinfo=UTC),
    "window_end": datetime(2026, 4, 30, tzinfo=UTC),
    "issued": datetime(2026, 6, 30, 12, 0, 0, 250_000, tzinfo=UTC),
    "expires": datetime(2026, 8, 4, 12, tzinfo=UTC),
    "counts": {
        "decisions": 100,
        "audited": 90,
        "labelled": 80,
        "selected": 40,
        "checks": 4,
        "checks_passed": 3,
    },
    "verdict": "fail",
    "error_budget": {
        "audit": 2,
        "of": 52,
        "alpha": "1/40",
        "spent": "3/40",
        "period_start": datetime(2026, 1, 5, tzinfo=UTC),
    },
    "attributes": {
        "gender": {"provenance": "self_id", "coverage": 0.9},
        "region": {"provenance": "proxy", "coverage": None},
    },
    "schema_changes": [
        {"object": "lead", "column": "gender", "was": "text", "became": "integer"},
        {"object": "lead", "column": "phone", "became": "text"},
    ],
    "findings": [
        {
            "rule": "four_fifths",
            "kind": "disparity",
            "verdict": "fail",
            "at_gate": "block",
            "metric": "impact_ratio",
            "attribute": "gender",
            "group": "F",
            "reference": "M",
            "sentence": "Women are selected 0.5 times as often as men – “fail”.",
            "evidence": {
                "value": 0.5,
                "low": 0.25,
                "high": 0.75,
                "threshold": "4/5",
                "p_value": 1e-9,
                "p_adjusted": 2e-9,
                "numerator": 10,
                "denominator": 40,
                "reference_numerator": 20.5,
                "reference_denominator": 41.0,
                "four_fifths_flag": True,
                "detectable_gap": 0.125,
                "n_needed": 35,
                "unknown": 9,
                "unknown_low": 0.4,
                "unknown_high": 0.6,
                "proxy_low": 0.45,
                "proxy_high": 0.55,
            },
        },
        {
            "rule": "quality",
            "kind": "quality",
            "verdict": "warn",
            "at_gate": "review",
            "sentence": "Few scores are missing.",
        },
    ],
    "versions": {"fairness-audit": "0.1.0", "duckdb": "2.0.0"},
}

AUDIT = AuditRecord.model_validate(_AUDIT)

CANDIDATE = AuditRecord.model_validate(
    _AUDIT
    | {
        "seq": 8,
        "model_version": "4",
        "audited": "candidate",
        "simulation": {
            "against": "3",
            "confinement": ["landlock", "seccomp"],
            "cut": 0.625,
            "tied": 5,
            "tied_selected": 2,
            "comparison_digest": "7" * 64,
        },
    }
)

FIRST = AuditRecord.model_validate(
    {
        name: value
        for name, value in _AUDIT.items()
        if name not in {"audited", "error_budget", "attributes", "schema_changes"}
    }
    | {"seq": 1, "prev": None, "findings": [_AUDIT["findings"][1]], "verdict": "pass"}
)
"""As records were before the fields that came later: without them, and the first of its chain."""

REVIEW = ReviewRecord.model_validate(
    {
        "seq": 9,
        "prev": "8" * 64,
        "audit_record_id": AUDIT.record_id,
        "model": AUDIT.model,
        "registered_model": AUDIT.registered_model,
        "model_version": AUDIT.model_version,
        "artifact_digest": AUDIT.artifact_digest,
        "policy_digest": AUDIT.policy_digest,
        "logical_date": AUDIT.logical_date,
        "decision": "waive",
        "findings": ["four_fifths/impact_ratio/gender/F/M"],
        "approvals": [
            {"by": "ada", "at": datetime(2026, 7, 1, 9, tzinfo=UTC), "reason": "It is known."},
            {"by": "grace", "at": datetime(2026, 7, 1, 10, tzinfo=UTC), "reason": "Mended soon."},
        ],
        "compensating_control": "Every refused lead is called by a person.",
        "owner": "responsible-ai",
        "issued": datetime(2026, 7, 1, 10, tzinfo=UTC),
        "expires": datetime(2026, 7, 31, 10, tzinfo=UTC),
        "versions": {"fairness-audit": "0.1.0"},
    }
)

APPROVAL = REVIEW.model_copy(update={"decision": "approve", "compensating_control": None})

VOID = VoidRecord.model_validate(
    {
        "seq": 12,
        "prev": "a" * 64,
        "voids": 10,
        "voided_digest": "b" * 64,
        "voided_prev": "c" * 64,
        "reason": "Written by hand – INC-123.",
        "issued": datetime(2026, 7, 2, 10, tzinfo=UTC),
        "versions": {"fairness-audit": "0.1.0"},
    }
)

HEAD = Head.model_validate(
    {
        "seq": 9,
        "envelope_digest": "9" * 64,
        "record_id": REVIEW.record_id,
        "model": "lead_scoring",
        "model_version": "3",
        "outcome": "waive",
        "issued": datetime(2026, 7, 1, 10, tzinfo=UTC),
    }
)

RECORDS: Final[dict[str, Record]] = {
    "audit": AUDIT,
    "candidate": CANDIDATE,
    "first": FIRST,
    "review": REVIEW,
    "approval": APPROVAL,
    "void": VOID,
}

DIGESTS: Final = {
    "audit": "966d0e3b9f47a65effff2ffda3f6f981964ed1b64dde4218c151c9303b8d49c2",
    "candidate": "044f8224481e41b5a2ed449d2de0f6d929d4f13d2e3241d261f8998366b5abec",
    "first": "d7e894991eb82a676841318df13147203d591ce7c287606cf5715bafc11f7268",
    "review": "3f93280b56b69b4f4b1357ceaa75f74a453268df4efcdacbd01d6322dfc97cb4",
    "approval": "e8754ab94e75355ec2779bc7fa6e8f5e24137c216c3c5c6456dfcf1f6538db91",
    "void": "45722ae43e93cb7f56171cf57fcb967199d3d7ac3becb9115ef4ff2cbc4a68fd",
    "head": "4a0a5652af769d033b2b80af635d41518d3b5bb52872282259499d094a8dc900",
}
"""SHA-256 of the payloads, so that nobody freezes them again without meaning to."""


def frozen(name: str) -> bytes:
    return (FROZEN / f"{name}.json").read_bytes()


@pytest.mark.parametrize("name", DIGESTS)
def test_the_payloads_are_those_of_then(name: str) -> None:
    assert hashlib.sha256(frozen(name)).hexdigest() == DIGESTS[name]


@pytest.mark.parametrize("name", RECORDS)
def test_a_record_is_signed_to_the_byte_as_it_was(name: str) -> None:
    assert payload_of(RECORDS[name]) == frozen(name)


@pytest.mark.parametrize("name", RECORDS)
def test_a_record_of_then_is_read_as_it_was(name: str) -> None:
    assert record_of(frozen(name)) == RECORDS[name]


def test_a_head_is_signed_and_read_as_it_was() -> None:
    assert head_payload(HEAD) == frozen("head")
    assert head_of(frozen("head")) == HEAD


@pytest.mark.parametrize("name", DIGESTS)
def test_the_schema_of_today_describes_the_payloads_of_then(name: str) -> None:
    Draft202012Validator(json.loads(schema_text())).validate(json.loads(frozen(name)))
