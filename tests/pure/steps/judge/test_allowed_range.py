"""Thresholds are compared exactly, and only the harmful side of a ratio is a breach."""

import math
from collections import defaultdict
from fractions import Fraction
from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fairness_audit.policy.metrics import METRICS, Rate
from fairness_audit.policy.model import Comparison, Rule
from fairness_audit.steps.judge.allowed_range import (
    FOUR_FIFTHS,
    AllowedRange,
    TwoRates,
    is_below_four_fifths,
)
from tests.builders.judging import a_rule

LOWEST = AllowedRange(Comparison.RATIO, FOUR_FIFTHS)
HIGHEST = AllowedRange(Comparison.RATIO, Fraction(5, 4), is_upper=True)
APART = AllowedRange(Comparison.DIFFERENCE, Fraction(1, 10))

counts = st.integers(0, 10**6)
sizes = st.integers(1, 10**6)
thresholds = st.fractions(Fraction(1, 1000), Fraction(999, 1000), max_denominator=1000)


@st.composite
def pairs(draw: st.DrawFn) -> TwoRates:
    n, reference_n = draw(sizes), draw(sizes)
    return TwoRates(draw(st.integers(0, n)), n, draw(st.integers(0, reference_n)), reference_n)


@st.composite
def ranges(draw: st.DrawFn) -> AllowedRange:
    compare, threshold = draw(st.sampled_from(Comparison)), draw(thresholds)
    is_upper = compare is Comparison.RATIO and draw(st.booleans())
    return AllowedRange(compare, 1 / threshold if is_upper else threshold, is_upper)


def allowed_by(*, selected_is_favourable: bool = True, **changes: str) -> AllowedRange:
    rule = Rule.model_validate(a_rule(**changes))
    return AllowedRange.of(rule, selected_is_favourable=selected_is_favourable)


@pytest.mark.parametrize(
    "rates",
    [(1, 12, 5, 48), (2, 3, 5, 6), (3, 5, 3, 4), (4, 7, 5, 7)],
    ids=["1/12 vs 5/48", "2/3 vs 5/6", "3/5 vs 3/4", "4/7 vs 5/7"],
)
def test_exactly_four_fifths_is_no_breach(rates: tuple[int, int, int, int]) -> None:
    assert not LOWEST.is_breached_by(TwoRates(*rates))
    assert is_below_four_fifths(TwoRates(*rates)) is False
    # The same pair the other way round is exactly 5/4.
    assert not HIGHEST.is_breached_by(TwoRates(*rates[2:], *rates[:2]))


def test_no_pair_of_groups_at_exactly_four_fifths_is_flagged() -> None:
    """All 3,666 such pairs with up to 60 rows; one more or less selected moves across."""
    written = defaultdict(list)
    for n in range(1, 61):
        for selected in range(1, n + 1):
            written[Fraction(selected, n)].append((selected, n))
    exact = [
        TwoRates(*own, *reference)
        for rate, references in written.items()
        for own, reference in product(written.get(rate * FOUR_FIFTHS, []), references)
    ]
    assert len(exact) == 3666
    assert not any(LOWEST.is_breached_by(rates) or is_below_four_fifths(rates) for rates in exact)
    for rates in exact:
        assert LOWEST.is_breached_by(rates._replace(numerator=rates.numerator - 1))


def test_the_guidelines_example_flags_only_the_rate_below() -> None:
    """Rates of 60, 45, 48 and 51 %: the ratios are 75, 80 and 85 %."""
    flagged = [is_below_four_fifths(TwoRates(rate, 100, 60, 100)) for rate in (45, 48, 51)]
    assert flagged == [True, False, False]


def test_a_ratio_is_bounded_on_the_side_that_harms_the_group() -> None:
    more, less = TwoRates(9, 10, 1, 10), TwoRates(1, 10, 9, 10)
    for metric in ("impact_ratio", "selection_rate", "true_positive_rate", "accuracy"):
        assert allowed_by(metric=metric) == LOWEST
    assert LOWEST.is_breached_by(less)
    assert not LOWEST.is_breached_by(more)
    for metric in ("false_positive_rate", "false_negative_rate", "false_omission_rate"):
        assert allowed_by(metric=metric) == HIGHEST
    assert HIGHEST.is_breached_by(more)
    assert not HIGHEST.is_breached_by(less)


def test_where_selection_is_unfavourable_more_of_it_is_the_harm() -> None:
    assert allowed_by(metric="selection_rate", selected_is_favourable=False) == HIGHEST
    assert allowed_by(metric="impact_ratio", selected_is_favourable=False) == LOWEST
    assert allowed_by(metric="false_positive_rate", selected_is_favourable=False) == HIGHEST


@pytest.mark.parametrize("metric", METRICS, ids=lambda metric: metric.name)
@pytest.mark.parametrize("favourable", [True, False])
def test_the_side_of_a_limit_is_the_worse_one_of_its_metric(
    metric: Rate, favourable: bool
) -> None:
    """`measure` picks the best group by the same word: the two cannot drift apart."""
    allowed = allowed_by(metric=metric.name, selected_is_favourable=favourable)
    assert allowed.is_upper is not metric.higher_is_better(selected_is_favourable=favourable)


def test_a_difference_is_bounded_in_both_directions() -> None:
    assert allowed_by(metric="selection_rate", compare="difference", threshold="1/10") == APART
    assert not APART.is_breached_by(TwoRates(3, 10, 2, 10))
    assert not APART.is_breached_by(TwoRates(2, 10, 3, 10))
    assert APART.is_breached_by(TwoRates(31, 100, 2, 10))
    assert APART.is_breached_by(TwoRates(2, 10, 31, 100))


@pytest.mark.parametrize(
    ("allowed", "low", "high", "inside"),
    [
        (LOWEST, 0.8, 2.0, True),
        (LOWEST, math.nextafter(0.8, 0), 2.0, False),
        (HIGHEST, 0.1, 1.25, True),
        (HIGHEST, 0.1, math.nextafter(1.25, 2), False),
        (HIGHEST, 0.1, math.inf, False),
        (APART, -0.05, 0.05, True),
        (
            AllowedRange(Comparison.RATIO, Fraction(1, 2)),
            0.5,
            2.0,
            True,
        ),  # 0.5 is exact
        (AllowedRange(Comparison.DIFFERENCE, Fraction(1, 2)), -0.5, 0.5, True),
        (LOWEST, 1.0, 1.0, True),
        (APART, -0.11, 0.05, False),
        (APART, -0.05, 0.11, False),
        (LOWEST, None, 2.0, False),
        (LOWEST, 0.9, None, False),
        (LOWEST, math.nan, 2.0, False),
        (LOWEST, 0.9, math.nan, False),
    ],
)
def test_an_interval_is_inside_only_as_a_whole(
    allowed: AllowedRange, low: float | None, high: float | None, inside: bool
) -> None:
    assert allowed.contains(low, high) is inside


@pytest.mark.parametrize("rates", [(1, 0, 1, 2), (1, 2, 0, 0), (0, 0, 0, 0)])
def test_without_rows_no_disparity_is_defined(rates: tuple[int, int, int, int]) -> None:
    assert TwoRates(*rates).disparity(Comparison.RATIO) is None
    assert TwoRates(*rates).disparity(Comparison.DIFFERENCE) is None
    assert not LOWEST.is_breached_by(TwoRates(*rates))


def test_a_ratio_to_zero_is_undefined_and_a_difference_to_zero_is_not() -> None:
    rates = TwoRates(5, 10, 0, 10)
    assert rates.disparity(Comparison.RATIO) is None
    assert is_below_four_fifths(rates) is None
    assert APART.is_breached_by(rates)


@given(pairs(), ranges(), st.integers(1, 10**6))
def test_counting_every_row_k_times_changes_no_breach(
    rates: TwoRates, allowed: AllowedRange, k: int
) -> None:
    scaled = TwoRates(*(count * k for count in rates))
    assert allowed.is_breached_by(scaled) is allowed.is_breached_by(rates)


@given(pairs(), ranges())
def test_a_breach_is_what_exact_arithmetic_says(rates: TwoRates, allowed: AllowedRange) -> None:
    own = Fraction(rates.numerator, rates.denominator)
    reference = Fraction(rates.reference_numerator, rates.reference_denominator)
    if allowed.compare is Comparison.DIFFERENCE:
        assert allowed.is_breached_by(rates) is (abs(own - reference) > allowed.bound)
    elif allowed.is_upper:
        assert allowed.is_breached_by(rates) is (reference > 0 and own > allowed.bound * reference)
    else:
        assert allowed.is_breached_by(rates) is (own < allowed.bound * reference)


@given(pairs(), ranges())
def test_losing_favourable_decisions_never_mends_a_breach(
    rates: TwoRates, allowed: AllowedRange
) -> None:
    worse = rates.numerator + 1 if allowed.is_upper else rates.numerator - 1
    if allowed.compare is Comparison.RATIO and allowed.is_breached_by(rates) and worse >= 0:
        assert allowed.is_breached_by(rates._replace(numerator=worse))
