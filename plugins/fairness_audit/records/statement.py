"""An audit record as an in-toto Statement, and back.

The Statement is that of in-toto Attestation Framework v1; the predicate is our own. Fields that
SLSA's Verification Summary Attestation v1 has too carry its names: ``verifier``,
``timeVerified``, ``resourceUri``, ``policy``, ``verificationResult``. The bytes are canonical
JSON (RFC 8785), so there is exactly one payload per record: reading renders the record again and
refuses whatever differs by a byte (unknown or repeated fields, other spellings, a summary that
contradicts the findings).
"""

from typing import Final, Literal

import google.protobuf.json_format as protobuf_json
from in_toto_attestation.v1 import statement as in_toto
from in_toto_attestation.v1.statement_pb2 import Statement as StatementMessage
from pydantic import Field, ValidationError
from rfc8785 import CanonicalizationError

from fairness_audit.canonical import canonical_bytes
from fairness_audit.errors import RecordError
from fairness_audit.records.attribute import AttributeSource
from fairness_audit.records.budget import ErrorBudget
from fairness_audit.records.door import Door
from fairness_audit.records.finding import Finding, Verdict
from fairness_audit.records.moment import Moment
from fairness_audit.records.record import AuditRecord, Counts, Sha256
from fairness_audit.records.snapshot import SchemaChange

PREDICATE_TYPE: Final = "urn:fairness-audit:audit-record:v1"
VERIFIER: Final = "urn:fairness-audit:verifier"


class _Digest(Door):
    sha256: Sha256


class _Resource(Door):
    digest: _Digest


class _Subject(_Resource):
    name: Literal["model", "snapshot", "population", "measurements"]


class _Policy(_Resource):
    uri: str


class _Verifier(Door):
    id: Literal["urn:fairness-audit:verifier"]
    version: dict[str, str]


class _Window(Door):
    start: Moment
    end: Moment


class _Predicate(Door):
    """What was found, and everything a gate needs to rely on it."""

    seq: int
    prev: Sha256 | None = None
    record_id: Sha256
    model: str
    model_version: str
    resource_uri: str
    registered_model: str
    policy: _Policy
    logical_date: Moment
    window: _Window
    time_verified: Moment
    expires: Moment
    verification_result: Literal["PASSED", "FAILED"]
    verdict: Verdict
    counts: Counts
    error_budget: ErrorBudget | None = None
    attributes: dict[str, AttributeSource] | None = None
    schema_changes: tuple[SchemaChange, ...] | None = None
    findings: tuple[Finding, ...]
    verifier: _Verifier


class _Statement(Door):
    type: Literal["https://in-toto.io/Statement/v1"] = Field(alias="_type")
    subject: tuple[_Subject, _Subject, _Subject, _Subject]
    predicate_type: Literal["urn:fairness-audit:audit-record:v1"]
    predicate: _Predicate


def payload_of(record: AuditRecord) -> bytes:
    """The canonical bytes of the Statement that says what the record says.

    Raises:
        RecordError: when a number in the record is not one that JSON can carry.
    """
    content = _statement_of(record).model_dump(mode="json", by_alias=True, exclude_none=True)
    try:
        return canonical_bytes(content)
    except CanonicalizationError as error:
        raise RecordError(
            f"the record of {record.model} version {record.model_version} holds a number that"
            f" cannot be signed: {error} (no finding may hold NaN or infinity)"
        ) from error


def record_of(payload: bytes) -> AuditRecord:
    """Read a Statement strictly.

    Raises:
        RecordError: when it is no Statement of ours, or not the one rendering of its record.
    """
    try:
        statement = _Statement.model_validate_json(payload)
        record = _record_of(statement)
    except ValidationError as error:
        fields = sorted({".".join(map(str, each["loc"])) for each in error.errors()})
        raise RecordError(
            f"not an audit record: {', '.join(fields)} (expected type {PREDICATE_TYPE})"
        ) from error
    if payload_of(record) != payload:
        raise RecordError("not an audit record: it contradicts itself, or is not canonical JSON")
    return record


def check_with_in_toto(payload: bytes) -> None:
    """Ask in-toto's own library whether this is a valid Statement.

    Raises:
        RecordError: when it is not.
    """
    try:
        message = protobuf_json.Parse(payload, StatementMessage())
        in_toto.Statement.copy_from_pb(message).validate()
    except (protobuf_json.ParseError, ValueError) as error:
        raise RecordError(f"not an in-toto Statement: {error}") from error


def _statement_of(record: AuditRecord) -> _Statement:
    return _Statement(
        type=in_toto.STATEMENT_TYPE_URI,
        subject=(
            _Subject(name="model", digest=_Digest(sha256=record.artifact_digest)),
            _Subject(name="snapshot", digest=_Digest(sha256=record.snapshot_digest)),
            _Subject(name="population", digest=_Digest(sha256=record.population_digest)),
            _Subject(name="measurements", digest=_Digest(sha256=record.measurements_digest)),
        ),
        predicate_type=PREDICATE_TYPE,
        predicate=_predicate_of(record),
    )


def _predicate_of(record: AuditRecord) -> _Predicate:
    return _Predicate(
        seq=record.seq,
        prev=record.prev,
        record_id=record.record_id,
        model=record.model,
        model_version=record.model_version,
        resource_uri=f"models:/{record.registered_model}/{record.model_version}",
        registered_model=record.registered_model,
        policy=_Policy(
            uri=f"expectations/{record.model}/policy.yaml",
            digest=_Digest(sha256=record.policy_digest),
        ),
        logical_date=record.logical_date,
        window=_Window(start=record.window_start, end=record.window_end),
        time_verified=record.issued,
        expires=record.expires,
        verification_result="PASSED" if record.passed else "FAILED",
        verdict=record.verdict,
        counts=record.counts,
        error_budget=record.error_budget,
        attributes=record.attributes,
        schema_changes=record.schema_changes,
        findings=record.findings,
        verifier=_Verifier(id=VERIFIER, version=record.versions),
    )


def _record_of(statement: _Statement) -> AuditRecord:
    said = statement.predicate
    model, snapshot, population, measurements = statement.subject
    return AuditRecord(
        artifact_digest=model.digest.sha256,
        snapshot_digest=snapshot.digest.sha256,
        population_digest=population.digest.sha256,
        measurements_digest=measurements.digest.sha256,
        policy_digest=said.policy.digest.sha256,
        seq=said.seq,
        prev=said.prev,
        model=said.model,
        registered_model=said.registered_model,
        model_version=said.model_version,
        logical_date=said.logical_date,
        window_start=said.window.start,
        window_end=said.window.end,
        issued=said.time_verified,
        expires=said.expires,
        counts=said.counts,
        error_budget=said.error_budget,
        attributes=said.attributes,
        schema_changes=said.schema_changes,
        verdict=said.verdict,
        findings=said.findings,
        versions=said.verifier.version,
    )
