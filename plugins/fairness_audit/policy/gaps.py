"""The gaps between two groups that are estimates: every one a policy may bound, defined here.

A rate is a share of counted decisions, and tests of it are exact. A gap of areas, means or shares
common to strata is an estimate with a standard error: its tests are approximate, so that it warns
and never blocks.
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import Annotated, Literal

from pydantic import PlainSerializer, PlainValidator, WithJsonSchema

from fairness_audit.policy.metrics import (
    ANY_DIFFERENCE,
    ANY_RATIO,
    DIFFERENCE,
    RATIO,
    Direction,
    Metric,
    Needs,
)


class Figure(StrEnum):
    """What is estimated of one group, with its variance."""

    AREA = "area_under_curve"
    SCORE = "mean_score"
    EXCESS = "mean_excess_of_scores"
    VALUE = "mean_value"
    RESIDUAL = "mean_residual"
    EXPOSURE = "exposure"

    @property
    def is_of_outcomes(self) -> bool:
        """True if it is of decisions whose outcome is known."""
        return self in (Figure.AREA, Figure.EXCESS)


@dataclass(frozen=True, kw_only=True)
class Gap(Metric):
    """A metric that a rule of `gaps` may name: one group's figure beside that of the reference.

    ``figure`` is None where both follow from counts within strata. ``called`` is what the group
    has more or less of, and ``measured_in`` the unit of a difference, if it has one.
    """

    figure: Figure | None
    compare: Literal["ratio", "difference"] = "difference"
    called: str
    measured_in: str = ""


_DELONG = "DeLong et al. 1988"
_REPORTED = "Holistic AI"

AREA = Gap(
    name="area_under_curve_difference",
    meaning="area under the curve of d minus that of a",
    source=_DELONG,
    needs=(Needs.SCORE, Needs.OUTCOME),
    range=DIFFERENCE,
    direction=Direction.HIGHER,
    figure=Figure.AREA,
    called="area under the curve",
)
CALIBRATION = Gap(
    name="calibration_difference",
    meaning="mean score minus share of true outcomes: that of d minus that of a",
    source="Cox 1958 (calibration in the large)",
    needs=(Needs.SCORE, Needs.OUTCOME),
    range=ANY_DIFFERENCE,
    direction=Direction.NEITHER,
    figure=Figure.EXCESS,
    called="excess of the scores over the outcomes",
)
STANDARDISED = Gap(
    name="standardized_mean_difference",
    code="SMD",
    meaning="mean score of d minus that of a, over the pooled standard deviation of the two",
    source="Cohen 1988; sources differ in what they divide by",
    needs=(Needs.SCORE,),
    range=ANY_DIFFERENCE,
    direction=Direction.NEITHER,
    figure=Figure.SCORE,
    called="mean score",
    measured_in=" standard deviations",
)
VALUES = Gap(
    name="mean_value_difference",
    meaning="mean value of d minus that of a",
    source=_REPORTED,
    needs=(Needs.VALUE,),
    range=ANY_DIFFERENCE,
    direction=Direction.NEITHER,
    figure=Figure.VALUE,
    called="mean value",
)
VALUE_RATIO = Gap(
    name="mean_value_ratio",
    meaning="mean value of d over that of a",
    source=_REPORTED,
    needs=(Needs.VALUE,),
    range=ANY_RATIO,
    direction=Direction.NEITHER,
    figure=Figure.VALUE,
    compare="ratio",
    called="mean value",
)
RESIDUALS = Gap(
    name="mean_residual_difference",
    meaning="mean residual of d minus that of a",
    source=_REPORTED,
    needs=(Needs.VALUE, Needs.SCORE),
    range=ANY_DIFFERENCE,
    direction=Direction.NEITHER,
    figure=Figure.RESIDUAL,
    called="mean residual",
)
EXPOSURE = Gap(
    name="exposure_ratio",
    meaning="exposure of d over that of a",
    source="Singh & Joachims 2018",
    needs=(Needs.RANK,),
    range=RATIO,
    direction=Direction.HIGHER,
    figure=Figure.EXPOSURE,
    compare="ratio",
    called="exposure",
)
CONDITIONAL_IMPACT = Gap(
    name="conditional_impact_ratio",
    meaning="favourable share of the group over the reference's, common to all strata",
    source="Rothman & Greenland 1985; interval Greenland & Robins 1985",
    needs=(Needs.SELECTED, Needs.STRATUM),
    range=RATIO,
    direction=Direction.HIGHER,
    figure=None,
    compare="ratio",
    called="favourable share",
)

GAPS: tuple[Gap, ...] = (
    AREA,
    CALIBRATION,
    STANDARDISED,
    VALUES,
    VALUE_RATIO,
    RESIDUALS,
    EXPOSURE,
    CONDITIONAL_IMPACT,
)
"""What a rule of `gaps` can be about: names are unique."""

_BY_NAME = {each.name: each for each in GAPS}

GAP_NAMES = tuple(_BY_NAME)
"""What such a rule can name."""


def _read(given: object) -> Gap:
    if isinstance(given, Gap):
        return given
    if given not in GAP_NAMES:
        raise ValueError(f"{given!r} is none of {', '.join(GAP_NAMES)}")
    return _BY_NAME[str(given)]


NamedGap = Annotated[
    Gap,
    PlainValidator(_read),
    PlainSerializer(lambda gap: gap.name, return_type=str),
    WithJsonSchema({"type": "string", "enum": list(GAP_NAMES)}),
]
"""In a policy a gap is written as its name."""
