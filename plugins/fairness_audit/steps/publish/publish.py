"""The records of audits and reviews: signed, appended to the ledger once, written as files.

First the evidence file that the record binds, then the ledger, then the head in its second place,
then the record's file: head and file follow from the bytes in the ledger, so a run that was cut
off in between is completed by running it again, with the same bytes.
"""

import hashlib
import logging
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

from securesystemslib.signer import Signer

from fairness_audit.errors import RecordError, StaleJudgement
from fairness_audit.files import write_bytes
from fairness_audit.ledger.evidence import EvidenceStore
from fairness_audit.ledger.ledger import Ledger
from fairness_audit.ledger.opened import open_entries
from fairness_audit.policy.load import LoadedPolicy
from fairness_audit.policy.method import Method, run_digest
from fairness_audit.records.evidence import digest_of_content
from fairness_audit.records.finding import Judgement
from fairness_audit.records.history import digest_of_earlier, earlier_of
from fairness_audit.records.measurement import MeasurementFile
from fairness_audit.records.population import Population
from fairness_audit.records.report import report_of
from fairness_audit.records.signed.audit import (
    CLOCK_TOLERANCE,
    AuditRecord,
    Counts,
    PublishedRecord,
    Rollback,
)
from fairness_audit.records.signed.dsse import unverified_record
from fairness_audit.records.signed.review import ReviewRecord
from fairness_audit.records.signed.statement import Record
from fairness_audit.records.snapshot import Snapshot
from fairness_audit.records.validation import ValidationReport
from fairness_audit.steps.publish.appending import Trusted, appended, kept
from fairness_audit.steps.publish.simulated import simulation_of
from fairness_audit.steps.publish.software import software_versions

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
    evidence: EvidenceStore,
    signer: Signer,
    trusted: Trusted,
    records: Path,
    now: datetime,
    comparison_digest: str | None = None,
    rollback: Rollback | None = None,
) -> PublishedRecord:
    """Publish one audit; publishing the same audit again gives the same record.

    What was published stays as it is, also where it is judged otherwise now: that is said in the
    log.

    Args:
        loaded: the policy the audit was made with.
        snapshot: what was read, and the logical date of the audit.
        population: the decisions, and the model version that made them.
        measurements: what was measured.
        validation: what the suites found.
        judgement: findings and verdict.
        artifact_digest: SHA-256 of the content of the model version.
        ledger: where the record is appended.
        evidence: where the file of what was counted is kept, before the record that binds it.
        signer: holds the ed25519 key.
        trusted: gives the keys that records may be signed with.
        records: folder of the record files.
        now: when the record is issued, with a time zone.
        comparison_digest: of the comparison with the version in production, for a candidate.
        rollback: who wants production to go back to this version, if somebody does.

    Raises:
        RecordError: when the parts are not of one audit of this policy, when the audit is of a
            day to come, when its evidence file is no longer what was measured, when the same audit
            was published and nothing stood against the version, or nobody asked for its rollback,
            or when the record's file is there and holds something else.
        StaleJudgement: when another audit of the version was published since this one was judged.
        LedgerError: when the ledger cannot be written.
    """
    method = loaded.method
    _check_one_audit(loaded, method, snapshot, population, now)
    report = report_of(loaded.policy.model, validation, judgement)
    content: dict[str, Any] = (
        {
            "model_version": population.model_version,
            "artifact_digest": artifact_digest,
            "population_digest": population.digest,
            "report_digest": hashlib.sha256(report).hexdigest(),
            "audited": population.audited,
            "simulation": simulation_of(population, artifact_digest, comparison_digest),
            "issued": now,
            "expires": now + timedelta(days=loaded.policy.gate.valid_days),
            "counts": _counts(population, measurements, validation),
            "verdict": judgement.verdict,
            "basis": judgement.basis,
            "attributes": judgement.attributes,
            "findings": judgement.findings,
            "versions": software_versions(),
        }
        | _judged_by(loaded, method, rollback)
        | _read(snapshot)
        | _measured(measurements, evidence)
    )
    first = AuditRecord(seq=1, prev=None, **content)
    signed = appended(ledger, signer, trusted, first, partial(_check_earlier, ledger, trusted))
    record = _as_audit(signed.record)
    if _is_what_was_published(record, first):
        write_bytes(measurements.path.with_name("report.json"), report)
    file = kept(ledger, signer, trusted, signed, records)
    log.info("record %d, %s: verdict %s", record.seq, record.record_id[:12], record.verdict.value)
    return PublishedRecord(record_id=record.record_id, file=file, verdict=record.verdict)


def _as_audit(record: Record) -> AuditRecord:
    if not isinstance(record, AuditRecord):
        raise RecordError(f"record {record.record_id[:12]} of the ledger is no audit's")
    return record


def publish_review(
    review: ReviewRecord, *, ledger: Ledger, signer: Signer, trusted: Trusted, records: Path
) -> ReviewRecord:
    """Publish what people decided; publishing the same decision again gives the same record.

    Args:
        review: what was decided; its place in the chain (``seq``, ``prev``) is found here.
        ledger: where the record is appended.
        signer: holds the ed25519 key.
        trusted: gives the keys that records may be signed with.
        records: folder of the record files.

    Raises:
        RecordError: when the audit is not in the ledger, or the review names findings that it
            does not have, or other files or another policy.
        LedgerError: when the ledger cannot be written.
    """
    _check_about(review, ledger)
    signed = appended(ledger, signer, trusted, review, lambda _: None)
    record = signed.record
    if not isinstance(record, ReviewRecord):
        raise RecordError(f"record {record.record_id[:12]} of the ledger is no review's")
    kept(ledger, signer, trusted, signed, records)
    log.info("record %d, %s: %s", record.seq, record.record_id[:12], record.decision)
    return record


def _check_about(review: ReviewRecord, ledger: Ledger) -> None:
    """The audit that a review is about must be there, and have what it speaks of."""
    audits = [
        record
        for entry in ledger.all()
        if entry.record_id == review.audit_record_id
        and isinstance(record := unverified_record(entry.envelope), AuditRecord)
    ]
    if not audits:
        raise RecordError(f"there is no audit record {review.audit_record_id[:12]} to review")
    audit = audits[0]
    for field in (
        "model",
        "registered_model",
        "model_version",
        "artifact_digest",
        "policy_digest",
        "method",
        "logical_date",
    ):
        if getattr(audit, field) != getattr(review, field):
            raise RecordError(f"the review is of another {field} than its audit's")
    unknown = set(review.findings) - {finding.id for finding in audit.findings}
    if unknown:
        raise RecordError(
            f"audit {audit.record_id[:12]} has no finding {', '.join(sorted(unknown))}"
        )


def _check_earlier(ledger: Ledger, trusted: Trusted, record: Record) -> None:
    """Two audits of a version that were judged at once know nothing of each other: one must yield.

    Asked while nobody else can append, so between the answer and the record nobody comes.
    """
    if not isinstance(record, AuditRecord) or record.basis is None:
        return
    there = [
        entry
        for entry in (ledger.all() if record.seq > 1 else [])
        if (entry.kind, entry.model, entry.model_version)
        == (AuditRecord.kind, record.model, record.model_version)
    ]
    genuine = (each.signed.record for each in open_entries(there, trusted()).kept)
    audits = [each for each in genuine if isinstance(each, AuditRecord)]
    if digest_of_earlier(earlier_of(record, audits)) != record.basis.after:
        raise StaleJudgement(
            f"another audit of {record.model} version {record.model_version} was published while"
            " this one ran, and it was judged without what that one counted (judge it again)"
        )


def _measured(measurements: MeasurementFile, evidence: EvidenceStore) -> dict[str, str]:
    """What was measured; its evidence file is kept now, so that there is no record without it."""
    file = measurements.evidence
    if file is None:
        return {"measurements_digest": measurements.digest}
    try:
        content = file.read_bytes()
    except OSError as error:
        raise RecordError(f"{file}: {error.strerror} (run the step measure again)") from error
    if digest_of_content(content) != measurements.evidence_digest:
        raise RecordError(f"{file} is not what was measured (run the step measure again)")
    kept = evidence.keep(content)
    return {"measurements_digest": measurements.digest, "evidence_digest": kept}


def _judged_by(loaded: LoadedPolicy, method: Method, rollback: Rollback | None) -> dict[str, Any]:
    """What was judged, by what, how it was run, and what it was asked for."""
    return {
        "model": loaded.policy.model,
        "registered_model": loaded.policy.gate.registered_model,
        "policy_digest": loaded.digest,
        "method": method,
        "run_digest": run_digest(loaded.policy),
        "rollback": rollback,
    }


def _read(snapshot: Snapshot) -> dict[str, Any]:
    """What was read, as of when."""
    return {
        "snapshot_digest": snapshot.digest,
        "logical_date": snapshot.logical_date,
        "window_start": snapshot.window_start,
        "window_end": snapshot.window_end,
        "schema_changes": snapshot.drift,
    }


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
    loaded: LoadedPolicy,
    method: Method,
    snapshot: Snapshot,
    population: Population,
    now: datetime,
) -> None:
    model = loaded.policy.model
    if not model == snapshot.model == population.model:
        raise RecordError(
            f"policy of {model}, snapshot of {snapshot.model}, population of {population.model}:"
            " not one audit (start a new run)"
        )
    if snapshot.method_digest != method.digest:
        raise RecordError(
            f"{loaded.file}, its suites or the statements it names changed while the audit ran"
            " (start a new run)"
        )
    if snapshot.logical_date > now + CLOCK_TOLERANCE:
        raise RecordError(
            f"the audit of {model} is of {snapshot.logical_date:%Y-%m-%d %H:%M %Z}, which is yet"
            " to come (audit as of an earlier moment, or set this machine's clock)"
        )


def _is_what_was_published(published: AuditRecord, record: AuditRecord) -> bool:
    """Whether the same data gave the same findings again; if not, the log says what differs.

    Raises:
        RecordError: when the published record says more for the version than what is found now,
            or knows nothing of a rollback that is asked for.
    """
    named = (
        f"record {published.record_id[:12]} of {record.model} version {record.model_version}"
        " was published from the same data"
    )
    if record.rollback is not None and published.rollback is None:
        raise RecordError(f"{named}, without a rollback (audit as of a later moment)")
    differs = None
    if published.evidence_digest not in (None, record.evidence_digest):
        differs = (
            f"{named} with other evidence; it stays as it is (audit as of a later moment; if it"
            " became known since until when the version was trained, that is the cause)"
        )
    elif (published.verdict, published.findings) != (record.verdict, record.findings):
        changed = {
            f"{name} {published.versions.get(name, 'absent')} -> {version}"
            for name, version in record.versions.items()
            if published.versions.get(name) != version
        }
        differs = (
            f"{named} with other findings; it stays as it is. Changed since:"
            f" {', '.join(sorted(changed)) or 'no version'} (audit as of a later moment to publish"
            " the new findings)"
        )
    if differs and published.passed and not record.passed:
        raise RecordError(differs)
    if differs:
        log.warning("%s", differs)
    return differs is None
