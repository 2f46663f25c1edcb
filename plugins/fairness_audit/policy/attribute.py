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


class Attribute(Strict):
    """A protected attribute; the population carries it as `attr_<name>`."""

    provenance: Provenance
    reference_group: Group
    reference_population: ReferencePopulation | None = None

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
