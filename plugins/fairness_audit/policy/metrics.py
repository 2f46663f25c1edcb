"""What a metric is; and every metric that is judged, each defined here and nowhere else.

Policies, their schema, measurements, verdicts, sentences and the catalogue follow from these
definitions: a `Rate` put into `RATES` is there for all of them. Metrics that are only reported are
defined beside the code that computes them (`steps.measure.metrics`).

A rate is a fraction of two counts and lies in [0, 1]. Two groups with the same rate have a
difference of 0 and a ratio of 1: no disparity. A rate with a zero denominator is undefined, and
stays so: it is never 0 by convention.

Sources: the confusion-matrix rates as in Fawcett, "An introduction to ROC analysis", Pattern
Recognition Letters 27 (2006), 861-874; selection rate and impact ratio as in 29 CFR 1607.4 D and
6 RCNY 5-300; base rate ("prev") as in Aequitas.
"""

from collections.abc import Callable
from dataclasses import dataclass, fields, replace
from enum import StrEnum
from typing import Any, NamedTuple, Self

from pydantic import GetCoreSchemaHandler, GetJsonSchemaHandler
from pydantic_core import CoreSchema, core_schema

from fairness_audit.statistics.confusion import ConfusionTable, Count


class Direction(StrEnum):
    """Which of two values is the more favourable one for the group that has it."""

    HIGHER = "higher"
    LOWER = "lower"
    AS_SELECTION = "as selection"  # higher if being selected is favourable, else lower
    NEITHER = "neither"  # the size of a gap, or a figure about the whole population


class Needs(StrEnum):
    """A column of the population that a metric is made of."""

    OUTCOME = "outcome"
    SELECTED = "selected"
    SCORE = "score"
    DECISION = "decision"
    VALUE = "value"
    RANK = "rank"
    STRATUM = "stratum"
    FEATURE = "feature"
    PROBABILITY = "probability"


class Range(NamedTuple):
    """Where the values of a metric lie; None where there is no end.

    ``no_disparity`` is the value of two groups treated alike; None for a figure about one alone.
    """

    low: float | None
    high: float | None
    no_disparity: float | None = None


SHARE = Range(0.0, 1.0)
DIFFERENCE = Range(-1.0, 1.0, no_disparity=0.0)
RATIO = Range(0.0, None, no_disparity=1.0)
GAP = Range(0.0, 1.0, no_disparity=0.0)
DISTANCE = Range(0.0, None, no_disparity=0.0)
ANY = Range(None, None)
ANY_DIFFERENCE = Range(None, None, no_disparity=0.0)
ANY_RATIO = Range(None, None, no_disparity=1.0)


@dataclass(frozen=True, kw_only=True)
class Metric:
    """What is written down about every metric."""

    name: str
    code: str | None = None
    meaning: str
    source: str
    needs: tuple[Needs, ...]
    range: Range
    direction: Direction


class Phrase(NamedTuple):
    """A rate in the words of a sentence: what happens to the group, and what that is called.

    `group F *is selected* 0.66 times as often as group M (*selection rate* 21.3 % …)`.
    """

    happens: str
    called: str


@dataclass(frozen=True, kw_only=True)
class Rate(Metric):
    """A metric that a rule may name: numerator / denominator over the decisions about a group.

    ``if_selected_is_favourable`` is the rate it is of where a policy says that being selected is
    good for the subject. One that ``is_ratio`` names the ratio of the rates of two groups: there
    is no rate or difference of that name.

    Raises:
        ValueError: it does not say which direction is better, has no words for a sentence, is no
            share of what it divides by, or needs other columns than it counts.
    """

    range: Range = SHARE
    phrase: Phrase
    numerator: Callable[[ConfusionTable], Count]
    denominator: Callable[[ConfusionTable], Count]
    if_selected_is_favourable: "Rate | None" = None
    is_ratio: bool = False

    def __post_init__(self) -> None:
        """Refuse what could be misjudged in silence."""
        if self.direction is Direction.NEITHER:
            raise ValueError(f"{self.name}: say whether the group with more of it is better off")
        if not all(self.phrase):
            raise ValueError(f"{self.name}: say in words what happens to the group")
        if any(part > whole for part, whole in self.cells):
            raise ValueError(f"{self.name}: counts what its denominator does not: no share")
        if set(self.needs) != (needed := self._needed()):
            columns = " and ".join(sorted(needed)) or "nothing"
            raise ValueError(f"{self.name}: counts by {columns}: write that as its needs")

    def higher_is_better(self, *, selected_is_favourable: bool) -> bool:
        """True if, of two groups, the one with the higher value is better off."""
        if self.direction is Direction.AS_SELECTION:
            return selected_is_favourable
        return self.direction is Direction.HIGHER

    def where(self, *, selected_is_favourable: bool) -> "Rate":
        """The rate under a policy that calls being selected favourable, or not being selected."""
        other = self.if_selected_is_favourable
        if other is None or not selected_is_favourable:
            return self
        return replace(
            self,
            phrase=other.phrase,
            numerator=other.numerator,
            denominator=other.denominator,
            if_selected_is_favourable=None,
        )

    @property
    def cells(self) -> tuple[tuple[int, int], ...]:
        """What a decision in each cell of a confusion table adds to numerator and denominator."""
        return tuple((self.numerator(each), self.denominator(each)) for each in _ONE_DECISION)

    def _needed(self) -> set[Needs]:
        """The columns that make a difference to what is counted."""
        tp, fp, fn, tn, selected, not_selected = self.cells
        by_outcome = not (tp == fp == selected and fn == tn == not_selected)
        by_selected = not (tp == fn and fp == tn and selected == not_selected)
        return {
            need
            for need, counts in ((Needs.OUTCOME, by_outcome), (Needs.SELECTED, by_selected))
            if counts
        }

    @classmethod
    def __get_pydantic_core_schema__(
        cls, source: type[Self], handler: GetCoreSchemaHandler
    ) -> CoreSchema:
        """In a policy a metric is written as its name."""
        written = core_schema.no_info_before_validator_function(
            lambda given: given.name if isinstance(given, Rate) else given,
            core_schema.literal_schema([each.name for each in METRICS]),
        )
        return core_schema.no_info_after_validator_function(
            metric_named,
            written,
            ref="Metric",
            serialization=core_schema.plain_serializer_function_ser_schema(
                lambda metric: metric.name, return_schema=core_schema.str_schema()
            ),
        )

    @classmethod
    def __get_pydantic_json_schema__(
        cls, schema: CoreSchema, handler: GetJsonSchemaHandler
    ) -> dict[str, Any]:
        """The list of names."""
        reference = handler(schema)
        handler.resolve_ref_schema(reference).update(
            title="Metric",
            description="What a rule can be about."
            " All but the impact ratio are rates of one group.",
        )
        return reference


_ONE_DECISION = tuple(ConfusionTable(**{cell.name: 1}) for cell in fields(ConfusionTable))
"""One decision of each kind."""

_FAWCETT = "Fawcett 2006"
_UNIFORM_GUIDELINES = "29 CFR 1607.4 D"
_BOTH = (Needs.OUTCOME, Needs.SELECTED)

SELECTION_RATE = Rate(
    name="selection_rate",
    code="SR",
    meaning="share of all decisions that select",
    source=_UNIFORM_GUIDELINES,
    needs=(Needs.SELECTED,),
    direction=Direction.AS_SELECTION,
    phrase=Phrase("is selected", "selection rate"),
    numerator=lambda c: c.selected,
    denominator=lambda c: c.n,
)

BASE_RATE = Rate(
    name="base_rate",
    code="BR",
    meaning="share of known outcomes that are true",
    source="Aequitas (prev)",
    needs=(Needs.OUTCOME,),
    direction=Direction.AS_SELECTION,
    phrase=Phrase("has a positive outcome", "base rate"),
    numerator=lambda c: c.positives,
    denominator=lambda c: c.labelled,
)

TRUE_POSITIVE_RATE = Rate(
    name="true_positive_rate",
    code="TPR",
    meaning="share of true outcomes that were selected",
    source=_FAWCETT,
    needs=_BOTH,
    direction=Direction.HIGHER,
    phrase=Phrase("is selected, where the outcome is positive,", "true positive rate"),
    numerator=lambda c: c.tp,
    denominator=lambda c: c.positives,
)

FALSE_POSITIVE_RATE = Rate(
    name="false_positive_rate",
    code="FPR",
    meaning="share of false outcomes that were selected",
    source=_FAWCETT,
    needs=_BOTH,
    direction=Direction.LOWER,
    phrase=Phrase("is selected, although the outcome is negative,", "false positive rate"),
    numerator=lambda c: c.fp,
    denominator=lambda c: c.negatives,
)

FALSE_NEGATIVE_RATE = Rate(
    name="false_negative_rate",
    code="FNR",
    meaning="share of true outcomes that were not selected",
    source=_FAWCETT,
    needs=_BOTH,
    direction=Direction.LOWER,
    phrase=Phrase("is passed over, although the outcome is positive,", "false negative rate"),
    numerator=lambda c: c.fn,
    denominator=lambda c: c.positives,
)

TRUE_NEGATIVE_RATE = Rate(
    name="true_negative_rate",
    code="TNR",
    meaning="share of false outcomes that were not selected",
    source=_FAWCETT,
    needs=_BOTH,
    direction=Direction.HIGHER,
    phrase=Phrase("is passed over, where the outcome is negative,", "true negative rate"),
    numerator=lambda c: c.tn,
    denominator=lambda c: c.negatives,
)

POSITIVE_PREDICTIVE_VALUE = Rate(
    name="positive_predictive_value",
    code="PPV",
    meaning="share of the selected whose outcome is true",
    source=_FAWCETT,
    needs=_BOTH,
    direction=Direction.HIGHER,
    phrase=Phrase("has a positive outcome, once selected,", "positive predictive value"),
    numerator=lambda c: c.tp,
    denominator=lambda c: c.labelled_selected,
)

NEGATIVE_PREDICTIVE_VALUE = Rate(
    name="negative_predictive_value",
    code="NPV",
    meaning="share of the not selected whose outcome is false",
    source=_FAWCETT,
    needs=_BOTH,
    direction=Direction.HIGHER,
    phrase=Phrase("has a negative outcome, once passed over,", "negative predictive value"),
    numerator=lambda c: c.tn,
    denominator=lambda c: c.labelled_not_selected,
)

FALSE_DISCOVERY_RATE = Rate(
    name="false_discovery_rate",
    code="FDR",
    meaning="share of the selected whose outcome is false",
    source=_FAWCETT,
    needs=_BOTH,
    direction=Direction.LOWER,
    phrase=Phrase("has a negative outcome, once selected,", "false discovery rate"),
    numerator=lambda c: c.fp,
    denominator=lambda c: c.labelled_selected,
)

FALSE_OMISSION_RATE = Rate(
    name="false_omission_rate",
    code="FOR",
    meaning="share of the not selected whose outcome is true",
    source=_FAWCETT,
    needs=_BOTH,
    direction=Direction.LOWER,
    phrase=Phrase("has a positive outcome, once passed over,", "false omission rate"),
    numerator=lambda c: c.fn,
    denominator=lambda c: c.labelled_not_selected,
)

ACCURACY = Rate(
    name="accuracy",
    code="ACC",
    meaning="share of known outcomes that the decision matched",
    source=_FAWCETT,
    needs=_BOTH,
    direction=Direction.HIGHER,
    phrase=Phrase("is decided as the outcome later confirms", "accuracy"),
    numerator=lambda c: c.tp + c.tn,
    denominator=lambda c: c.labelled,
)

IMPACT_RATIO = Rate(
    name="impact_ratio",
    code="AIR",
    meaning="share of all decisions that are favourable to the subject",
    source=_UNIFORM_GUIDELINES,
    needs=(Needs.SELECTED,),
    direction=Direction.HIGHER,
    phrase=Phrase("gets the favourable decision, not to be selected,", "favourable share"),
    numerator=lambda c: c.not_selected,
    denominator=lambda c: c.n,
    if_selected_is_favourable=SELECTION_RATE,
    is_ratio=True,
)

RATES: tuple[Rate, ...] = (
    SELECTION_RATE,
    BASE_RATE,
    TRUE_POSITIVE_RATE,
    FALSE_POSITIVE_RATE,
    FALSE_NEGATIVE_RATE,
    TRUE_NEGATIVE_RATE,
    POSITIVE_PREDICTIVE_VALUE,
    NEGATIVE_PREDICTIVE_VALUE,
    FALSE_DISCOVERY_RATE,
    FALSE_OMISSION_RATE,
    ACCURACY,
)
"""The rates of one group."""

METRICS: tuple[Rate, ...] = (IMPACT_RATIO, *RATES)
"""What a rule can be about: names are unique."""

_BY_NAME = {each.name: each for each in METRICS}

NAMES = frozenset(_BY_NAME)
"""What a rule can name."""


def metric_named(name: str) -> Rate:
    """The metric of that name, which is one of `NAMES`."""
    return _BY_NAME[name]


# Measured for every policy that asks for it, and judged beside the rules: no rule names these.

WORST_SUBGROUP = Metric(
    name="worst_subgroup_impact_ratio",
    meaning="favourable share over everybody else's of the subgroup that is most clearly"
    " worse off",
    source="cf. Kearns et al. 2018; Bonferroni over all subgroups looked at",
    needs=(Needs.SELECTED,),
    range=RATIO,
    direction=Direction.HIGHER,
)

RISK_DIFFERENCE = Metric(
    name="mantel_haenszel_risk_difference",
    code="MHRD",
    meaning="selection rate of the group minus the reference's, common to all strata",
    source="Greenland & Robins 1985; interval Sato 1989",
    needs=(Needs.SELECTED, Needs.STRATUM),
    range=DIFFERENCE,
    direction=Direction.AS_SELECTION,
)

BRESLOW_DAY = Metric(
    name="breslow_day",
    code="BD",
    meaning="χ² of the odds ratios of the strata being the same",
    source="Breslow & Day 1980; Tarone 1985",
    needs=(Needs.SELECTED, Needs.STRATUM),
    range=DISTANCE,
    direction=Direction.NEITHER,
)
WOOLF = Metric(
    name="woolf",
    meaning="χ² of the odds ratios of the strata being the same, from their logarithms",
    source="Woolf 1955; 1/2 added to each count",
    needs=(Needs.SELECTED, Needs.STRATUM),
    range=DISTANCE,
    direction=Direction.NEITHER,
)
