"""What the audit concluded, one sentence of evidence each."""

from datetime import date
from enum import StrEnum
from fractions import Fraction
from typing import Literal

from pydantic import Field

from fairness_audit.policy.attribute import Provenance
from fairness_audit.policy.units import Unit
from fairness_audit.records.door import Door, Moment, StepResult
from fairness_audit.records.measurement import Amount
from fairness_audit.text import one_line


def grouping_name(grouping: str) -> str:
    """`gender*age_band` as `gender * age band`."""
    return grouping.replace("_", " ").replace("*", " * ")


def group_name(group: str, grouping: str) -> str:
    """`group F (gender)`."""
    return f"group {one_line(group)} ({grouping_name(grouping)})"


class AttributeSource(Door):
    """A protected attribute in one audit: its provenance, and the share of rows that have it.

    ``coverage`` is rows whose group is known / all rows; None where nothing was measured.
    """

    provenance: Provenance = Field(description="How the group of a person is known.")
    coverage: float | None = Field(
        default=None,
        description=(
            "Rows whose group is known / all rows; rounded down to whole per cent, or to five"
            " points where it would tell a small number of people."
        ),
    )


class ErrorBudget(Door):
    """How often chance alone may fail a fair model, and how much of it an audit spent.

    Of records from before evidence was counted by units, when audits shared a budget.

    It is the ``audit``-th audit of the model in the period that begins at ``period_start``, of
    ``of`` that share the budget; ``audit`` may exceed ``of``. ``alpha`` is the significance level
    of all tests of this audit together, ``spent`` that of all audits of the period up to and with
    this one. Both are exact fractions in [0, 1].
    """

    audit: int = Field(
        ge=1, description="The how many-th audit of the model in the period this is."
    )
    of: int = Field(ge=1, description="How many audits share the budget.")
    alpha: Fraction = Field(
        ge=0,
        le=1,
        description=("Significance level of all tests of this audit together, an exact fraction."),
    )
    spent: Fraction = Field(
        ge=0,
        le=1,
        description=(
            "Levels of all audits of the period up to and with this one, an exact fraction."
        ),
    )
    period_start: Moment = Field(description="Begin of the period, in UTC.")


class Verdict(StrEnum):
    """Outcome of a finding and of an audit."""

    PASS = "pass"  # noqa: S105 - a verdict, not a password
    WARN = "warn"
    FAIL = "fail"
    INCONCLUSIVE = "inconclusive"


class EvidenceBasis(Door):
    """What the verdicts of an audit rest on: the closed units of one version's decisions.

    ``units`` run from the one that starts on ``first`` to the one that starts on ``last``;
    ``new_units`` of them no earlier audit of the version had counted, and ``amended`` an earlier
    one had counted otherwise. ``hypotheses`` are all that may block, of which ``alpha`` bounds the
    chance of even one false failure in a year. ``after`` is a digest of the records that the
    evidence is of, besides this audit's own.
    """

    method: Literal[2] = Field(default=2, description="Which method the verdicts are found by.")
    unit: Unit = Field(description="What decisions are counted by.")
    first: date | None = Field(default=None, description="First day of the first unit.")
    last: date | None = Field(default=None, description="First day of the last unit.")
    units: int = Field(ge=0, description="Units counted.")
    new_units: int = Field(ge=0, description="Units that no earlier audit had counted.")
    amended: int = Field(ge=0, description="Corrections of units that were counted before.")
    gaps: int = Field(ge=0, description="Units between them that no audit counted.")
    trained_until: Moment | None = Field(
        default=None, description="Up to when rows trained the version; absent: not known."
    )
    method_since: Moment | None = Field(
        default=None,
        description=(
            "When the first record of the model by this method was issued: what is judged, and"
            " how, was fixed by then. Absent in that record, and in records of before."
        ),
    )
    hypotheses: int = Field(ge=0, description="Hypotheses whose refutation blocks.")
    alpha: Fraction = Field(
        ge=0, le=1, description="Chance of a false failure in a year, an exact fraction."
    )
    after: str = Field(description="Digest of the version's earlier records that were counted.")


class Evidence(Door):
    """The numbers behind a finding about a disparity.

    ``value`` is by closed units, never pooled over them, and ``low`` to ``high`` holds at every
    look. ``fail_evidence`` is an e-value: while the limit is kept it exceeds x with a chance of at
    most 1 / x, so that a failure needs ``fail_needed``; ``pass_evidence`` is the same while the
    limit is broken. ``since`` is the first day of the unit that brought the verdict. Counts are
    left out where one of them is of fewer people than the policy's smallest group.

    Of records from before evidence was counted by units:

    ``four_fifths_flag`` is the bare four-fifths rule, shown beside the verdict and never deciding
    it. ``threshold`` is the bound that was compared: of error rates, the inverse of the rule's.
    ``detectable_gap`` is the smallest difference of rates this audit would have found with 80 %
    power, ``n_needed`` the size per group at which the observed gap would be found so; where
    there is no breach, a gap that just reaches the threshold. ``unknown`` rows are of no known
    group; wherever they belong, the disparity lies from ``unknown_low`` to ``unknown_high``.
    Where groups are inferred, the disparity of the groups themselves lies from ``proxy_low`` to
    ``proxy_high``, as far as the accuracy that the policy states holds; a ratio that has no end
    upwards has no ``proxy_high``.
    """

    since: date | None = Field(
        default=None, description="First day of the unit that brought the verdict."
    )
    fail_evidence: float | None = Field(
        default=None, description="E-value against the limit being kept."
    )
    fail_needed: float | None = Field(
        default=None, description="What that must reach for a failure, among all tests."
    )
    pass_evidence: float | None = Field(
        default=None, description="E-value against the limit being broken."
    )
    pass_needed: float | None = Field(default=None, description="What that must reach for a pass.")
    settled_by: date | None = Field(
        default=None,
        description=(
            "Of an open finding that holds a release up: the day by which it passes with the"
            " probability settled_with, if the two rates are in truth equal; absent where three"
            " years do not suffice for four in five. Of a group that is too small, a day of the"
            " next quarter of a year."
        ),
    )
    settled_with: float | None = Field(
        default=None,
        description=(
            "How likely it stands as passed then, or at the likeliest time within three years;"
            " in [0, 1]. Of a group that is too small rounded down to tenths."
        ),
    )
    share_below: str | None = Field(
        default=None,
        description=(
            "Of such a finding: an exact fraction of the decisions, in twentieths, under which the"
            " group's share of them lies."
        ),
    )
    value: float | None = Field(
        default=None, description="The disparity: a ratio or difference of two rates."
    )
    low: float | None = Field(default=None, description="Lower end of its confidence interval.")
    high: float | None = Field(default=None, description="Upper end of its confidence interval.")
    threshold: str | None = Field(
        default=None, description="The bound that was compared, an exact fraction."
    )
    p_value: float | None = Field(default=None, description="Two-sided test of equal rates.")
    p_adjusted: float | None = Field(
        default=None, description="The same, adjusted over all tests of the audit."
    )
    numerator: Amount | None = Field(
        default=None, description="Of the group's rate: a count, or a sum of weights."
    )
    denominator: Amount | None = Field(
        default=None, description="Of the group's rate: a count, or a sum of weights."
    )
    reference_numerator: Amount | None = Field(
        default=None, description="Of the reference's rate."
    )
    reference_denominator: Amount | None = Field(
        default=None, description="Of the reference's rate."
    )
    four_fifths_flag: bool | None = Field(
        default=None, description="What the bare four-fifths rule says; it decides nothing."
    )
    detectable_gap: float | None = Field(
        default=None,
        description="Smallest difference of rates this audit would have found, at 80 % power.",
    )
    n_needed: int | None = Field(
        default=None, description="Size per group at which the observed gap would be found."
    )
    unknown: int | None = Field(default=None, description="Rows of no known group.")
    unknown_low: float | None = Field(
        default=None, description="The disparity at one end of where the unknown rows may belong."
    )
    unknown_high: float | None = Field(default=None, description="The disparity at the other end.")
    proxy_low: float | None = Field(
        default=None,
        description="Where groups are inferred: the least the groups' own disparity may be.",
    )
    proxy_high: float | None = Field(
        default=None,
        description="Where groups are inferred: the most; absent where it has no end.",
    )


class Finding(Door):
    """One conclusion. ``at_gate`` is what it does to a promotion."""

    rule: str = Field(description="Id of the policy's rule.")
    kind: Literal[
        "error_budget",
        "evidence",
        "disparity",
        "drift",
        "reversal",
        "representation",
        "label_balance",
        "quality",
        "polarity",
        "population",
    ] = Field(description="What the finding is about.")
    verdict: Verdict = Field(description="What was found: pass and fail both need evidence.")
    at_gate: Literal["allow", "review", "block"] = Field(
        description="What the finding does to a promotion."
    )
    metric: str | None = Field(default=None, description="Metric that was compared.")
    attribute: str | None = Field(
        default=None, description="Protected attribute, or intersection of several."
    )
    group: str | None = Field(default=None, description="The group it is about.")
    reference: str | None = Field(default=None, description="The group it was compared with.")
    sentence: str = Field(description="The conclusion with its evidence, in words.")
    evidence: Evidence = Field(default=Evidence(), description="The numbers behind it.")

    @property
    def id(self) -> str:
        """What names it within its audit; a waiver names the findings it is about by this."""
        parts = (self.rule, self.metric, self.attribute, self.group, self.reference)
        return "/".join(part or "-" for part in parts)

    @property
    def stands(self) -> bool:
        """True of a failure that later units alone lift, or two people waive.

        It was found by closed units, as all are since evidence is counted so.
        """
        return self.verdict is Verdict.FAIL and self.evidence.since is not None


class Judgement(StepResult):
    """All findings of one audit, the deciding one first, and the verdict over them.

    ``basis`` is what the verdict rests on, ``attributes`` where the groups come from that it is
    about.
    """

    verdict: Verdict
    findings: tuple[Finding, ...]
    basis: EvidenceBasis | None = None
    attributes: dict[str, AttributeSource] | None = None

    @property
    def summary(self) -> str:
        """How much was found, and the verdict."""
        return f"{len(self.findings)} findings, verdict {self.verdict}"

    @property
    def deciding(self) -> Finding:
        """The finding that made the verdict."""
        return self.findings[0]
