"""Audits of an installation made again, in folders that go away."""

import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from fairness_audit.errors import AuditError, InputError
from fairness_audit.installation import Installation
from fairness_audit.policy.load import LoadedPolicy
from fairness_audit.records.signed.audit import AuditRecord
from fairness_audit.records.signed.statement import Record
from fairness_audit.registry.training import trained_until
from fairness_audit.replay.replay import (
    Past,
    Replayed,
    audit_again,
    differences,
    method_of_then,
    stored_snapshot,
)
from fairness_audit.steps.extract import read_snapshot
from fairness_audit.steps.gate.decision import governing
from fairness_audit.steps.score.candidate import host_of


@contextmanager
def made_again(
    installation: Installation,
    record: AuditRecord,
    loaded: LoadedPolicy,
    records: Sequence[Record],
    snapshot_folder: Path | None = None,
) -> Iterator[Replayed]:
    """An audit made again, by the method that it was made by.

    Args:
        installation: whose audit it is.
        record: the audit.
        loaded: the policy as it is now, in case the run keeps none of then.
        records: all of the ledger.
        snapshot_folder: where its snapshot lies, if not among the runs.

    Raises:
        InputError: when the snapshot or the method of then is not kept.
        AuditError: when a step fails.
    """
    settings = installation.settings
    snapshot = (
        stored_snapshot(record, settings.runs)
        if snapshot_folder is None
        else read_snapshot(snapshot_folder)
    )
    of_then, home = method_of_then(record, snapshot, loaded)
    with tempfile.TemporaryDirectory(prefix="fairness-audit-replay-") as folder:
        yield audit_again(
            record,
            snapshot,
            of_then,
            past=Past.of(
                record,
                records,
                installation.evidence.read,
                partial(trained_until, installation.registry, loaded.policy),
            ),
            home=home,
            subject_key=installation.subject_key,
            folder=Path(folder),
            runs=settings.runs,
            host=host_of(settings),
        )


@dataclass(frozen=True)
class InProduction:
    """A version in production, and whether the record that governs it follows from its data.

    ``changes`` says what was found otherwise; ``untold`` why nobody can tell, None where it was
    made again.
    """

    model: str
    model_version: str
    record_id: str
    changes: tuple[str, ...] = ()
    untold: str | None = None

    @property
    def sentence(self) -> str:
        """What an operator is told."""
        about = f"record {self.record_id[:12]}, which governs {self.model} version"
        about += f" {self.model_version} in production,"
        if self.untold is not None:
            return f"{about} was not made again: {self.untold}"
        if self.changes:
            return f"{about} does not follow from its data: {'; '.join(self.changes)}"
        return f"{about} follows from its data"


def replay_production(
    installation: Installation, loaded: LoadedPolicy, records: Sequence[Record]
) -> Iterator[InProduction]:
    """Make the audit again of each record that governs a version of a model in production."""
    guarded, model = loaded.policy.gate, loaded.policy.model
    audits = [each for each in records if isinstance(each, AuditRecord)]
    aliases = installation.aliases(loaded.policy)
    for version in installation.registry.promoted(guarded.registered_model, *aliases):
        files = installation.registry.artifact_digest(guarded.registered_model, version)
        record = governing(audits, model, version, files)
        if record is None:
            continue  # which the sweep says
        about = partial(InProduction, model, version, record.record_id)
        try:
            with made_again(installation, record, loaded, records) as again:
                yield about(changes=tuple(differences(record, again)))
        except InputError as error:
            yield about(untold=str(error))
        except AuditError as error:
            yield about(changes=(f"it cannot be made: {error}",))
