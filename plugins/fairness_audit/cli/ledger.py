"""The verbs `ledger init`, `ledger status`, `ledger void` and `ledger rotate-key`."""

from typing import Annotated

import typer

from fairness_audit.cli.printing import Format, Printed, complain, point_to, say, show
from fairness_audit.cli.verb import verb
from fairness_audit.errors import ExitCode

Roles = Annotated[
    list[str] | None,
    typer.Option(metavar="ROLE", help="Role of PostgreSQL that may append; repeat for more."),
]
Readers = Annotated[
    list[str] | None,
    typer.Option(metavar="ROLE", help="Role of PostgreSQL that may only read; repeat for more."),
]


@verb(
    "fairness-audit ledger init",
    "fairness-audit ledger init --writer airflow --reader ci",
)
def init(writer: Roles = None, reader: Readers = None) -> None:
    """Make the ledger append-only.

    Run it as the role that owns it, which no service should be. FAIRNESS_AUDIT_LEDGER names the
    database and the owner. Safe to run again.
    """
    from fairness_audit.installation import Installation

    with Installation.from_environment() as installation:
        ledger = installation.ledger
        ledger.init(writers=writer or (), readers=reader or ())
        say(f"{ledger.name}: append-only")
    for role in writer or ():
        say(f"  {role} may append and read")
    for role in reader or ():
        say(f"  {role} may read")


@verb("fairness-audit ledger status", "fairness-audit ledger status --format json")
def status(form: Printed = Format.TABLE) -> None:
    """Verify the ledger and its evidence; is it append-only?

    Warns where this account could put an older copy in the place of the ledger and its heads.

    Exit 0 the records hold, the database keeps them so, and every evidence file that they bind is
    there and unaltered, 1 not.
    """
    from fairness_audit.installation import Installation
    from fairness_audit.ledger.witness import rewritable

    with Installation.from_environment() as installation:
        ledger, heads = installation.ledger, installation.settings.heads
        warning = rewritable(ledger)
        missing = sorted(ledger.missing_triggers())
        records = installation.records()
        evidence = list(installation.evidence.faults(records))
    last = records[-1] if records else None
    content = {
        "ledger": ledger.name,
        "heads": heads,
        "records": len(records),
        "newest": last and last.record_id,
        "missing_triggers": missing,
        "evidence_faults": evidence,
        "witness": installation.settings.witness,
        "warnings": [warning] if warning else [],
    }

    def in_words() -> None:
        point_to("ledger", ledger.name)
        point_to("heads ", heads)
        if last is not None:
            say(
                f"newest  record {last.seq}, {last.kind} of {last.model} version"
                f" {last.model_version}: {last.outcome}",
                hang=8,
            )
        say(f"{len(records)} records, all genuine, none missing")

    show(content, form, in_words)
    if warning:
        complain(f"warning: {warning}")
    for trigger in missing:
        complain(f"no trigger {trigger} (ledger init makes it)")
    for fault in evidence:
        complain(fault)
    raise typer.Exit(ExitCode.REFUSED if missing or evidence else ExitCode.GOOD)


@verb('fairness-audit ledger void 7 --reason "written by hand; INC-123"')
def void(
    seq: Annotated[
        int, typer.Argument(metavar="SEQ", min=1, help="Number of the row that is no record.")
    ],
    reason: Annotated[
        str, typer.Option(metavar="TEXT", help="How it came there; it is signed and stays.")
    ],
) -> None:
    """Void a row that nobody signed, so that the ledger holds again.

    A signed record names the row by its number and digest, and the chain goes on through it. Needs
    the signing key. A genuine record is not voided: nobody would believe it.
    """
    from datetime import UTC, datetime

    from fairness_audit.installation import Installation
    from fairness_audit.steps.publish import publish_void

    with Installation.from_environment() as installation:
        record = publish_void(
            seq,
            reason,
            ledger=installation.ledger,
            signer=installation.publishing_key,
            trusted=lambda: installation.trusted_keys,
            records=installation.settings.records,
            now=datetime.now(UTC),
        )
    say(f"record {record.seq} voids row {record.voids}: {record.reason}")


@verb("fairness-audit ledger rotate-key")
def rotate_key() -> None:
    """Make a new signing key.

    What the old one signed still verifies; it signs nothing new.
    """
    from fairness_audit.installation import Installation
    from fairness_audit.ledger.keys import replace_signing_key

    with Installation.from_environment() as installation:
        settings = installation.settings
        with installation.ledger.holding():  # nobody signs between the last one and the new key
            records = installation.records()
            last = records[-1].seq if records else 0
            new = replace_signing_key(settings, last)
    say(f"{settings.signing_key}: new key {new[:16]}")
    say(f"the old key counts up to record {last}")
    say(f"give {settings.trusted_keys} to everybody who verifies")
