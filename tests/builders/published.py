"""Builders: records, signed or not, and everything an audit gives before one is published."""

import hashlib
from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from fractions import Fraction
from functools import partial
from pathlib import Path
from typing import Any

import yaml
from securesystemslib.signer import CryptoSigner, Key, Signer

from fairness_audit.ledger.checkpoint import keep_head
from fairness_audit.ledger.entry import Entry
from fairness_audit.ledger.evidence import EvidenceStore
from fairness_audit.ledger.heads import Heads
from fairness_audit.ledger.ledger import Ledger
from fairness_audit.policy.load import LoadedPolicy, load_policy
from fairness_audit.records.finding import (
    Evidence,
    EvidenceBasis,
    Finding,
    Judgement,
    Verdict,
)
from fairness_audit.records.measurement import MeasurementFile
from fairness_audit.records.population import Population
from fairness_audit.records.signed.audit import AuditRecord, PublishedRecord
from fairness_audit.records.signed.dsse import SignedRecord, sign
from fairness_audit.records.signed.review import Approval, ReviewRecord
from fairness_audit.records.snapshot import Snapshot
from fairness_audit.records.validation import Check, CheckSeverity, ValidationReport
from fairness_audit.steps.publish import publish
from tests.builders.domain import policy_content

MODEL = "lead_scoring"
LOGICAL_DATE = datetime(2026, 6, 29, tzinfo=UTC)
NOW = datetime(2026, 6, 30, 12, tzinfo=UTC)
SIGNER = CryptoSigner.generate_ed25519()
TRUSTED = (SIGNER.public_key,)
STRANGER = CryptoSigner.generate_ed25519()


def digest(word: str) -> str:
    return hashlib.sha256(word.encode()).hexdigest()


def a_finding(verdict: str = "pass", at_gate: str = "allow", **changes: Any) -> Finding:
    """A finding about the impact ratio of women."""
    content: dict[str, Any] = {
        "rule": "four_fifths",
        "kind": "disparity",
        "verdict": verdict,
        "at_gate": at_gate,
        "metric": "impact_ratio",
        "attribute": "gender",
        "group": "F",
        "reference": "M",
        "sentence": f"Women are selected 0.93 times as often as men: {verdict}.",
        "evidence": Evidence(value=0.93, low=0.9, high=0.96, threshold="4/5", p_value=1e-9),
    }
    return Finding.model_validate(content | changes)


FAILED = a_finding("fail", "block")
WAITS = a_finding("inconclusive", "review")


def a_record(**changes: Any) -> AuditRecord:
    """The first record of a chain: lead scoring version 1 passed."""
    content: dict[str, Any] = {
        "seq": 1,
        "prev": None,
        "model": MODEL,
        "registered_model": MODEL,
        "model_version": "1",
        "artifact_digest": digest("artifact 1"),
        "snapshot_digest": digest("snapshot"),
        "population_digest": digest("population"),
        "measurements_digest": digest("measurements"),
        "report_digest": digest("report"),
        "policy_digest": digest("policy"),
        "logical_date": LOGICAL_DATE,
        "window_start": LOGICAL_DATE - timedelta(days=88),
        "window_end": LOGICAL_DATE - timedelta(days=60),
        "issued": NOW,
        "expires": NOW + timedelta(days=35),
        "counts": {
            "decisions": 100,
            "audited": 90,
            "labelled": 80,
            "selected": 40,
            "checks": 3,
            "checks_passed": 3,
        },
        "verdict": "pass",
        "findings": [a_finding()],
        "versions": {"fairness-audit": "0.1.0", "duckdb": "2.0.0"},
    }
    return AuditRecord.model_validate(content | changes)


BASIS = EvidenceBasis(
    unit="week",
    first=date(2025, 12, 29),
    last=date(2026, 6, 22),
    units=26,
    new_units=1,
    amended=0,
    gaps=0,
    hypotheses=24,
    alpha=Fraction(1, 20),
    after=digest("nothing"),
)
SINCE = date(2026, 6, 22)
STANDS = FAILED.model_copy(
    update={"evidence": FAILED.evidence.model_copy(update={"since": SINCE, "pass_needed": 40.0})}
)
"""A failure by units, that stands since the last of them."""


def an_audit_by_units(week: int = 0, *findings: Finding, **changes: Any) -> AuditRecord:
    """The audit so many weeks later, by closed units of decisions, with these findings."""
    found = findings or (STANDS,)
    later = {"seq": week + 1, "logical_date": LOGICAL_DATE + timedelta(weeks=week)}
    issued = NOW + timedelta(weeks=week)
    valid = {"issued": issued, "expires": issued + timedelta(days=35)}
    of = {"basis": BASIS, "findings": found, "verdict": found[0].verdict}
    return a_record(**later | valid | of | changes)


def a_chain(count: int, signer: Signer = SIGNER, **changes: Any) -> list[SignedRecord]:
    """Signed records that follow each other, a day apart."""
    chain: list[SignedRecord] = []
    for seq in range(1, count + 1):
        record = a_record(
            seq=seq,
            prev=chain[-1].digest if chain else None,
            logical_date=LOGICAL_DATE + timedelta(days=seq),
            **changes,
        )
        chain.append(sign(record, signer))
    return chain


def appended(ledger: Ledger, signer: Signer = SIGNER, **changes: Any) -> Entry:
    """Append a record to a ledger, and keep its head."""
    trusted: Sequence[Key] = changes.pop("trusted", TRUSTED)

    def build(seq: int, prev: str | None) -> SignedRecord:
        return sign(a_record(seq=seq, prev=prev, **changes), signer)

    entry = ledger.append(a_record(**changes).record_id, build)
    keep_head(ledger, entry, signer, lambda: trusted)
    return entry


def a_ledger(folder: Path, address: str | None = None) -> Ledger:
    """The ledger of a folder (or at an address), its heads kept beside it."""
    return Ledger(address or f"sqlite:///{folder / 'ledger.db'}", Heads(str(folder / "heads")))


def a_review(audit: AuditRecord, **changes: Any) -> ReviewRecord:
    """Two people waive what stands against a version, for 30 days."""
    content: dict[str, Any] = {
        "seq": audit.seq + 1,
        "prev": digest("audit"),
        "audit_record_id": audit.record_id,
        "model": audit.model,
        "registered_model": audit.registered_model,
        "model_version": audit.model_version,
        "artifact_digest": audit.artifact_digest,
        "policy_digest": audit.policy_digest,
        "method": audit.method,
        "logical_date": audit.logical_date,
        "decision": "waive",
        "findings": tuple(finding.id for finding in audit.obstacles),
        "approvals": (an_approval("ada"), an_approval("grace")),
        "compensating_control": "Every refused lead is called by a person.",
        "owner": "responsible-ai",
        "issued": NOW,
        "expires": NOW + timedelta(days=30),
        "versions": {"fairness-audit": "0.1.0"},
    }
    return ReviewRecord.model_validate(content | changes)


def an_approval(by: str, **changes: Any) -> Approval:
    """The answer of one person."""
    content = {"by": by, "at": NOW, "reason": "The cause is known and will be gone in May."}
    return Approval.model_validate(content | changes)


def a_loaded_policy(folder: Path, **changes: Any) -> LoadedPolicy:
    """A policy file, read."""
    file = folder / "expectations" / MODEL / "policy.yaml"
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(yaml.safe_dump(policy_content(**changes)))
    return load_policy(file)


def an_audit(
    loaded: LoadedPolicy, version: str = "1", folder: Path = Path(), **changes: Any
) -> dict[str, Any]:
    """What `publish` takes of an audit; everything but ledger, signer, folder and clock."""
    start, end = loaded.policy.window(LOGICAL_DATE)
    audit: dict[str, Any] = {
        "snapshot": Snapshot(
            model=MODEL,
            folder=Path("snapshot"),
            window_start=start,
            window_end=end,
            logical_date=LOGICAL_DATE,
            taken_at=NOW,
            policy_digest=loaded.digest,
            method_digest=loaded.method.digest,
            objects={},
            digest=digest("snapshot"),
        ),
        "population": Population(
            model=MODEL,
            model_version=version,
            path=Path("population.parquet"),
            digest=digest("population"),
            rows=90,
            decisions=100,
        ),
        "measurements": MeasurementFile(
            path=folder / "measurements.parquet",
            digest=digest("measurements"),
            rows=12,
            confidence=0.95,
            population_digest=digest("population"),
            population_rows=90,
            labelled_rows=80,
            selected_rows=40,
        ),
        "validation": ValidationReport(checks=(_a_check(True), _a_check(False)), data_docs="docs"),
        "judgement": Judgement(verdict=Verdict.PASS, findings=(a_finding(),)),
        "artifact_digest": digest(f"artifact {version}"),
    }
    return audit | changes


def published(
    loaded: LoadedPolicy, folder: Path, signer: Signer = SIGNER, **changes: Any
) -> PublishedRecord:
    """Publish an audit into ``folder``, as of now."""
    now = changes.pop("now", NOW)
    ledger = a_ledger(folder, changes.pop("ledger_url", None))
    trusted = changes.pop("trusted", lambda: TRUSTED)
    go = partial(
        publish,
        loaded,
        ledger=ledger,
        evidence=EvidenceStore(folder / "evidence"),
        signer=signer,
        records=folder / "records",
    )
    return go(now=now, trusted=trusted, **an_audit(loaded, folder=folder / "run", **changes))


def _a_check(passed: bool) -> Check:
    return Check(
        suite="quality",
        kind="quality",
        expectation="expect_column_values_to_not_be_null",
        severity=CheckSeverity.WARNING,
        passed=passed,
        attribute=None,
        group=None,
        observed="0.1 %",
        sentence="Few scores are missing.",
    )
