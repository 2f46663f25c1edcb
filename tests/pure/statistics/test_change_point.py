"""A change in a series of rates: found where it is, and not where there is none."""

import numpy as np
import pytest

from fairness_audit.statistics.change_point import change_point


def test_a_clear_change_is_named_with_its_date() -> None:
    found = change_point([20, 21, 19, 20, 60, 61, 59], [100] * 7)
    assert (found.first, found.low, found.high) == (4, 4, 4)
    assert found.p_value == 1 / 10_000


def test_an_even_series_has_no_change() -> None:
    found = change_point([20, 21, 19, 20, 20, 21, 19], [100] * 7)
    assert found.p_value > 0.5
    assert (found.low, found.high) == (1, 6)


def test_rates_of_zero_and_one_are_a_change_like_any_other() -> None:
    found = change_point([0, 0, 0, 50, 50, 50], [50] * 6)
    assert found.first == 3


def test_a_date_without_trials_says_nothing() -> None:
    found = change_point([20, 0, 20, 80, 80], [100, 0, 100, 100, 100])
    assert found.first == 3


def test_the_same_series_gives_the_same_answer() -> None:
    series = [30, 35, 28, 41, 44, 39, 47], [100] * 7
    assert change_point(*series) == change_point(*series)


@pytest.mark.parametrize("series", [([], []), ([1], [2]), ([1, 2], [3])])
def test_what_is_no_series_is_refused(series: tuple[list[int], list[int]]) -> None:
    with pytest.raises(ValueError, match="no series"):
        change_point(*series)


def test_series_without_a_change_are_called_changed_no_more_often_than_stated() -> None:
    random = np.random.default_rng(1)
    sizes = [200, 150, 300, 250, 180, 220, 210, 190]
    false = [change_point(random.binomial(sizes, 0.2).tolist(), sizes).p_value < 0.05
             for _ in range(300)]  # fmt: skip
    assert np.mean(false) <= 0.085  # 0.05 and 2.8 standard errors


def test_a_planted_change_lies_within_its_interval() -> None:
    random = np.random.default_rng(2)
    rates, sizes = np.array([0.3] * 6 + [0.2] * 4), np.full(10, 400)
    found = [change_point(random.binomial(sizes, rates).tolist(), sizes.tolist())
             for _ in range(200)]  # fmt: skip
    assert np.mean([each.low <= 6 <= each.high for each in found]) >= 0.9
    assert np.mean([each.p_value < 0.05 for each in found]) >= 0.9
