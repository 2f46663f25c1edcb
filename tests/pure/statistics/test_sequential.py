"""What is asked of a pair, and what a unit answers."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fairness_audit.statistics.betting import (
    DifferenceLine,
    Line,
    Rates,
    RatioLine,
    log_e_of_rates,
)
from fairness_audit.statistics.proportions import Floats, Proportions
from fairness_audit.statistics.sequential import (
    FIRST_RATES,
    Aim,
    Estimates,
    FailsOn,
    Limit,
    OneShare,
    Side,
    TwoRates,
    bet,
)
from tests.builders.lives import FOUR_FIFTHS, TEN_POINTS

ASKED = [(side, aim) for side in Side for aim in Aim]


@pytest.mark.parametrize(
    ("limit", "message"),
    [
        (("ratio", None, None), "name one side"),
        (("ratio", 1.25, 0.8), "in order"),
        (("ratio", 0.0, 1.25), "above 0"),
        (("difference", 0.1, -0.1), "in order"),
    ],
)
def test_a_limit_that_asks_nothing_is_refused(limit: tuple, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        Limit(*limit)


def test_a_side_that_is_not_asked_about_has_no_end() -> None:
    limit = Limit("ratio", low=0.8)
    assert limit.sides == (Side.LOW,)
    with pytest.raises(ValueError, match="no high side"):
        limit.bound(Side.HIGH)


def test_a_limit_swapped_is_that_of_the_reference() -> None:
    assert FOUR_FIFTHS.swapped() == FOUR_FIFTHS
    assert Limit("ratio", low=0.5).swapped() == Limit("ratio", high=2.0)
    assert Limit("difference", -0.1, 0.2).swapped() == Limit("difference", -0.2, 0.1)


def test_bets_lie_by_the_way_from_equality_to_the_limit() -> None:
    """Of -0.1: beyond it 0.04, 0.08, 0.12 and 0.2; within it 0.035, 0.065 and 0.085."""
    fail = bet(TEN_POINTS, Side.LOW, Aim.FAIL, FailsOn.LIMIT)
    assert fail.border == pytest.approx([-0.1])
    assert fail.alternatives == pytest.approx([-0.14, -0.18, -0.22, -0.3])
    passing = bet(TEN_POINTS, Side.LOW, Aim.PASS, FailsOn.LIMIT)
    assert passing.alternatives == pytest.approx([-0.065, -0.035, -0.015])
    fail = bet(FOUR_FIFTHS, Side.LOW, Aim.FAIL, FailsOn.LIMIT)
    assert fail.alternatives == pytest.approx(0.8 ** np.array([1.4, 1.8, 2.2, 3.0]))
    fail = bet(FOUR_FIFTHS, Side.HIGH, Aim.FAIL, FailsOn.LIMIT)
    assert fail.alternatives == pytest.approx(1.25 ** np.array([1.4, 1.8, 2.2, 3.0]))


def test_a_fail_on_a_difference_refutes_equality_and_bets_on_the_limit_and_beyond() -> None:
    fail = bet(FOUR_FIFTHS, Side.LOW, Aim.FAIL, FailsOn.DIFFERENCE)
    assert fail.border == [1.0]
    assert fail.alternatives[0] == 0.8
    passing = bet(FOUR_FIFTHS, Side.LOW, Aim.PASS, FailsOn.DIFFERENCE)
    assert passing.border == [0.8]


def test_a_limit_at_equality_still_has_bets() -> None:
    for limit in (Limit("ratio", low=1.0), Limit("difference", low=0.0)):
        for aim in Aim:
            found = bet(limit, Side.LOW, aim, FailsOn.LIMIT)
            assert (found.alternatives != found.border).all()


def test_the_estimate_is_never_pooled_over_units() -> None:
    """Simpson's tables: 2/10 beside 10/50, then 40/50 beside 8/10: equal in each unit.

    Pooled it would be 42/60 beside 18/60. Mantel-Haenszel's of the first unit is
    (2 x 50 / 60) / (10 x 10 / 60), of both ((100 + 400) / 60) / ((100 + 400) / 60).
    """
    group, reference = Proportions.of([2, 40], [10, 50]), Proportions.of([10, 8], [50, 10])
    ratio = TwoRates(FOUR_FIFTHS, group, reference)
    assert ratio.terms().running() == pytest.approx(np.array([[1, 1]]))
    difference = TwoRates(TEN_POINTS, group, reference)
    assert difference.terms().running() == pytest.approx(np.array([[0, 0]]), abs=1e-15)


def test_an_estimate_is_undefined_until_both_sides_have_rows() -> None:
    pair = TwoRates(FOUR_FIFTHS, Proportions.of([0, 3], [0, 6]), Proportions.of([1, 4], [2, 4]))
    found = pair.terms().running()
    assert np.isnan(found[0, 0])
    assert found[0, 1] == pytest.approx(0.5)


def test_shares_are_held_against_the_stated_one() -> None:
    """40 of 100, then 10 of 100, where 1/4 is stated."""
    share = Proportions.of([40, 10], [100, 100])
    found = OneShare(FOUR_FIFTHS, share, 0.25).terms().running()
    assert found == pytest.approx(np.array([[1.6, 1.0]]))
    found = OneShare(TEN_POINTS, share, 0.25).terms().running()
    assert found == pytest.approx(np.array([[0.15, 0.0]]))


def test_the_bets_of_a_first_unit_of_unknown_rate_are_spread() -> None:
    """On each of the rates alike: the mean of what each wins, an e-value as each is."""
    group = Proportions.of([0, 30, 30], [0, 100, 100])
    reference = Proportions.of([0, 60, 60], [0, 100, 100])
    for side, aim in ASKED:
        found = TwoRates(FOUR_FIFTHS, group, reference).log_e(side, aim)[0]
        assert (found[0] == 0).all()
        first = Proportions.of([30], [100]), Proportions.of([60], [100])
        each = [
            _bet_on(TwoRates(FOUR_FIFTHS, *first, rate).log_e(side, aim)[0, 0])
            for rate in FIRST_RATES
        ]
        assert np.exp(found[1]) == pytest.approx(np.mean(each, axis=0))
        assert (found[2] != 0).all()


def _bet_on(log_e: Floats) -> Floats:
    return np.exp(log_e)


@pytest.mark.parametrize(
    ("limit", "line", "group", "reference"),
    [
        (TEN_POINTS, DifferenceLine(np.array([-0.1])), 0.295, 0.435),
        (FOUR_FIFTHS, RatioLine(np.array([0.8])), 0.4 * 0.8**1.4 / 0.93292, 0.4 / 0.93292),
    ],
)
def test_bets_have_the_rate_of_earlier_units_over_both_sizes(
    limit: Limit, line: Line, group: float, reference: float
) -> None:
    """Of 100 beside 300 the rate of all is expected at 0.4: 0.295 / 4 + 0.435 x 3 / 4 = 0.4.

    A ratio of 0.8^1.4 is had by x 0.8^1.4 beside x, where (0.8^1.4 + 3) x / 4 = 0.93292 x = 0.4.
    """
    counts = Proportions.of([30], [100]), Proportions.of([120], [300])
    found = TwoRates(limit, *counts, 0.4).log_e(Side.LOW, Aim.FAIL)[0, 0, 0]
    point = Rates(np.array([group]), np.array([reference]))
    assert found == pytest.approx(log_e_of_rates(*counts, line, point)[0, 0], rel=5e-3)


def test_no_room_beyond_the_limit_leaves_nothing_to_win() -> None:
    """A rate that is expected at 5 % cannot lie 10 points below another of 5 %, but at ends."""
    few = Proportions.of([5, 5], [100, 100])
    found = TwoRates(TEN_POINTS, few, few, 0.05).log_e(Side.LOW, Aim.FAIL)
    assert (found == 0).all()


def test_an_estimate_stakes_by_the_variance_of_earlier_units() -> None:
    """Variance 4 at size 1 is one of 2 at size 2, whatever the second unit says of its own.

    Bet on -0.14 against -0.1 or more, by x = 0.3: (-0.04) (0.3 + 0.12) / 2.
    """
    pair = Estimates(TEN_POINTS, np.array([0.0, 0.3]), np.array([4.0, 1e-9]), np.array([1.0, 2.0]))
    found = pair.log_e(Side.LOW, Aim.FAIL)[0]
    assert (found[0] == 0).all()
    assert found[1, 0] == pytest.approx(-0.04 * 0.42 / 2)


@pytest.mark.parametrize(
    "lacking",
    [
        (np.nan, np.nan, 0.0),
        (np.nan, 1.0, 1.0),
        (0.2, np.nan, 1.0),
        (0.2, np.inf, 1.0),
        (0.2, -1.0, 1.0),
        (0.2, 1.0, 0.0),
    ],
)
def test_a_unit_that_lacks_a_part_says_nothing_and_teaches_nothing(
    lacking: tuple[float, float, float],
) -> None:
    value = np.array([0.0, lacking[0], 0.3])
    variance, size = np.array([4.0, lacking[1], 1.0]), np.array([1.0, lacking[2], 1.0])
    pair = Estimates(TEN_POINTS, value, variance, size)
    without = Estimates(TEN_POINTS, value[[0, 2]], variance[[0, 2]], size[[0, 2]])
    for side, aim in ASKED:
        found = pair.log_e(side, aim)[0]
        assert (found[1] == 0).all()
        assert found[[0, 2]].tolist() == without.log_e(side, aim)[0].tolist()
    assert pair.terms().running()[0] == pytest.approx([0, 0, 0.15])


@pytest.mark.parametrize(
    ("k", "n"), [([5.0], [4.0]), ([-1.0], [4.0]), ([np.nan], [4.0]), ([1.0], [np.inf])]
)
def test_counts_that_are_none_are_refused(k: list[float], n: list[float]) -> None:
    bad, good = Proportions(np.array(k), np.array(n)), Proportions.of([1], [2])
    for pair in (
        lambda: TwoRates(FOUR_FIFTHS, bad, good),
        lambda: TwoRates(FOUR_FIFTHS, good, bad),
        lambda: OneShare(FOUR_FIFTHS, bad, 0.5),
    ):
        with pytest.raises(ValueError, match="from 0 to its trials"):
            pair()


def test_rates_that_cannot_be_are_refused() -> None:
    good = Proportions.of([1], [2])
    with pytest.raises(ValueError, match="cannot be expected"):
        TwoRates(FOUR_FIFTHS, good, good, 1.5)
    with pytest.raises(ValueError, match="stated share"):
        OneShare(FOUR_FIFTHS, good, 1.0)


cells = st.integers(0, 60).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n)))
tables = st.lists(st.tuples(cells, cells), min_size=1, max_size=6)


def pair_of(table: list, limit: Limit, expected: float | None = None) -> TwoRates:
    group, reference = (
        Proportions.of(*zip(*side, strict=True)) for side in zip(*table, strict=True)
    )
    return TwoRates(limit, group, reference, expected)


@given(tables, st.sampled_from([FOUR_FIFTHS, TEN_POINTS]), st.sampled_from([None, 0.3]))
def test_swapping_the_groups_swaps_the_sides(
    table: list, limit: Limit, expected: float | None
) -> None:
    pair = pair_of(table, limit, expected)
    other = pair_of([(b, a) for a, b in table], limit.swapped(), expected)
    for aim in Aim:
        for side, mirrored in ((Side.LOW, Side.HIGH), (Side.HIGH, Side.LOW)):
            assert pair.log_e(side, aim).tolist() == other.log_e(mirrored, aim).tolist()


@given(tables, st.sampled_from([FOUR_FIFTHS, TEN_POINTS]))
def test_e_values_are_finite_whatever_the_counts(table: list, limit: Limit) -> None:
    for side, aim in ASKED:
        assert np.isfinite(pair_of(table, limit).log_e(side, aim)).all()


@given(tables, st.sampled_from([FOUR_FIFTHS, TEN_POINTS]))
def test_asking_about_the_limit_itself_is_asking(table: list, limit: Limit) -> None:
    pair = pair_of(table, limit)
    for side, aim in ASKED:
        borders = np.array([limit.bound(side), limit.bound(side) + 0.01])
        found = pair.log_e(side, aim, borders)
        assert found.shape[0] == 2
        assert found[0] == pytest.approx(pair.log_e(side, aim)[0], abs=1e-9)
