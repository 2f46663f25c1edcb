"""A review as an in-toto Statement, and back."""

from typing import Final, Literal

from pydantic import Field

from fairness_audit.records.door import Door, Moment
from fairness_audit.records.signed.audit import Sha256
from fairness_audit.records.signed.in_toto import (
    STATEMENT_TYPE,
    VERIFIER,
    PolicyReference,
    Subject,
    Verifier,
    digests_of,
    policy_reference,
    resource_uri,
    subjects,
)
from fairness_audit.records.signed.review import Approval, ReviewRecord

REVIEW_TYPE: Final = "urn:fairness-audit:review-record:v1"

_SUBJECTS = ("model",)


class ReviewPredicate(Door):
    """What people decided, about which findings of which audit."""

    seq: int
    prev: Sha256 | None = None
    record_id: Sha256
    audit_record_id: Sha256
    model: str
    model_version: str
    resource_uri: str
    registered_model: str
    policy: PolicyReference
    logical_date: Moment
    time_verified: Moment
    expires: Moment
    decision: Literal["approve", "reject", "waive"]
    findings: tuple[str, ...]
    approvals: tuple[Approval, ...]
    compensating_control: str | None = None
    owner: str
    verifier: Verifier


class ReviewStatement(Door):
    """A Statement whose subject is the model's files."""

    type: Literal["https://in-toto.io/Statement/v1"] = Field(alias="_type")
    subject: tuple[Subject, ...]
    predicate_type: Literal["urn:fairness-audit:review-record:v1"]
    predicate: ReviewPredicate

    @classmethod
    def of(cls, record: ReviewRecord) -> "ReviewStatement":
        """The Statement that says what the record says."""
        return cls(
            type=STATEMENT_TYPE,
            subject=subjects({"model": record.artifact_digest}),
            predicate_type=REVIEW_TYPE,
            predicate=ReviewPredicate(
                seq=record.seq,
                prev=record.prev,
                record_id=record.record_id,
                audit_record_id=record.audit_record_id,
                model=record.model,
                model_version=record.model_version,
                resource_uri=resource_uri(record.registered_model, record.model_version),
                registered_model=record.registered_model,
                policy=policy_reference(record.model, record.policy_digest),
                logical_date=record.logical_date,
                time_verified=record.issued,
                expires=record.expires,
                decision=record.decision,
                findings=record.findings,
                approvals=record.approvals,
                compensating_control=record.compensating_control,
                owner=record.owner,
                verifier=Verifier(id=VERIFIER, version=record.versions),
            ),
        )

    def record(self) -> ReviewRecord:
        """The record that the Statement says."""
        said = self.predicate
        (model,) = digests_of(self.subject, _SUBJECTS)
        return ReviewRecord(
            artifact_digest=model,
            policy_digest=said.policy.digest.sha256,
            seq=said.seq,
            prev=said.prev,
            audit_record_id=said.audit_record_id,
            model=said.model,
            registered_model=said.registered_model,
            model_version=said.model_version,
            logical_date=said.logical_date,
            issued=said.time_verified,
            expires=said.expires,
            decision=said.decision,
            findings=said.findings,
            approvals=said.approvals,
            compensating_control=said.compensating_control,
            owner=said.owner,
            versions=said.verifier.version,
        )
