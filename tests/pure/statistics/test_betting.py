"""E-values of one unit: by hand, by enumeration over whole hypotheses, and at their edges."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fairness_audit.statistics.betting import (
    DifferenceLine,
    Line,
    Rates,
    RatioLine,
    log_e_of_estimate,
    log_e_of_rates,
    log_e_of_share,
)
from fairness_audit.statistics.proportions import Floats, Proportions


def at(value: float) -> Floats:
    return np.array([value])


def e_value(k: int, n: int, other_k: int, other_n: int, line: Line, a: float, b: float) -> float:
    group, reference = Proportions.of([k], [n]), Proportions.of([other_k], [other_n])
    found = log_e_of_rates(group, reference, line, Rates(at(a), at(b)))
    return math.exp(float(found[0, 0]))


def test_a_share_by_hand() -> None:
    """On 1/4 against 1/2 or more: no success in two is (3/4 / 1/2)², two are (1/4 / 1/2)²."""
    found = log_e_of_share(Proportions.of([0, 2], [2, 2]), at(0.5), at(0.25))
    assert np.exp(found[:, 0]) == pytest.approx([2.25, 0.25])


@pytest.mark.parametrize("line", [RatioLine(at(1.0)), DifferenceLine(at(0.0))])
def test_two_rates_by_hand(line: Line) -> None:
    """Bet on 1/4 beside 3/4 against equality: of even sizes the nearest equal rates are 1/2.

    Four outcomes as bet on are each 3/4 / 1/2; four the other way are each 1/4 / 1/2.
    """
    assert e_value(0, 2, 2, 2, line, 0.25, 0.75) == pytest.approx(1.5**4)
    assert e_value(2, 2, 0, 2, line, 0.25, 0.75) == pytest.approx(0.5**4)


def test_nearest_point_of_a_ratio_by_hand() -> None:
    """Of (1/2, 1/2), one each, on a = b/2: t² - 2.25 t + 1 = 0, so b = (2.25 - √1.0625) / 2."""
    found = RatioLine(at(0.5)).nearest(at(1.0), at(1.0), Rates(at(0.5), at(0.5)))
    assert found.reference == pytest.approx((2.25 - math.sqrt(1.0625)) / 2)
    assert found.group == pytest.approx(found.reference / 2)


def test_nearest_point_of_a_difference_by_hand() -> None:
    """Of (0.3, 0.7), even sizes, on a = b - 0.2: by symmetry 0.4 beside 0.6."""
    found = DifferenceLine(at(-0.2)).nearest(at(5.0), at(5.0), Rates(at(0.3), at(0.7)))
    assert (found.group[0], found.reference[0]) == pytest.approx((0.4, 0.6), abs=1e-12)


def divergence(n: Floats, point: Floats, rate: Floats) -> Floats:
    return n * (point * np.log(point / rate) + (1 - point) * np.log((1 - point) / (1 - rate)))


rates = st.floats(0.001, 0.999)
sizes = st.integers(1, 10**6).map(float)
lines = st.one_of(
    st.floats(0.05, 20).map(lambda c: RatioLine(at(c))),
    st.floats(-0.9, 0.9).map(lambda d: DifferenceLine(at(d))),
)


@given(lines, sizes, sizes, rates, rates)
def test_no_point_of_the_line_is_nearer(
    line: RatioLine | DifferenceLine, n: float, m: float, a: float, b: float
) -> None:
    point = Rates(at(a), at(b))
    nearest = line.nearest(at(n), at(m), point)
    assert line.group_rate(nearest.reference) == pytest.approx(nearest.group, abs=1e-12)
    assert 0 < nearest.group[0] < 1
    assert 0 < nearest.reference[0] < 1

    def far(reference: Floats) -> Floats:
        group = line.group_rate(reference)
        return divergence(at(n), point.group, group) + divergence(
            at(m), point.reference, reference
        )

    room = min(nearest.group[0], nearest.reference[0])
    room = min(room, 1 - nearest.group[0], 1 - nearest.reference[0])
    step = room * np.array([-1e-3, 1e-3]) / max(1.0, float(line.bound[0]))
    least = far(nearest.reference)
    assert (far(nearest.reference + step) >= least - 1e-9 * (1 + abs(least))).all()


def binomial(n: int, rate: Floats) -> Floats:
    k = np.arange(n + 1)
    ways = np.array([math.comb(n, int(each)) for each in k], dtype=float)
    return ways * rate[:, None] ** k * (1 - rate[:, None]) ** (n - k)


def largest_mean(n: int, m: int, line: Line, point: tuple[float, float], factor: float) -> float:
    """Of E[e], over a grid of the hypothesis, by every pair of counts there can be."""
    k, other_k = (np.arange(each + 1, dtype=float) for each in (n, m))
    group = Proportions(k[:, None] / factor, np.full((n + 1, 1), n / factor))
    reference = Proportions(other_k[None, :] / factor, np.full((1, m + 1), m / factor))
    e = np.exp(log_e_of_rates(group, reference, line, Rates(*map(at, point)))[..., 0])
    b = np.linspace(0, 1, 41)
    a = np.linspace(0, 1, 41)
    on_line = np.clip(line.group_rate(b), 0, 1)
    below = point[0] < float(line.group_rate(at(point[1]))[0])
    largest = 0.0
    for other, border in zip(b, on_line, strict=True):
        null = np.append(a[a >= border] if below else a[a <= border], border)
        if (below and line.group_rate(at(other))[0] > 1) or (
            not below and line.group_rate(at(other))[0] < 0
        ):
            continue
        mean = binomial(n, null) @ e @ binomial(m, at(other))[0]
        largest = max(largest, float(mean.max()))
    return largest


@pytest.mark.parametrize("factor", [1.0, 1.7])
@pytest.mark.parametrize(("n", "m"), [(1, 1), (5, 5), (3, 50), (20, 60)])
@pytest.mark.parametrize(
    ("line", "points"),
    [
        (RatioLine(at(0.8)), [(0.3, 0.4), (0.1, 0.4), (0.4, 0.4), (0.5, 0.3)]),
        (RatioLine(at(1.25)), [(0.6, 0.4), (0.4, 0.4)]),
        (DifferenceLine(at(-0.1)), [(0.25, 0.4), (0.1, 0.7), (0.4, 0.4), (0.9, 0.2)]),
        (DifferenceLine(at(0.1)), [(0.7, 0.4), (0.4, 0.4)]),
    ],
)
def test_the_mean_is_at_most_1_on_the_whole_hypothesis(
    n: int, m: int, line: Line, points: list[tuple[float, float]], factor: float
) -> None:
    for point in points:
        assert largest_mean(n, m, line, point, factor) <= 1 + 1e-12


@pytest.mark.parametrize("alternative", [0.15, 0.3])
def test_the_mean_of_a_share_is_at_most_1_on_the_whole_hypothesis(alternative: float) -> None:
    n, bound = 12, 0.2
    k = np.arange(n + 1, dtype=float)
    e = np.exp(
        log_e_of_share(Proportions(k, np.full(n + 1, float(n))), at(bound), at(alternative))
    )
    null = np.linspace(bound, 1, 50) if alternative < bound else np.linspace(0, bound, 50)
    assert (binomial(n, null) @ e).max() <= 1 + 1e-12


@pytest.mark.parametrize("line", [RatioLine(at(0.8)), DifferenceLine(at(-0.1))])
@pytest.mark.parametrize("counts", [(0, 0, 3, 7), (3, 7, 0, 0), (0, 0, 0, 0)])
def test_a_side_without_trials_says_nothing(line: Line, counts: tuple[int, int, int, int]) -> None:
    assert e_value(*counts, line, 0.2, 0.5) == 1


@pytest.mark.parametrize("line", [RatioLine(at(0.8)), DifferenceLine(at(-0.1))])
@pytest.mark.parametrize("point", [(0.0, 0.5), (-0.1, 0.5), (0.4, 1.0), (0.9, 1.2), (1.1, 1.3)])
def test_an_alternative_without_room_says_nothing(line: Line, point: tuple[float, float]) -> None:
    assert e_value(3, 9, 4, 9, line, *point) == 1


@pytest.mark.parametrize("counts", [(0, 9, 0, 9), (9, 9, 9, 9), (0, 9, 9, 9), (9, 9, 0, 9)])
def test_empty_cells_say_something_finite(counts: tuple[int, int, int, int]) -> None:
    for line in (RatioLine(at(0.8)), DifferenceLine(at(-0.1))):
        assert 0 < e_value(*counts, line, 0.2, 0.5) < math.inf


@pytest.mark.parametrize("bound", [0.1 - 1e-17, 0.25, -0.3, 0.6])
@pytest.mark.parametrize("rate", [1e-17, 2.8e-17, 1e-300])
def test_a_bet_in_a_corner_of_the_square_is_a_number(bound: float, rate: float) -> None:
    """Where rounding leaves the nearest point outside the square there is no room either."""
    for other in (rate, abs(bound) + rate, min(abs(bound) + 0.067, 0.9)):
        for point in ((other, rate), (rate, other)):
            found = e_value(15, 38, 19, 38, DifferenceLine(at(bound)), *point)
            assert math.isfinite(found)


def test_a_share_without_trials_or_room_says_nothing() -> None:
    share = Proportions.of([0, 3], [0, 9])
    found = log_e_of_share(share, at(0.2), np.array([0.1, 0.0, 1.2]))
    assert found[0].tolist() == [0, 0, 0]
    assert found[1, 0] < 0
    assert found[1, 1:].tolist() == [0, 0]
    assert log_e_of_share(share, at(1.2), at(0.5)).tolist() == [[0], [0]]


def test_an_estimate_by_hand() -> None:
    """Bet on 1 against 0 or less with variance 2: (x - 1/2) / 2."""
    found = log_e_of_estimate(np.array([1.0, 0.0, 3.0]), np.full(3, 2.0), at(0.0), at(1.0))
    assert found[:, 0].tolist() == [0.25, -0.25, 1.25]


@pytest.mark.parametrize(("x", "v"), [(np.nan, 1.0), (1.0, np.nan), (1.0, np.inf), (1.0, 0.0)])
def test_an_unknown_estimate_says_nothing(x: float, v: float) -> None:
    assert log_e_of_estimate(at(x), at(v), at(0.0), at(1.0)).tolist() == [[0.0]]
