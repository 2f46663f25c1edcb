"""What was promoted on an audit that would not come out the same today.

Labels arrive late, the CRM is corrected, a metric is mended. Every version that a record let into
production is audited again as of then, with the data or the code of now.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path

from fairness_audit.errors import AuditError
from fairness_audit.policy.load import LoadedPolicy
from fairness_audit.records.door import Door
from fairness_audit.records.finding import Verdict
from fairness_audit.records.history import ReadEvidence
from fairness_audit.records.signed.audit import AuditRecord
from fairness_audit.records.signed.statement import Record
from fairness_audit.records.snapshot import Snapshot
from fairness_audit.replay.replay import Past, audit_again
from fairness_audit.steps.gate import decide
from fairness_audit.steps.score.process import Host

Taken = Callable[[AuditRecord, Path], Snapshot]
"""Gives the snapshot to audit again: that of then, or the CRM as it is now."""


class Recalled(Door):
    """One promotion, and what the audit that allowed it would say today.

    ``error`` says why nobody can tell; ``verdict_now`` is None then.
    """

    model: str
    model_version: str
    record_id: str
    logical_date: str
    in_production: bool
    verdict_then: Verdict
    verdict_now: Verdict | None = None
    deciding: str | None = None
    error: str | None = None

    @property
    def changed(self) -> bool:
        """True if the verdict would be another one."""
        return self.verdict_now is not None and self.verdict_now is not self.verdict_then


@dataclass(frozen=True)
class Recall:
    """How promotions of one model are looked at again."""

    loaded: LoadedPolicy
    home: Path
    subject_key: bytes
    taken: Taken
    folder: Path
    runs: Path
    host: Host
    in_production: tuple[str, ...]
    read: ReadEvidence
    trained_until: Callable[[str], datetime | None]

    def of(self, records: Sequence[Record]) -> Iterator[Recalled]:
        """Every promotion that the records allowed, the oldest first."""
        for record in promotions(self.loaded, records):
            yield self._looked_at(record, records)

    def _looked_at(self, record: AuditRecord, records: Sequence[Record]) -> Recalled:
        known = Recalled(
            model=record.model,
            model_version=record.model_version,
            record_id=record.record_id,
            logical_date=record.logical_date.isoformat(),
            in_production=record.model_version in self.in_production,
            verdict_then=record.verdict,
        )
        folder = self.folder / record.record_id[:12]
        try:
            again = audit_again(
                record,
                self.taken(record, folder / "snapshot"),
                self.loaded,
                past=Past.of(record, records, self.read, self.trained_until),
                home=self.home,
                subject_key=self.subject_key,
                folder=folder,
                runs=self.runs,
                host=self.host,
            )
        except AuditError as error:
            return known.model_copy(update={"error": str(error)})
        return known.model_copy(
            update={
                "verdict_now": again.judgement.verdict,
                "deciding": again.judgement.deciding.sentence,
            }
        )


def promotions(loaded: LoadedPolicy, records: Sequence[Record]) -> list[AuditRecord]:
    """The audits of a model on which the gate allowed a promotion, when they were new.

    Reviews count that came before the next audit of the same version did, those of earlier audits
    too.
    """
    audits = [each for each in records if isinstance(each, AuditRecord)]
    of_model = [each for each in audits if each.model == loaded.policy.model]
    return [each for each in of_model if _allowed(loaded, each, _until_next(each, records))]


def _until_next(record: AuditRecord, records: Sequence[Record]) -> list[Record]:
    version = (record.model, record.model_version)
    until = min(
        (
            each.seq
            for each in records
            if isinstance(each, AuditRecord)
            and each.seq > record.seq
            and (each.model, each.model_version) == version
        ),
        default=None,
    )
    return [each for each in records if until is None or each.seq < until]


def _allowed(loaded: LoadedPolicy, record: AuditRecord, known: Sequence[Record]) -> bool:
    """What the gate said, under the policy of then, at the last moment before another audit."""
    of_then = replace(loaded, digest=record.policy_digest, given_method=record.method)
    last = max(each.issued for each in known if each.seq >= record.seq)
    decision = decide(
        of_then,
        model_version=record.model_version,
        artifact_digest=record.artifact_digest,
        records=known,
        now=min(last, record.expires - timedelta(seconds=1)),
    )
    # Of a later date another may have governed: this one then let nothing through.
    return decision.decision == "allow" and decision.record_id == record.record_id
