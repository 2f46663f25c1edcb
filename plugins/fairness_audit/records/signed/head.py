"""A signed head: how long the ledger was when a record was appended, and what that record is.

A chain that was cut off at its end holds together. Only who knows how long it was can see it, so
every head is kept in a second place that those who can write to the ledger cannot write to.
"""

from typing import Annotated, Final, Literal

from pydantic import Field, ValidationError

from fairness_audit.encoding import canonical_bytes
from fairness_audit.errors import RecordError
from fairness_audit.records.door import Door, Moment
from fairness_audit.records.signed.audit import Sha256
from fairness_audit.records.signed.in_toto import STATEMENT_TYPE, Subject, digests_of, subjects

HEAD_TYPE: Final = "urn:fairness-audit:ledger-head:v1"

_SUBJECTS = ("record",)


class Head(Door):
    """The newest record of the ledger when it had ``seq`` records.

    ``envelope_digest`` is the SHA-256 of that record's envelope, and by it of all before it;
    ``outcome`` its verdict or decision.
    """

    seq: Annotated[int, Field(ge=1)]
    envelope_digest: Sha256
    record_id: Sha256
    model: str
    model_version: str
    outcome: str
    issued: Moment


class HeadPredicate(Door):
    """The newest record, when the ledger had ``seq`` records."""

    seq: int
    record_id: Sha256
    model: str
    model_version: str
    outcome: str
    time_verified: Moment


class HeadStatement(Door):
    """A Statement whose subject is the envelope of that record."""

    type: Literal["https://in-toto.io/Statement/v1"] = Field(alias="_type")
    subject: tuple[Subject, ...]
    predicate_type: Literal["urn:fairness-audit:ledger-head:v1"]
    predicate: HeadPredicate


def head_payload(head: Head) -> bytes:
    """The canonical bytes of the Statement that says what the head says."""
    statement = HeadStatement(
        type=STATEMENT_TYPE,
        subject=subjects({"record": head.envelope_digest}),
        predicate_type=HEAD_TYPE,
        predicate=HeadPredicate(
            seq=head.seq,
            record_id=head.record_id,
            model=head.model,
            model_version=head.model_version,
            outcome=head.outcome,
            time_verified=head.issued,
        ),
    )
    return canonical_bytes(statement.model_dump(mode="json", by_alias=True))


def head_of(payload: bytes) -> Head:
    """Read a Statement strictly.

    Raises:
        RecordError: when it is no head, or not the one rendering of it.
    """
    try:
        statement = HeadStatement.model_validate_json(payload)
        (digest,) = digests_of(statement.subject, _SUBJECTS)
        said = statement.predicate
        head = Head(
            seq=said.seq,
            envelope_digest=digest,
            record_id=said.record_id,
            model=said.model,
            model_version=said.model_version,
            outcome=said.outcome,
            issued=said.time_verified,
        )
    except (ValidationError, ValueError) as error:
        raise RecordError("not a signed head of a ledger") from error
    if head_payload(head) != payload:
        raise RecordError("not a signed head of a ledger: it is not canonical JSON")
    return head
