"""One number about one group, with everything needed to judge it."""

from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator

from fairness_audit.records.door import Door, StepResult


def whole_if_it_is(amount: Any) -> Any:
    """A count as a whole number, whatever type it was stored with."""
    return int(amount) if isinstance(amount, float) and amount.is_integer() else amount


Amount = Annotated[int | float, BeforeValidator(whole_if_it_is)]
"""A count or, in a weighted population, a sum of weights."""

OVERALL = "overall"
"""Value of ``attribute`` and ``group`` in measurements of the whole population."""


class Measurement(Door):
    """A metric of one group, or the disparity of one group against another.

    A *rate* has ``comparison`` and ``against`` None; its value is numerator / denominator.
    A *disparity* compares the group's rate with that of ``reference`` (a group's name, ``rest``
    or ``overall``): its value is the ratio or difference of the two rates, and both fractions
    are kept, of unweighted populations as integers, so that a threshold is compared exactly.
    Any *other metric* has ``comparison`` None; ``reference`` says what it compares, if anything.
    ``value`` is None where a denominator is zero (or a ratio's reference rate is zero); it is
    never 0 by convention. ``low`` and ``high`` bound it at ``confidence``; ``p_value`` is that of
    the two-sided test of equal rates, on the metric's own denominators. ``standard_error`` is that
    of a value that is no rate or disparity of rates or, if it is a ratio, of its logarithm.
    ``n_effective`` is how many independent decisions the rate is worth, where several may be about
    the same subject.
    """

    metric: str
    code: str | None
    attribute: str
    group: str
    stratum: str | None = None
    comparison: Literal["ratio", "difference"] | None = None
    against: Literal["reference", "best", "rest", "overall"] | None = None
    reference: str | None = None
    numerator: Amount | None = None
    denominator: Amount | None = None
    reference_numerator: Amount | None = None
    reference_denominator: Amount | None = None
    value: float | None
    low: float | None
    high: float | None
    p_value: float | None
    standard_error: float | None = None
    n: int
    reference_n: int | None = None
    n_effective: float | None = None
    method: str


class MeasurementFile(StepResult):
    """All measurements of one audit as Parquet.

    ``evidence`` is the file of what it counted by calendar units, bound by ``evidence_digest``;
    None where the decisions are of no window.

    ``population_digest`` is of what was measured. Numbers of its rows are None where they, or what
    is left of the larger ones, are of fewer people than the policy's smallest group;
    ``all_selected`` where everybody is.
    """

    path: Path
    digest: str
    rows: int
    confidence: float
    population_digest: str
    population_rows: int | None
    labelled_rows: int | None
    selected_rows: int | None
    all_selected: bool = False
    evidence: Path | None = None
    evidence_digest: str | None = None

    @property
    def summary(self) -> str:
        """How many there are."""
        return f"{self.rows:,} measurements"
