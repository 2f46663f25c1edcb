"""Tests made together are adjusted together."""

import gc
import itertools
from collections.abc import Iterator

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from statsmodels.stats.multitest import multipletests

from fairness_audit.statistics.family import closed_threshold, holm

probabilities = st.lists(st.floats(0, 1), min_size=1, max_size=40)


def test_holm_by_hand() -> None:
    """Sorted, 0.01 x 4, 0.02 x 3, 0.03 x 2, 0.04 x 1; never falling."""
    found = holm([0.04, 0.01, 0.03, 0.02])
    assert found == pytest.approx([0.06, 0.04, 0.06, 0.06])


def test_one_test_is_not_adjusted_and_none_are_none() -> None:
    assert holm([0.037]) == [0.037]
    assert holm([]) == []


@pytest.fixture(scope="module")
def _nothing_to_collect() -> Iterator[None]:
    """statsmodels collects garbage at every call: what is there already need not be looked at."""
    gc.freeze()
    yield
    gc.unfreeze()


@pytest.mark.usefixtures("_nothing_to_collect")
@given(p_values=probabilities)
@example(p_values=[0.0, 0.0, 1.0, 1.0])
@example(p_values=[0.2, 0.2, 0.2])
def test_statsmodels_agrees(p_values: list[float]) -> None:
    expected = multipletests(p_values, method="holm")[1]
    assert holm(p_values) == pytest.approx(list(expected), rel=1e-12, abs=1e-300)


@given(probabilities)
def test_adjusting_only_weakens_evidence_and_keeps_its_order(p_values: list[float]) -> None:
    found = holm(p_values)
    assert all(p <= q <= 1 for p, q in zip(p_values, found, strict=True))
    by_p = sorted(zip(p_values, found, strict=True))
    assert [q for _, q in by_p] == sorted(found)


def closed_by_every_subset(e_values: list[float], alpha: float) -> list[bool]:
    """Hypothesis by hypothesis: is the mean of it with any of the others 1 / alpha or more?"""
    positions = range(len(e_values))
    subsets = [each for size in positions for each in itertools.combinations(positions, size + 1)]
    return [
        all(sum(e_values[i] for i in each) >= len(each) / alpha for each in subsets if one in each)
        for one in positions
    ]


def test_the_closed_test_by_hand() -> None:
    """Of 30, 10 and 2 at 1/20: 20 + (20 - 10) + (20 - 2) = 48 would be needed."""
    assert closed_threshold(np.array([30.0, 10.0, 2.0]), 1 / 20) == pytest.approx(48)
    assert closed_threshold(np.array([[0.0] * 12, [25.0] * 12]), 1 / 20).tolist() == [240, 20]


@given(
    st.lists(st.sampled_from([0.0, 1.0, 5.0, 19.0, 20.0, 21.0, 39.0, 41.0, 60.0, 90.0]),
             min_size=1, max_size=6)
)  # fmt: skip
def test_the_closed_test_is_that_of_every_subset(e_values: list[float]) -> None:
    found = np.array(e_values) >= closed_threshold(np.array(e_values), 1 / 20)
    assert found.tolist() == closed_by_every_subset(e_values, 1 / 20)
