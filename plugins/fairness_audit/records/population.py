"""The decisions under audit, one row each."""

from datetime import datetime
from pathlib import Path

from fairness_audit.records.door import Door


class Loss(Door):
    """Rows of one group lost at one filter or join between the score log and the population."""

    step: str
    attribute: str
    group: str
    rows: int
    of: int


class Population(Door):
    """One row per decision, in Parquet, and the ledger of the rows that did not get in.

    Columns of the file: ``decision_id``, ``subject_id`` (keyed pseudonym), ``decided_at``,
    ``model_version``, ``score`` (double or NULL), ``selected`` (boolean), ``outcome`` (boolean or
    NULL), ``attr_<name>`` and ``stratum_<name>`` (text, never NULL: ``unknown``).
    """

    model: str
    model_version: str
    path: Path
    digest: str
    rows: int
    decisions: int
    lost: tuple[Loss, ...]
    window_start: datetime | None = None
    window_end: datetime | None = None
