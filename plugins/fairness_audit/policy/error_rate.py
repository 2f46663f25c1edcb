"""The part of a policy that says how often chance may make a failure."""

from fractions import Fraction

from pydantic import Field, field_validator

from fairness_audit.policy.base import Strict
from fairness_audit.policy.fractions import ExactFraction


class ErrorRate(Strict):
    """How often a version that keeps every limit may be found to break one, by chance.

    ``alpha`` bounds the chance of even one such failure in a year of a version, over all its
    tests, however often it is audited: evidence is counted by closed weeks or days, and asking
    again adds none.
    """

    alpha: ExactFraction = Field(
        default=Fraction(1, 20),
        description=(
            "Chance of one false failure or more in a year of a version, over all rules and"
            " groups; at most 1/4."
        ),
    )

    @field_validator("alpha")
    @classmethod
    def _alpha_is_small(cls, alpha: Fraction) -> Fraction:
        if not 0 < alpha <= Fraction(1, 4):
            raise ValueError(f"alpha {alpha} must lie in (0, 1/4]")
        return alpha
