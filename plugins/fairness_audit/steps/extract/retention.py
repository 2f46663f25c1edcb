"""Runs hold row-level data of people; they are deleted when nobody needs them any more."""

import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path


@dataclass(frozen=True)
class AgedRun:
    """The folder of one run, how old it is, and whether its model has no newer one."""

    folder: Path
    age: timedelta
    is_newest: bool

    def is_due(self, keep_days: int) -> bool:
        """Whether it may be deleted: it is older, and not the newest of its model."""
        return not self.is_newest and self.age > timedelta(days=keep_days)

    def delete(self) -> None:
        """Delete the folder. The run can no longer be replayed; its record stays."""
        # Out of the way first: a run is there whole or not at all.
        gone = self.folder.rename(self.folder.with_name(f".deleted-{self.folder.name}"))
        shutil.rmtree(gone)


def aged_runs(runs: Path, now: datetime) -> Iterator[AgedRun]:
    """The runs of each model, the oldest first."""
    for model in sorted(folder for folder in runs.glob("*") if folder.is_dir()):
        by_age = sorted((folder for folder in model.iterdir() if folder.is_dir()), key=_made)
        for run in by_age:
            yield AgedRun(run, now - datetime.fromtimestamp(_made(run), UTC), run == by_age[-1])


def delete_runs(runs: Path, *, keep_days: int, now: datetime) -> tuple[Path, ...]:
    """Delete the folders of runs older than ``keep_days``; the newest of each model stays.

    Returns:
        The folders that were deleted.
    """
    due = [each for each in aged_runs(runs, now) if each.is_due(keep_days)]
    for each in due:
        each.delete()
    return tuple(each.folder for each in due)


def _made(run: Path) -> float:
    return run.stat().st_mtime
