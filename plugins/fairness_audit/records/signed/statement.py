"""A record as an in-toto Statement v1 in canonical bytes, and back.

The predicates are our own, one per kind of record. The bytes are canonical JSON (RFC 8785), so
there is exactly one payload per record: reading renders the record again and refuses whatever
differs by a byte (unknown or repeated fields, other spellings, a summary that contradicts the
findings).
"""

from typing import Annotated

import google.protobuf.json_format as protobuf_json
from in_toto_attestation.v1 import statement as in_toto
from in_toto_attestation.v1.statement_pb2 import Statement as StatementMessage
from pydantic import Field, TypeAdapter, ValidationError
from rfc8785 import CanonicalizationError

from fairness_audit.encoding import canonical_bytes
from fairness_audit.errors import RecordError
from fairness_audit.records.signed.audit import AuditRecord
from fairness_audit.records.signed.audit_statement import AuditStatement
from fairness_audit.records.signed.layout import Stated, Statement
from fairness_audit.records.signed.review import ReviewRecord
from fairness_audit.records.signed.review_statement import ReviewStatement
from fairness_audit.records.signed.void import VoidRecord
from fairness_audit.records.signed.void_statement import VoidStatement

Record = AuditRecord | ReviewRecord | VoidRecord
"""What the ledger holds."""

_STATEMENTS: dict[type[Stated], type[Statement]] = {
    AuditRecord: AuditStatement,
    ReviewRecord: ReviewStatement,
    VoidRecord: VoidStatement,
}
_Statement = Annotated[
    AuditStatement | ReviewStatement | VoidStatement, Field(discriminator="predicate_type")
]
_STATEMENT: TypeAdapter[AuditStatement | ReviewStatement | VoidStatement] = TypeAdapter(_Statement)


def payload_of(record: Record) -> bytes:
    """The canonical bytes of the Statement that says what the record says.

    Raises:
        RecordError: when a number in the record is not one that JSON can carry.
    """
    statement = _STATEMENTS[type(record)].of(record)
    content = statement.model_dump(mode="json", by_alias=True, exclude_none=True)
    try:
        return canonical_bytes(content)
    except CanonicalizationError as error:
        raise RecordError(
            f"the record of {record.model} version {record.model_version} holds a number that"
            f" cannot be signed: {error} (no finding may hold NaN or infinity)"
        ) from error


def record_of(payload: bytes) -> Record:
    """Read a Statement strictly.

    Raises:
        RecordError: when it is no Statement of ours, or not the one rendering of its record.
    """
    try:
        record = _STATEMENT.validate_json(payload).record()
    except ValidationError as error:
        fields = sorted({".".join(map(str, each["loc"])) for each in error.errors()})
        raise RecordError(f"not an audit record: {', '.join(fields)}") from error
    except ValueError as error:
        raise RecordError(f"not an audit record: {error}") from error
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
