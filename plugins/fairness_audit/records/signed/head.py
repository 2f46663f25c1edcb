"""A signed head: how long the ledger was when a record was appended, and what that record is.

A chain that was cut off at its end holds together. Only who knows how long it was can see it, so
every head is kept in a second place that those who can write to the ledger cannot write to.
"""

from typing import Annotated, Literal

from pydantic import Field, ValidationError

from fairness_audit.encoding import canonical_bytes
from fairness_audit.errors import RecordError
from fairness_audit.records.door import Door
from fairness_audit.records.signed.chained import Numbered, RecordId
from fairness_audit.records.signed.in_toto import Sha256
from fairness_audit.records.signed.layout import (
    IS_SAID,
    KIND,
    Statement,
    digest_of_subject,
    states,
)


class Head(Numbered):
    """The newest record of the ledger when it had ``seq`` records.

    ``envelope_digest`` is the SHA-256 of that record's envelope, and by it of all before it;
    ``outcome`` its verdict or decision. ``index_digest`` is of what all records up to it are filed
    under, and ``signers`` are the keys that signed them; heads from before there were any have
    None.
    """

    envelope_digest: Annotated[Sha256, digest_of_subject("record")]
    record_id: RecordId
    outcome: str = Field(description="The verdict or decision of that record.")
    index_digest: Sha256 | None = Field(
        default=None,
        description=(
            "SHA-256 of what all records up to this one are filed under, row upon row: of the"
            " digest before (32 bytes; none before the first) and the canonical JSON array of the"
            " row's columns but for the envelope; absent in heads of before."
        ),
    )
    signers: dict[str, int] | None = Field(
        default=None,
        description=(
            "Of each key that signed a record up to this one, by its id, the number of the last"
            " that it signed; absent in heads of before."
        ),
    )


@states(Head)
class HeadPredicate(Door):
    """The newest record, when the ledger had ``seq`` records."""


class HeadStatement(Statement):
    """A Statement whose subject is the envelope of that record."""

    predicate_type: Annotated[Literal["urn:fairness-audit:ledger-head:v1"], KIND]
    predicate: Annotated[HeadPredicate, IS_SAID]


def head_payload(head: Head) -> bytes:
    """The canonical bytes of the Statement that says what the head says."""
    statement = HeadStatement.of(head)
    return canonical_bytes(statement.model_dump(mode="json", by_alias=True, exclude_none=True))


def head_of(payload: bytes) -> Head:
    """Read a Statement strictly.

    Raises:
        RecordError: when it is no head, or not the one rendering of it.
    """
    try:
        head = HeadStatement.model_validate_json(payload).read_as(Head)
        rendered = head_payload(head)
    except (ValidationError, ValueError) as error:
        raise RecordError("not a signed head of a ledger") from error
    if rendered != payload:
        raise RecordError("not a signed head of a ledger: it is not canonical JSON")
    return head
