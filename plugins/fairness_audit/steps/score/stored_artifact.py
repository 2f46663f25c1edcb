"""A candidate's files, as the run that scored them keeps them, and what is not kept."""

import shutil
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from fairness_audit.errors import InputError, RegistryError
from fairness_audit.registry.artifact import folder_digest, plain_files
from fairness_audit.steps.score import quota
from fairness_audit.steps.score.process import Workplace

PLACE = "candidate"
"""The folder of a scoring, in its run's own."""


_SURELY_ENDED = timedelta(days=1)


@dataclass(frozen=True)
class StoredArtifact:
    """The copy that a run made before it scored; the registry is not asked again."""

    folder: Path
    digest: str

    def copy(self, model: str, version: str, folder: Path) -> str:
        """Copy the files into a new folder; give the digest of the copy."""
        plain_files(self.folder)
        shutil.copytree(self.folder, folder, symlinks=True)
        return folder_digest(folder)

    def artifact_digest(self, model: str, version: str) -> str:
        """The digest that the files were found by."""
        return self.digest


def stored_artifact(runs: Iterable[Path], digest: str) -> StoredArtifact:
    """The files of this digest in the first of the runs that has them.

    Raises:
        InputError: when none has.
    """
    for run in runs:
        folder = Workplace(run / PLACE).artifact
        with suppress(RegistryError):  # of a run that was cut off
            if folder.is_dir() and folder_digest(folder) == digest:
                return StoredArtifact(folder, digest)
    raise InputError(
        f"no run keeps the files {digest[:12]} that scored, so they cannot score again (audit"
        " the candidate anew: fairness-audit candidate MODEL VERSION)"
    )


def remove_left_homes(runs: Path, now: datetime) -> tuple[Path, ...]:
    """Remove the homes of scorings whose worker was killed where there were no namespaces.

    Returns:
        The folders that were removed.
    """
    homes = (Workplace(place).home for place in sorted(runs.glob(f"*/*/{PLACE}")))
    left = tuple(home for home in homes if home.is_dir() and now - _made(home) > _SURELY_ENDED)
    for home in left:
        quota.remove(home)
    return left


def _made(folder: Path) -> datetime:
    return datetime.fromtimestamp(folder.stat().st_mtime, UTC)
