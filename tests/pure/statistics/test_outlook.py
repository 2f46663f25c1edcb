"""Evidence of many runs by table, and what is read from whether a verdict stands."""

import numpy as np
import pytest

from fairness_audit.statistics.course import Event, State, course
from fairness_audit.statistics.outlook import (
    Outlook,
    SameSizes,
    evenly,
    is_near,
    rates_with,
    standing,
)
from fairness_audit.statistics.proportions import Proportions
from fairness_audit.statistics.sequential import Aim, FailsOn, Limit, Side, TwoRates
from tests.builders.lives import two_rates

RATIO = Limit("ratio", 0.8, 1.25)
DIFFERENCE = Limit("difference", -0.1, 0.1)


def a_pair(
    limit: Limit, *, past: int, runs: int = 50, units: int = 20, **fields: object
) -> TwoRates:
    draw = np.random.default_rng(3)
    n, m = evenly(6.3, units), evenly(41.0, units)
    sides = []
    for trials in (n, m):
        k = draw.binomial(trials.astype(int), 0.4, (runs, units)).astype(float)
        k[:, :past] = k[0, :past]
        sides.append(Proportions(k, np.broadcast_to(trials, k.shape)))
    return TwoRates(limit, *sides, **fields)  # type: ignore[arg-type]


@pytest.mark.parametrize("limit", [RATIO, DIFFERENCE], ids=["ratio", "difference"])
@pytest.mark.parametrize("past", [0, 1, 7])
@pytest.mark.parametrize(
    "fields", [{}, {"expected": 0.3}, {"fails_on": FailsOn.DIFFERENCE}], ids=str
)
def test_a_table_says_what_the_arithmetic_says(
    limit: Limit, past: int, fields: dict[str, object]
) -> None:
    pair = a_pair(limit, past=past, **fields)
    by_table = SameSizes(pair, past)
    for side in Side:
        for aim in Aim:
            exact, found = pair.log_e(side, aim), by_table.log_e(side, aim)
            assert found.shape == exact.shape
            assert found[:, :past] == pytest.approx(exact[:, :past], abs=1e-12)
            assert np.quantile(np.abs(found - exact), 0.98) < 0.05  # 6 and 41 decisions a unit
    states = [course([each], units_per_year=52).state for each in (pair, by_table)]
    assert (states[0] != states[1]).mean() < 0.002


@pytest.mark.parametrize("fails_on", FailsOn)
@pytest.mark.parametrize(
    ("aim", "own", "limit"),
    [
        (Aim.PASS, 0.4, RATIO),
        (Aim.PASS, 0.38, DIFFERENCE),
        (Aim.FAIL, 0.24, RATIO),
        (Aim.FAIL, 0.6, RATIO),
        (Aim.FAIL, 0.2, DIFFERENCE),
    ],
)
def test_one_verdict_stands_where_the_course_of_all_has_it(
    aim: Aim, own: float, limit: Limit, fails_on: FailsOn
) -> None:
    """In every run in which nothing was lifted or withdrawn, which are nearly all.

    Which pair of a case fails first is the same; once one has, another needs less in `course`.
    """
    chance = np.random.default_rng(11)
    pairs = [
        two_rates(chance, 400, 60, (n, 70.0), (own, 0.4), limit, fails_on) for n in (30.0, 90.0)
    ]
    whole = course(pairs, units_per_year=20, alpha=0.2)
    found = standing(pairs, aim, units_per_year=20, alpha=0.2)
    wanted = State.PASS if aim is Aim.PASS else State.FAIL
    first_fail = (whole.event == Event.FAILED).any(axis=(1, 2))
    lifted = (whole.failures > 0) & (whole.state != State.FAIL)
    odd = (whole.event == Event.WITHDRAWN).any(axis=(1, 2))
    odd |= first_fail if aim is Aim.PASS else lifted.any(axis=(1, 2))
    assert odd.mean() < 0.1
    stands = whole.state == wanted
    if aim is Aim.FAIL:
        found, stands = found.any(axis=-1), stands.any(axis=-1)
    assert (found[~odd] == stands[~odd]).all()
    assert found.any()


def test_units_go_by_until_somebody_is_decided_about() -> None:
    pair = a_pair(RATIO, past=0, runs=5, units=4)
    nobody = np.zeros((5, 2))
    later = [
        Proportions(*(np.concatenate([nobody, each], axis=1) for each in side))
        for side in (pair.group, pair.reference)
    ]
    waited = SameSizes(TwoRates(RATIO, *later), 0).log_e(Side.LOW, Aim.PASS)
    assert (waited[:, :2] == 0).all()
    assert waited[:, 2:] == pytest.approx(SameSizes(pair, 0).log_e(Side.LOW, Aim.PASS))


def test_the_first_unit_at_which_it_is_likely() -> None:
    stands = np.array([[0, 0, 1, 1], [0, 1, 1, 1], [0, 1, 1, 1], [0, 1, 1, 1], [1, 1, 0, 1]]) > 0
    assert Outlook.of(stands) == Outlook(2, 0.8)
    assert Outlook.of(stands[:1]) == Outlook(3, 1.0)
    assert Outlook.of(stands[:, :1]) == Outlook(None, 0.2)


def test_near_is_within_a_twentieth_of_a_limit() -> None:
    near = [0.76, 0.8, 0.84, 1.1875, 1.3125]
    assert all(is_near(each, RATIO) for each in near)
    assert not any(is_near(each, RATIO) for each in (0.75, 0.85, 1.0, 1.18, 1.32))
    assert is_near(-0.105, DIFFERENCE)
    assert not is_near(-0.106, DIFFERENCE)


@pytest.mark.parametrize(
    ("disparity", "scale", "own", "base"),
    [(0.5, "ratio", 0.25, 0.5), (-0.2, "difference", 0.25, 0.45), (0.0, "difference", 0.4, 0.4)],
)
def test_rates_have_the_disparity_and_the_pooled_rate(
    disparity: float, scale: str, own: float, base: float
) -> None:
    n, m = (2.0, 3.0) if scale == "ratio" else (1.0, 3.0)
    pooled = (n * own + m * base) / (n + m)
    assert rates_with(disparity, scale, n, m, pooled) == pytest.approx((own, base))


def test_no_rates_are_farther_apart_than_there_is_room() -> None:
    assert rates_with(-0.3, "difference", 1, 1, 0.1) is None
    assert rates_with(2.0, "ratio", 1, 9, 0.6) is None
    assert rates_with(0.8, "ratio", 0, 0, 0.6) is None


def test_sizes_are_whole_and_even() -> None:
    assert evenly(2.4, 5).tolist() == [2, 3, 2, 3, 2]
    assert evenly(0.25, 8).sum() == 2
    assert evenly(100, 3).tolist() == [100, 100, 100]
