"""A row that is no record, taken out of account: what is signed about it.

Whoever may append can append what nobody signed. It cannot be taken out again, so a signed record
behind it says that it is none, by its number and digest, and the chain goes on through it.
"""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Annotated, ClassVar, Literal, Self

from pydantic import Field, model_validator

from fairness_audit.encoding import digest_of
from fairness_audit.records.signed.chained import Placed, Prev
from fairness_audit.records.signed.in_toto import VERIFIER, Sha256
from fairness_audit.records.signed.layout import Place, digest_of_subject, in_predicate
from fairness_audit.records.signed.review import Words


class VoidRecord(Placed):
    """The row ``voids`` of the ledger is no record, and counts for nothing.

    It takes back no genuine record: where the row is one, or a signed head says that there was one
    of this number, the ledger does not hold. A void is about no model, so it is filed under what
    it voids.
    """

    kind: ClassVar[Literal["void"]] = "void"
    model: ClassVar[str] = "-"
    outcome: ClassVar[str] = "void"

    prev: Prev
    voids: int = Field(ge=1, description="Number of the row that is no record.")
    voided_digest: Annotated[Sha256, digest_of_subject("row")]
    voided_prev: Sha256 | None = Field(
        default=None,
        description="SHA-256 of the envelope before that row; absent where it is the first.",
    )
    reason: Words = Field(description="How it came there, in the words of who voids it.")
    versions: Annotated[dict[str, str], in_predicate("verifier", "version")]

    @model_validator(mode="after")
    def _comes_after(self) -> Self:
        if self.voids >= self.seq:
            raise ValueError("a void comes after what it voids")
        return self

    @property
    def record_id(self) -> str:
        """SHA-256 over what is voided, and when: nobody can take the id before it is issued."""
        return digest_of(
            {
                "voids": self.voids,
                "digest": self.voided_digest,
                "issued": self.issued.astimezone(UTC).isoformat(),
            }
        )

    @property
    def model_version(self) -> str:
        """The number of what it voids, under which it is filed."""
        return str(self.voids)

    @property
    def policy_digest(self) -> str:
        """The digest of what it voids, under which it is filed."""
        return self.voided_digest

    @property
    def logical_date(self) -> datetime:
        """When it was issued."""
        return self.issued

    @property
    def expires(self) -> datetime:
        """When it was issued: it allows nothing."""
        return self.issued

    @property
    def follows(self) -> Mapping[Place, str]:
        """Its id, and who made it."""
        return {
            ("predicate", "record_id"): self.record_id,
            ("predicate", "verifier", "id"): VERIFIER,
        }
