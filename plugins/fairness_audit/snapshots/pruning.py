"""The verb `snapshot prune`: runs that are too old go, by hand and in sight."""

from datetime import UTC, datetime
from typing import Annotated

import typer

from fairness_audit.retention import AgedRun

Days = Annotated[
    int, typer.Option("--older-than", metavar="DAYS", min=1, help="Age from which runs go.")
]
Dry = Annotated[bool, typer.Option("--dry-run", help="Say what would go, and delete nothing.")]


def prune(days: Days, dry_run: Dry = False) -> None:
    """Delete the folders of old runs, their snapshots with them; say what goes, what stays, why.

    The newest run of each model stays, however old. Records stay in the ledger, but one whose run
    was deleted can no longer be replayed. Exit 0 done, 2 not all could be deleted.
    """
    from fairness_audit.errors import InputError
    from fairness_audit.retention import aged_runs
    from fairness_audit.settings import Settings

    runs = Settings.from_environment().runs
    if not runs.is_dir():
        raise InputError(f"{runs}: there are no runs (set FAIRNESS_AUDIT_STATE to their place)")
    word = "would delete" if dry_run else "deleted"
    gone = 0
    for each in list(aged_runs(runs, datetime.now(UTC))):
        place = each.folder.relative_to(runs)
        if not each.is_due(days):
            typer.echo(f"kept {place}: {_reason(each)}")
            continue
        if not dry_run:
            try:
                each.delete()
            except OSError as error:
                raise InputError(
                    f"{each.folder}: {error.strerror} (let this user delete it; {gone} runs were"
                    " deleted before it)"
                ) from None
        gone += 1
        typer.echo(f"{word} {place}: {each.age.days} days old")
    typer.echo(f"{word} {gone} runs; their records stay, and cannot be replayed without them")


def _reason(run: AgedRun) -> str:
    return "the newest of its model" if run.is_newest else f"{run.age.days} days old"
