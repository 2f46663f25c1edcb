"""How long a decision of people lasts: for every audit of the version that finds the same again.

A verdict follows from the closed units of a version's decisions, so that the next audit mostly
finds what the last one did. Who decided about it is not asked every week: the decision lasts
until it expires, for the same model, version, files and method. A failure is the same while the
unit that brought it is; one that was lifted and came back is decided anew. What is no verdict over
units is the same only if it says the same. A rejection holds against whatever is found under that
name.

Records from before evidence was counted by units are decided about one by one, as they were.
"""

from collections.abc import Iterable, Sequence

from fairness_audit.records.finding import Finding, Verdict
from fairness_audit.records.signed.audit import AuditRecord
from fairness_audit.records.signed.chained import Chained
from fairness_audit.records.signed.review import ReviewRecord
from fairness_audit.records.signed.statement import Record

_VERSION = ("model", "registered_model", "model_version", "artifact_digest", "rests_on")


def is_of_one_version(one: Chained, other: Chained) -> bool:
    """Whether two records are of the same version and files, under the same policy."""
    return all(getattr(one, name) == getattr(other, name) for name in _VERSION)


class Decisions:
    """What people decided about the findings of one audit, in it and in earlier ones.

    Args:
        audit: the record whose findings are asked about.
        records: of the ledger, in its order; the reviews of its version, and the audits that these
            are about, are enough.
    """

    def __init__(self, audit: AuditRecord, records: Sequence[Record]) -> None:
        self._audit = audit
        audits = {each.record_id: each for each in records if isinstance(each, AuditRecord)}
        self._about = [
            (each, reviewed)
            for each in records
            if isinstance(each, ReviewRecord) and is_of_one_version(each, audit)
            for reviewed in [audits.get(each.audit_record_id)]
            if reviewed is not None and _counts_for(reviewed, audit)
        ]

    def last_about(self, finding: Finding) -> ReviewRecord | None:
        """The last decision about a finding; None where people have yet to decide.

        The last one under that name counts, and none before it: where it was about something else,
        nothing was decided.
        """
        for review, reviewed in reversed(self._about):
            if finding.id not in review.findings:
                continue
            is_own = reviewed.record_id == self._audit.record_id
            holds = is_own or review.decision == "reject" or _had(reviewed.findings, finding)
            return review if holds else None
        return None


def _counts_for(reviewed: AuditRecord, audit: AuditRecord) -> bool:
    """Whether a decision about one audit may be one about another; what was, by itself, is."""
    if reviewed.record_id == audit.record_id:
        return True
    by_units = None not in (reviewed.basis, audit.basis)
    is_alike = reviewed.is_simulated is audit.is_simulated
    return by_units and is_alike and is_of_one_version(reviewed, audit)


def _had(findings: Iterable[Finding], finding: Finding) -> bool:
    """Whether the very same was among the findings of another audit."""
    return any(_is_same(each, finding) for each in findings)


def _is_same(one: Finding, other: Finding) -> bool:
    if (one.id, one.kind, one.verdict, one.at_gate) != (
        other.id,
        other.kind,
        other.verdict,
        other.at_gate,
    ):
        return False
    since = one.evidence.since
    if since is not None or other.evidence.since is not None:
        return since == other.evidence.since
    if one.kind == "disparity":
        return one.verdict is not Verdict.FAIL  # whose unit is not known, is nobody's failure
    return one.sentence == other.sentence
