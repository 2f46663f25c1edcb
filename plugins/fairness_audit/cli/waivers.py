"""The verb `fairness-audit waivers`: what was waived, by whom, until when, what became of it."""

import json
import textwrap
from datetime import UTC, datetime
from typing import Annotated

import typer

from fairness_audit.errors import InputError, RecordError
from fairness_audit.records.waiver import Waiver
from fairness_audit.review.waivers import waivers_of
from fairness_audit.settings import Settings

_WIDTH = 80


def waivers(
    model: Annotated[str | None, typer.Option(help="Only those of this model.")] = None,
    form: Annotated[str, typer.Option("--format", help="How to print them: text or json.")] = (
        "text"
    ),
) -> None:
    """List every waiver in the ledger, those in force first. Exit 1 if the ledger does not hold.

    A waiver ends by itself, by a later decision on the same finding (start the DAG review_audit
    with the id of the audit record), or by a newer audit of the version.
    """
    from fairness_audit.installation import Installation

    if form not in ("text", "json"):
        raise InputError(f"--format {form!r}: write text or json")
    settings = Settings.from_environment()
    try:
        records = Installation(settings).records()
    except RecordError as error:
        typer.echo(f"fairness-audit: {error}", err=True)
        raise typer.Exit(1) from error
    found = [
        each for each in waivers_of(records, datetime.now(UTC)) if model in (None, each.model)
    ]
    if form == "json":
        typer.echo(json.dumps([each.model_dump(mode="json") for each in found], indent=2))
        return
    for each in found:
        typer.echo(in_words(each))
    in_force = sum(each.state == "in force" for each in found)
    typer.echo(f"{len(found)} waivers, {in_force} in force" if found else "no waivers")


def in_words(waiver: Waiver) -> str:
    """One waiver for a terminal, no line wider than 80 columns unless a name is."""
    until = f"{waiver.expires:%Y-%m-%d %H:%M} UTC"
    ends = {"in force": f"in force until {until}", "expired": f"expired on {until}"}
    state = ends.get(waiver.state, f"{waiver.state}, would have ended on {until}")
    lines = [
        f"{waiver.model} version {waiver.model_version}: {state}",
        *_indented(waiver.finding),
        *_indented(f"owner {waiver.owner}; waived by {' and '.join(waiver.approvers)}"),
        *_indented(f"instead: {waiver.compensating_control}"),
        *_indented(f"record {waiver.record_id[:12]} about audit {waiver.audit_record_id[:12]}"),
    ]
    return "\n".join(lines)


def _indented(text: str) -> list[str]:
    return textwrap.wrap(text, _WIDTH, initial_indent="  ", subsequent_indent="    ")
