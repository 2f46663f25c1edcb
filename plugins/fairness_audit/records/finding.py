"""What the audit concluded, one sentence of evidence each."""

from enum import StrEnum
from fractions import Fraction
from typing import Annotated, Literal

from pydantic import Field

from fairness_audit.policy.attribute import Provenance
from fairness_audit.records.door import Door, Moment
from fairness_audit.records.measurement import Amount


class AttributeSource(Door):
    """A protected attribute in one audit: its provenance, and the share of rows that have it.

    ``coverage`` is rows whose group is known / all rows; None where nothing was measured.
    """

    provenance: Provenance
    coverage: float | None = None


class ErrorBudget(Door):
    """How often chance alone may fail a fair model, and how much of it this audit spends.

    It is the ``audit``-th audit of the model in the period that begins at ``period_start``, of
    ``of`` that share the budget; ``audit`` may exceed ``of``. ``alpha`` is the significance level
    of all tests of this audit together, ``spent`` that of all audits of the period up to and with
    this one. Both are exact fractions in [0, 1].
    """

    audit: Annotated[int, Field(ge=1)]
    of: Annotated[int, Field(ge=1)]
    alpha: Annotated[Fraction, Field(ge=0, le=1)]
    spent: Annotated[Fraction, Field(ge=0, le=1)]
    period_start: Moment

    @property
    def is_spent(self) -> bool:
        """True if nothing is left for this audit: it cannot call anything a failure."""
        return self.alpha == 0


class Verdict(StrEnum):
    """Outcome of a finding and of an audit."""

    PASS = "pass"  # noqa: S105 - a verdict, not a password
    WARN = "warn"
    FAIL = "fail"
    INCONCLUSIVE = "inconclusive"


class Evidence(Door):
    """The numbers behind a finding about a disparity.

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

    value: float | None = None
    low: float | None = None
    high: float | None = None
    threshold: str | None = None
    p_value: float | None = None
    p_adjusted: float | None = None
    numerator: Amount | None = None
    denominator: Amount | None = None
    reference_numerator: Amount | None = None
    reference_denominator: Amount | None = None
    four_fifths_flag: bool | None = None
    detectable_gap: float | None = None
    n_needed: int | None = None
    unknown: int | None = None
    unknown_low: float | None = None
    unknown_high: float | None = None
    proxy_low: float | None = None
    proxy_high: float | None = None


class Finding(Door):
    """One conclusion. ``at_gate`` is what it does to a promotion."""

    rule: str
    kind: Literal[
        "error_budget",
        "disparity",
        "drift",
        "reversal",
        "representation",
        "label_balance",
        "quality",
        "polarity",
        "population",
    ]
    verdict: Verdict
    at_gate: Literal["allow", "review", "block"]
    metric: str | None = None
    attribute: str | None = None
    group: str | None = None
    reference: str | None = None
    sentence: str
    evidence: Evidence = Evidence()

    @property
    def id(self) -> str:
        """What names it within its audit; a waiver names the findings it is about by this."""
        parts = (self.rule, self.metric, self.attribute, self.group, self.reference)
        return "/".join(part or "-" for part in parts)


class Judgement(Door):
    """All findings of one audit, the deciding one first, and the verdict over them.

    ``budget`` is the part of the model's error budget that the verdict rests on, ``attributes``
    where the groups come from that it is about.
    """

    verdict: Verdict
    findings: tuple[Finding, ...]
    budget: ErrorBudget | None = None
    attributes: dict[str, AttributeSource] | None = None

    @property
    def deciding(self) -> Finding:
        """The finding that made the verdict."""
        return self.findings[0]
