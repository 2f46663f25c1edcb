"""The interval beside a verdict says what the verdict says."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fairness_audit.statistics.course import State, course
from fairness_audit.statistics.proportions import Proportions
from fairness_audit.statistics.running_interval import RunningInterval, running_interval
from fairness_audit.statistics.sequential import Aim, Estimates, FailsOn, Limit, OneShare, Side
from tests.builders.lives import FOUR_FIFTHS, ONE_SIDED, TEN_POINTS, Sizes, two_rates

YEAR = 52


def interval_of(pair: object, unit: int = -1) -> tuple[State, RunningInterval]:
    found = course([pair], units_per_year=YEAR)  # type: ignore[list-item]
    interval = running_interval(pair, found, 0, units_per_year=YEAR, unit=unit)  # type: ignore[arg-type]
    return State(int(found.state[0, unit, 0])), interval


def test_an_end_is_where_the_evidence_reaches_the_level() -> None:
    """250 of 1,000 where a quarter is stated: 1 / 20 of the bets lost is what each end allows."""
    pair = OneShare(FOUR_FIFTHS, Proportions.of([250], [1000]), 0.25)
    _, found = interval_of(pair)
    for end, side, inwards in ((found.low, Side.LOW, 1.02), (found.high, Side.HIGH, 1 / 1.02)):
        refuted, not_refuted = np.exp(
            pair.log_e(side, Aim.PASS, np.array([end, end * inwards])).sum(axis=1)
        ).mean(axis=-1)
        assert refuted >= 20 > not_refuted
    assert found.low < 1 < found.high
    assert (found.first, found.last) == (0, 0)


def test_nothing_is_refuted_without_rows() -> None:
    none = Proportions.of([0], [0])
    state, found = interval_of(OneShare(FOUR_FIFTHS, none, 0.25))
    assert state is State.OPEN
    assert found == (-np.inf, np.inf, 0, 0)


@pytest.mark.parametrize("n", range(800, 824, 2))
def test_a_pass_that_was_only_just_reached_is_within_the_limit(n: int) -> None:
    """The fewest successes of so many that pass: the grid's point may lie beside the limit."""
    limit = Limit("ratio", low=0.8)
    pairs = (OneShare(limit, Proportions.of([k], [n]), 0.5) for k in range(2 * n // 5, n))
    found = (interval_of(pair) for pair in pairs)
    low = next(interval.low for state, interval in found if state is State.PASS)
    assert 0.8 <= low < 0.803


def test_what_was_shown_before_a_pass_lapsed_is_history() -> None:
    """Shown in the first quarter and, after a year without anybody, in the sixth."""
    share = Proportions.of([250, 0, 0, 0, 0, 500], [1000, 0, 0, 0, 0, 2000])
    pair = OneShare(FOUR_FIFTHS, share, 0.25)
    found = course([pair], units_per_year=4)
    assert found.state[0, :, 0].tolist() == [State.PASS] * 4 + [State.OPEN, State.PASS]
    ends = [
        running_interval(pair, found, 0, units_per_year=4, unit=unit)[2:] for unit in (0, 3, 4, 5)
    ]
    assert ends == [(0, 0), (0, 0), (1, 4), (5, 5)]


def test_it_narrows_as_units_come_in() -> None:
    pair = two_rates(np.random.default_rng(1), 1, 40, Sizes(200, 200), (0.4, 0.4))
    widths = []
    for unit in (0, 9, 39):
        _, found = interval_of(pair, unit)
        widths.append(found.high - found.low)
    assert widths[0] > widths[1] > widths[2]


def test_a_change_shows_as_what_it_changed_to() -> None:
    """After half a year of equal rates the group falls to six tenths and fails."""
    own = np.where(np.arange(40) < 26, 0.4, 0.24)
    pair = two_rates(np.random.default_rng(2), 1, 40, Sizes(500, 500), (own, 0.4))
    state, found = interval_of(pair)
    assert state is State.FAIL
    assert found.high < 0.8


disparities = st.sampled_from([0.5, 0.7, 0.8, 0.85, 1.0, 1.25, 1.6])
limits = st.sampled_from([FOUR_FIFTHS, ONE_SIDED, Limit("ratio", high=1.25), TEN_POINTS])


@settings(max_examples=60)
@given(
    st.integers(0, 10**6), disparities, disparities, limits, st.sampled_from(FailsOn),
    st.integers(0, 29),
)  # fmt: skip
def test_it_never_disagrees_with_the_verdict(
    seed: int, before: float, after: float, limit: Limit, fails_on: FailsOn, unit: int
) -> None:
    own = 0.4 * np.where(np.arange(30) < 15, before, after)
    pair = two_rates(
        np.random.default_rng(seed), 1, 30, Sizes(150, 300), (own, 0.4), limit, fails_on
    )
    state, found = interval_of(pair, unit)
    low, high = limit.low, limit.high
    assert found.low <= found.high
    if state is State.PASS:
        assert low is None or found.low >= low
        assert high is None or found.high <= high
    border_low, border_high = (
        (limit.equality, limit.equality) if fails_on is FailsOn.DIFFERENCE else (low, high)
    )
    beyond = (low is not None and found.high < border_low) or (
        high is not None and found.low > border_high
    )
    assert not beyond or state is State.FAIL
    if state is State.FAIL:
        assert (low is not None and found.high <= border_low) or (
            high is not None and found.low >= border_high
        )


@pytest.mark.parametrize("ratio", [0.6, 0.9])
def test_the_truth_is_rarely_outside_at_any_time(ratio: float) -> None:
    random, missed = np.random.default_rng(3), np.zeros(2)
    runs = 80
    for _ in range(runs):
        pair = two_rates(random, 1, 26, Sizes(80, 80), (0.4 * ratio, 0.4))
        found = course([pair], units_per_year=YEAR)
        intervals = [
            running_interval(pair, found, 0, units_per_year=YEAR, unit=unit)
            for unit in (0, 4, 8, 16, 25)
        ]
        missed += (
            any(each.low > ratio for each in intervals),
            any(each.high < ratio for each in intervals),
        )
    assert (missed / runs <= 0.05 + 0.05).all()


def test_estimates_have_one_too() -> None:
    """Gaps near -0.02 with standard error 0.02, forty times: near 0.02 / √40 each way."""
    random = np.random.default_rng(4)
    value = -0.02 + random.normal(0, 0.02, 40)
    pair = Estimates(TEN_POINTS, value, np.full(40, 0.02**2), np.full(40, 1.0))
    state, found = interval_of(pair)
    assert state is State.PASS
    assert -0.05 < found.low < -0.02 < found.high < 0.01
