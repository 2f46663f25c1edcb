"""What an audit could have found, and what it would need."""

import math
from statistics import NormalDist

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fairness_audit.statistics.power import detectable_gap, n_needed


@pytest.mark.parametrize(
    ("rate", "reference_rate", "power", "n"),
    [
        (0.50, 0.75, 0.9, 77),  # R's own example of power.prop.test: n = 76.7
        (0.20, 0.30, 0.8, 294),  # n = 293.2
        (0.05, 0.04, 0.8, 6745),  # n = 6744.4
    ],
)
def test_the_size_needed_is_that_of_r(
    rate: float, reference_rate: float, power: float, n: int
) -> None:
    assert n_needed(rate, reference_rate, alpha=0.05, power=power) == n
    assert n_needed(reference_rate, rate, alpha=0.05, power=power) == n


def test_no_size_tells_equal_rates_apart() -> None:
    assert n_needed(0.3, 0.3, alpha=0.05) is None


def test_the_detectable_gap_is_the_one_whose_size_is_needed() -> None:
    gap = detectable_gap(294, 294, 0.30, alpha=0.05, upward=False)
    assert gap is not None
    assert gap == pytest.approx(0.1, abs=2e-4)
    assert n_needed(0.30 - gap, 0.30, alpha=0.05) == pytest.approx(294, abs=1)


def test_groups_too_small_for_any_gap_say_so() -> None:
    assert detectable_gap(4, 4, 0.10, alpha=0.05, upward=False) is None
    assert detectable_gap(0, 100, 0.10, alpha=0.05, upward=False) is None
    assert detectable_gap(50, 50, 0.0, alpha=0.05, upward=False) is None
    assert detectable_gap(50, 50, 1.0, alpha=0.05, upward=True) is None
    assert detectable_gap(50, 50, 0.0, alpha=0.05, upward=True) is not None


def test_a_detectable_gap_is_found_in_four_of_five_audits() -> None:
    """Simulated: 300 and 900 rows, 0.4 in the reference, 20,000 audits."""
    n, reference_n, reference_rate, alpha = 300, 900, 0.4, 0.01
    gap = detectable_gap(n, reference_n, reference_rate, alpha=alpha, upward=False)
    assert gap is not None
    random = np.random.default_rng(20260105)
    own = random.binomial(n, reference_rate - gap, 20_000)
    reference = random.binomial(reference_n, reference_rate, 20_000)
    pooled = (own + reference) / (n + reference_n)
    error = np.sqrt(pooled * (1 - pooled) * (1 / n + 1 / reference_n))
    z = (own / n - reference / reference_n) / error
    found = np.mean(np.abs(z) > -NormalDist().inv_cdf(alpha / 2))
    assert found == pytest.approx(0.8, abs=0.02)


@given(
    st.integers(1, 10**6), st.integers(1, 10**6), st.floats(0, 1), st.booleans(),
    st.floats(1e-6, 0.2),
)  # fmt: skip
def test_more_rows_never_hide_a_gap(
    n: int, reference_n: int, rate: float, upward: bool, alpha: float
) -> None:
    few = detectable_gap(n, reference_n, rate, alpha=alpha, upward=upward)
    many = detectable_gap(4 * n, 4 * reference_n, rate, alpha=alpha, upward=upward)
    if few is not None:
        assert 0 <= few <= 1
        assert many is not None
        assert many <= few * (1 + 1e-9)


@given(st.floats(0, 1), st.floats(0, 1))
def test_the_size_needed_is_finite_for_any_gap(rate: float, reference_rate: float) -> None:
    if abs(rate - reference_rate) > 1e-6:
        n = n_needed(rate, reference_rate, alpha=0.05)
        assert n is not None
        assert n >= 1
        assert math.isfinite(n)
