"""The audit's record: signed, appended to the ledger once, and written as a file.

First the ledger, then the file: the file is written from the bytes in the ledger, so a run that
was cut off between the two is completed by running it again, with the same bytes.
"""

import logging
from collections.abc import Callable
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

from securesystemslib.signer import Signer

from fairness_audit.errors import RecordError
from fairness_audit.files import write_bytes
from fairness_audit.ledger import Ledger
from fairness_audit.policy.load import LoadedPolicy
from fairness_audit.records.dsse import SignedRecord, sign, unverified_record
from fairness_audit.records.finding import Judgement
from fairness_audit.records.history import Audit, period_of
from fairness_audit.records.measurement import MeasurementFile
from fairness_audit.records.place import place_of
from fairness_audit.records.population import Population
from fairness_audit.records.record import CLOCK_TOLERANCE, AuditRecord, Counts, PublishedRecord
from fairness_audit.records.snapshot import Snapshot
from fairness_audit.records.validation import ValidationReport
from fairness_audit.software import software_versions

log = logging.getLogger(__name__)


def publish(
    loaded: LoadedPolicy,
    *,
    snapshot: Snapshot,
    population: Population,
    measurements: MeasurementFile,
    validation: ValidationReport,
    judgement: Judgement,
    artifact_digest: str,
    ledger: Ledger,
    signer: Signer,
    records: Path,
    now: datetime,
) -> PublishedRecord:
    """Publish one audit; publishing the same audit again gives the same record.

    Args:
        loaded: the policy the audit was made with.
        snapshot: what was read, and the logical date of the audit.
        population: the decisions, and the model version that made them.
        measurements: what was measured.
        validation: what the suites found.
        judgement: findings and verdict.
        artifact_digest: SHA-256 of the content of the model version.
        ledger: where the record is appended.
        signer: holds the ed25519 key.
        records: folder of the record files.
        now: when the record is issued, with a time zone.

    Raises:
        RecordError: when the parts are not of one audit of this policy, when the audit is of a
            day to come, when the same audit was published with other findings, when another audit
            of the model was published since this one was judged, or when the record's file is
            there and holds something else.
        LedgerError: when the ledger cannot be written.
    """
    _check_one_audit(loaded, snapshot, population, now)
    content: dict[str, Any] = {
        "model": loaded.policy.model,
        "registered_model": loaded.policy.gate.registered_model,
        "model_version": population.model_version,
        "artifact_digest": artifact_digest,
        "snapshot_digest": snapshot.digest,
        "population_digest": population.digest,
        "measurements_digest": measurements.digest,
        "policy_digest": loaded.digest,
        "logical_date": snapshot.logical_date,
        "window_start": snapshot.window_start,
        "window_end": snapshot.window_end,
        "issued": now,
        "expires": now + timedelta(days=loaded.policy.gate.valid_days),
        "counts": _counts(population, measurements, validation),
        "verdict": judgement.verdict,
        "error_budget": judgement.budget,
        "attributes": judgement.attributes,
        "schema_changes": snapshot.drift,
        "findings": judgement.findings,
        "versions": software_versions(),
    }
    first = AuditRecord(seq=1, prev=None, **content)
    check = partial(_check_budget, ledger, loaded.policy.error_rate.period_days)
    entry = ledger.append(first.record_id, partial(_signed, content, signer, check))
    record = unverified_record(entry.envelope)
    _check_same_findings(record, first)
    file = records / place_of(record)
    _write(file, entry.envelope)
    log.info("record %d, %s: verdict %s", record.seq, record.record_id[:12], record.verdict.value)
    return PublishedRecord(record_id=record.record_id, file=file, verdict=record.verdict)


def _signed(
    content: dict[str, Any],
    signer: Signer,
    check: Callable[[AuditRecord], None],
    seq: int,
    prev: str | None,
) -> SignedRecord:
    record = AuditRecord(seq=seq, prev=prev, **content)
    check(record)
    return sign(record, signer)


def _check_budget(ledger: Ledger, period_days: int, record: AuditRecord) -> None:
    """Two audits of a model that were judged at once spend the same share: one must yield.

    Asked while nobody else can append, so between the answer and the record nobody comes.
    """
    budget = record.error_budget
    if budget is None:
        return
    audit = Audit(record.record_id, record.model, record.logical_date, record.window_start)
    entries = ledger.all() if record.seq > 1 else []
    period = period_of(audit, entries, period_days=period_days)
    if (budget.audit, budget.period_start) != (len(period.earlier) + 1, period.start):
        raise RecordError(
            f"another audit of {record.model} was published while this one ran, and both would"
            f" spend share {budget.audit} of the error budget (start a new run)"
        )


def _counts(
    population: Population, measurements: MeasurementFile, validation: ValidationReport
) -> Counts:
    return Counts(
        decisions=population.decisions,
        audited=population.rows,
        labelled=measurements.labelled_rows,
        selected=measurements.selected_rows,
        checks=len(validation.checks),
        checks_passed=sum(check.passed for check in validation.checks),
    )


def _check_one_audit(
    loaded: LoadedPolicy, snapshot: Snapshot, population: Population, now: datetime
) -> None:
    model = loaded.policy.model
    if not model == snapshot.model == population.model:
        raise RecordError(
            f"policy of {model}, snapshot of {snapshot.model}, population of {population.model}:"
            " not one audit (start a new run)"
        )
    if snapshot.policy_digest != loaded.digest:
        raise RecordError(f"{loaded.file} changed while the audit ran (start a new run)")
    if snapshot.logical_date > now + CLOCK_TOLERANCE:
        raise RecordError(
            f"the audit of {model} is of {snapshot.logical_date:%Y-%m-%d %H:%M %Z}, which is yet"
            " to come (audit as of an earlier moment, or set this machine's clock)"
        )


def _check_same_findings(published: AuditRecord, record: AuditRecord) -> None:
    """The same data under the same policy must give the same findings, whenever it is judged."""
    if (published.verdict, published.findings) != (record.verdict, record.findings):
        changed = {
            f"{name} {published.versions.get(name, 'absent')} -> {version}"
            for name, version in record.versions.items()
            if published.versions.get(name) != version
        }
        raise RecordError(
            f"record {published.record_id[:12]} of {record.model} version {record.model_version}"
            " was published from the same data with other findings; it stays as it is."
            f" Changed since: {', '.join(sorted(changed)) or 'no version'}"
            " (audit as of a later moment to publish the new findings)"
        )


def _write(file: Path, envelope: bytes) -> None:
    if not file.exists():
        write_bytes(file, envelope)
    elif file.read_bytes() != envelope:
        raise RecordError(
            f"{file} is not the record that is in the ledger: it was changed after publishing"
            " (find out by whom; move it away and publish again to restore it)"
        )
