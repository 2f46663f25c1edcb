"""The part of a policy that says which groups people belong to."""

from datetime import date
from enum import StrEnum
from fractions import Fraction
from typing import Annotated, Self

from pydantic import Field, field_validator, model_validator

from fairness_audit.policy.base import ONLY_RUN, UNKNOWN, Group, Strict, outside_digest
from fairness_audit.policy.fractions import ExactFraction


class Provenance(StrEnum):
    """Where the values of a protected attribute come from."""

    SELF_ID = "self_id"
    ADMINISTRATIVE = "administrative"
    PROXY = "proxy"
    GEOGRAPHIC = "geographic"


class ReferencePopulation(Strict):
    """The shares a fair sample would have, and who says so."""

    source: Annotated[str, ONLY_RUN] = Field(
        min_length=1, description="Where the shares come from."
    )
    dated: date = Field(description="The day that the shares are of.")
    expires: date = Field(
        description="The day from which they are too old to be held against; then it is a finding."
    )
    shares: dict[Group, ExactFraction] = Field(
        min_length=2, description="Share of each group; together they are 1."
    )

    @field_validator("shares")
    @classmethod
    def _shares_make_a_whole(cls, shares: dict[str, Fraction]) -> dict[str, Fraction]:
        if any(not 0 < share <= 1 for share in shares.values()):
            raise ValueError("every share must lie in (0, 1]")
        if sum(shares.values()) != 1:
            raise ValueError(f"the shares sum to {sum(shares.values())}; they must sum to 1")
        return shares

    @model_validator(mode="after")
    def _expires_after_its_date(self) -> Self:
        if self.expires <= self.dated:
            raise ValueError(
                f"expires {self.expires} must come after the date of the shares, {self.dated}"
            )
        return self


class Assumption(StrEnum):
    """What is assumed about those whose group is not known."""

    BOUNDS = "bounds"  # nothing: a verdict must hold wherever they belong
    AT_RANDOM = "at_random"  # the groups are unknown alike: those known stand for all


class Unknown(Strict):
    """How a verdict treats decisions about people whose group is not known."""

    assume: Assumption = Field(
        default=Assumption.BOUNDS,
        description=(
            "bounds: nothing, a verdict must hold wherever they belong. at_random: the groups are"
            " unknown alike, so that those known stand for all."
        ),
    )
    reason: Annotated[str | None, ONLY_RUN] = Field(
        default=None,
        min_length=10,
        description="Why at_random is reasonable; required with it, refused without.",
    )

    @model_validator(mode="after")
    def _an_assumption_has_a_reason(self) -> Self:
        if (self.assume is Assumption.AT_RANDOM) != (self.reason is not None):
            raise ValueError(
                "at_random needs a reason, and bounds has none; write both or neither"
            )
        return self


class Proxy(Strict):
    """How the values of an attribute are inferred, and how many of them can be relied on."""

    method: str = Field(
        min_length=3, max_length=200, description="What they are inferred from, and by what."
    )
    accuracy: ExactFraction = Field(
        description="Of the rows that are put into a group, the share that belongs there at least."
    )

    @field_validator("accuracy")
    @classmethod
    def _accuracy_is_better_than_a_coin(cls, accuracy: Fraction) -> Fraction:
        if not Fraction(1, 2) < accuracy <= 1:
            raise ValueError(f"accuracy {accuracy} must lie in (1/2, 1]")
        return accuracy


class Attribute(Strict):
    """A protected attribute; the population carries it as `attr_<name>`."""

    provenance: Provenance = Field(
        description=(
            "Where the values come from: self_id (people said so themselves), administrative"
            " (documents, birth dates), proxy or geographic (inferred; such groups can warn and"
            " call for a review, never fail an audit by themselves)."
        )
    )
    proxy: Proxy | None = outside_digest(
        "at its default",
        default=None,
        reason="policies from before there were proxies keep theirs",
        description="Required where the provenance is proxy, else refused.",
    )
    reference_group: Group = Field(
        description="The group that rules compare with; never `unknown`."
    )
    reference_population: ReferencePopulation | None = Field(
        default=None, description="What representation is held against."
    )
    unknown: Unknown = Field(
        default=Unknown(), description="What is assumed of people whose group is not known."
    )

    @model_validator(mode="after")
    def _a_proxy_says_how_good_it_is(self) -> Self:
        if self.provenance is Provenance.PROXY and self.proxy is None:
            raise ValueError(
                "provenance proxy does not say how the values are inferred; add proxy: {method:"
                " <from what>, accuracy: <share that is right, such as 9/10>}"
            )
        if self.provenance is not Provenance.PROXY and self.proxy is not None:
            raise ValueError(
                f"proxy is given, but the provenance is {self.provenance.value}; remove proxy, or"
                " write provenance: proxy"
            )
        return self

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
