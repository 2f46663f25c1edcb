"""Intervals hold the truth, and tests reject it, as often as they say (in full: a bench)."""

import numpy as np
import pytest

from tests.builders import simulations, weighted_samples

COVERAGE = simulations.COVERAGE | weighted_samples.COVERAGE
SIZES = simulations.SIZES | weighted_samples.SIZES
RUNS = 1_000
SLACK = 0.02  # three standard errors of 95 % over so many runs


@pytest.mark.parametrize("name", COVERAGE)
def test_intervals_hold_the_truth(name: str) -> None:
    assert COVERAGE[name](RUNS) >= 0.95 - SLACK


@pytest.mark.parametrize("name", SIZES)
def test_tests_reject_the_truth_no_more_often(name: str) -> None:
    assert SIZES[name](RUNS) <= 0.05 + SLACK


def test_figures_about_groups_alike_hold_the_truth() -> None:
    """Every resample of a maximum lies above it: 0 of 40 were covered by the bootstrap."""
    found = weighted_samples.weighted_fair_models(120)
    for name, truth in weighted_samples.FAIR.items():
        covered = np.mean([low <= truth <= high for low, high in found[name]])
        assert covered >= 0.93, name
