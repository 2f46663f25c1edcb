"""A run that is kept: its population as it lies in its folder, or made from its snapshot."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

import pyarrow.parquet as pq

from fairness_audit.errors import InputError, RecordError
from fairness_audit.files import sha256_of
from fairness_audit.policy.load import LoadedPolicy
from fairness_audit.records.evidence import Evidence
from fairness_audit.records.population import Population
from fairness_audit.records.signed.audit import AuditRecord
from fairness_audit.records.snapshot import Snapshot
from fairness_audit.replay.replay import Past, ReplayedSteps
from fairness_audit.steps.assemble import assemble
from fairness_audit.steps.extract import read_snapshot
from fairness_audit.steps.measure import EVIDENCE
from fairness_audit.steps.score.candidate import FILE as CANDIDATE
from fairness_audit.steps.score.candidate import host_of

if TYPE_CHECKING:
    from fairness_audit.installation import Installation

_DECISIONS = "population.parquet"


@dataclass(frozen=True)
class PastRun:
    """A run that is kept: its folder, its snapshot, and the record of its audit if one is named.

    Without a record it is of the candidate that the run scored, else of the decisions made.
    """

    folder: Path
    snapshot: Snapshot
    record: AuditRecord | None = None

    def population(
        self, installation: "Installation", loaded: LoadedPolicy, folder: Path
    ) -> Population:
        """What was audited.

        Made anew in ``folder`` where the run has it no more, or not as the record says.

        Raises:
            AuditError: when it cannot be had.
        """
        there = self._kept()
        if there is not None:
            return there
        read_snapshot(self.snapshot.folder)  # raises if a file is not what was written
        if self.record is not None:
            return self._made_again(self.record, installation, loaded, folder)
        return assemble(
            loaded.policy,
            self.snapshot,
            sql=installation.settings.sql,
            folder=folder,
            subject_key=installation.subject_key,
            model_version=None,
        )

    def counts_from(
        self, installation: "Installation", loaded: LoadedPolicy, version: str
    ) -> datetime | None:
        """When the version had been trained, as the audit knew it; None where nobody knows.

        Raises:
            RegistryError: when the registry must be asked and does not answer.
        """
        from fairness_audit.registry.training import trained_until

        try:
            if self.record is not None:
                counted = installation.evidence.read(self.record)
                return None if counted is None else counted.counts_from
            return Evidence.read((self.folder / EVIDENCE).read_bytes()).counts_from
        except (OSError, RecordError):
            return trained_until(installation.registry, loaded.policy, version)

    def _kept(self) -> Population | None:
        if self.record is None:
            names: Sequence[str] = (CANDIDATE, _DECISIONS)
        else:
            names = (CANDIDATE if self.record.simulation else _DECISIONS,)
        for file in (self.folder / name for name in names):
            if file.is_file() and (
                self.record is None or sha256_of(file) == self.record.population_digest
            ):
                return _population(file, self.snapshot)
        return None

    def _made_again(
        self,
        record: AuditRecord,
        installation: "Installation",
        loaded: LoadedPolicy,
        folder: Path,
    ) -> Population:
        settings = installation.settings
        again = ReplayedSteps(
            record,
            self.snapshot,
            loaded,
            Past((), lambda _: None, None),
            settings.home,
            installation.subject_key,
            folder,
            settings.runs,
            host_of(settings),
        )
        decided = again.assemble(self.snapshot)
        return again.score(self.snapshot, decided) if record.simulation else decided


def _population(file: Path, snapshot: Snapshot) -> Population:
    """The door of a population that lies in a run's folder.

    Raises:
        InputError: when it holds nobody, or is not what `assemble` wrote.
    """
    try:
        version = pq.read_table(file, columns=["model_version"])["model_version"]
    except (OSError, ValueError, KeyError) as error:  # pyarrow's are of these
        raise InputError(
            f"{file}: is no population ({type(error).__name__}; name a run that was assembled)"
        ) from None
    rows = len(version)
    if not rows:
        raise InputError(f"{file}: holds no decision (name a run that audited somebody)")
    return Population(
        model=snapshot.model,
        model_version=version[0].as_py(),
        path=file.resolve(),
        digest=sha256_of(file),
        rows=rows,
        decisions=rows,
        window_start=snapshot.window_start,
        window_end=snapshot.window_end,
    )
