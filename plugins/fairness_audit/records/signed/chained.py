"""What every record of the chain says, whether people or an audit speak in it."""

from abc import abstractmethod
from collections.abc import Mapping
from typing import Annotated

from pydantic import Field

from fairness_audit.policy.method import Method
from fairness_audit.records.door import Door, Moment
from fairness_audit.records.signed.in_toto import VERIFIER, PolicyReference, Sha256, Verifier
from fairness_audit.records.signed.layout import Place, Stated, digest_of_subject, in_predicate

RecordId = Annotated[
    Sha256,
    Field(
        description=(
            "What names the record, and makes publishing the same twice one record: a SHA-256 over"
            " what it is about."
        )
    ),
]


Prev = Annotated[
    Sha256 | None,
    Field(description="SHA-256 of the envelope of the record before it; absent in the first."),
]


class Placed(Stated):
    """Base of all that has a place in the chain, and of the heads that name it."""

    seq: int = Field(ge=1, description="Number of the record in the ledger; the first is 1.")
    issued: Annotated[Moment, in_predicate("time_verified")] = Field(
        description="When the record was issued, in UTC."
    )


class Numbered(Placed):
    """Base of what is about a model version."""

    model: str = Field(description="Name of the audited model.")
    model_version: str = Field(description="Version of the model in the registry.")


class Chained(Numbered):
    """Base of the records.

    ``prev`` chains a record to the one before it: it is the SHA-256 of that record's envelope, and
    None in the first. A record is about exactly the files of ``artifact_digest``, and holds for
    exactly the ``method``; ``policy_digest`` is of all that the policy said.
    """

    prev: Prev
    registered_model: str = Field(description="Name of the model in the registry.")
    artifact_digest: Annotated[Sha256, digest_of_subject("model")]
    policy_digest: Annotated[Sha256, in_predicate("policy", "digest", "sha256")]
    method: Method | None = Field(
        default=None,
        description=(
            "What the verdict follows from besides the data; a record holds for one method. Absent"
            " in records of before, which hold for one policy."
        ),
    )
    logical_date: Moment = Field(
        description="The moment the audit is about, in UTC; it sets the window."
    )
    expires: Moment = Field(description="From when on the record allows nothing, in UTC.")
    versions: Annotated[dict[str, str], in_predicate("verifier", "version")]

    @property
    def rests_on(self) -> str:
        """Digest of what it holds for: a method; the policy in records of before there was one."""
        return self.policy_digest if self.method is None else self.method.digest

    @property
    @abstractmethod
    def record_id(self) -> str:
        """The idempotency key: a SHA-256 over what the record is about."""

    @property
    def follows(self) -> Mapping[Place, str]:
        """Its id, and where the model version and the policy are."""
        return {
            ("predicate", "record_id"): self.record_id,
            ("predicate", "resource_uri"): f"models:/{self.registered_model}/{self.model_version}",
            ("predicate", "policy", "uri"): f"expectations/{self.model}/policy.yaml",
            ("predicate", "verifier", "id"): VERIFIER,
        }


class ChainedPredicate(Door):
    """Base of the records' predicates: the parts of each."""

    record_id: RecordId
    resource_uri: str = Field(description="The model version as MLflow addresses it.")
    policy: PolicyReference = Field(
        description="The policy that was applied, and the digest of what it says."
    )
    verifier: Verifier = Field(description="Who made the Statement.")
