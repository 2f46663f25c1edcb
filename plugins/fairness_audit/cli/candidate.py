"""The verb `candidate`: audit a version before its release, and show who wins and who loses."""

from datetime import UTC, datetime
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

from fairness_audit.errors import SettingsError
from fairness_audit.policy.load import FILE_NAME, load_policy
from fairness_audit.records.comparison import Comparison, ComparisonFile, GroupChange
from fairness_audit.settings import Settings

_STYLES = {"better": "green", "worse": "red"}
_LEFT_OUT = "too few"


def candidate(
    model: Annotated[str, typer.Argument(help="Name of a folder under expectations/.")],
    version: Annotated[str, typer.Argument(help="The candidate's version in the registry.")],
    as_of: Annotated[
        datetime | None, typer.Option(help="Audit as of this moment (UTC). Default: now.")
    ] = None,
    promote: Annotated[bool, typer.Option(help="Promote it if it is allowed.")] = True,
) -> None:
    """Audit a version by letting it score the current population. Exit 0 allowed, 1 blocked.

    It is put in the place of the version in production; a table says what that changes for whom.
    Exit 2: nobody could tell.
    """
    from fairness_audit.cli.audits import Audited, print_audits
    from fairness_audit.pipeline import local as local_airflow
    from fairness_audit.steps.score.candidate import rule_of

    settings = Settings.from_environment()
    file = settings.expectations / model / FILE_NAME
    if not file.is_file():
        raise SettingsError(f"no policy for {model!r} at {file}")
    rule_of(load_policy(file).policy)
    local_airflow.prepare(settings)
    moment = as_of.replace(tzinfo=UTC).isoformat() if as_of else None
    ended = local_airflow.run_candidate(settings, model, version, moment, promotes=promote)
    if ended.newest(ComparisonFile) is not None:
        path = settings.run_folder(model, ended.run_id) / "comparison.json"
        print_changes(Comparison.model_validate_json(path.read_bytes()))
        typer.echo(f"intersections too  {path}\n")
    audited = Audited.of(model, ended, settings)
    print_audits([audited], settings)
    raise typer.Exit(audited.exit_code)


def print_changes(comparison: Comparison) -> None:
    """Print a row per group of one attribute: who is selected now, who would be, and what changes.

    Intersections are left to the file: with them the figures of small groups could be worked out.
    """
    table = Table(
        title=f"{comparison.model}: what changes with version {comparison.model_version}"
    )
    now, then = comparison.against, comparison.model_version
    for heading in ("group", "of", f"by {now}", f"by {then}", "new", "dropped", "change"):
        table.add_column(heading, justify="left" if heading == "group" else "right")
    table.add_column("", justify="left")
    for group in comparison.groups:
        if "*" in group.attribute:
            continue
        table.add_row(*_row(group))
    Console(highlight=False).print(table)


def _row(group: GroupChange) -> tuple[Text, ...]:
    alone = group.group == group.attribute
    name = Text(group.group if alone else f"{group.attribute}: {group.group}")
    size = Text(f"{group.subjects:,}")
    if group.difference is None or group.low is None or group.high is None:
        return (name, size, *(Text("") for _ in range(4)), Text(_LEFT_OUT), Text(""))
    counts = (group.selected_before, group.selected_after, group.gained, group.lost)
    change = f"{group.difference:+.1%} [{group.low:+.1%}, {group.high:+.1%}]"
    word = group.change or ""
    return (
        name, size, *(Text(f"{each:,}") for each in counts), Text(change),
        Text(word, style=_STYLES.get(word, "")),
    )  # fmt: skip
