"""What would change for whom if a candidate replaced the version in production."""

from pathlib import Path
from typing import Literal

from fairness_audit.records.door import Door, StepResult


class GroupChange(Door):
    """One group, decided about twice: by the version in production, and by the candidate.

    ``gained`` are newly selected and ``lost`` no longer; ``difference`` is of the shares that are
    selected, the candidate's less the other's, with its 95 % interval. ``p_value`` is adjusted
    over all groups. ``change`` is ``better`` or ``worse`` for the group where chance does not
    explain it. Of a group that is too small all is None, and of as many others of its attribute
    as it takes that it cannot be worked out from everybody's. Where only some of its counts are of
    too few people, all counts are None, of others as well by the same rule, and of intersections
    of all. From the figures of its parts an intersection's could be: who shows a comparison leaves
    intersections out.
    """

    attribute: str
    group: str
    subjects: int | None = None
    selected_before: int | None = None
    selected_after: int | None = None
    gained: int | None = None
    lost: int | None = None
    difference: float | None = None
    low: float | None = None
    high: float | None = None
    p_value: float | None = None
    change: Literal["better", "worse"] | None = None


class Comparison(Door):
    """All groups, those of one attribute beside each other; the first row is everybody."""

    model: str
    model_version: str
    against: str
    groups: tuple[GroupChange, ...]


class ComparisonFile(StepResult):
    """Where a comparison is, and the groups for which it says something changes."""

    path: Path
    digest: str
    against: str
    better: tuple[str, ...]
    worse: tuple[str, ...]

    @property
    def summary(self) -> str:
        """For how many groups something changes."""
        return f"{len(self.better)} groups better off, {len(self.worse)} worse"
