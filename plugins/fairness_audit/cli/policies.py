"""The verb `check`: are the policies, and what they need beside them, as they must be?"""

from typing import TYPE_CHECKING, Annotated, Any

import typer

from fairness_audit.cli.printing import Format, RowsPrinted, complain, say, show_rows
from fairness_audit.cli.verb import verb
from fairness_audit.errors import ExitCode

if TYPE_CHECKING:
    from collections.abc import Iterator

    from fairness_audit.installation import Installation
    from fairness_audit.policy.load import LoadedPolicy
    from fairness_audit.settings import Settings


@verb(
    "fairness-audit check",
    "fairness-audit check --registry    # does the registry ask the gate?",
    "fairness-audit check --against main    # which edits need a new audit?",
)
def check(
    write_schema: Annotated[
        bool,
        typer.Option(help="Also write policy.schema.json and record.schema.json."),
    ] = False,
    registry: Annotated[
        bool,
        typer.Option(
            "--registry", help="Also ask the registry for promotions that it must refuse."
        ),
    ] = False,
    against: Annotated[
        str | None,
        typer.Option(
            metavar="REV", help="Say which edits since this Git revision need a new audit."
        ),
    ] = None,
    form: RowsPrinted = Format.TABLE,
) -> None:
    """Check every policy, its SQL and its suites, at once.

    All faults of all files are reported. Every staging file must give the columns that
    sql/objects describes. What a valid policy can never conclude, or leaves open, is a warning.

    Exit 0 nothing is wrong, 2 something is. With --registry: exit 0 it asks the gate, 1 it
    promotes without asking, 2 cannot tell. With --against: exit 0 every record still holds, 1 some
    models must be audited again.
    """
    from fairness_audit.installation import Installation

    with Installation.from_environment() as installation:
        settings = installation.settings
        if write_schema:
            _write_schemas(settings)
        policies = installation.policies()
        exposed = _exposed(installation)
    _check_files(settings, policies)
    if registry:
        _check_registry(settings, policies)
    if against is not None:
        _tell_edits(settings, policies, against, form)
        return
    rows = [_row(loaded) for loaded in policies]

    def in_words() -> None:
        for row in rows:
            say(
                f"{row['model']}: {row['rules']} rules over {row['groupings']} groupings,"
                f" digest {row['digest'][:12]}"
            )
            for warning in row["warnings"]:
                complain(f"warning: {warning}")
        if exposed:
            complain(f"warning: {exposed}")
        if registry:
            say("the registry asks the gate")

    show_rows(rows, form, in_words)


def _check_files(settings: "Settings", policies: "list[LoadedPolicy]") -> None:
    from fairness_audit.guard.twice import guarded_twice
    from fairness_audit.policy.needs import missing_files
    from fairness_audit.steps.canonical_objects import staging_faults

    faults = [fault for loaded in policies for fault in missing_files(settings, loaded)]
    faults += guarded_twice(policies)
    faults += staging_faults(settings.sql)
    for fault in faults:
        complain(fault)
    if faults:
        raise typer.Exit(ExitCode.CANNOT_TELL)


def _tell_edits(
    settings: "Settings", policies: "list[LoadedPolicy]", revision: str, form: Format
) -> None:
    from dataclasses import asdict

    from fairness_audit.cli.revision import home_at
    from fairness_audit.policy.edits import edits
    from fairness_audit.policy.load import read_policies

    with home_at(settings.home, revision) as before:
        found = list(edits(read_policies(before / "expectations"), policies))

    def in_words() -> None:
        for each in found:
            say(each.sentence, hang=4)

    show_rows([asdict(each) for each in found], form, in_words)
    if any(each.means == "audit again" for each in found):
        raise typer.Exit(ExitCode.REFUSED)


def _row(loaded: "LoadedPolicy") -> dict[str, Any]:
    return {
        "model": loaded.policy.model,
        "rules": len(loaded.policy.rules),
        "groupings": len(loaded.policy.groupings),
        "digest": loaded.digest,
        "warnings": list(_warnings(loaded)),
    }


def _warnings(loaded: "LoadedPolicy") -> "Iterator[str]":
    from fairness_audit.steps.judge.pitfalls import pitfalls

    for where, what, cure in pitfalls(loaded.policy):
        field = ".".join(map(str, where))
        yield f"{loaded.file}:{loaded.line_of(*where)}: {field}: {what} ({cure})"


def _exposed(installation: "Installation") -> str | None:
    """The warning that an older copy of the ledger would pass for it; None without a ledger."""
    from fairness_audit.errors import LedgerError
    from fairness_audit.ledger.witness import rewritable

    try:
        return rewritable(installation.ledger)
    except LedgerError:  # who checks policies need not reach it; `ledger status` says what it is
        return None


def _write_schemas(settings: "Settings") -> None:
    from fairness_audit.policy import schema as policy_schema
    from fairness_audit.records.signed import schema as record_schema

    for each in (policy_schema, record_schema):
        (settings.expectations / each.FILE_NAME).write_text(each.schema_text(), "utf-8")


def _check_registry(settings: "Settings", policies: "list[LoadedPolicy]") -> None:
    from fairness_audit.guard.probe import unguarded

    open_ways = unguarded(settings.registry_url, [each.policy.gate.alias for each in policies])
    for way in open_ways:
        complain(way)
    if open_ways:
        raise typer.Exit(ExitCode.REFUSED)
