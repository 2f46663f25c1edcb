"""The verb `recount`: evidence that another method counted, counted again by the one in force."""

from typing import TYPE_CHECKING, Annotated, Any

import typer

from fairness_audit.cli.names import completed_models
from fairness_audit.cli.printing import Format, RowsPrinted, complain, say, show_rows
from fairness_audit.cli.verb import verb
from fairness_audit.errors import ExitCode

if TYPE_CHECKING:
    from fairness_audit.replay.recount import Recounted

_KEYS = ("model", "model_version", "logical_date", "record_id", "recounted_as", "why_not")


@verb(
    "fairness-audit recount lead_scoring",
    "fairness-audit recount lead_scoring --model-version 2",
)
def recount(
    model: Annotated[
        str,
        typer.Argument(
            metavar="MODEL",
            help="A folder under expectations/.",
            autocompletion=completed_models,
        ),
    ],
    model_version: Annotated[
        str | None, typer.Option(metavar="VERSION", help="Only this version. Default: all.")
    ] = None,
    form: RowsPrinted = Format.TABLE,
) -> None:
    """Count earlier audits again, by the method in force.

    Where the policy, a statement or a suite has changed, what was counted before is no evidence
    any more. Of each earlier audit whose run is kept, a record of its own is published as of the
    same moment, and the next audit rests on it. Nothing is promoted. Needs the signing key.

    Exit 0 all were counted again or none had to be, 2 of some nothing is kept.
    """
    from fairness_audit.installation import Installation
    from fairness_audit.records.signed.audit import AuditRecord
    from fairness_audit.replay.recount import of_another_method, recounted

    with Installation.from_environment() as installation:
        loaded = installation.policy(model)
        audits = [each for each in installation.records() if isinstance(each, AuditRecord)]
        wanted = of_another_method(audits, loaded, model_version)
        found = []
        for each in wanted:
            if form is Format.TABLE:
                say(f"counting record {each.record_id[:12]} of {each.logical_date:%Y-%m-%d} again")
            found.append(recounted(installation, loaded, each))
    lost = [each for each in found if each.record_id is None]

    def in_words() -> None:
        say(f"{len(found) - len(lost)} of {len(found)} audits were counted again")
        for each in lost:
            complain(f"record {each.record.record_id[:12]}: {each.why}")

    show_rows([_row(each) for each in found], form, in_words, keys=_KEYS)
    if lost:
        raise typer.Exit(ExitCode.CANNOT_TELL)


def _row(each: "Recounted") -> dict[str, Any]:
    record = each.record
    told = (record.model, record.model_version, record.logical_date.isoformat())
    return dict(zip(_KEYS, (*told, record.record_id, each.record_id, each.why), strict=True))
