"""The earlier audits of a model, as one more audit of it sees them.

Everything is derived from the records of the ledger, so that nothing has to be kept beside it and
the same audit, run again, sees the same history.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Generic, Protocol, Self, TypeVar

from fairness_audit.records.evidence import Evidence
from fairness_audit.records.measurement import OVERALL, MeasurementFile
from fairness_audit.records.population import Population
from fairness_audit.records.signed.audit import AuditRecord, record_id
from fairness_audit.records.snapshot import Snapshot
from fairness_audit.records.version_evidence import (
    Entry,
    Pooled,
    Uncounted,
    VersionEvidence,
    fold,
    pooled,
)


class Audited(Protocol):
    """An audit in the ledger: a record, or the entry that holds one."""

    @property
    def seq(self) -> int:
        """Its number in the ledger."""

    @property
    def record_id(self) -> str:
        """What identifies it."""

    @property
    def model(self) -> str:
        """The model that was audited."""

    @property
    def logical_date(self) -> datetime:
        """The moment it is about."""


Each = TypeVar("Each", bound=Audited)


@dataclass(frozen=True)
class Period(Generic[Each]):
    """The period an audit falls in, and the audits of its model that came before it there."""

    start: datetime
    earlier: tuple[Each, ...]


@dataclass(frozen=True)
class Audit:
    """What tells one audit from the others of its model, before it has a record."""

    record_id: str
    model: str
    logical_date: datetime
    window_start: datetime

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
            policy_digest=snapshot.policy_digest,
            logical_date=snapshot.logical_date,
            audited=population.audited,
        )
        return cls(identity, snapshot.model, snapshot.logical_date, snapshot.window_start)


@dataclass(frozen=True)
class History:
    """What an audit of ``logical_date`` judges by: all evidence about its version.

    ``evidence`` holds what this audit counted, too. ``earlier`` are the audits of the same
    version, files and kind that were published before it, in the order of the ledger.
    """

    logical_date: datetime
    evidence: VersionEvidence
    earlier: tuple[AuditRecord, ...] = ()


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


def history_of(audit: Audit, records: Sequence[AuditRecord], *, own: Own) -> History:
    """The history of an audit, from all records of the ledger in their order."""
    return History(
        audit.logical_date,
        evidence_about(audit, own, records),
        tuple(_of_version(_before(audit, records), own)),
    )


def evidence_about(audit: Audit, own: Own, records: Sequence[AuditRecord]) -> VersionEvidence:
    """All evidence about the version that an audit is about, from the records before it.

    Decisions that a candidate would make are no evidence about those that were made, nor the other
    way, nor is what other files of the same name and number did.

    Raises:
        RecordError: when the evidence file of any of these records is missing or was altered.
    """
    counted = own.evidence
    before = _before(audit, records)
    of_version = _of_version(before, own)
    entries = [Entry(audit.logical_date, None, own.digest, counted)]
    uncounted = []
    for record in of_version:
        found = own.read(record)
        if found is None or found.unit != counted.unit:
            why = f"counted by {found.unit}" if found else "published before evidence was counted"
            uncounted.append(Uncounted(record.seq, record.record_id, why))
        else:
            entries.append(_entry(record, found))
    first = min((each.seq for each in of_version), default=None)
    return fold(
        entries,
        unit=counted.unit,
        counts_from=counted.counts_from,
        uncounted=uncounted,
        previous=_previous([each for each in before if first is None or each.seq < first], own),
    )


def _of_version(before: Iterable[AuditRecord], own: Own) -> list[AuditRecord]:
    """Those of the same version, files and kind."""
    counted = own.evidence
    return [
        each
        for each in before
        if (each.model_version, each.artifact_digest)
        == (counted.model_version, own.artifact_digest)
        and (each.audited or "decisions") == counted.audited
    ]


def _previous(before: Sequence[AuditRecord], own: Own) -> Pooled | None:
    """Everybody in the evidence of the version whose decisions were audited last.

    Only from before the first record of the version itself: what is expected of it at the start
    must not change afterwards.
    """
    itself = own.evidence.model_version, own.artifact_digest
    others = [
        each
        for each in before
        if (each.model_version, each.artifact_digest) != itself
        and each.audited != "candidate"
        and each.evidence_digest is not None
    ]
    if not others:
        return None
    last = max(others, key=lambda each: (each.logical_date, each.seq))
    same = (last.model_version, last.artifact_digest)
    found = [
        _entry(each, evidence)
        for each in others
        if (each.model_version, each.artifact_digest) == same
        and (evidence := own.read(each)) is not None
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


def period_of(audit: Audit, audits: Sequence[Each], *, period_days: int) -> Period[Each]:
    """The period an audit falls in, and what came before it there.

    Periods follow each other from the logical date of the model's first audit in the ledger, and
    an audit belongs to that of its own logical date. What came *before* goes by the order of the
    ledger, whatever the logical dates: an old window, audited late, finds the shares spent that
    were spent meanwhile. An audit that is in the ledger already keeps its place.
    """
    before = _before(audit, audits)
    first = min(before, key=lambda each: each.seq).logical_date if before else audit.logical_date
    length = timedelta(days=period_days)
    start = first + (audit.logical_date - first) // length * length
    earlier = [each for each in before if start <= each.logical_date < start + length]
    return Period(start, tuple(sorted(earlier, key=lambda each: each.seq)))


def _before(audit: Audit, audits: Iterable[Each]) -> list[Each]:
    """Every audit of the model that is in the ledger before this one."""
    of_model = [each for each in audits if each.model == audit.model]
    own = next((each.seq for each in of_model if each.record_id == audit.record_id), None)
    return [each for each in of_model if own is None or each.seq < own]


def _without_overlap(
    records: Iterable[AuditRecord], *, until: datetime
) -> tuple[AuditRecord, ...]:
    """From the newest backwards, every record whose window ends before the one kept last begins.

    Overlapping windows hold the same decisions, and a test of change over them would take every
    accident in a shared row for several. Of equal windows the record published last is kept.
    """
    kept: list[AuditRecord] = []
    for record in sorted(records, key=lambda each: (each.window_end, each.seq), reverse=True):
        if record.window_end <= until:
            kept.append(record)
            until = record.window_start
    return tuple(reversed(kept))
