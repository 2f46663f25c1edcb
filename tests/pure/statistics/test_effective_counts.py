"""What decisions about the same people are worth."""

import numpy as np
import pytest
import statsmodels.api as sm
from hypothesis import given
from hypothesis import strategies as st

from fairness_audit.statistics.clustering import SubjectSums
from fairness_audit.statistics.effective_counts import (
    effective_trials,
    even_persons,
    of_few_persons,
)
from fairness_audit.statistics.proportions import Floats
from tests.builders.people import Design, ignored, simulated

People = list[tuple[int, int]]
"""Decisions about each subject, and the successes among them."""


def summed(people: People) -> tuple[Floats, Floats, SubjectSums]:
    m, y = np.array(people, dtype=float).T
    sums = (np.array([each.sum()]) for each in (y, m, m * m, m * y, y * y))
    successes, trials, *products = sums
    return successes, trials, SubjectSums(*products)


def worth(people: People) -> float:
    return float(effective_trials(*summed(people))[0])


def test_decisions_that_are_all_alike_are_worth_one_a_person() -> None:
    assert worth([(4, 4), (4, 0), (4, 4), (4, 0)]) == pytest.approx(4)


def test_without_successes_or_failures_they_are_taken_to_be_alike() -> None:
    assert worth([(3, 0)] * 10) == pytest.approx(10)
    assert worth([(3, 3)] * 10) == pytest.approx(10)


def test_half_of_them_alike_by_hand() -> None:
    """Four persons, two decisions each; rate 1/2, residuals 1, 1, 0, 0 times 4/3.

    Of 8 pairs Σ(y - pm)² - Σ p(1 - p) = 8/3 - 2 = 2/3; one person more, of 2 pairs all alike,
    adds 1/2: r = (2/3 + 1/2) / ((8 + 2) / 4) = 7/15; 8 / (1 + 7/15) = 60/11.
    """
    assert worth([(2, 2), (2, 0), (2, 1), (2, 1)]) == pytest.approx(60 / 11)


def test_who_is_decided_about_once_counts_once_exactly() -> None:
    successes, trials, subjects = summed([(1, 1)] * 3 + [(1, 0)] * 7)
    found = effective_trials(successes, trials, subjects)
    assert found == of_few_persons(found, trials, subjects, 0.95) == 10


def test_few_persons_cost_what_students_t_costs() -> None:
    """Ten persons: (1.959964 / 2.262157)², with 9 degrees of freedom."""
    _, trials, subjects = summed([(3, 1)] * 10)
    found = of_few_persons(np.array([20.0]), trials, subjects, 0.95)
    assert found[0] == pytest.approx(20 * (1.959964 / 2.262157) ** 2, rel=1e-6)


def test_nobody_is_worth_nothing() -> None:
    nothing = SubjectSums(np.zeros(1), np.zeros(1), np.zeros(1))
    assert effective_trials(np.zeros(1), np.zeros(1), nothing) == 0
    assert of_few_persons(np.zeros(1), np.zeros(1), nothing, 0.95) == 0


def test_the_variance_is_that_of_statsmodels_but_for_the_one_person_besides() -> None:
    """Its cluster-robust variance of a mean; of persons with as many decisions each."""
    draw = np.random.default_rng(5)
    persons, each = 40, 6
    y = draw.binomial(1, np.repeat(draw.beta(1, 2, persons), each))
    who = np.repeat(np.arange(persons), each)
    fitted = sm.OLS(y, np.ones(len(y))).fit(cov_type="cluster", cov_kwds={"groups": who})
    rate, n = y.mean(), persons * each
    alike = (float(fitted.cov_params()[0, 0]) * n / (rate * (1 - rate)) - 1) / (each - 1)
    assert 0 < alike < 1
    with_one_besides = (persons * alike + 1) / (persons + 1)
    found = worth([(each, int(each_y)) for each_y in np.bincount(who, y)])
    assert found == pytest.approx(n / (1 + (each - 1) * with_one_besides))


people = st.lists(
    st.integers(1, 30).flatmap(lambda m: st.tuples(st.just(m), st.integers(0, m))), min_size=2
)


@given(people)
def test_they_are_worth_more_than_their_persons_and_less_than_themselves(them: People) -> None:
    _, trials, subjects = summed(them)
    found = worth(them)
    assert float(even_persons(trials, subjects)[0]) - 1e-9 <= found <= float(trials[0]) + 1e-9
    assert worth([(m, m - y) for m, y in them]) == pytest.approx(found)


@pytest.mark.parametrize(
    "design",
    [
        Design(40, 40, 2, 0.3, 0.4),
        Design(40, 40, 26, 0.3, 0.4),
        Design(40, 400, 8, 1.0, 0.4),
        Design(40, 400, 26, 0.3, 0.2),
    ],
    ids=str,
)
def test_a_fair_rule_is_called_unfair_as_often_as_it_may(design: Design) -> None:
    """3.5 to 6.5 % of 10,000 (`tests/bench/bench_people.py`), and of 3,000 by chance more."""
    found = simulated(design, 3000)
    assert 0.03 <= found.rejected <= 0.07
    assert min(found.rate, found.difference, found.ratio) >= 0.93
    assert ignored(design, 3000) > 0.065


def test_a_group_of_ten_persons_errs_on_the_safe_side() -> None:
    found = simulated(Design(10, 400, 26, 0.3, 0.1), 3000)
    assert found.rejected <= 0.07
    assert min(found.rate, found.difference, found.ratio) >= 0.93
