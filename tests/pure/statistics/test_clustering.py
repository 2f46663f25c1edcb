"""Persons who are decided about several times count for what they are worth."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import ttest_ind

from fairness_audit.statistics.clustering import (
    Clusters,
    SubjectSums,
    difference_p_value,
    effective_trials,
    lagged_factor,
    rate_variance,
)
from tests.builders.clustered import clusters_of, following_weeks, one_look, panel, sums_of


def test_variance_by_hand() -> None:
    """Two persons, two decisions each, one all well: p = 1/2, residuals 1 and -1.

    Their squares sum to 2; times 2 / (2 - 1), over 4² decisions: 1/4. Of independent decisions
    that is the variance of one.
    """
    cell = clusters_of(decisions=[2, 2], successes=[2, 0])
    assert rate_variance(cell) == pytest.approx(1 / 4)
    assert effective_trials(cell) == pytest.approx(1)


def test_once_each_is_the_binomial_variance() -> None:
    """With n - 1 in the place of n: 1/2 x 1/2 / 9."""
    cell = clusters_of(decisions=[1] * 10, successes=[1, 0] * 5)
    assert rate_variance(cell) == pytest.approx(1 / 4 / 9)


def test_one_person_has_no_variance_to_show() -> None:
    cell = clusters_of(decisions=[5], successes=[2])
    assert np.isnan(rate_variance(cell))
    assert np.isnan(difference_p_value(cell, cell))


def test_effective_trials_are_never_more_than_trials() -> None:
    """Each person got exactly one of two: less varied than chance would make them."""
    cell = clusters_of(decisions=[2] * 8, successes=[1] * 8)
    assert effective_trials(cell) == 16


def test_with_even_persons_the_difference_is_welchs_test_of_their_rates() -> None:
    random = np.random.default_rng(3)
    own, other = random.binomial(4, 0.3, 9), random.binomial(4, 0.5, 14)
    found = difference_p_value(
        clusters_of(decisions=[4] * 9, successes=own.tolist()),
        clusters_of(decisions=[4] * 14, successes=other.tolist()),
    )
    assert found == pytest.approx(ttest_ind(own / 4, other / 4, equal_var=False).pvalue)


def test_groups_treated_alike_throughout_still_have_a_p_value() -> None:
    """All of one side, none of the other: persons vary as at the rate of both, 1/2."""
    none, all_of_it = (clusters_of(decisions=[2] * 10, successes=[each] * 10) for each in (0, 2))
    assert 0 < difference_p_value(none, all_of_it) < 0.001
    assert difference_p_value(none, none) == 1


def test_the_first_unit_counts_persons() -> None:
    """Four persons, three decisions each."""
    one = sums_of(np.full((4, 1), 3), np.array([[3], [2], [1], [0]]))
    assert lagged_factor(one.k, one.n, one.sums) == pytest.approx([3])


def test_persons_who_come_once_need_no_correction_but_for_what_is_not_yet_known() -> None:
    decisions = np.eye(200).repeat(2, axis=0)  # two persons in each of 200 units
    successes = decisions * (np.arange(400) % 2)[:, None]
    cell = sums_of(decisions, successes)
    assert lagged_factor(cell.k, cell.n, cell.sums) == pytest.approx(np.ones(200))


def test_a_panel_of_people_who_are_always_treated_alike_tells_nothing_twice() -> None:
    decisions = np.ones((50, 6))
    successes = decisions * (np.arange(50) < 20)[:, None]
    cell = sums_of(decisions, successes)
    factor = lagged_factor(cell.k, cell.n, cell.sums)
    assert factor[0] == 1
    assert np.isinf(factor[1:]).all()


def test_the_correlation_of_earlier_units_by_hand() -> None:
    """Ten persons a unit, two decisions each, half of them twice well, half twice not.

    Of the first unit p = 1/2, p (1 - p) = 1/4; residuals ±1, squared 10, times 10/9 for few
    persons. (100/9 - 20/4 + 20/4) / ((40 - 20 + 20) / 4) = 10/9: as alike as can be, and the
    small sample. The second unit's factor is that of one unit: 1 + (2 - 1) 10/9.
    """
    decisions = np.kron(np.eye(2), np.full((10, 1), 2))
    successes = decisions * np.tile([1, 0], 10)[:, None]
    cell = sums_of(decisions, successes)
    assert lagged_factor(cell.k, cell.n, cell.sums) == pytest.approx([2, 19 / 9])


def test_persons_who_come_once_are_worth_their_trials_whoever_came_before() -> None:
    """After one of five persons with twenty decisions each."""
    decisions = np.zeros((45, 2))
    decisions[:5, 0], decisions[5:, 1] = 20, 1
    cell = sums_of(decisions, decisions * (np.arange(45) % 2)[:, None])
    assert lagged_factor(cell.k, cell.n, cell.sums).tolist() == [20, 1]


def test_people_who_come_back_tell_less_by_hand() -> None:
    """Twenty persons, twice once each; the others of the first unit are eighty.

    The first unit's correlation is what is taken for granted, 1: nobody is seen twice in it. Of
    100 decisions of full weight 20 are about the same: 1 - 2 x 20 / 100 is left of the second.
    """
    decisions = np.zeros((180, 2))
    decisions[:100, 0], decisions[80:, 1] = 1, 1
    successes = decisions * (np.arange(180) % 2)[:, None]
    cell = sums_of(decisions, successes)
    factor = lagged_factor(cell.k, cell.n, cell.sums)
    correlation = (100 * 100 / 99 - 100 + 20) / 20  # of residuals as of one degree less, and prior
    assert factor == pytest.approx([1, 1 / (1 - 2 * correlation * 20 / 100)])


def test_a_unit_without_trials_is_left_as_it_is() -> None:
    decisions = np.array([[2, 0, 1], [2, 0, 1], [2, 0, 1]])
    cell = sums_of(decisions, np.array([[2, 0, 1], [0, 0, 1], [1, 0, 0]]))
    factor = lagged_factor(cell.k, cell.n, cell.sums)
    assert factor[1] == 1
    assert factor[2] > 1


counts = st.lists(st.lists(st.integers(0, 3), min_size=4, max_size=4), min_size=1, max_size=8).map(
    np.array
)


@given(counts, st.data())
def test_a_factor_is_known_before_its_unit(decisions: np.ndarray, data: st.DataObject) -> None:
    """It is 1 or more, and no outcome of its unit or of a later one moves it."""
    seed = data.draw(st.integers(0, 99))
    unit = data.draw(st.integers(0, 3))
    successes = np.random.default_rng(seed).binomial(decisions, 0.5)
    others = successes.copy()
    others[:, unit:] = decisions[:, unit:] - successes[:, unit:]
    one, two = (sums_of(decisions, each) for each in (successes, others))
    first = lagged_factor(one.k, one.n, one.sums)
    second = lagged_factor(two.k, two.n, two.sums)
    assert (first >= 1).all()
    assert first[: unit + 1].tolist() == second[: unit + 1].tolist()


def test_sums_within_units_are_those_of_persons_who_never_come_back() -> None:
    decisions = np.kron(np.eye(3), np.full((5, 1), 2))
    successes = decisions * np.tile([1, 0, 0.5, 0.5, 0], 3)[:, None]
    whole = sums_of(decisions, successes)
    diagonal = SubjectSums.within_units(
        *((x * y).sum(axis=0) for x, y in (
            (decisions, decisions), (decisions, successes), (successes, successes)
        ))
    )  # fmt: skip
    for each, other in zip(whole.sums, diagonal, strict=True):
        assert each.tolist() == other.tolist()


def test_drawn_persons_have_the_correlation_they_were_drawn_with() -> None:
    random = np.random.default_rng(4)
    for cell in (
        panel(random, 4, 20, 2_000, 0.4, 0.3),
        following_weeks(random, 4, 80, 500, 4, 0.4, 0.3),
    ):
        k, n = cell.k.sum(axis=1), cell.n.sum(axis=1)
        mm, my, yy = (each.sum(axis=(1, 2)) for each in cell.sums)
        p = k / n
        alike = (yy - 2 * p * my + p * p * mm - n * p * (1 - p)) / ((mm - n) * p * (1 - p))
        assert alike == pytest.approx(np.full(4, 0.3), abs=0.05)


RUNS = 4_000


@pytest.mark.parametrize("correlation", [0.3, 1.0])
@pytest.mark.parametrize("times", [1, 4, 26])
@pytest.mark.parametrize(("persons", "others", "most"), [(40, 40, 0.065), (12, 60, 0.07)])
def test_one_look_at_equal_rates(
    persons: int, others: int, most: float, times: int, correlation: float
) -> None:
    """False below 5 % in at most 6.5 %, and in few persons 7 %; three standard errors are 1 %."""
    random = np.random.default_rng(5)
    own, other = (
        one_look(random, RUNS, each, times, 0.4, correlation) for each in (persons, others)
    )
    false = float((difference_p_value(own, other) < 0.05).mean())
    assert 0.035 - 0.01 <= false <= most + 0.005


def test_a_cell_of_arrays_is_one_of_many() -> None:
    random = np.random.default_rng(6)
    many = one_look(random, 3, 20, 2, 0.4, 0.5)
    single = Clusters(*(each[1] for each in many))
    assert rate_variance(many)[1] == rate_variance(single)
