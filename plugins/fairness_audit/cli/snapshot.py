"""The verbs `snapshot show`, `verify`, `rebuild`, `diff`: what was read, looked at later."""

from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from fairness_audit.steps.extract.retention import AgedRun

EQUAL, DIFFERENT = 0, 1


class Format(StrEnum):
    """How an answer is printed."""

    TABLE = "table"
    JSON = "json"


Folder = Annotated[
    Path, typer.Argument(metavar="FOLDER", help="A snapshot's folder, or that of its run.")
]
Before = Annotated[Path, typer.Argument(metavar="A", help="The earlier snapshot.")]
After = Annotated[Path, typer.Argument(metavar="B", help="The later snapshot.")]
Printed = Annotated[Format, typer.Option("--format", help="How to print.")]


def show(folder: Folder, form: Printed = Format.TABLE) -> None:
    """Print what a snapshot says of itself: objects, rows, columns and digests."""
    from fairness_audit.cli.snapshot_text import described
    from fairness_audit.steps.extract.manifest import read_manifest

    snapshot = read_manifest(_found(folder))
    if form is Format.JSON:
        typer.echo(snapshot.model_dump_json(indent=1))
        return
    for line in described(snapshot):
        typer.echo(line)


def verify(folder: Folder) -> None:
    """Recompute every digest, row count and schema. Exit 0 intact, 1 not, 2 no snapshot."""
    from fairness_audit.steps.extract.verify import faults

    found = list(faults(_found(folder)))
    for fault in found:
        typer.echo(f"fairness-audit: {fault}", err=True)
    if found:
        raise typer.Exit(DIFFERENT)
    typer.echo(f"{folder}: every file is what extract wrote")


def rebuild(folder: Folder) -> None:
    """Make the snapshot again from the parts it was merged from. Exit 0 equal, 1 not."""
    from fairness_audit.policy.load import FILE_NAME, load_policy
    from fairness_audit.settings import Settings
    from fairness_audit.steps.extract.manifest import read_manifest
    from fairness_audit.steps.extract.rebuild import differences, merged_objects

    settings, found = Settings.from_environment(), _found(folder)
    model = read_manifest(found).model
    objects = load_policy(settings.expectations / model / FILE_NAME).policy.source.objects
    merged = merged_objects(found)
    stamps = {name: each.modified_on or "" for name, each in objects.items()}
    kept = settings.increments / model
    wrong = list(differences(found, kept=kept, modified_on=stamps, sql=settings.sql))
    for fault in wrong:
        typer.echo(f"fairness-audit: {fault}", err=True)
    if wrong:
        raise typer.Exit(DIFFERENT)
    whole = len(read_manifest(found).objects) - len(merged)
    typer.echo(f"{len(merged)} objects made again, the same to the byte; {whole} were read whole")


def diff(before: Before, after: After, form: Printed = Format.TABLE) -> None:
    """Compare two snapshots by key, in numbers alone. Exit 0 equal, 1 different, 2 cannot tell."""
    from fairness_audit.cli.snapshot_text import told
    from fairness_audit.settings import Settings
    from fairness_audit.steps.extract.difference import compared
    from fairness_audit.steps.extract.manifest import read_snapshot

    read = read_snapshot(_found(before)), read_snapshot(_found(after))
    difference = compared(*read, sql=Settings.from_environment().sql)
    if form is Format.JSON:
        typer.echo(difference.model_dump_json(indent=1))
    else:
        for line in told(difference):
            typer.echo(line)
    raise typer.Exit(EQUAL if difference.equal else DIFFERENT)


def _found(folder: Path) -> Path:
    """Where the manifest is: a run keeps its snapshot in a folder of that name."""
    from fairness_audit.steps.extract.manifest import MANIFEST

    inside = folder / "snapshot"
    is_run = not (folder / MANIFEST).is_file() and (inside / MANIFEST).is_file()
    return (inside if is_run else folder).resolve()


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
    from fairness_audit.settings import Settings
    from fairness_audit.steps.extract.retention import aged_runs

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
