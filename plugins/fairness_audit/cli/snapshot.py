"""The verbs `snapshot …`: what was read from the CRM, looked at later."""

from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from fairness_audit.cli.names import listed, newest
from fairness_audit.cli.printing import (
    Format,
    Printed,
    RowsPrinted,
    complain,
    say,
    show,
    show_rows,
)
from fairness_audit.cli.verb import verb
from fairness_audit.errors import ExitCode, InputError, SettingsError

if TYPE_CHECKING:
    from fairness_audit.steps.extract.retention import AgedRun

Folder = Annotated[
    Path, typer.Argument(metavar="FOLDER", help="A snapshot's folder, or that of its run.")
]
Before = Annotated[Path, typer.Argument(metavar="A", help="The earlier snapshot.")]
After = Annotated[Path, typer.Argument(metavar="B", help="The later snapshot.")]

_RUN = ".local/runs/lead_scoring/RUN"


@verb(f"fairness-audit snapshot show {_RUN}")
def show_snapshot(folder: Folder, form: Printed = Format.TABLE) -> None:
    """Print what a snapshot says of itself.

    These are its objects with their rows, columns and digests.
    """
    from fairness_audit.cli.snapshot_words import describe
    from fairness_audit.steps.extract.manifest import read_manifest

    snapshot = read_manifest(snapshot_in(folder))
    show(snapshot, form, lambda: describe(snapshot))


@verb(f"fairness-audit snapshot verify {_RUN}")
def verify(folder: Folder) -> None:
    """Recompute every digest, row count and schema.

    Exit 0 intact, 1 not, 2 no snapshot.
    """
    from fairness_audit.steps.extract.verify import faults

    found = list(faults(snapshot_in(folder)))
    for fault in found:
        complain(fault)
    if found:
        raise typer.Exit(ExitCode.REFUSED)
    say(f"{folder}: every file is what extract wrote")


@verb(f"fairness-audit snapshot rebuild {_RUN}")
def rebuild(folder: Folder) -> None:
    """Make a snapshot again from its parts.

    These are what each reading gave, and what it was merged from. Exit 0 equal, 1 not.
    """
    from fairness_audit.installation import Installation
    from fairness_audit.steps.extract.manifest import read_manifest
    from fairness_audit.steps.extract.rebuild import differences, merged_objects

    found = snapshot_in(folder)
    with Installation.from_environment() as installation:
        settings = installation.settings
        model = read_manifest(found).model
        objects = installation.policy(model).policy.source.objects
    merged = merged_objects(found)
    stamps = {name: each.modified_on or "" for name, each in objects.items()}
    kept = settings.increments / model
    wrong = list(differences(found, kept=kept, modified_on=stamps, sql=settings.sql))
    for fault in wrong:
        complain(fault)
    if wrong:
        raise typer.Exit(ExitCode.REFUSED)
    whole = len(read_manifest(found).objects) - len(merged)
    say(f"{len(merged)} objects made again, the same to the byte; {whole} were read whole")


@verb("fairness-audit snapshot diff \\", f"    {_RUN} {_RUN}")
def diff(before: Before, after: After, form: Printed = Format.TABLE) -> None:
    """Compare two snapshots by key, in numbers alone.

    Exit 0 equal, 1 different, 2 cannot tell.
    """
    from fairness_audit.cli.snapshot_words import tell
    from fairness_audit.installation import Installation
    from fairness_audit.steps.extract.difference import compared
    from fairness_audit.steps.extract.manifest import read_snapshot

    read = read_snapshot(snapshot_in(before)), read_snapshot(snapshot_in(after))
    with Installation.from_environment() as installation:
        difference = compared(*read, sql=installation.settings.sql)
    show(difference, form, lambda: tell(difference))
    raise typer.Exit(ExitCode.GOOD if difference.equal else ExitCode.REFUSED)


def snapshot_in(folder: Path) -> Path:
    """Where the manifest is: a run keeps its snapshot in a folder of that name.

    Raises:
        InputError: when there is none; names the newest that there are.
    """
    from fairness_audit.steps.extract.manifest import MANIFEST

    for place in (folder, folder / "snapshot"):
        if (place / MANIFEST).is_file():
            return place.resolve()
    raise InputError(f"{folder}: there is no snapshot ({_others(MANIFEST)})")


def _others(manifest: str) -> str:
    from fairness_audit.installation import Installation

    make = "make one by an audit: fairness-audit run MODEL"
    try:
        runs = Installation.from_environment().settings.runs
    except SettingsError:
        return make
    there = [file.parent.parent for file in newest(runs.glob(f"*/*/snapshot/{manifest}"))]
    if not there:
        return f"{runs} has none either; {make}"
    names = listed(run.relative_to(runs) for run in there)
    return f"name a run's folder; the newest under {runs} are {names}"


Days = Annotated[
    int, typer.Option("--older-than", metavar="DAYS", min=1, help="Age from which runs go.")
]
Dry = Annotated[bool, typer.Option("--dry-run", help="Say what would go, and delete nothing.")]


@verb(
    "fairness-audit snapshot prune --older-than 90 --dry-run",
    "fairness-audit snapshot prune --older-than 90",
)
def prune(days: Days, dry_run: Dry = False, form: RowsPrinted = Format.TABLE) -> None:
    """Delete old runs; say what goes, what stays, and why.

    Their snapshots go with them. The newest run of each model stays, however old. Records stay in
    the ledger, but one whose run was deleted can no longer be replayed. Exit 0 done, 2 not all
    could be deleted.
    """
    from fairness_audit.installation import Installation
    from fairness_audit.steps.extract.retention import aged_runs

    runs = Installation.from_environment().settings.runs
    if not runs.is_dir():
        raise InputError(f"{runs}: there are no runs (set FAIRNESS_AUDIT_STATE to their place)")
    deletes = "would delete" if dry_run else "deleted"
    rows: list[dict[str, object]] = []
    for each in list(aged_runs(runs, datetime.now(UTC))):
        goes = each.is_due(days)
        if goes and not dry_run:
            _delete(each, sum(row["done"] != "kept" for row in rows))
        place = str(each.folder.relative_to(runs))
        rows.append(
            {"run": place, "done": deletes if goes else "kept", "days": each.age.days}
            | {"reason": _reason(each, goes)}
        )
        if form is Format.TABLE:  # as it is done: it may take long
            say(f"{rows[-1]['done']} {place}: {rows[-1]['reason']}", hang=2)
    gone = sum(row["done"] != "kept" for row in rows)
    show_rows(
        rows,
        form,
        lambda: say(
            f"{deletes} {gone} runs; their records stay, and cannot be replayed without them"
        ),
        keys=("run", "done", "days", "reason"),
    )


def _delete(run: "AgedRun", before: int) -> None:
    try:
        run.delete()
    except OSError as error:
        raise InputError(
            f"{run.folder}: {error.strerror} (let this user delete it; {before} runs were"
            " deleted before it)"
        ) from None


def _reason(run: "AgedRun", goes: bool) -> str:
    if run.is_newest and not goes:
        return "the newest of its model"
    return f"{run.age.days} days old"
