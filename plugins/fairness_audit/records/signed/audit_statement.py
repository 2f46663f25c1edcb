"""An audit record as an in-toto Statement, and back."""

from typing import Annotated, Literal

from pydantic import Field

from fairness_audit.records.door import Door, Moment
from fairness_audit.records.signed.audit import AuditRecord
from fairness_audit.records.signed.chained import ChainedPredicate
from fairness_audit.records.signed.layout import IS_SAID, KIND, Statement, states


class Window(Door):
    """Half-open window of the decisions that were audited."""

    start: Moment = Field(description="First moment that belongs to it, in UTC.")
    end: Moment = Field(description="First moment that no longer does, in UTC.")


@states(AuditRecord)
class AuditPredicate(ChainedPredicate):
    """What was found, and everything a gate needs to rely on it."""

    window: Window = Field(description="The decisions that were audited.")
    verification_result: Literal["PASSED", "FAILED"] = Field(
        description="PASSED where nothing of the verdict stands against the version."
    )


class AuditStatement(Statement):
    """A Statement whose subjects are the model's files and all that the verdict rests on."""

    predicate_type: Annotated[Literal["urn:fairness-audit:audit-record:v1"], KIND]
    predicate: Annotated[AuditPredicate, IS_SAID]

    def record(self) -> AuditRecord:
        """The record that the Statement says."""
        return self.read_as(AuditRecord)
