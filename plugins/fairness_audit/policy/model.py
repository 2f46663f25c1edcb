"""What one audit checks, against what, and what happens then: `expectations/<model>/policy.yaml`.

Every field is typed and unknown keys are refused, so a misspelt rule is an error and never a
rule that silently does not run.
"""

import re
from datetime import datetime, timedelta
from enum import StrEnum
from fractions import Fraction
from itertools import combinations
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, Field, field_validator, model_validator

from fairness_audit.policy.attribute import Assumption, Attribute
from fairness_audit.policy.base import ONLY_RUN, Name, Strict, outside_digest
from fairness_audit.policy.candidate import Candidate
from fairness_audit.policy.consistency import inconsistencies
from fairness_audit.policy.error_rate import ErrorRate
from fairness_audit.policy.evidence import EvidencePolicy
from fairness_audit.policy.fractions import ExactFraction
from fairness_audit.policy.gaps import Figure, NamedGap
from fairness_audit.policy.metrics import Rate
from fairness_audit.policy.people import Notify, Review
from fairness_audit.policy.source import Source
from fairness_audit.policy.units import first_day, opening

_CRON = re.compile(
    r"@(hourly|daily|weekly|monthly|quarterly|yearly)|[-\d*/,A-Za-z#]+( [-\d*/,A-Za-z#]+){4}"
)


class Comparison(StrEnum):
    """How a group is set against what it is compared with."""

    RATIO = "ratio"
    DIFFERENCE = "difference"


class Against(StrEnum):
    """What a group is compared with."""

    REFERENCE = "reference"  # the reference group the policy names
    BEST = "best"  # the group with the most favourable rate
    REST = "rest"  # everybody not in the group
    OVERALL = "overall"  # everybody


class Sides(StrEnum):
    """Whom a rule protects."""

    BOTH = "both"  # the group, and what it is compared with
    HARM = "harm"  # the group alone


class FailsOn(StrEnum):
    """Which hypothesis must be rejected for a failure."""

    LIMIT = "limit"  # that the limit is kept
    DIFFERENCE = "difference"  # that there is no difference; and what was seen breaks the limit


class Severity(StrEnum):
    """What a breach makes of the finding."""

    FAIL = "fail"
    WARN = "warn"


class AtGate(StrEnum):
    """What a finding does at the gate."""

    ALLOW = "allow"
    REVIEW = "review"
    BLOCK = "block"


class Rule(Strict):
    """One bound on one disparity, over the attributes it names (all of them by default).

    A ratio must lie between ``threshold`` and its inverse, and the size of a difference must not
    exceed it: whoever is compared, neither side may be much worse off than the other. With
    ``sides: harm`` only the side that harms the group is bounded.
    """

    id: Name = Field(description="What findings and records call the rule; unique in the policy.")
    metric: Rate = Field(description="Which figure of a group is bounded.")
    compare: Comparison = Field(
        description="Whether a group's figure is divided by the other one, or subtracted from it."
    )
    against: Against = Field(
        default=Against.REFERENCE,
        description=(
            "What a group is compared with: the reference group the policy names, the group with"
            " the most favourable figure, the rest (everybody else), or overall (everybody)."
        ),
    )
    attributes: tuple[str, ...] | None = Field(
        default=None,
        description="Attributes, or intersections written a*b. Default: every attribute.",
    )
    threshold: ExactFraction = Field(description="The bound; strictly between 0 and 1.")
    sides: Sides = Field(
        default=Sides.BOTH,
        description=(
            "both: neither the group nor what it is compared with may be much worse off. harm:"
            " only the group is protected; harm to what it is compared with passes. Against the"
            " best, every group is held against every other, and the word makes no difference."
        ),
    )
    fails_on: FailsOn = Field(
        default=FailsOn.LIMIT,
        description=(
            "limit: a failure means that the limit itself is broken beyond chance. difference:"
            " that there is a difference beyond chance, and what was seen of it breaks the limit"
            " (the practice of the EEOC); a version that keeps the limit may fail so."
        ),
    )
    severity: Severity = Field(
        default=Severity.FAIL, description="What a breach that chance does not explain becomes."
    )
    inconclusive: AtGate = Field(
        default=AtGate.REVIEW,
        description="What too little evidence either way does at the gate.",
    )

    @model_validator(mode="after")
    def _threshold_fits(self) -> Self:
        if not 0 < self.threshold < 1:
            raise ValueError(f"threshold {self.threshold} must lie strictly between 0 and 1")
        if self.metric.is_ratio and self.compare is not Comparison.RATIO:
            raise ValueError(f"{self.metric.name} is a ratio; write compare: ratio")
        return self


class GapRule(Strict):
    """One bound on a gap that is an estimate, between a group and the reference; it only warns.

    What is promised of it is a false warning in at most 6 of 100 years, where a rule over counts
    promises 5: too much to block by.
    """

    id: Name = Field(description="What findings and records call the rule; unique in the policy.")
    metric: NamedGap = Field(description="Which gap is bounded.")
    attributes: tuple[str, ...] | None = Field(
        default=None,
        description="Attributes, or intersections written a*b. Default: every attribute.",
    )
    within: Name | None = Field(
        default=None,
        description="Of a conditional_impact_ratio: the stratum within whose values it is taken.",
    )
    threshold: ExactFraction = Field(
        description="A ratio must lie between it and its inverse, a difference not exceed it."
    )

    @model_validator(mode="after")
    def _fits(self) -> Self:
        if self.threshold <= 0 or (self.metric.compare == "ratio" and self.threshold >= 1):
            most = " and below 1" if self.metric.compare == "ratio" else ""
            raise ValueError(f"threshold {self.threshold} must lie above 0{most}")
        if (self.within is None) is (self.metric.figure is None):
            raise ValueError(
                f"{self.metric.name} is taken within a stratum; name it as within"
                if self.within is None
                else f"{self.metric.name} is taken over everybody; leave within out"
            )
        return self


class SubgroupSearch(Strict):
    """Search all subgroups of up to ``depth`` attributes for the one that is worst off.

    Its share of favourable decisions is held against everybody else's.
    """

    depth: int = Field(
        default=3, ge=1, le=5, description="Attributes that are combined at the most."
    )
    threshold: ExactFraction = Field(
        default=Fraction(4, 5),
        description="Least ratio to everybody else's share; strictly between 0 and 1.",
    )
    severity: Severity = Field(
        default=Severity.WARN, description="What a breach that chance does not explain becomes."
    )
    inconclusive: AtGate = Field(
        default=AtGate.ALLOW,
        description="What too little evidence either way does at the gate.",
    )

    @field_validator("threshold")
    @classmethod
    def _threshold_fits(cls, threshold: Fraction) -> Fraction:
        if not 0 < threshold < 1:
            raise ValueError(f"threshold {threshold} must lie strictly between 0 and 1")
        return threshold


class Schedule(Strict):
    """When the audit runs: by cron expression, or when an asset is updated."""

    cron: str | None = Field(
        default=None,
        description="Cron expression of five fields, in UTC unless Airflow says otherwise.",
    )
    asset: str | None = Field(
        default=None, description="Name of an Airflow asset; every update of it starts an audit."
    )
    deadline_hours: int = outside_digest(
        "always",
        default=24,
        ge=1,
        le=8760,
        reason="what comes late is found the same",
        description="Hours after its time by which a scheduled audit is published, or late.",
    )

    @model_validator(mode="after")
    def _one_of_two(self) -> Self:
        if (self.cron is None) == (self.asset is None):
            raise ValueError("write either cron or asset, not both and not neither")
        return self

    @field_validator("cron")
    @classmethod
    def _cron_has_five_fields(cls, cron: str | None) -> str | None:
        if cron is not None and not _CRON.fullmatch(cron):
            raise ValueError(f"{cron!r} is not a cron expression of five fields")
        return cron


class Gate(Strict):
    """What the audit guards: an alias of a registered model."""

    mode: Literal["enforce", "warn"] = Field(
        default="enforce",
        description=(
            "enforce: what stands against a version blocks it. warn: it is said, and blocks"
            " nothing; a record that is missing, expired or of something else blocks still."
        ),
    )
    registered_model: str = Field(
        pattern=r"^[A-Za-z0-9_.\- ]{1,200}$", description="The model's name in the registry."
    )
    alias: str = Field(
        pattern=r"^[a-z][a-z0-9_-]{0,62}$",
        description="Alias that says which version is in production; only the gate moves it.",
    )
    valid_days: int = Field(ge=1, le=3660, description="Days until a record expires.")
    smallest_share: ExactFraction = Field(
        default=Fraction(0),
        description=(
            "Smallest share of the decisions of a group that the gate waits for. Smaller groups"
            " are judged and listed, and fail as all others; but while nothing can be said of"
            " them, that holds nothing up. Default: it waits for every group."
        ),
    )
    sweep: Annotated[Literal["alarm", "demote"], ONLY_RUN] = Field(
        default="alarm",
        description=(
            "What the nightly sweep does to the version that the alias names, where no record"
            " lets it stay: fail the run, or take the alias off it too."
        ),
    )

    @field_validator("smallest_share")
    @classmethod
    def _smallest_share_is_a_share(cls, share: Fraction) -> Fraction:
        if not 0 <= share <= Fraction(1, 2):
            raise ValueError(f"smallest_share {share} must lie in [0, 1/2]")
        return share


def _known_combination(parts: tuple[str, ...]) -> tuple[str, ...]:
    if len(set(parts)) != len(parts) or len(parts) < 2:
        raise ValueError("an intersection names two or more different attributes")
    return parts


Intersection = Annotated[tuple[Name, ...], AfterValidator(_known_combination)]


class AuditPolicy(Strict):
    """The policy of one audited model."""

    model: Name = Field(description="The name of the folder the policy lies in.")
    description: Annotated[str, ONLY_RUN] = Field(
        min_length=1, description="What the model decides, in a sentence; the DAG shows it."
    )
    source: Source = Field(description="What leaves the CRM, and how it is read.")
    favourable: Literal["selected", "not_selected"] = Field(
        description="Which decision is good for the subject."
    )
    window_days: int = Field(
        ge=1,
        le=3660,
        description="Days of decisions in one audit, rounded up to whole units of evidence.",
    )
    maturity_days: int = Field(
        ge=0,
        le=3660,
        description="Days an outcome is given to happen before it is counted.",
    )
    attributes: dict[Name, Attribute] = Field(
        min_length=1, description="The protected attributes, by name."
    )
    intersections: tuple[Intersection, ...] = Field(
        default=(), description="Combinations of attributes that are groupings of their own."
    )
    strata: tuple[Name, ...] = Field(
        default=(),
        description="Columns within whose values groups are compared too: `stratum_<name>`.",
    )
    min_group_size: int = Field(
        default=30, ge=1, description="Groups of fewer rows are inconclusive."
    )
    error_rate: ErrorRate = Field(
        default=ErrorRate(), description="How often chance may make a failure, in a year."
    )
    evidence: EvidencePolicy = Field(
        default=EvidencePolicy(),
        description="In what portions decisions are counted as evidence about a version.",
    )
    rules: tuple[Rule, ...] = Field(
        min_length=1, description="What is bounded; every rule is judged for every group."
    )
    gaps: tuple[GapRule, ...] = outside_digest(
        "at its default",
        default=(),
        reason="policies from before there were such rules keep theirs",
        description="What is bounded of areas, means and shares within strata; it only warns.",
    )
    subgroup_search: SubgroupSearch | None = Field(
        default=None, description="Whether the worst off of all subgroups is searched for."
    )
    schedule: Annotated[Schedule, ONLY_RUN] = Field(description="When the audit runs.")
    gate: Gate = Field(description="What the audit lets through, or does not.")
    review: Review = Field(description="Who decides what is sent to people.")
    candidate: Candidate | None = outside_digest(
        "at its default",
        default=None,
        reason="policies from before candidates were audited keep theirs",
        description="How a version is audited before its release: it scores the population.",
    )
    notify: Annotated[Notify, ONLY_RUN] = outside_digest(
        "always",
        default=Notify(),
        reason="it changes nothing of what they are told",
        description="Who is told what happened.",
    )

    @model_validator(mode="after")
    def _names_are_declared(self) -> Self:
        found = [f"{each.fault} ({each.cure})" for each in inconsistencies(self.model_dump())]
        if found:
            raise ValueError("; ".join(found))
        return self

    @property
    def groupings(self) -> dict[str, tuple[str, ...]]:
        """The attributes each grouping combines: `gender*age` → (gender, age)."""
        single = {name: (name,) for name in self.attributes}
        return single | {"*".join(parts): parts for parts in self.intersections}

    @property
    def searched(self) -> dict[str, tuple[str, ...]]:
        """The attributes that each grouping combines which the subgroup search looks at.

        One that is a grouping of the policy has its name.
        """
        names = {frozenset(parts): name for name, parts in self.groupings.items()}
        depth = self.subgroup_search.depth if self.subgroup_search else 0
        return {
            names.get(frozenset(parts), "*".join(parts)): parts
            for size in range(1, depth + 1)
            for parts in combinations(self.attributes, size)
        }

    def figures_of(self, grouping: str) -> tuple[Figure, ...]:
        """What is estimated of every group of a grouping, as rules of `gaps` ask for it."""
        asked = {
            rule.metric.figure
            for rule in self.gaps
            if grouping in (self.attributes if rule.attributes is None else rule.attributes)
        }
        return tuple(figure for figure in Figure if figure in asked)

    def reference_of(self, grouping: str) -> str:
        """The reference group of a grouping; of an intersection, the parts' groups joined."""
        return " * ".join(
            self.attributes[name].reference_group for name in self.groupings[grouping]
        )

    def window(self, logical_date: datetime) -> tuple[datetime, datetime]:
        """Half-open window of the decisions an audit of that date is about.

        It holds whole units of evidence alone, and ends at least ``maturity_days`` before the
        logical date, so that every decision in it has had the time its outcome is given.
        """
        unit = self.evidence.unit
        last = opening(first_day(unit, logical_date - timedelta(days=self.maturity_days)))
        return opening(first_day(unit, last - timedelta(days=self.window_days))), last

    @property
    def selected_is_favourable(self) -> bool:
        """True if being selected is good for the subject."""
        return self.favourable == "selected"

    def assumes_at_random(self, grouping: str) -> bool:
        """True if every attribute of a grouping is assumed to be unknown at random."""
        parts = self.groupings.get(grouping, ())
        return all(self.attributes[part].unknown.assume is Assumption.AT_RANDOM for part in parts)
