"""The earlier audits of a model, as one more audit of it sees them.

Everything is derived from the records of the ledger, so that nothing has to be kept beside it and
the same audit, run again, sees the same history.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from fractions import Fraction
from typing import Generic, Protocol, Self, TypeVar

from fairness_audit.records.measurement import MeasurementFile
from fairness_audit.records.population import Population
from fairness_audit.records.signed.audit import AuditRecord, record_id
from fairness_audit.records.snapshot import Snapshot


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
    """What an audit of ``logical_date`` needs to know of the earlier ones of its model.

    They may be of any version. ``spent`` holds, for each that is in the same period and in their
    order, the part of the error budget that it spent; None where its record does not say.
    ``comparable`` are the records of logged decisions whose windows overlap neither each other nor
    the audit's own, oldest first.
    """

    logical_date: datetime
    period_start: datetime
    spent: tuple[Fraction | None, ...] = ()
    comparable: tuple[AuditRecord, ...] = ()


def history_of(audit: Audit, records: Sequence[AuditRecord], *, period_days: int) -> History:
    """The history of an audit, from all records of the ledger in their order."""
    period = period_of(audit, records, period_days=period_days)
    decided = [each for each in _before(audit, records) if each.audited != "candidate"]
    return History(
        logical_date=audit.logical_date,
        period_start=period.start,
        spent=tuple(
            record.error_budget.alpha if record.error_budget else None for record in period.earlier
        ),
        comparable=_without_overlap(decided, until=audit.window_start),
    )


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
