"""The console script `fairness-audit`: every verb, assembled.

A verb's module loads nothing but this room; what the verb needs it loads when it runs.
"""

from typing import Annotated

import typer

from fairness_audit.cli import (
    audits,
    calibrate,
    candidate,
    doctor,
    gate,
    ledger,
    measure,
    plan,
    policies,
    records,
    recount,
    replay,
    snapshot,
    waivers,
)
from fairness_audit.cli.verb import OWN_PROCESS, exit_codes

_WIDEST = 100
"""Columns that a help text fills on a wide terminal; a longer line is read badly."""

app = typer.Typer(
    help="Audit the models that decide inside a CRM, and gate their release.",
    epilog=exit_codes(),
    no_args_is_help=True,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"max_content_width": _WIDEST},
)


def _version(asked: bool) -> None:
    if asked:
        from importlib.metadata import version

        typer.echo(f"fairness-audit {version('fairness-audit')}")
        raise typer.Exit


@app.callback()
def _options(
    version: Annotated[
        bool,
        typer.Option(
            "--version", callback=_version, is_eager=True, help="Print the version, and end."
        ),
    ] = False,
) -> None:
    """Options of the command itself."""


def main() -> None:
    """The console script: the command in a process of its own."""
    app(obj=OWN_PROCESS)


app.command()(policies.check)
app.command()(doctor.doctor)
app.command()(plan.plan)
app.command()(audits.run)
app.command()(candidate.candidate)
app.command()(gate.gate)
app.command("verify-serving")(gate.verify_serving)
app.command()(records.verify)
app.command()(replay.replay)
app.command()(replay.recall)
app.command()(recount.recount)
app.command()(calibrate.calibrate)
app.command()(waivers.waivers)
app.command()(measure.measure)
app.command()(measure.metrics)

_ledger = typer.Typer(
    help="Where records are kept: protect it, verify it, mend it.",
    no_args_is_help=True,
    rich_markup_mode=None,
)
_ledger.command()(ledger.init)
_ledger.command()(ledger.status)
_ledger.command()(ledger.void)
_ledger.command("rotate-key")(ledger.rotate_key)
app.add_typer(_ledger, name="ledger")

_snapshot = typer.Typer(
    help="What was read from the CRM: show, verify, compare it.",
    no_args_is_help=True,
    rich_markup_mode=None,
)
_snapshot.command("show")(snapshot.show_snapshot)
_snapshot.command()(snapshot.verify)
_snapshot.command()(snapshot.rebuild)
_snapshot.command()(snapshot.diff)
_snapshot.command()(snapshot.prune)
app.add_typer(_snapshot, name="snapshot")
