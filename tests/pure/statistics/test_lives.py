"""What sequential verdicts promise, over simulated lives; `tests/bench/bench_verdicts.py` at size.

Bounds hold with three standard errors to spare or are those of the promise itself: evidence is
conservative with units, and nothing here asserts that five in a hundred are used up.
"""

import numpy as np
import pytest

from fairness_audit.statistics.course import Event, State, course
from fairness_audit.statistics.sequential import FailsOn, Limit, TwoRates
from tests.builders.clustered import following_weeks, panel, same_week
from tests.builders.estimated import area_gaps, rate_gaps
from tests.builders.lives import (
    FOUR_FIFTHS,
    ONE_SIDED,
    TEN_POINTS,
    Sizes,
    family,
    live,
    share,
    two_rates,
)

HALVES = Sizes(500, 500)
SIX_IN_A_HUNDRED = Sizes(60, 940)


# --- A, C: compliant models fail and unfair ones pass in at most 1 of 20 lives -------------------


@pytest.mark.parametrize(
    ("sizes", "rate", "disparity", "limit"),
    [
        (HALVES, 0.4, 0.8, ONE_SIDED),
        (HALVES, 0.4, 1.25, FOUR_FIFTHS),
        (Sizes(38, 38), 0.4, 0.8, ONE_SIDED),
        (Sizes(3, 50), 0.12, 0.8, ONE_SIDED),
        (Sizes(3, 20), 0.6, -0.1, TEN_POINTS),
    ],
)
def test_exactly_at_the_limit(sizes: Sizes, rate: float, disparity: float, limit: Limit) -> None:
    lives = live(family(52, sizes, rate, disparity, 1, limit), 1_500, 52)
    assert lives.false_fails() <= 0.05
    assert lives.false_passes() <= 0.05


def test_many_pairs_all_exactly_at_their_limits() -> None:
    """Twelve pairs, quarterly, three years; the promise is one in twenty years."""

    def drawn(random: np.random.Generator, runs: int) -> list[TwoRates]:
        return [two_rates(random, runs, 12, HALVES, (0.32, 0.4)) for _ in range(12)]

    assert live(drawn, 1_000, 4).false_fails() <= 0.05


def test_within_the_limit_nothing_fails() -> None:
    assert live(family(52, HALVES, 0.4, 0.9, 2), 500, 52).false_fails() == 0


def test_a_broken_limit_does_not_pass() -> None:
    assert live(family(52, HALVES, 0.4, 0.75, 1, ONE_SIDED), 500, 52).false_passes() <= 0.005


@pytest.mark.parametrize("ratio", [0.8, 1.25])
def test_people_drawn_from_the_stated_shares_and_their_limits(ratio: float) -> None:
    lives = live(share(52, 100, 0.25, ratio), 1_500, 52)
    assert lives.false_fails() <= 0.05
    assert lives.false_passes() <= 0.05


def test_a_base_rate_and_a_share_that_move_together_are_no_disparity() -> None:
    """Every week is exactly at 4/5; sums pooled over weeks would be at half of it."""
    rate, share_of_group = np.linspace(0.2, 0.6, 104), np.linspace(0.5, 0.1, 104)
    for shares in (share_of_group, share_of_group[::-1]):
        n = np.round(1000 * shares)

        def drawn(random: np.random.Generator, runs: int, n: np.ndarray = n) -> list[TwoRates]:
            rates = (0.8 * rate, rate)
            return [two_rates(random, runs, 104, (n, 1000 - n), rates, ONE_SIDED, expected=0.3)]

        lives = live(drawn, 1_000, 52)
        assert lives.false_fails(52) <= 0.05
        assert lives.false_passes() <= 0.05


def test_equal_rates_rarely_fail_on_a_difference() -> None:
    def drawn(random: np.random.Generator, runs: int) -> list[TwoRates]:
        sizes = Sizes(40, 40)  # so few that the estimate often lies beyond the limit by chance
        return [
            two_rates(random, runs, 52, sizes, (0.4, 0.4), fails_on=FailsOn.DIFFERENCE)
            for _ in range(3)
        ]

    assert live(drawn, 1_000, 52).false_fails() <= 0.05


def test_a_difference_that_is_beyond_the_limit_fails_on_it_sooner() -> None:
    def drawn(fails_on: FailsOn, random: np.random.Generator, runs: int) -> list[TwoRates]:
        return [two_rates(random, runs, 40, HALVES, (0.3, 0.4), fails_on=fails_on)]

    waits = {
        each: live(lambda random, runs, each=each: drawn(each, random, runs), 250, 4).decided(
            State.FAIL, 0.8
        )
        for each in FailsOn
    }
    assert waits[FailsOn.DIFFERENCE] <= 3
    assert waits[FailsOn.LIMIT] >= 10


# --- D: evidence accumulates ---------------------------------------------------------------------


@pytest.mark.parametrize(
    ("rate", "sizes", "limit", "disparity", "quarters", "least"),
    [
        (0.4, HALVES, FOUR_FIFTHS, 1.0, 2, 0.8),
        (0.2, HALVES, FOUR_FIFTHS, 1.0, 5, 0.8),
        (0.12, HALVES, FOUR_FIFTHS, 1.0, 9, 0.8),
        (0.4, SIX_IN_A_HUNDRED, FOUR_FIFTHS, 1.0, 8, 0.8),
        (0.6, Sizes(60, 60), TEN_POINTS, 0.0, 11, 0.8),
    ],
)
def test_a_fair_model_passes_in_time(
    rate: float, sizes: Sizes, limit: Limit, disparity: float, quarters: int, least: float
) -> None:
    lives = live(family(quarters, sizes, rate, disparity, 1, limit), 3_000, 4)
    assert lives.decided_within(State.PASS, quarters) >= least - 0.02


@pytest.mark.parametrize(
    ("rate", "sizes", "limit", "disparity", "pairs", "quarters", "least"),
    [
        (0.4, HALVES, FOUR_FIFTHS, 0.6, 12, 3, 0.85),
        (0.4, HALVES, FOUR_FIFTHS, 0.6, 6, 3, 0.9),
        (0.4, HALVES, FOUR_FIFTHS, 1 / 0.6, 12, 3, 0.85),
        (0.2, HALVES, FOUR_FIFTHS, 0.6, 12, 7, 0.8),
        (0.12, HALVES, FOUR_FIFTHS, 0.6, 12, 11, 0.8),
        (0.4, SIX_IN_A_HUNDRED, FOUR_FIFTHS, 0.6, 12, 13, 0.8),
        (0.6, Sizes(60, 60), TEN_POINTS, -0.3, 12, 5, 0.8),
    ],
)
def test_an_unfair_model_fails_in_time(
    rate: float,
    sizes: Sizes,
    limit: Limit,
    disparity: float,
    pairs: int,
    quarters: int,
    least: float,
) -> None:
    """Of a family of twice as many hypotheses as pairs."""
    lives = live(family(quarters, sizes, rate, disparity, pairs, limit), 1_000, 4)
    assert lives.decided_within(State.FAIL, quarters) >= least - 0.02


@pytest.mark.parametrize(
    ("rows", "ratio", "weeks", "least"),
    [(500, 0.6, 6, 0.9), (500, 0.7, 16, 0.8), (150, 0.6, 12, 0.8)],
)
def test_a_good_history_hides_no_change(rows: int, ratio: float, weeks: int, least: float) -> None:
    disparity = np.where(np.arange(26 + weeks) < 26, 1.0, ratio)
    lives = live(family(26 + weeks, Sizes(rows, rows), 0.4, disparity, 12), 400, 52)
    assert lives.decided_within(State.FAIL, weeks, since=26) >= least
    assert lives.false_fails(26) == 0


def test_a_change_takes_a_pass_back_before_the_family_fails_it() -> None:
    disparity = np.where(np.arange(40) < 20, 1.0, 0.6)
    lives = live(family(40, Sizes(100, 100), 0.4, disparity, 12), 250, 52)
    passing = lives.state[:, :, 0] == State.PASS
    assert passing[:, 19].mean() >= 0.95
    assert passing[:, 39].mean() <= 0.02


# --- G: persons, not rows ------------------------------------------------------------------------


@pytest.mark.parametrize("correlation", [0.3, 1.0])
@pytest.mark.parametrize(
    ("drawn", "own", "other"),
    [
        (same_week, {"persons": 40, "times": 4}, {"persons": 40, "times": 4}),
        (same_week, {"persons": 3, "times": 4}, {"persons": 25, "times": 4}),
        (following_weeks, {"newcomers": 40, "times": 4}, {"newcomers": 40, "times": 4}),
        (panel, {"persons": 60}, {"persons": 200}),
    ],
)  # fmt: skip
def test_persons_decided_about_again_and_again(
    drawn: object, own: dict, other: dict, correlation: float
) -> None:
    """Exactly at the limit for a year."""
    random, runs, units = np.random.default_rng(11), 600, 52
    cells = [
        drawn(random, runs, units, **who, rate=rate, correlation=correlation)  # type: ignore[operator]
        for who, rate in ((own, 0.32), (other, 0.4))
    ]
    found = course(
        [TwoRates(ONE_SIDED, *(each.effective() for each in cells), 0.4)], units_per_year=units
    )
    assert (found.state == State.FAIL).any(axis=(1, 2)).mean() <= 0.05
    assert (found.event == Event.PASSED).any(axis=(1, 2)).mean() <= 0.05


def test_rows_taken_for_persons_are_noticed_by_this_simulation() -> None:
    random = np.random.default_rng(12)
    cells = [same_week(random, 300, 52, 40, 4, rate, 1.0) for rate in (0.32, 0.4)]
    found = course([TwoRates(ONE_SIDED, *(each.raw() for each in cells), 0.4)], units_per_year=52)
    assert (found.state == State.FAIL).any(axis=(1, 2)).mean() >= 0.5


# --- estimates -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("drawn", "limit"),
    [
        (lambda random, runs: area_gaps(random, runs, 52, (8, 30), (40, 160), 0.05), -0.05),
        (lambda random, runs: area_gaps(random, runs, 52, (20, 80), (20, 80), 0.05), -0.05),
        (lambda random, runs: rate_gaps(random, runs, 52, (20, 100), (0.3, 0.4)), -0.1),
    ],
)
def test_estimates_exactly_at_the_limit(drawn: object, limit: float) -> None:
    def one(random: np.random.Generator, runs: int) -> list:
        return [drawn(random, runs)(Limit("difference", limit))]  # type: ignore[operator]

    lives = live(one, 750, 52)
    assert lives.false_fails() <= 0.06
    assert lives.false_passes() <= 0.06
