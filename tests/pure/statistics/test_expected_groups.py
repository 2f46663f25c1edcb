"""Rates of groups that are known by probabilities alone."""

import numpy as np
import pytest
import statsmodels.api as sm
from scipy.stats import t

from fairness_audit.statistics.expected_groups import difference, ratio
from fairness_audit.statistics.intervals import rate_interval
from fairness_audit.statistics.proportions import Proportions
from tests.builders.likely_groups import Places, expected_of, selection, simulated

SOME = np.array([[0.5, 0.5], [0.25, 0.75], [1.0, 0.0], [0.25, 0.75]])
CHOSEN = np.array([1.0, 1.0, 0.0, 0.0])


def test_a_rate_is_the_share_of_what_is_to_be_expected() -> None:
    """A: (.5 + .25) of 2; B: (.5 + .75) of 2."""
    expected = expected_of(SOME, CHOSEN)
    assert selection(expected, 0).rate == 0.375
    assert selection(expected, 1).rate == 0.625
    assert selection(expected, 0, 1).rate == 0.5
    assert selection(expected, 0).trials == 2


def test_the_error_of_a_difference_row_by_row() -> None:
    """Each row moves both rates; A is of 4 / 1.375 persons and one more, and so is B."""
    expected = expected_of(SOME, CHOSEN)
    a, b = selection(expected, 0), selection(expected, 1)
    assert a.persons == pytest.approx(4 / 1.375)
    assert b.persons == pytest.approx(4 / 1.375)
    moved_a = SOME[:, 0] * (CHOSEN - 0.375) / 2
    moved_b = SOME[:, 1] * (CHOSEN - 0.625) / 2
    together = float((moved_a * moved_b).sum())
    linearised = float((moved_a**2).sum() + (moved_b**2).sum()) * a.persons / (a.persons - 1)
    alike = 2 * 0.375 * 0.625 / a.persons
    variance = (a.persons * linearised + alike) / (a.persons + 1) - 2 * together
    half = t.ppf(0.975, a.persons - 1) * np.sqrt(variance)
    found = difference(a, b, 0.95)
    assert found.value == -0.25
    assert found.low == max(-1, -0.25 - half)
    assert found.high == pytest.approx(min(1, -0.25 + half))
    assert found.p_value == pytest.approx(2 * t.sf(0.25 / np.sqrt(variance), a.persons - 1))


def test_groups_that_are_certain_have_the_rates_and_intervals_of_groups() -> None:
    """But for what few persons cost: 39 instead of 40, and Student's t."""
    certain = np.repeat([[1.0, 0.0], [0.0, 1.0]], 40, axis=0)
    chosen = np.array([1.0] * 10 + [0.0] * 30 + [1.0] * 20 + [0.0] * 20)
    share = selection(expected_of(certain, chosen), 0)
    low, high = share.interval(0.95)
    worth = np.array([40 / (40 / 39 * 40 + 1) * 41 * (1.959964 / t.ppf(0.975, 39)) ** 2])
    as_group = rate_interval(Proportions(0.25 * worth, worth), 0.95)
    assert share.rate == 0.25
    assert (low[0], high[0]) == pytest.approx((as_group.low[0], as_group.high[0]), abs=1e-6)


def test_variances_are_those_of_statsmodels_by_subject() -> None:
    """Of a weighted mean with clusters, but for its G / (G - 1) of all subjects."""
    draw = np.random.default_rng(8)
    who = np.repeat(np.arange(60), 4)
    share = np.repeat(draw.random(60), 4)
    chosen = draw.binomial(1, 0.2 + 0.5 * share).astype(float)
    found = selection(expected_of(np.column_stack([share, 1 - share]), chosen, who), 0)
    fitted = sm.WLS(chosen, np.ones(240), weights=share).fit(
        cov_type="cluster", cov_kwds={"groups": who}
    )
    assert found.rate == pytest.approx(float(fitted.params[0]))
    raw = found.expected.covariance(found, found)
    assert raw == pytest.approx(float(fitted.cov_params()[0, 0]) * 59 / 60)
    linearised = raw * found.persons / (found.persons - 1)
    alike = found.rate * (1 - found.rate) / found.persons
    assert found.variance == pytest.approx(
        (found.persons * linearised + alike) / (found.persons + 1)
    )


def test_without_anybody_selected_the_interval_is_that_of_the_persons() -> None:
    share = selection(expected_of(np.full((30, 2), 0.5), np.zeros(30)), 0)
    low, high = share.interval(0.95)
    assert low[0] == 0
    assert 0.09 < high[0] < 0.14
    assert np.isnan(ratio(share, share, 0.95).value)


def test_a_group_that_nobody_can_belong_to_has_no_rate() -> None:
    expected = expected_of(np.array([[0.0, 1.0]] * 5), np.ones(5))
    share = selection(expected, 0)
    assert np.isnan(share.rate)
    assert np.isnan(share.interval(0.95).low[0])
    assert np.isnan(difference(share, selection(expected, 1), 0.95).low)


@pytest.mark.parametrize(
    "places", [Places(60, 0.1, 0.3), Places(300, 0.2, 0.5), Places(300, 0.3, 0.0)], ids=str
)
def test_intervals_hold_where_the_outcome_goes_by_the_place_alone(places: Places) -> None:
    found = simulated(places, 1500)
    assert min(found.rate, found.difference, found.ratio) >= 0.93
    assert found.weighted == pytest.approx(found.true, abs=0.01)


def test_intervals_hold_where_decisions_about_a_person_are_alike() -> None:
    found = simulated(Places(100, 0.2, 0.5, decisions=5), 1500)
    assert min(found.rate, found.difference, found.ratio) >= 0.93


def test_in_the_most_probable_group_alone_a_disparity_is_exaggerated() -> None:
    """True are .135 points, A being more often selected; it says .225."""
    found = simulated(Places(300, 0.2, 0.5), 300)
    assert found.true == pytest.approx(0.135, abs=0.001)
    assert found.most_probable == pytest.approx(0.225, abs=0.01)
