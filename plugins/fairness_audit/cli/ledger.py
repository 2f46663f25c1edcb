"""The verbs `ledger init`, `ledger status` and `ledger rotate-key`."""

from typing import Annotated

import typer

from fairness_audit.settings import Settings

HOLDS, REFUSED = 0, 1

Roles = Annotated[
    list[str] | None, typer.Option(help="Role of PostgreSQL that may append; repeat for more.")
]
Readers = Annotated[
    list[str] | None, typer.Option(help="Role of PostgreSQL that may only read; repeat for more.")
]


def init(writer: Roles = None, reader: Readers = None) -> None:
    """Make the ledger append-only. Run as the role that owns it, which no service should be.

    FAIRNESS_AUDIT_LEDGER names the database and the owner. Safe to run again.
    """
    from fairness_audit.installation import Installation

    ledger = Installation(Settings.from_environment()).ledger
    ledger.init(writers=writer or (), readers=reader or ())
    typer.echo(f"{ledger.name}: append-only")
    for role in writer or ():
        typer.echo(f"  {role} may append and read")
    for role in reader or ():
        typer.echo(f"  {role} may read")


def status() -> None:
    """Verify the ledger, and that its database keeps it append-only. Exit 1 if not."""
    from fairness_audit.errors import RecordError
    from fairness_audit.installation import Installation
    from fairness_audit.ledger.keys import load_trusted_keys
    from fairness_audit.ledger.verified import verified_ledger

    settings = Settings.from_environment()
    ledger = Installation(settings).ledger
    missing = ledger.missing_triggers()
    typer.echo(f"ledger  {ledger.name}")
    typer.echo(f"heads   {settings.heads}")
    try:
        records = verified_ledger(ledger, load_trusted_keys(settings.trusted_keys))
    except RecordError as error:
        typer.echo(f"fairness-audit: {error}", err=True)
        raise typer.Exit(REFUSED) from error
    if records:
        last = records[-1]
        typer.echo(
            f"newest  record {last.seq}, {last.kind} of {last.model} version"
            f" {last.model_version}: {last.outcome}"
        )
    typer.echo(f"{len(records)} records, all genuine, none missing")
    for trigger in sorted(missing):
        typer.echo(f"fairness-audit: no trigger {trigger} (ledger init makes it)", err=True)
    raise typer.Exit(REFUSED if missing else HOLDS)


def rotate_key() -> None:
    """Make a new signing key. What the old one signed still verifies; it signs nothing new."""
    from fairness_audit.installation import Installation
    from fairness_audit.ledger.keys import load_trusted_keys, replace_signing_key
    from fairness_audit.ledger.verified import verified_ledger

    settings = Settings.from_environment()
    ledger = Installation(settings).ledger
    with ledger.holding():  # nobody signs a record between the last one and the new key
        last = len(verified_ledger(ledger, load_trusted_keys(settings.trusted_keys)))
        new = replace_signing_key(settings, last)
    typer.echo(f"{settings.signing_key}: new key {new[:16]}")
    typer.echo(f"the old key counts up to record {last}")
    typer.echo(f"give {settings.trusted_keys} to everybody who verifies")
