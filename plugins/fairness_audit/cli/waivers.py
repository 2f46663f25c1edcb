"""The verb `waivers`: what was waived, by whom, until when, what became of it."""

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated

import typer

from fairness_audit.cli.names import completed_models
from fairness_audit.cli.printing import Format, RowsPrinted, say, show_rows
from fairness_audit.cli.verb import verb

if TYPE_CHECKING:
    from fairness_audit.records.waiver import Waiver


@verb("fairness-audit waivers", "fairness-audit waivers --model lead_scoring --format csv")
def waivers(
    model: Annotated[
        str | None,
        typer.Option(
            metavar="MODEL", help="Only those of this model.", autocompletion=completed_models
        ),
    ] = None,
    form: RowsPrinted = Format.TABLE,
) -> None:
    """List every waiver in the ledger, those in force first.

    A waiver ends by itself, by a later decision on the same finding (start the DAG review_audit
    with the id of the audit record), or by a newer audit of the version that does not find the
    same failure. Exit 0 they are listed, 1 the ledger does not hold.
    """
    from fairness_audit.installation import Installation
    from fairness_audit.records.waiver import Waiver
    from fairness_audit.review.waivers import waivers_of

    with Installation.from_environment() as installation:
        records = installation.records()
        if model is not None and all(each.model != model for each in records):
            installation.policy(model)  # a model may be gone, and its waivers still there
    found = [
        each for each in waivers_of(records, datetime.now(UTC)) if model in (None, each.model)
    ]

    def words() -> None:
        for each in found:
            in_words(each)
        in_force = sum(each.state == "in force" for each in found)
        say(f"{len(found)} waivers, {in_force} in force" if found else "no waivers")

    show_rows(found, form, words, keys=Waiver.model_fields)


def in_words(waiver: "Waiver") -> None:
    """Print one waiver."""
    until = f"{waiver.expires:%Y-%m-%d %H:%M} UTC"
    ends = {"in force": f"in force until {until}", "expired": f"expired on {until}"}
    state = ends.get(waiver.state, f"{waiver.state}, would have ended on {until}")
    say(f"{waiver.model} version {waiver.model_version}: {state}", hang=4)
    for line in (
        waiver.finding,
        f"owner {waiver.owner}; waived by {' and '.join(waiver.approvers)}",
        f"instead: {waiver.compensating_control}",
        f"record {waiver.record_id[:12]} about audit {waiver.audit_record_id[:12]}",
    ):
        say(f"  {line}", hang=4)
