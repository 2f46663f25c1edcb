"""A metric that could be misjudged in silence cannot be made."""

from dataclasses import replace
from typing import Any

import pytest
from pydantic import ValidationError

from fairness_audit.policy.metrics import (
    ACCURACY,
    BASE_RATE,
    FALSE_POSITIVE_RATE,
    IMPACT_RATIO,
    METRICS,
    NAMES,
    SELECTION_RATE,
    Direction,
    Needs,
    Phrase,
    Rate,
    metric_named,
)
from fairness_audit.policy.model import Comparison, Rule

MISJUDGED: dict[str, Any] = {
    "name": "error_rate",
    "meaning": "share of known outcomes that the decision missed",
    "source": "made up",
    "needs": (Needs.OUTCOME, Needs.SELECTED),
    "direction": Direction.LOWER,
    "phrase": Phrase("is misjudged", "error rate"),
    "numerator": lambda c: c.fp + c.fn,
    "denominator": lambda c: c.labelled,
}


def test_a_rate_is_made_of_all_its_facts() -> None:
    assert not Rate(**MISJUDGED).higher_is_better(selected_is_favourable=True)


@pytest.mark.parametrize("fact", list(MISJUDGED))
def test_no_fact_of_a_rate_has_a_default(fact: str) -> None:
    others = {name: value for name, value in MISJUDGED.items() if name != fact}
    with pytest.raises(TypeError, match=f"'{fact}'"):
        Rate(**others)


@pytest.mark.parametrize(
    ("change", "fault"),
    [
        ({"direction": Direction.NEITHER}, "say whether the group with more of it is better off"),
        ({"phrase": Phrase("", "error rate")}, "say in words what happens to the group"),
        ({"phrase": Phrase("is misjudged", "")}, "say in words what happens to the group"),
        ({"needs": ()}, "counts by outcome and selected: write that as its needs"),
        ({"needs": (Needs.SELECTED,)}, "counts by outcome and selected"),
        ({"needs": (*MISJUDGED["needs"], Needs.SCORE)}, "counts by outcome and selected"),
        ({"numerator": lambda c: c.n, "denominator": lambda c: c.n}, "counts by nothing"),
        ({"denominator": lambda c: c.positives}, "counts what its denominator does not"),
    ],
)
def test_what_a_rate_says_of_itself_must_hold(change: dict[str, Any], fault: str) -> None:
    with pytest.raises(ValueError, match=f"^error_rate: {fault}"):
        Rate(**MISJUDGED | change)


@pytest.mark.parametrize("rate", METRICS, ids=lambda rate: rate.name)
@pytest.mark.parametrize("need", [Needs.OUTCOME, Needs.SELECTED])
def test_no_column_can_be_forgotten_or_added(rate: Rate, need: Needs) -> None:
    """Where outcomes are unknown, what needs them is neither measured nor judged."""
    with pytest.raises(ValueError, match="write that as its needs"):
        replace(rate, needs=tuple({*rate.needs} ^ {need}))


def test_names_and_codes_are_unique() -> None:
    assert len(NAMES) == len(METRICS) == len({each.code for each in METRICS})


@pytest.mark.parametrize(
    ("rate", "favourable", "higher"),
    [
        (SELECTION_RATE, True, True),
        (SELECTION_RATE, False, False),
        (BASE_RATE, False, False),
        (IMPACT_RATIO, True, True),
        (IMPACT_RATIO, False, True),
        (FALSE_POSITIVE_RATE, True, False),
        (FALSE_POSITIVE_RATE, False, False),
        (ACCURACY, False, True),
    ],
    ids=lambda each: each.name if isinstance(each, Rate) else str(each),
)
def test_what_is_better_for_a_group(rate: Rate, favourable: bool, higher: bool) -> None:
    assert rate.higher_is_better(selected_is_favourable=favourable) is higher


def test_the_impact_ratio_is_of_the_decision_that_is_favourable() -> None:
    of_selected = IMPACT_RATIO.where(selected_is_favourable=True)
    assert of_selected.name == IMPACT_RATIO.name
    assert of_selected.phrase == SELECTION_RATE.phrase
    assert of_selected.numerator is SELECTION_RATE.numerator
    assert IMPACT_RATIO.where(selected_is_favourable=False) is IMPACT_RATIO
    assert SELECTION_RATE.where(selected_is_favourable=True) is SELECTION_RATE


def a_rule(metric: Any) -> Rule:
    return Rule(id="r", metric=metric, compare=Comparison.RATIO, threshold="4/5")


@pytest.mark.parametrize("metric", METRICS, ids=lambda metric: metric.name)
def test_a_rule_writes_a_metric_as_its_name(metric: Rate) -> None:
    rule = a_rule(metric.name)
    assert rule.metric is metric is metric_named(metric.name)
    assert rule == a_rule(metric)
    assert rule.model_dump()["metric"] == rule.model_dump(mode="json")["metric"] == metric.name


def test_a_rule_names_no_other_metric() -> None:
    with pytest.raises(ValidationError, match=r"Input should be 'impact_ratio', 'selection_rate'"):
        a_rule("accurracy")
