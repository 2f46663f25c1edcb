"""A void as an in-toto Statement, and back."""

from typing import Annotated, Literal

from pydantic import Field

from fairness_audit.records.door import Door
from fairness_audit.records.signed.chained import RecordId
from fairness_audit.records.signed.in_toto import Verifier
from fairness_audit.records.signed.layout import IS_SAID, KIND, Statement, states
from fairness_audit.records.signed.void import VoidRecord


@states(VoidRecord)
class VoidPredicate(Door):
    """Which row of the ledger is no record, and why it is there."""

    record_id: RecordId
    verifier: Verifier = Field(description="Who made the Statement.")


class VoidStatement(Statement):
    """A Statement whose subject is the row."""

    predicate_type: Annotated[Literal["urn:fairness-audit:void-record:v1"], KIND]
    predicate: Annotated[VoidPredicate, IS_SAID]

    def record(self) -> VoidRecord:
        """The record that the Statement says."""
        return self.read_as(VoidRecord)
