"""What people decided about findings of an audit, as it is signed."""

import unicodedata
from datetime import UTC
from typing import Annotated, ClassVar, Literal, Self

from pydantic import Field, StringConstraints, model_validator

from fairness_audit.encoding import digest_of
from fairness_audit.records.door import Door, Moment
from fairness_audit.records.signed.chained import Chained
from fairness_audit.records.signed.in_toto import Sha256

WAIVER_APPROVERS = 2
"""How many different people a waiver needs."""

Words = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=4000)]


class Approval(Door):
    """One person's answer. ``by`` is the name they were authenticated under, never typed in."""

    by: Words = Field(description="The name the person was authenticated under.")
    at: Moment = Field(description="When they answered, in UTC.")
    reason: Words = Field(description="Why, in their words.")


class ReviewRecord(Chained):
    """A decision of people on findings of one audit, in the same chain as the audits.

    ``approve`` lets findings through that the policy sends to people, ``reject`` holds them
    against the version, ``waive`` lets a finding through that blocks, until ``expires``, because
    of a ``compensating_control`` that ``owner`` answers for. The findings stay in the audit's
    record, whatever is decided. ``findings`` are their ids. The decision holds for exactly these
    files and this policy, in every audit of the version that finds the same.
    """

    kind: ClassVar[Literal["review"]] = "review"

    audit_record_id: Sha256 = Field(description="The record of the audit that was reviewed.")
    decision: Literal["approve", "reject", "waive"] = Field(
        description=(
            "approve lets through what waits for people, reject holds it against the version,"
            " waive lets through what blocks."
        )
    )
    findings: tuple[Words, ...] = Field(
        min_length=1,
        description=(
            "Ids of the findings that were decided on: rule/metric/attribute/group/reference, -"
            " for what a finding has not."
        ),
    )
    approvals: tuple[Approval, ...] = Field(
        min_length=1,
        description="Who answered, and why. A waiver needs two different people.",
    )
    compensating_control: Words | None = Field(
        default=None, description="What protects people instead while a waiver holds."
    )
    owner: Words = Field(description="Who answers for the decision.")

    @model_validator(mode="after")
    def _waiver_is_one(self) -> Self:
        if self.decision == "waive" and self.compensating_control is None:
            raise ValueError("a waiver names the compensating control")
        return self

    @property
    def record_id(self) -> str:
        """The idempotency key: SHA-256 over what was decided, by whom, about what."""
        return digest_of(
            {
                "audit": self.audit_record_id,
                "decision": self.decision,
                "findings": sorted(self.findings),
                "approvals": [
                    {"by": each.by, "at": each.at.astimezone(UTC).isoformat()}
                    for each in self.approvals
                ],
                "expires": self.expires.astimezone(UTC).isoformat(),
            }
        )

    @property
    def outcome(self) -> str:
        """The decision in a word."""
        return self.decision

    @property
    def approvers(self) -> tuple[str, ...]:
        """The different people who answered, in order; two spellings of a name are one person."""
        people = {_as_one_person(each.by): each.by for each in reversed(self.approvals)}
        return tuple(reversed(people.values()))


def _as_one_person(name: str) -> str:
    return unicodedata.normalize("NFKC", name).strip().casefold()
