"""The part of a policy that lets a version be audited before it has decided anything."""

from fractions import Fraction
from typing import Final, Literal, Self, get_args

from pydantic import Field, field_validator, model_validator

from fairness_audit.policy.base import Strict, outside_digest
from fairness_audit.policy.fractions import ExactFraction

Confinement = Literal[
    "capabilities", "cgroup", "landlock", "namespaces", "quota", "rlimits", "seccomp"
]
"""What holds the process in which a candidate scores; each has a paragraph in docs/gate.md."""

CONFINEMENTS: Final[tuple[str, ...]] = get_args(Confinement)

REQUIRED: Final[tuple[Confinement, ...]] = (
    "capabilities",
    "landlock",
    "quota",
    "rlimits",
    "seccomp",
)
"""Those that a kernel gives to whoever asks: what runs a container may withhold the others."""


class Selects(Strict):
    """Whom a candidate would select. What the registry says of a threshold is no evidence."""

    score_at_least: ExactFraction | None = outside_digest(
        "at its default",
        default=None,
        reason="the other way to select stands for it",
        description="Everybody whose score is this or higher.",
    )
    top_share: ExactFraction | None = outside_digest(
        "at its default",
        default=None,
        reason="the other way to select stands for it",
        description=(
            "The best share of all scored rows, rounded down to whole rows; among equal scores"
            " the order of the pseudonyms decides."
        ),
    )

    @model_validator(mode="after")
    def _one_of_two(self) -> Self:
        if (self.score_at_least is None) == (self.top_share is None):
            raise ValueError("write either score_at_least or top_share, not both and not neither")
        if self.top_share is not None and not 0 < self.top_share < 1:
            raise ValueError(f"top_share {self.top_share} must lie strictly between 0 and 1")
        return self


class Candidate(Strict):
    """How a version that is not released yet is audited: it scores the current population."""

    selects: Selects = Field(description="Whom it would select: exactly one of the two.")
    score_range: tuple[ExactFraction, ExactFraction] = outside_digest(
        "at its default",
        default=(Fraction(0), Fraction(1)),
        reason="policies from before scores had a range keep theirs",
        description="Least and greatest score the model may give.",
    )

    confinement: tuple[Confinement, ...] = outside_digest(
        "at its default",
        default=REQUIRED,
        reason="policies from before it could be said are confined by as much",
        description=(
            "What must hold the process in which it scores; where one of them does not, nothing is"
            " scored. The record says what did, and what did not."
        ),
    )

    @field_validator("confinement")
    @classmethod
    def _is_said_in_one_way(cls, given: tuple[Confinement, ...]) -> tuple[Confinement, ...]:
        return tuple(sorted(set(given)))

    @model_validator(mode="after")
    def _threshold_is_a_score(self) -> Self:
        low, high = self.score_range
        if low >= high:
            raise ValueError(f"score_range [{low}, {high}] is empty; write the least first")
        least = self.selects.score_at_least
        if least is not None and not low <= least <= high:
            raise ValueError(
                f"score_at_least {least} lies outside the scores [{low}, {high}]; change it, or"
                " declare score_range"
            )
        return self
