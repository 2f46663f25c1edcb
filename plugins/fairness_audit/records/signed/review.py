"""What people decided about the findings of one audit, as it is signed."""

import unicodedata
from datetime import UTC
from typing import Annotated, ClassVar, Literal, Self

from pydantic import Field, StringConstraints, model_validator

from fairness_audit.encoding import digest_of
from fairness_audit.records.door import Door, Moment
from fairness_audit.records.signed.audit import Sha256

WAIVER_APPROVERS = 2
"""How many different people a waiver needs."""

Words = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=4000)]


class Approval(Door):
    """One person's answer. ``by`` is the name they were authenticated under, never typed in."""

    by: Words
    at: Moment
    reason: Words


class ReviewRecord(Door):
    """A decision of people on findings of one audit, in the same chain as the audits.

    ``approve`` lets findings through that the policy sends to people, ``reject`` holds them
    against the version, ``waive`` lets a finding through that blocks, until ``expires``, because
    of a ``compensating_control`` that ``owner`` answers for. The findings stay in the audit's
    record, whatever is decided. ``findings`` are their ids. The decision holds for exactly these
    files and this policy.
    """

    kind: ClassVar[Literal["review"]] = "review"

    seq: Annotated[int, Field(ge=1)]
    prev: Sha256 | None
    audit_record_id: Sha256
    model: str
    registered_model: str
    model_version: str
    artifact_digest: Sha256
    policy_digest: Sha256
    logical_date: Moment
    decision: Literal["approve", "reject", "waive"]
    findings: Annotated[tuple[Words, ...], Field(min_length=1)]
    approvals: Annotated[tuple[Approval, ...], Field(min_length=1)]
    compensating_control: Words | None = None
    owner: Words
    issued: Moment
    expires: Moment
    versions: dict[str, str]

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
