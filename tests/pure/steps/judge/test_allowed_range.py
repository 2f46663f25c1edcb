"""Which disparities a rule allows: exactly, on both sides of a comparison unless it says not."""

import math
from collections import defaultdict
from fractions import Fraction
from itertools import product

import pytest

from fairness_audit.policy.metrics import METRICS, Rate
from fairness_audit.policy.model import Rule
from fairness_audit.statistics.sequential import Limit, Side
from fairness_audit.steps.judge.allowed_range import AllowedRange, is_below_four_fifths
from fairness_audit.steps.judge.wording import limit_name
from tests.builders.judging import a_rule

FOUR, FIVE = Fraction(4, 5), Fraction(5, 4)


def allowed_by(selected_is_favourable: bool = True, /, **changes: str) -> AllowedRange:
    rule = Rule.model_validate(a_rule(**changes))
    return AllowedRange.of(rule, selected_is_favourable=selected_is_favourable)


def ends(**changes: str) -> tuple[Fraction | None, Fraction | None]:
    allowed = allowed_by(**changes)
    return allowed.low, allowed.high


POINTS = {"metric": "selection_rate", "compare": "difference", "threshold": "1/10"}


def test_a_ratio_protects_both_sides_unless_it_is_asked_for_one() -> None:
    assert ends() == (FOUR, FIVE)
    assert ends(metric="false_positive_rate") == (FOUR, FIVE)
    assert ends(sides="harm") == (FOUR, None)
    assert ends(sides="harm", metric="false_positive_rate") == (None, FIVE)


def test_a_difference_protects_both_sides_unless_it_is_asked_for_one() -> None:
    tenth = Fraction(1, 10)
    assert ends(**POINTS) == (-tenth, tenth)
    assert ends(**POINTS, sides="harm") == (-tenth, None)
    assert ends(**POINTS | {"metric": "false_positive_rate"}, sides="harm") == (None, tenth)


@pytest.mark.parametrize("sides", ["both", "harm"])
def test_against_the_best_one_side_protects_all_as_each_is_held_against_each(sides: str) -> None:
    assert ends(against="best", sides=sides) == (FOUR, None)
    assert ends(against="best", sides=sides, metric="false_positive_rate") == (None, FIVE)


@pytest.mark.parametrize("metric", METRICS, ids=lambda metric: metric.name)
@pytest.mark.parametrize("favourable", [True, False])
def test_the_side_that_harms_is_the_worse_one_of_the_metric(
    metric: Rate, favourable: bool
) -> None:
    """`measure` picks the best group by the same word: the two cannot drift apart."""
    allowed = allowed_by(favourable, metric=metric.name, sides="harm")
    more_is_better = metric.higher_is_better(selected_is_favourable=favourable)
    assert (allowed.high is None) is more_is_better
    assert (allowed.low is None) is not more_is_better


def test_both_ends_belong_to_the_range() -> None:
    allowed = allowed_by()
    assert allowed.left_on(0.8) is allowed.left_on(1.25) is allowed.left_on(1.0) is None
    assert allowed.left_on(math.nextafter(0.8, 0)) is Side.LOW
    assert allowed.left_on(math.nextafter(1.25, 2)) is Side.HIGH
    assert allowed.left_on(None) is None
    assert allowed_by(sides="harm").left_on(math.inf) is None


def test_the_statistics_are_asked_about_the_same_ends() -> None:
    assert allowed_by().limit == Limit("ratio", 0.8, 1.25)
    assert allowed_by(sides="harm").limit == Limit("ratio", 0.8, None)
    assert allowed_by(**POINTS).limit == Limit("difference", -0.1, 0.1)


def test_an_end_that_is_not_there_has_no_value() -> None:
    assert allowed_by().end(Side.LOW) == FOUR
    with pytest.raises(ValueError, match="the range has no high end"):
        allowed_by(sides="harm").end(Side.HIGH)


def test_a_limit_is_named_as_the_policy_has_it() -> None:
    assert limit_name(FOUR, in_points=False) == "4/5"
    assert limit_name(Fraction(1, 10), in_points=True) == "10 percentage points (1/10)"


# --- the bare four-fifths rule ------------------------------------------------------------------


def test_no_pair_of_groups_at_exactly_four_fifths_is_flagged() -> None:
    """All 3,666 such pairs with up to 60 decisions; one less selected moves across."""
    written = defaultdict(list)
    for n in range(1, 61):
        for selected in range(1, n + 1):
            written[Fraction(selected, n)].append((selected, n))
    exact = [
        (own, other)
        for rate, others in written.items()
        for own, other in product(written.get(rate * FOUR, []), others)
    ]
    assert len(exact) == 3666
    assert not any(is_below_four_fifths(own, other) for own, other in exact)
    assert all(is_below_four_fifths((own[0] - 1, own[1]), other) for own, other in exact)


def test_the_guidelines_example_flags_only_the_rate_below() -> None:
    """Rates of 60, 45, 48 and 51 %: the ratios are 75, 80 and 85 %."""
    flagged = [is_below_four_fifths((rate, 100), (60, 100)) for rate in (45, 48, 51)]
    assert flagged == [True, False, False]


def test_there_is_no_ratio_to_nothing() -> None:
    assert is_below_four_fifths((5, 10), (0, 10)) is None
    assert is_below_four_fifths((5, 10), (0, 0)) is None
