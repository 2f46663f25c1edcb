"""Stakes of years, and what bets grow to."""

import numpy as np
import pytest

from fairness_audit.statistics.processes import grown, product, stakes


def test_each_year_has_one_stake_to_lay() -> None:
    """Quarters: a half, then three sixths; later years four fourths."""
    assert stakes(9, 4) == pytest.approx([1 / 2, 1 / 6, 1 / 6, 1 / 6] + [1 / 4] * 5)
    years = stakes(3 * 365, 365).reshape(3, 365).sum(axis=1)
    assert years == pytest.approx([1, 1, 1])


def test_a_history_can_be_shorter_than_a_year() -> None:
    assert stakes(2, 52) == pytest.approx([1 / 2, 1 / 102])
    assert stakes(0, 52).tolist() == []


def test_a_year_of_one_unit_is_refused() -> None:
    with pytest.raises(ValueError, match="2 at least"):
        stakes(3, 1)


def test_bets_by_hand() -> None:
    """Half at the first unit, doubled; a sixth more at the second, all trebled: (1 + 1/6) x 3."""
    first = grown(np.zeros(1), np.array(0.5), np.log([2.0]))
    assert first == pytest.approx([1])
    assert grown(first, np.array(1 / 6), np.log([3.0])) == pytest.approx([3.5])


def test_what_is_beyond_measure_stays_a_number() -> None:
    most = grown(np.ones(1), np.array(0.5), np.array([5000.0]))
    assert np.isfinite(most).all()
    assert grown(most, np.array(0.5), np.array([5000.0])) == most
    assert np.isfinite(product(np.array([5000.0]))).all()
    assert product(np.array([-5000.0])) == [0.0]
