"""Tests made together are adjusted together."""

import gc
from collections.abc import Callable, Iterator, Sequence

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from statsmodels.stats.multitest import multipletests

from fairness_audit.statistics.family import benjamini_hochberg, holm

Adjust = Callable[[Sequence[float]], list[float]]

probabilities = st.lists(st.floats(0, 1), min_size=1, max_size=40)


def test_holm_by_hand() -> None:
    """Sorted, 0.01 x 4, 0.02 x 3, 0.03 x 2, 0.04 x 1; never falling."""
    found = holm([0.04, 0.01, 0.03, 0.02])
    assert found == pytest.approx([0.06, 0.04, 0.06, 0.06])


def test_benjamini_hochberg_by_hand() -> None:
    """Sorted, 0.01 x 4/1, 0.02 x 4/2, 0.03 x 4/3, 0.05 x 4/4; never rising from the end."""
    found = benjamini_hochberg([0.05, 0.01, 0.03, 0.02])
    assert found == pytest.approx([0.05, 0.04, 0.04, 0.04])


def test_one_test_is_not_adjusted_and_none_are_none() -> None:
    for adjust in (holm, benjamini_hochberg):
        assert adjust([0.037]) == [0.037]
        assert adjust([]) == []


@pytest.fixture(scope="module")
def _nothing_to_collect() -> Iterator[None]:
    """statsmodels collects garbage at every call: what is there already need not be looked at."""
    gc.freeze()
    yield
    gc.unfreeze()


@pytest.mark.usefixtures("_nothing_to_collect")
@pytest.mark.parametrize(("adjust", "method"), [(holm, "holm"), (benjamini_hochberg, "fdr_bh")])
@given(p_values=probabilities)
@example(p_values=[0.0, 0.0, 1.0, 1.0])
@example(p_values=[0.2, 0.2, 0.2])
def test_statsmodels_agrees(p_values: list[float], adjust: Adjust, method: str) -> None:
    expected = multipletests(p_values, method=method)[1]
    assert adjust(p_values) == pytest.approx(list(expected), rel=1e-12, abs=1e-300)


@given(probabilities, st.sampled_from([holm, benjamini_hochberg]))
def test_adjusting_only_weakens_evidence_and_keeps_its_order(
    p_values: list[float], adjust: Adjust
) -> None:
    found = adjust(p_values)
    assert all(p <= q <= 1 for p, q in zip(p_values, found, strict=True))
    by_p = sorted(zip(p_values, found, strict=True))
    assert [q for _, q in by_p] == sorted(found)
