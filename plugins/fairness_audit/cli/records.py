"""The verb `verify`: are the published records genuine, and all there?"""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from fairness_audit.cli.names import existing_file, listed, newest
from fairness_audit.cli.printing import Format, RowsPrinted, complain, say, show_rows, table
from fairness_audit.cli.verb import verb
from fairness_audit.errors import ExitCode, InputError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from fairness_audit.records.signed.statement import Record

_KEYS = ("seq", "kind", "model", "model_version", "logical_date", "outcome", "record_id")


@verb(
    "fairness-audit verify                # all of them, as one chain",
    "fairness-audit verify record.json    # one file, wherever it lies",
)
def verify(
    record: Annotated[
        Path | None,
        typer.Argument(metavar="FILE", help="A record file. Default: all, as one chain."),
    ] = None,
    whole: Annotated[
        bool, typer.Option("--ledger", help="Verify all records as one chain (the default).")
    ] = False,
    form: RowsPrinted = Format.TABLE,
) -> None:
    """Are the published records genuine, and all there?

    Signatures, chain and heads are verified from files alone. Exit 0 all genuine and none
    missing, 1 not.
    """
    from fairness_audit.installation import Installation
    from fairness_audit.ledger.verify import verify_record

    if whole and record is not None:
        raise InputError(f"{record} and --ledger: name a record, or all of them, not both")
    with Installation.from_environment() as installation:
        if record is not None:
            _check_is_there(record, installation.settings.records)
            _show([verify_record(record, installation.trusted_keys)], form, "1 record, genuine")
            return
        verification = installation.verified_files()
    number = len(verification.records)
    said = f"{number} records, all genuine, none missing" if verification.holds else ""
    _show(verification.records, form, said)
    for fault in verification.faults:
        complain(str(fault))
    if not verification.holds:
        raise typer.Exit(ExitCode.REFUSED)


def _check_is_there(file: Path, records: Path) -> None:
    if file.is_file():
        return
    if not records.is_dir():
        existing_file(file, ("*.json",), what="record file")
    there = listed(path.relative_to(records) for path in newest(records.rglob("*.json")))
    raise InputError(
        f"{file}: no such record file (name one of those under {records}; the newest are {there})"
    )


def _show(records: "Sequence[Record]", form: Format, said: str) -> None:
    rows = [
        {key: getattr(each, key) for key in _KEYS}
        | {"logical_date": each.logical_date.isoformat()}
        for each in records
    ]

    def in_words() -> None:
        table(
            ("no.", "model", "version", "as of", "outcome", "record"),
            [
                (
                    str(each.seq),
                    each.model,
                    each.model_version,
                    f"{each.logical_date:%Y-%m-%d}",
                    each.outcome,
                    each.record_id[:12],
                )
                for each in records
            ],
            right={0},
        )
        if said:
            say()
            say(said)

    show_rows(rows, form, in_words, keys=_KEYS)
