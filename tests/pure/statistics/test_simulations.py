"""Intervals hold the truth, and tests reject it, as often as they say (in full: a bench)."""

import pytest

from tests.builders.simulations import COVERAGE, SIZES

RUNS = 1_000
SLACK = 0.02  # three standard errors of 95 % over so many runs


@pytest.mark.parametrize("name", COVERAGE)
def test_intervals_hold_the_truth(name: str) -> None:
    assert COVERAGE[name](RUNS) >= 0.95 - SLACK


@pytest.mark.parametrize("name", SIZES)
def test_tests_reject_the_truth_no_more_often(name: str) -> None:
    assert SIZES[name](RUNS) <= 0.05 + SLACK
