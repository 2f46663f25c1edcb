"""The part of a policy that says which groups people belong to."""

from enum import StrEnum
from fractions import Fraction
from typing import Self

from pydantic import Field, field_validator, model_validator

from fairness_audit.policy.base import UNKNOWN, Group, Strict
from fairness_audit.policy.fractions import ExactFraction


class Provenance(StrEnum):
    """Where the values of a protected attribute come from."""

    SELF_ID = "self_id"
    ADMINISTRATIVE = "administrative"
    PROXY = "proxy"
    GEOGRAPHIC = "geographic"


class ReferencePopulation(Strict):
    """The shares a fair sample would have, and who says so."""

    source: str = Field(min_length=1, description="Where the shares come from.")
    shares: dict[Group, ExactFraction] = Field(min_length=2)

    @field_validator("shares")
    @classmethod
    def _shares_make_a_whole(cls, shares: dict[str, Fraction]) -> dict[str, Fraction]:
        if any(not 0 < share <= 1 for share in shares.values()):
            raise ValueError("every share must lie in (0, 1]")
        if sum(shares.values()) != 1:
            raise ValueError(f"the shares sum to {sum(shares.values())}; they must sum to 1")
        return shares


class Assumption(StrEnum):
    """What is assumed about those whose group is not known."""

    BOUNDS = "bounds"  # nothing: a verdict must hold wherever they belong
    AT_RANDOM = "at_random"  # the groups are unknown alike: those known stand for all


class Unknown(Strict):
    """How a verdict treats decisions about people whose group is not known."""

    assume: Assumption = Assumption.BOUNDS
    reason: str | None = Field(default=None, min_length=10, description="Why it is reasonable.")

    @model_validator(mode="after")
    def _an_assumption_has_a_reason(self) -> Self:
        if (self.assume is Assumption.AT_RANDOM) != (self.reason is not None):
            raise ValueError(
                "at_random needs a reason, and bounds has none; write both or neither"
            )
        return self


class Attribute(Strict):
    """A protected attribute; the population carries it as `attr_<name>`."""

    provenance: Provenance
    reference_group: Group
    reference_population: ReferencePopulation | None = None
    unknown: Unknown = Unknown()

    @model_validator(mode="after")
    def _reference_is_a_group(self) -> Self:
        if self.reference_group == UNKNOWN:
            raise ValueError(f"{UNKNOWN!r} cannot be the reference group; name a known group")
        stated = self.reference_population
        if stated is not None and self.reference_group not in stated.shares:
            raise ValueError(
                f"reference_group {self.reference_group!r} has no share in"
                " reference_population; add it or name another group"
            )
        return self
