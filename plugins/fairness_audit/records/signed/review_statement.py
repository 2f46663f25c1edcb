"""A review as an in-toto Statement, and back."""

from typing import Annotated, Literal

from fairness_audit.records.signed.chained import ChainedPredicate
from fairness_audit.records.signed.layout import IS_SAID, KIND, Statement, states
from fairness_audit.records.signed.review import ReviewRecord


@states(ReviewRecord)
class ReviewPredicate(ChainedPredicate):
    """What people decided, about which findings of which audit."""


class ReviewStatement(Statement):
    """A Statement whose subject is the model's files."""

    predicate_type: Annotated[Literal["urn:fairness-audit:review-record:v1"], KIND]
    predicate: Annotated[ReviewPredicate, IS_SAID]

    def record(self) -> ReviewRecord:
        """The record that the Statement says."""
        return self.read_as(ReviewRecord)
