"""The verb `run`, and how a finished audit is told: a table, and where to read on."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated

import typer

from fairness_audit.cli.names import ModelArgument
from fairness_audit.cli.printing import Cell, point_to, say, table
from fairness_audit.cli.verb import verb
from fairness_audit.errors import AuditError, ExitCode

if TYPE_CHECKING:
    from fairness_audit.pipeline.local import Ended
    from fairness_audit.records.finding import Judgement
    from fairness_audit.records.signed.audit import GateDecision
    from fairness_audit.settings import Settings

AsOf = Annotated[
    datetime | None,
    typer.Option(metavar="MOMENT", help="Audit as of this moment (UTC). Default: now."),
]


@verb(
    "fairness-audit run lead_scoring",
    "fairness-audit run lead_scoring --version 2 --as-of 2026-06-29",
)
def run(
    model: ModelArgument,
    version: Annotated[
        str | None, typer.Option(help="Model version. Default: the newest in the score log.")
    ] = None,
    as_of: AsOf = None,
    rollback: Annotated[
        str | None,
        typer.Option(
            metavar="REASON",
            help="Let production go back to this older version; signed with your name.",
        ),
    ] = None,
) -> None:
    """Run one audit, extract to gate, in this process.

    It runs as its Airflow DAG does. An audit of an earlier moment than the newest, or of an older
    version than the one in production, promotes nothing. Exit 0 allowed, 1 blocked or not
    promoted, 2 no decision.
    """
    from fairness_audit.installation import Installation
    from fairness_audit.pipeline import local as local_airflow

    with Installation.from_environment() as installation:
        installation.policy(model)
        settings = installation.settings
    local_airflow.prepare(settings)
    ended = local_airflow.run_audit(settings, model, version, moment(as_of), rollback)
    audited = Audited.of(model, ended, settings)
    print_audits([audited], settings)
    raise typer.Exit(audited.exit_code)


def moment(as_of: datetime | None) -> str | None:
    """The moment of an audit as its DAG takes it."""
    return as_of.replace(tzinfo=UTC).isoformat() if as_of else None


@dataclass(frozen=True)
class Audited:
    """One audit that was run: its verdict and gate decision, or the error that ended it."""

    model: str
    version: str
    judgement: "Judgement | None"
    decision: "GateDecision | None"
    error: BaseException | str | None

    @classmethod
    def of(cls, model: str, ended: "Ended", settings: "Settings") -> "Audited":
        """Read what the steps of a run gave."""
        from fairness_audit.records.finding import Judgement
        from fairness_audit.records.population import Population
        from fairness_audit.records.signed.audit import GateDecision
        from fairness_audit.records.steps import Step

        population = ended.newest(Population)
        decision = settings.run_folder(model, ended.run_id) / "decision.json"
        return cls(
            model=model,
            version=population.model_version if population else "?",
            judgement=ended.newest(Judgement),
            decision=(
                GateDecision.model_validate_json(decision.read_bytes())
                if decision.exists()
                else None
            ),
            error=ended.error if ended.failed_step != Step.GATE else None,
        )

    @property
    def exit_code(self) -> ExitCode:
        """Allowed, blocked or left where it was, or why there is no decision."""
        if self.decision is None:
            error = self.error
            return error.exit_code if isinstance(error, AuditError) else ExitCode.CANNOT_TELL
        is_allowed = self.decision.decision == "allow" and self.decision.stays is None
        return ExitCode.GOOD if is_allowed else ExitCode.REFUSED

    def row(self) -> tuple[Cell, ...]:
        """The cells of this audit's row."""
        verdict = self.judgement.verdict.value if self.judgement else "none"
        gate: str = self.decision.decision if self.decision else "no decision"
        told = self.judgement.deciding.sentence if self.judgement else f"{self.error}"
        if self.decision and gate == "block" and verdict != "fail":
            told = self.decision.reasons[0]  # what blocks is not what was found
        if self.decision and self.decision.stays:
            gate, told = "not promoted", f"{told} ({self.decision.stays})"
        return ((self.model, f"version {self.version}"), verdict, gate, told)


def print_audits(audits: Sequence[Audited], settings: "Settings") -> None:
    """Print a table of audits, and the paths of what a reviewer reads."""
    say()
    table(
        ("model", "verdict", "gate", "deciding finding"),
        [audit.row() for audit in audits],
        apart=True,
    )
    say()
    point_to("Data Docs", settings.data_docs / "index.html")
    point_to("records  ", settings.records)
