"""The decisions under audit, one row each."""

from datetime import datetime
from pathlib import Path

from fairness_audit.records.door import Door, StepResult
from fairness_audit.records.signed.audit import Audited


class Loss(Door):
    """Rows of one group lost at one filter or join between the score log and the population."""

    step: str
    attribute: str
    group: str
    rows: int
    of: int


class Losses(Door):
    """All of them: the content of ``losses.json``, which only its owner may read."""

    lost: tuple[Loss, ...]


class Scoring(Door):
    """How a candidate came to its scores: whose files, instead of whom, and how confined.

    ``confinement`` names what held the process, ``missing_confinement`` what could have and did
    not. ``against`` is the version whose decisions these were. ``cut`` is the score of the last
    who is selected; of the ``tied`` rows that have it ``tied_selected`` are. Both are None where
    they are of too few people.
    """

    artifact_digest: str
    against: str
    confinement: tuple[str, ...]
    missing_confinement: tuple[str, ...] = ()
    cut: float | None
    tied: int | None = None
    tied_selected: int | None = None


class Population(StepResult):
    """One row per decision, in Parquet, and the ledger of the rows that did not get in.

    Columns of the file: ``decision_id``, ``subject_id`` (keyed pseudonym), ``decided_at``,
    ``model_version``, ``score`` (double or NULL), ``selected`` (boolean), ``outcome`` (boolean or
    NULL), ``attr_<name>`` and ``stratum_<name>`` (text, never NULL: ``unknown``).

    What passes from step to step is shown to whoever may watch a run. So ``rows``, ``decisions``
    (those logged) and ``subjects`` (how many people they are about) are None where they are of
    fewer people than the policy's smallest group; ``decisions`` also where so few of them are not
    in ``rows``, and ``subjects`` where so few are left of either. The file has all rows.
    ``losses`` is the confidential file of the rows lost by group.

    ``scoring`` is None where the decisions were logged. Of a candidate, ``score`` and
    ``selected`` are simulated; the outcomes are those of what was decided then.
    """

    model: str
    model_version: str
    path: Path
    digest: str
    rows: int | None
    decisions: int | None
    losses: Path | None = None
    subjects: int | None = None
    window_start: datetime | None = None
    window_end: datetime | None = None
    scoring: Scoring | None = None

    @property
    def summary(self) -> str:
        """How much is left to audit, or who stands for whom."""
        if self.scoring is not None:
            return f"version {self.model_version} in place of version {self.scoring.against}"
        if self.rows is None and self.decisions is None:
            return "too few decisions to say how many"
        if self.rows is None:
            return f"not all of {self.decisions:,} decisions"
        if self.decisions is None:
            return f"{self.rows:,} decisions, of all but a few"
        return f"{self.rows:,} of {self.decisions:,} decisions"

    @property
    def audited(self) -> Audited:
        """Whether these are decisions that were made, or those a candidate would make."""
        return "decisions" if self.scoring is None else "candidate"
