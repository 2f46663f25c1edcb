"""The verbs `snapshot show`, `verify`, `rebuild`, `diff`: what was read, looked at later."""

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

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
    from fairness_audit.extract.manifest import read_manifest
    from fairness_audit.snapshots.showing import described

    snapshot = read_manifest(_found(folder))
    if form is Format.JSON:
        typer.echo(snapshot.model_dump_json(indent=1))
        return
    for line in described(snapshot):
        typer.echo(line)


def verify(folder: Folder) -> None:
    """Recompute every digest, row count and schema. Exit 0 intact, 1 not, 2 no snapshot."""
    from fairness_audit.snapshots.verifying import faults

    found = list(faults(_found(folder)))
    for fault in found:
        typer.echo(f"fairness-audit: {fault}", err=True)
    if found:
        raise typer.Exit(DIFFERENT)
    typer.echo(f"{folder}: every file is what extract wrote")


def rebuild(folder: Folder) -> None:
    """Make the snapshot again from the parts it was merged from. Exit 0 equal, 1 not."""
    from fairness_audit.extract.manifest import read_manifest
    from fairness_audit.policy.load import FILE_NAME, load_policy
    from fairness_audit.settings import Settings
    from fairness_audit.snapshots.rebuilding import differences, merged_objects

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
    from fairness_audit.extract.manifest import read_snapshot
    from fairness_audit.settings import Settings
    from fairness_audit.snapshots.differing import compared
    from fairness_audit.snapshots.showing import told

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
    from fairness_audit.extract.manifest import MANIFEST

    inside = folder / "snapshot"
    is_run = not (folder / MANIFEST).is_file() and (inside / MANIFEST).is_file()
    return (inside if is_run else folder).resolve()
