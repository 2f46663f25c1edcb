"""The verbs `gate` and `verify-serving`: may this version be promoted, these files be served?"""

from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from fairness_audit.cli.names import ModelOption, existing_folder
from fairness_audit.cli.printing import Format, Printed, say, show
from fairness_audit.cli.verb import verb
from fairness_audit.errors import ExitCode

if TYPE_CHECKING:
    from fairness_audit.records.signed.audit import GateDecision


@verb(
    "fairness-audit gate --model lead_scoring --version 2",
    "fairness-audit gate --model lead_scoring --version 2 --format json",
)
def gate(
    model: ModelOption,
    version: Annotated[str, typer.Option(help="Model version in the registry.")],
    form: Printed = Format.TABLE,
) -> None:
    """May this model version be promoted?

    Exit 0 allow, 1 block, 2 cannot tell.
    """
    from fairness_audit.installation import Installation

    with Installation.from_environment() as installation:
        loaded = installation.policy(model)
        from fairness_audit.steps.gate import ask  # a name that is none is told without it

        decision = ask(
            loaded,
            model_version=version,
            ledger=installation.ledger,
            registry=installation.registry,
            trusted_keys=installation.settings.trusted_keys,
            now=datetime.now(UTC),
        )
    _answer(decision, form)


@verb("fairness-audit verify-serving /mnt/models --model lead_scoring --version 2")
def verify_serving(
    folder: Annotated[
        Path, typer.Argument(metavar="FOLDER", help="The files that are about to be served.")
    ],
    model: ModelOption,
    version: Annotated[str, typer.Option(help="The model version they are said to be.")],
    form: Printed = Format.TABLE,
) -> None:
    """May these very files be served?

    Needs the policy, the records, their heads and the trusted keys, and no service at all.
    Exit 0 yes, 1 no, 2 cannot tell.
    """
    from fairness_audit.guard.serving import verify_serving as decide
    from fairness_audit.installation import Installation

    with Installation.from_environment() as installation:
        settings = installation.settings
        decision = decide(
            installation.policy(model),
            existing_folder(folder),
            model_version=version,
            records=settings.records,
            heads=installation.heads,
            trusted=installation.trusted_keys,
            now=datetime.now(UTC),
            witness=installation.witness,
        )
    _answer(decision, form)


def _answer(decision: "GateDecision", form: Format) -> None:
    """Print a decision, and exit with its code."""
    from fairness_audit.steps.gate import in_words

    def words() -> None:
        for line in in_words(decision).split("\n"):
            say(line, hang=4)

    show(decision, form, words)
    if decision.decision == "allow":
        raise typer.Exit(ExitCode.GOOD)
    raise typer.Exit(ExitCode.REFUSED if decision.certain else ExitCode.CANNOT_TELL)
