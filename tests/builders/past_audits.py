"""Audits of one version, week after week, as they were judged and published."""

from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from itertools import product
from math import prod

import numpy as np

from fairness_audit.policy.load import policy_digest
from fairness_audit.policy.model import AuditPolicy
from fairness_audit.records.counted_units import Entry
from fairness_audit.records.evidence import Evidence, digest_of_content
from fairness_audit.records.signed.audit import AuditRecord
from fairness_audit.records.version_evidence import VersionEvidence, fold
from fairness_audit.steps.judge.hindsight import PastAudit
from fairness_audit.steps.measure.counting.counts import Counts
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
    return Entry(record.logical_date, record.seq, record.record_id, evidence)


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


def counted_alone(
    policy: AuditPolicy, weeks: Weeks, *, window: int = 26, version: str, first_seq: int
) -> list[PastAudit]:
    """Audits that nobody judged: their records say nothing, only what they counted is there."""
    found = []
    for number in range(window, len(weeks) + 1):
        start = number - window
        evidence = counted(policy, weeks[start:number], FIRST_WEEK + timedelta(weeks=start))
        end = datetime(FIRST_WEEK.year, FIRST_WEEK.month, FIRST_WEEK.day, tzinfo=UTC)
        end += timedelta(weeks=number)
        record = a_record(
            seq=first_seq + start,
            prev=digest("before") if first_seq + start > 1 else None,
            model_version=version,
            artifact_digest=digest(f"artifact {version}"),
            logical_date=end + timedelta(days=policy.maturity_days),
            window_end=end,
        )
        found.append(PastAudit(record, evidence))
    return found


def with_outcomes(policy: AuditPolicy, draw: np.random.Generator, decisions: int) -> ByGroup:
    """A week of decisions about people of all groups, as the reference shares have them."""
    shares = [
        {name: float(share) for name, share in each.reference_population.shares.items()}
        for each in policy.attributes.values()
        if each.reference_population is not None
    ]
    found = {}
    for groups in product(*shares):
        part = prod(each[name] for each, name in zip(shares, groups, strict=True))
        n = int(draw.poisson(decisions * part))
        positive = int(draw.binomial(n, 0.12))
        hit = int(draw.binomial(positive, 0.6))
        alarm = int(draw.binomial(n - positive, 0.37))
        found[groups] = Counts(tp=hit, fn=positive - hit, fp=alarm, tn=n - positive - alarm)
    return found
