"""Audits of one version, week after week, as they were judged and published."""

from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta

from fairness_audit.policy.load import policy_digest
from fairness_audit.policy.model import AuditPolicy
from fairness_audit.records.evidence import Evidence, digest_of_content
from fairness_audit.records.signed.audit import AuditRecord
from fairness_audit.records.version_evidence import Entry, VersionEvidence, fold
from fairness_audit.steps.judge.hindsight import PastAudit
from tests.builders.evidence import FIRST_WEEK, ByGroup, counted
from tests.builders.judging import judged
from tests.builders.published import a_record, digest

Weeks = Sequence[ByGroup]


def audited(
    policy: AuditPolicy,
    weeks: Weeks,
    *,
    window: int = 8,
    version: str = "1",
    corrected: Callable[[int, Weeks], Weeks] = lambda _, seen: seen,
    first_seq: int = 1,
) -> list[PastAudit]:
    """One audit after each week, of a window of so many weeks; each sees what was corrected."""
    found: list[PastAudit] = []
    for number in range(1, len(weeks) + 1):
        start = max(0, number - window)
        seen = corrected(number, weeks[start:number])
        evidence = counted(policy, seen, FIRST_WEEK + timedelta(weeks=start))
        found.append(_published(policy, found, evidence, number, version, first_seq + number - 1))
    return found


def _published(
    policy: AuditPolicy,
    earlier: Sequence[PastAudit],
    evidence: Evidence,
    number: int,
    version: str,
    seq: int,
) -> PastAudit:
    end = datetime(FIRST_WEEK.year, FIRST_WEEK.month, FIRST_WEEK.day, tzinfo=UTC)
    end += timedelta(weeks=number)
    entries = [_entry(each.record, each.evidence) for each in earlier if each.evidence]
    as_of = end + timedelta(days=policy.maturity_days)
    own = Entry(as_of, None, digest_of_content(evidence.content), evidence)
    judgement = judged(
        policy,
        evidence=fold([*entries, own], unit=evidence.unit, counts_from=None),
        earlier=[each.record for each in earlier],
    )
    record = a_record(
        seq=seq,
        prev=digest(f"record {seq - 1}") if seq > 1 else None,
        model_version=version,
        artifact_digest=digest(f"artifact {version}"),
        policy_digest=policy_digest(policy),
        population_digest=digest(f"population {version} {number}"),
        logical_date=as_of,
        window_start=end - timedelta(weeks=8),
        window_end=end,
        verdict=judgement.verdict,
        findings=judgement.findings,
        basis=judgement.basis,
    )
    return PastAudit(record, evidence)


def _entry(record: AuditRecord, evidence: Evidence) -> Entry:
    return Entry(record.logical_date, record.seq, digest_of_content(evidence.content), evidence)


def evidence_at(audits: Sequence[PastAudit]) -> Callable[[AuditRecord], VersionEvidence]:
    """Gives what was counted of a version when an audit of it was judged."""

    def at(record: AuditRecord) -> VersionEvidence:
        entries = [
            _entry(each.record, each.evidence)
            for each in audits
            if each.evidence
            and each.record.seq <= record.seq
            and each.record.artifact_digest == record.artifact_digest
        ]
        return fold(entries, unit=entries[-1].evidence.unit, counts_from=None)

    return at
