"""What a finished run is told as in a terminal: a table, and where to read on."""

from collections.abc import Sequence
from dataclasses import dataclass

from rich.console import Console
from rich.table import Table
from rich.text import Text

from fairness_audit.pipeline.local import Ended
from fairness_audit.records.finding import Judgement
from fairness_audit.records.population import Population
from fairness_audit.records.signed.audit import GateDecision
from fairness_audit.records.steps import Step
from fairness_audit.settings import Settings

_STYLES = {"pass": "green", "allow": "green", "warn": "yellow", "inconclusive": "yellow"}


@dataclass(frozen=True)
class Audited:
    """One audit that was run: its verdict and gate decision, or the error that ended it."""

    model: str
    version: str
    judgement: Judgement | None
    decision: GateDecision | None
    error: str | None

    @classmethod
    def of(cls, model: str, ended: Ended, settings: Settings) -> "Audited":
        """Read what the steps of a run gave."""
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
    def exit_code(self) -> int:
        """0 allowed, 1 blocked, 2 no decision."""
        if self.decision is None:
            return 2
        return 0 if self.decision.decision == "allow" else 1

    def row(self) -> tuple[Text, ...]:
        """The cells of this audit's row."""
        verdict = self.judgement.verdict.value if self.judgement else "none"
        gate = self.decision.decision if self.decision else "no decision"
        told = self.judgement.deciding.sentence if self.judgement else f"{self.error}"
        if self.decision and gate == "block" and verdict in ("pass", "warn"):
            told = self.decision.reasons[0]  # what blocks is not what was found
        return (
            Text(f"{self.model}\nversion {self.version}"),
            Text(verdict, style=_STYLES.get(verdict, "red")),
            Text(gate, style=_STYLES.get(gate, "red")),
            Text(told),
        )


def print_audits(audits: Sequence[Audited], settings: Settings) -> None:
    """Print a table of audits, and the paths of what a reviewer reads."""
    table = Table(show_lines=True, expand=False)
    for heading in ("model", "verdict", "gate", "deciding finding"):
        table.add_column(heading, overflow="fold")
    for audit in audits:
        table.add_row(*audit.row())
    console = Console(highlight=False)
    console.print(table)
    console.print(f"Data Docs  {settings.data_docs / 'index.html'}", soft_wrap=True)
    console.print(f"records    {settings.records}", soft_wrap=True)
