"""The earlier audits of a model, as one more audit of it sees them.

Everything is derived from the records of the ledger, so that nothing has to be kept beside it and
the same audit, run again, sees the same history.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Self

from fairness_audit.records.measurement import MeasurementFile
from fairness_audit.records.population import Population
from fairness_audit.records.signed.audit import AuditRecord, record_id
from fairness_audit.records.snapshot import Snapshot
from fairness_audit.records.version_evidence import VersionEvidence


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
