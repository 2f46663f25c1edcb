"""Persons who are decided about several times count for what they are worth."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fairness_audit.statistics.clustering import SubjectSums, lagged_factor
from tests.builders.clustered import following_weeks, panel, sums_of


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
