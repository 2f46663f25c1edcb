"""The earlier audits of a model, as one more audit of it sees them.

Everything is derived from the records of the ledger, so that nothing has to be kept beside it and
the same audit, run again, sees the same history.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Self

from fairness_audit.encoding import digest_of
from fairness_audit.records.counted_units import Entry
from fairness_audit.records.evidence import Evidence
from fairness_audit.records.measurement import OVERALL, MeasurementFile
from fairness_audit.records.population import Population
from fairness_audit.records.signed.audit import AuditRecord, record_id
from fairness_audit.records.snapshot import Snapshot
from fairness_audit.records.version_evidence import (
    Pooled,
    Uncounted,
    VersionEvidence,
    fold,
    pooled,
)


@dataclass(frozen=True)
class Audit:
    """What tells one audit from the others of its model, before it has a record.

    ``rests_on`` is what its record will hold for: a method, or a policy where the audit is one of
    before methods were recorded, made again.
    """

    record_id: str
    model: str
    logical_date: datetime
    rests_on: str
    has_method: bool

    @classmethod
    def of(
        cls,
        snapshot: Snapshot,
        population: Population,
        measurements: MeasurementFile,
        artifact_digest: str,
    ) -> Self:
        """The audit that made these; its record will have the same ``record_id``."""
        identity = record_id(
            model=snapshot.model,
            model_version=population.model_version,
            artifact_digest=artifact_digest,
            snapshot_digest=snapshot.digest,
            population_digest=population.digest,
            measurements_digest=measurements.digest,
            rests_on=_rests_on(snapshot),
            logical_date=snapshot.logical_date,
            audited=population.audited,
        )
        return cls(
            identity,
            snapshot.model,
            snapshot.logical_date,
            _rests_on(snapshot),
            has_method=snapshot.method_digest is not None,
        )

    @classmethod
    def recorded(cls, record: AuditRecord) -> Self:
        """The audit of a record."""
        return cls(
            record.record_id,
            record.model,
            record.logical_date,
            record.rests_on,
            has_method=record.method is not None,
        )


def _rests_on(snapshot: Snapshot) -> str:
    return snapshot.method_digest or snapshot.policy_digest


@dataclass(frozen=True)
class History:
    """What an audit of ``logical_date`` judges by: all evidence about its version.

    ``evidence`` holds what this audit counted, too. ``earlier`` are the audits of the same
    version, files and kind that were published before it, in the order of the ledger.
    ``rests_on`` is the digest of the method by which is judged, None where it is the policy's, and
    ``method_since`` when the first record of the model by it was issued, None if there is none.
    """

    logical_date: datetime
    evidence: VersionEvidence
    earlier: tuple[AuditRecord, ...] = ()
    rests_on: str | None = None
    method_since: datetime | None = None


def digest_of_earlier(earlier: Iterable[AuditRecord]) -> str:
    """What names the audits that evidence is folded from, besides the one that is judged."""
    return digest_of({"records": [each.record_id for each in earlier]})


ReadEvidence = Callable[[AuditRecord], Evidence | None]
"""Gives what the audit of a record counted; None if it is of before there was evidence."""


@dataclass(frozen=True)
class Own:
    """What an audit that is about to be judged counted, and of which files of a version.

    ``read`` gives what the audits before it counted.
    """

    artifact_digest: str
    digest: str
    evidence: Evidence
    read: ReadEvidence


def history_of(audit: Audit, records: Sequence[AuditRecord], own: Own) -> History:
    """The history of an audit, from all records of the ledger in their order.

    Decisions that a candidate would make are no evidence about those that were made, nor the other
    way, nor is what other files of the same name and number did. An audit of an earlier moment,
    made late, sees what audits up to that moment saw.

    Raises:
        RecordError: when the evidence file of any of these records is missing or was altered.
    """
    before = _before(audit, records)
    stream = *_own_files(own), own.evidence.audited
    earlier = _of_stream(before, stream, until=audit.logical_date)
    return History(
        audit.logical_date,
        _evidence(audit, own, earlier, before),
        tuple(earlier),
        rests_on=audit.rests_on if audit.has_method else None,
        method_since=min(
            (each.issued for each in before if each.rests_on == audit.rests_on), default=None
        ),
    )


def earlier_of(record: AuditRecord, records: Iterable[AuditRecord]) -> list[AuditRecord]:
    """Which of these its evidence is folded from, besides itself; they are those before it."""
    others = (
        each
        for each in records
        if each.model == record.model and each.record_id != record.record_id
    )
    return _of_stream(others, stream_of(record), until=record.logical_date)


def _of_stream(
    records: Iterable[AuditRecord], stream: tuple[str, str, str], *, until: datetime
) -> list[AuditRecord]:
    """The audits of the same version, files and kind, of a moment or earlier."""
    return [each for each in records if stream_of(each) == stream and each.logical_date <= until]


def stream_of(record: AuditRecord) -> tuple[str, str, str]:
    """Its version, files and kind: what evidence is of."""
    return *_files(record), record.audited or "decisions"


def _files(record: AuditRecord) -> tuple[str, str]:
    return record.model_version, record.artifact_digest


def _own_files(own: Own) -> tuple[str, str]:
    return own.evidence.model_version, own.artifact_digest


def _evidence(
    audit: Audit, own: Own, earlier: Sequence[AuditRecord], before: Sequence[AuditRecord]
) -> VersionEvidence:
    counted = own.evidence
    entries = [Entry(audit.logical_date, None, own.digest, counted)]
    uncounted = []
    for record in earlier:
        found = own.read(record)
        if why := _why_uncounted(record, found, audit, counted):
            uncounted.append(Uncounted(record.seq, record.record_id, why))
        elif found is not None:
            entries.append(_entry(record, found))
    # By all its records, those of later moments too: of whatever moment an audit is.
    stream = *_own_files(own), counted.audited
    first = min((each.seq for each in before if stream_of(each) == stream), default=None)
    return fold(
        entries,
        unit=counted.unit,
        counts_from=counted.counts_from,
        uncounted=uncounted,
        previous=_previous([each for each in before if first is None or each.seq < first], own),
    )


def _why_uncounted(
    record: AuditRecord, found: Evidence | None, audit: Audit, counted: Evidence
) -> str | None:
    """Why what an audit counted is no evidence in another; None where it is."""
    if found is None:
        return "published before evidence was counted"
    if found.unit != counted.unit:
        return f"counted by {found.unit}"
    if audit.has_method and record.rests_on != audit.rests_on:
        return "counted by another method"
    return None


def _previous(before: Sequence[AuditRecord], own: Own) -> Pooled | None:
    """Everybody in the evidence of the version whose decisions were audited last.

    Only from before the first record of the version itself: what is expected of it at the start
    must not change afterwards.
    """
    itself = _own_files(own)
    others = [
        each
        for each in before
        if _files(each) != itself and not each.is_simulated and each.evidence_digest is not None
    ]
    if not others:
        return None
    last = max(others, key=lambda each: (each.logical_date, each.seq))
    found = [
        _entry(each, evidence)
        for each in others
        if _files(each) == _files(last) and (evidence := own.read(each)) is not None
    ]
    unit = max(found, key=lambda each: each.order).evidence.unit
    everybody = [
        replace(each, evidence=_everybody(each.evidence))
        for each in found
        if each.evidence.unit == unit
    ]
    return pooled(last.model_version, fold(everybody, unit=unit, counts_from=None))


def _entry(record: AuditRecord, evidence: Evidence) -> Entry:
    return Entry(record.logical_date, record.seq, record.evidence_digest or "", evidence)


def _everybody(evidence: Evidence) -> Evidence:
    whole = tuple(each for each in evidence.groupings if each.grouping == OVERALL)
    return evidence.model_copy(update={"groupings": whole})


def _before(audit: Audit, audits: Iterable[AuditRecord]) -> list[AuditRecord]:
    """Every audit of the model that is in the ledger before this one."""
    of_model = [each for each in audits if each.model == audit.model]
    own = next((each.seq for each in of_model if each.record_id == audit.record_id), None)
    return [each for each in of_model if own is None or each.seq < own]
