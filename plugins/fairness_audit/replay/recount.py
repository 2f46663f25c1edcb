"""Earlier audits counted again by the method that is in force, from the snapshots that are kept.

What another method counted is no evidence. Each audit that is made again is published as a record
of its own, as of the moment of the first: it governs nothing that a later audit governs, and what
it counted is evidence from then on.
"""

import tempfile
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple

from fairness_audit.errors import AuditError
from fairness_audit.installation import Installation
from fairness_audit.policy.load import LoadedPolicy
from fairness_audit.policy.method import home_of
from fairness_audit.records.history import stream_of
from fairness_audit.records.signed.audit import AuditRecord
from fairness_audit.records.snapshot import Snapshot
from fairness_audit.registry.training import trained_until
from fairness_audit.replay.replay import Past, audit_again, stored_snapshot
from fairness_audit.steps.publish import publish
from fairness_audit.steps.score.candidate import host_of


class Recounted(NamedTuple):
    """An earlier audit, and the record it was published as anew; None where it could not be."""

    record: AuditRecord
    record_id: str | None
    why: str | None = None


def of_another_method(
    audits: Sequence[AuditRecord], loaded: LoadedPolicy, version: str | None
) -> list[AuditRecord]:
    """The audits whose counts the method in force does not take for evidence, the oldest first.

    Those that it counted again already are left out.
    """
    digest = loaded.method.digest
    of_model = [
        each
        for each in audits
        if each.model == loaded.policy.model and version in (None, each.model_version)
    ]
    done = {_about(each) for each in of_model if each.rests_on == digest}
    found = {_about(each): each for each in of_model if each.rests_on != digest}
    left = [each for about, each in found.items() if about not in done]
    return sorted(left, key=lambda each: (each.logical_date, each.seq))


def recounted(installation: Installation, loaded: LoadedPolicy, record: AuditRecord) -> Recounted:
    """Make an audit again by the method in force, and publish it as of the same moment."""
    try:
        snapshot = stored_snapshot(record, installation.settings.runs)
        return Recounted(record, _published(installation, loaded, record, snapshot))
    except AuditError as error:
        return Recounted(record, None, str(error))


def _about(record: AuditRecord) -> tuple[object, ...]:
    return *stream_of(record), record.logical_date, record.snapshot_digest


def _published(
    installation: Installation, loaded: LoadedPolicy, record: AuditRecord, snapshot: Snapshot
) -> str:
    settings, records = installation.settings, installation.records()
    now = snapshot.model_copy(
        update={"policy_digest": loaded.digest, "method_digest": loaded.method.digest}
    )
    with tempfile.TemporaryDirectory(prefix="fairness-audit-recount-") as folder:
        again = audit_again(
            record,
            now,
            loaded,
            past=Past(
                [each for each in records if isinstance(each, AuditRecord)],
                installation.evidence.read,
                trained_until(installation.registry, loaded.policy, record.model_version),
            ),
            home=home_of(loaded.file),
            subject_key=installation.subject_key,
            folder=Path(folder),
            runs=settings.runs,
            host=host_of(settings),
        )
        return publish(
            loaded,
            snapshot=now,
            population=again.population,
            measurements=again.measurements,
            validation=again.validation,
            judgement=again.judgement,
            artifact_digest=record.artifact_digest,
            ledger=installation.ledger,
            evidence=installation.evidence,
            signer=installation.publishing_key,
            trusted=lambda: installation.trusted_keys,
            records=settings.records,
            now=datetime.now(UTC),
            comparison_digest=again.comparison.digest if again.comparison else None,
        ).record_id
