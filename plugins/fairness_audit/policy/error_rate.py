"""The part of a policy that says how often chance may make a failure."""

from enum import StrEnum
from fractions import Fraction

from pydantic import Field, field_validator

from fairness_audit.policy.base import Strict
from fairness_audit.policy.fractions import ExactFraction


class Family(StrEnum):
    """How the significance of many tests in one audit is controlled."""

    HOLM = "holm"
    BENJAMINI_HOCHBERG = "benjamini_hochberg"


class ErrorRate(Strict):
    """How often a fair model may be found unfair by chance.

    ``alpha`` bounds the chance of even one such failure among all audits of one period, which
    begins with the model's first audit. They share it by their order: the k-th spends
    1/k of what the first does.
    """

    alpha: ExactFraction = Field(
        default=Fraction(1, 20),
        description="Chance of one false failure or more in a period; at most 1/4.",
    )
    family: Family = Field(
        default=Family.HOLM,
        description=(
            "How the tests of one audit are adjusted: holm bounds the chance of one false failure,"
            " benjamini_hochberg the share of false ones among the failures."
        ),
    )
    audits: int = Field(
        default=52,
        ge=1,
        le=1000,
        description=(
            "Audits of the model in one period, of all its versions together. Further ones can"
            " call nothing a failure."
        ),
    )
    period_days: int = Field(
        default=364, ge=1, le=3660, description="Days in which the audits share alpha."
    )

    @field_validator("alpha")
    @classmethod
    def _alpha_is_small(cls, alpha: Fraction) -> Fraction:
        if not 0 < alpha <= Fraction(1, 4):
            raise ValueError(f"alpha {alpha} must lie in (0, 1/4]")
        return alpha
