"""What past audits of one model counted, from a ledger that holds and the files it binds."""

from collections.abc import Iterator, Sequence
from datetime import datetime
from functools import cached_property
from typing import TYPE_CHECKING

from fairness_audit.errors import LedgerAbsent, RecordError
from fairness_audit.records.evidence import Evidence
from fairness_audit.records.history import Audit, Own, earlier_of, history_of
from fairness_audit.records.signed.audit import AuditRecord
from fairness_audit.records.version_evidence import VersionEvidence
from fairness_audit.steps.judge.hindsight import PastAudit

if TYPE_CHECKING:
    from fairness_audit.installation import Installation


class CountedAudits:
    """The audits of a model, in the order of the ledger, with what each counted.

    Every record is verified when it is first asked for, and every file when it is read; each file
    is read once.
    """

    def __init__(self, installation: "Installation", model: str) -> None:
        self._installation, self._model = installation, model
        self._read: dict[str, Evidence | None] = {}

    @cached_property
    def records(self) -> Sequence[AuditRecord]:
        """All of them; none where nobody has published yet.

        Raises:
            LedgerError: when the ledger or its heads cannot be read.
            RecordError: naming every record that was tampered with.
        """
        try:
            records = self._installation.records()
        except LedgerAbsent:
            return ()
        audits = [each for each in records if isinstance(each, AuditRecord)]
        return tuple(each for each in audits if each.model == self._model)

    def since(self, moment: datetime, version: str | None = None) -> Iterator[PastAudit]:
        """The audits as of a moment or later.

        Raises:
            RecordError: when an evidence file is missing, or is not the one its record binds.
        """
        for record in self.records:
            if record.logical_date >= moment and version in (None, record.model_version):
                yield PastAudit(record, self._evidence(record))

    def newest(self, version: str | None = None) -> AuditRecord | None:
        """The newest audit that counted: of decisions that were made, if there is one."""
        counted = [
            each
            for each in self.records
            if each.evidence_digest is not None and version in (None, each.model_version)
        ]
        made = [each for each in counted if not each.is_simulated]
        return max(made or counted, key=lambda each: (each.logical_date, each.seq), default=None)

    def until(self, record: AuditRecord) -> list[AuditRecord]:
        """The audits of the same version, files and kind, up to and with one."""
        before = [each for each in self.records if each.seq < record.seq]
        return [*earlier_of(record, before), record]

    def evidence_at(self, record: AuditRecord) -> VersionEvidence:
        """All that was counted of a version when an audit of it was judged."""
        own = self._evidence(record)
        if own is None or record.evidence_digest is None:
            raise RecordError(f"record {record.seq} is of before evidence was kept")
        return history_of(
            Audit.recorded(record),
            self.records,
            Own(record.artifact_digest, record.evidence_digest, own, self._evidence),
        ).evidence

    def _evidence(self, record: AuditRecord) -> Evidence | None:
        if record.record_id not in self._read:
            self._read[record.record_id] = self._installation.evidence.read(record)
        return self._read[record.record_id]
