"""The verb `candidate`: audit a version before its release, and show who wins and who loses."""

from typing import TYPE_CHECKING, Annotated

import typer

from fairness_audit.cli.audits import AsOf, Audited, moment, print_audits
from fairness_audit.cli.names import ModelArgument
from fairness_audit.cli.printing import point_to, say, table
from fairness_audit.cli.verb import verb

if TYPE_CHECKING:
    from fairness_audit.records.comparison import Comparison, GroupChange

_LEFT_OUT, _HIDDEN = "too few", "–"


@verb(
    "fairness-audit candidate lead_scoring 3",
    "fairness-audit candidate lead_scoring 3 --no-promote",
)
def candidate(
    model: ModelArgument,
    version: Annotated[
        str, typer.Argument(metavar="VERSION", help="The candidate's version in the registry.")
    ],
    as_of: AsOf = None,
    promote: Annotated[bool, typer.Option(help="Promote it if it is allowed.")] = True,
) -> None:
    """Audit a version before its release.

    It scores the current population, in the place of the version in production; a table says
    what that changes for whom. Exit 0 allowed, 1 blocked or not promoted, 2 nobody could tell.
    """
    from fairness_audit.installation import Installation
    from fairness_audit.pipeline import local as local_airflow
    from fairness_audit.records.comparison import Comparison, ComparisonFile

    with Installation.from_environment() as installation:
        loaded = installation.policy(model)
        from fairness_audit.steps.score.candidate import rule_of

        rule_of(loaded.policy)
        settings = installation.settings
    local_airflow.prepare(settings)
    ended = local_airflow.run_candidate(settings, model, version, moment(as_of), promotes=promote)
    if ended.newest(ComparisonFile) is not None:
        path = settings.run_folder(model, ended.run_id) / "comparison.json"
        print_changes(Comparison.model_validate_json(path.read_bytes()))
        point_to("intersections too", path)
    audited = Audited.of(model, ended, settings)
    print_audits([audited], settings)
    raise typer.Exit(audited.exit_code)


def print_changes(comparison: "Comparison") -> None:
    """Print a row per group of one attribute: who is selected now, who would be, and what changes.

    Intersections are left to the file: with them the figures of small groups could be worked out.
    """
    now, then = comparison.against, comparison.model_version
    say()
    say(f"{comparison.model}: what changes with version {then}")
    say()
    table(
        ("group", "of", f"by {now}", f"by {then}", "new", "dropped", "change", ""),
        [_row(group) for group in comparison.groups if "*" not in group.attribute],
        right=range(1, 7),
    )


def _row(group: "GroupChange") -> tuple[str, ...]:
    alone = group.group == group.attribute
    name = group.group if alone else f"{group.attribute}: {group.group}"
    if group.difference is None or group.low is None or group.high is None:
        return (name, "", "", "", "", "", _LEFT_OUT, "")
    counts = (
        group.subjects,
        group.selected_before,
        group.selected_after,
        group.gained,
        group.lost,
    )
    change = f"{group.difference:+.1%} [{group.low:+.1%}, {group.high:+.1%}]"
    shown = (_HIDDEN if each is None else f"{each:,}" for each in counts)
    return (name, *shown, change, group.change or "")
