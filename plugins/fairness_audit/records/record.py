"""The published record of an audit, and what the gate says of it."""

from datetime import datetime
from pathlib import Path
from typing import Any, Literal

from fairness_audit.records.door import Door
from fairness_audit.records.finding import Finding, Verdict


class AuditRecord(Door):
    """One published audit: the signed envelope, and its content read back after verification."""

    record_id: str  # SHA-256 of the idempotency key; also the file's name
    seq: int
    prev: str | None  # SHA-256 of the previous envelope, None for the first
    model: str
    model_version: str
    artifact_digest: str
    policy_digest: str
    snapshot_digest: str
    population_digest: str
    measurements_digest: str
    logical_date: datetime
    issued: datetime
    expires: datetime
    verdict: Verdict
    findings: tuple[Finding, ...]
    envelope: dict[str, Any]


class PublishedRecord(Door):
    """Where a record was published."""

    record_id: str
    file: Path
    verdict: Verdict


class GateDecision(Door):
    """May this version be promoted? ``reasons`` is never empty."""

    decision: Literal["allow", "block"]
    model: str
    model_version: str
    reasons: tuple[str, ...]
    record_id: str | None
    expires: datetime | None
