"""The course of verdicts, by evidence that is stated, and by properties over any table."""

from dataclasses import dataclass, fields

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from fairness_audit.statistics.course import Course, Event, State, course
from fairness_audit.statistics.proportions import Proportions
from fairness_audit.statistics.sequential import Aim, FailsOn, Limit, Pair, Side, Terms, TwoRates
from tests.builders.lives import FOUR_FIFTHS, ONE_SIDED, TEN_POINTS

Floats = NDArray[np.float64]


_ROUNDING = 1e-12
"""So that 20 is reached by e-values whose product is 20."""


@dataclass(frozen=True)
class Stated:
    """A pair whose units say what is stated, by one bet: e-values of each side and aim."""

    fail: tuple[float, ...]
    passing: tuple[float, ...]
    fail_high: tuple[float, ...] | None = None
    pass_high: tuple[float, ...] | None = None
    estimates: tuple[float, ...] | None = None
    fails_on: FailsOn = FailsOn.LIMIT

    @property
    def limit(self) -> Limit:
        return ONE_SIDED if self.fail_high is None else FOUR_FIFTHS

    def log_e(self, side: Side, aim: Aim, border: Floats | None = None) -> Floats:
        high = {Aim.FAIL: self.fail_high, Aim.PASS: self.pass_high}
        low = {Aim.FAIL: self.fail, Aim.PASS: self.passing}
        stated = (low if side is Side.LOW else high)[aim]
        return np.log(np.array(stated))[None, :, None] + _ROUNDING

    def terms(self) -> Terms:
        estimates = np.array(self.estimates or [1.0] * len(self.fail))[None]
        return Terms(estimates, np.ones_like(estimates))


def one(
    fail: list[float], passing: list[float], units_per_year: int = 4, **stated: object
) -> Course:
    pair = Stated(tuple(fail), tuple(passing), **stated)  # type: ignore[arg-type]
    return course([pair], units_per_year=units_per_year)


def column(values: NDArray, of: type = int) -> list:
    return [of(each) for each in values[0, :, 0]]


def test_bets_add_up_by_hand() -> None:
    """Half, doubled: 1. A sixth more, trebled: 3.5. A sixth more, halved: 11/6."""
    found = one([2, 3, 0.5], [1, 1, 1])
    assert found.fail_evidence[0, :, 0] == pytest.approx([1, 3.5, 11 / 6])
    assert found.fail_needed[0] == pytest.approx([20, 20, 20])
    assert column(found.state, State) == [State.OPEN] * 3
    assert column(found.since) == [0, 0, 0]


def test_a_pass_by_hand() -> None:
    """5 x 4 reaches 20; then a new product, which 3 x 7 renews."""
    found = one([1] * 4, [5, 4, 3, 7])
    assert found.pass_evidence[0, :, 0] == pytest.approx([5, 20, 3, 21])
    assert column(found.event, Event) == [0, Event.PASSED, 0, Event.RENEWED]
    assert column(found.state, State) == [State.OPEN, State.PASS, State.PASS, State.PASS]
    assert column(found.since) == [0, 1, 1, 1]
    assert column(found.pass_needed, float) == [20] * 4


def test_a_fail_is_latched_until_new_units_reach_twice_the_level() -> None:
    """Half of 41 is more than 20. Then 39 is not enough to lift it, 41 is."""
    found = one([41, 1, 1], [1, 39, 41 / 39])
    assert column(found.event, Event) == [Event.FAILED, 0, Event.PASSED]
    assert column(found.state, State) == [State.FAIL, State.FAIL, State.PASS]
    assert column(found.since) == [0, 0, 2]
    assert column(found.failures) == [1, 1, 1]
    assert column(found.pass_needed, float) == [20, 40, 40]


def test_evidence_up_to_a_fail_is_void() -> None:
    """Both begin anew after it: fail with half, and the product without the 19 before."""
    found = one([1, 200, 2, 1], [19, 1, 3, 1])
    assert column(found.event, Event) == [0, Event.FAILED, 0, 0]
    assert found.fail_evidence[0, 2, 0] == pytest.approx(2 / 2)
    assert found.pass_evidence[0, 2, 0] == pytest.approx(3)


def test_every_failure_doubles_what_lifts_it() -> None:
    """A fail that is shown anew before it is lifted counts once, and begins anew."""
    found = one([41, 41, 1, 41, 1], [1, 1, 40, 1, 80])
    assert column(found.event, Event) == [
        Event.FAILED, Event.FAILED, Event.PASSED, Event.FAILED, Event.PASSED,
    ]  # fmt: skip
    assert column(found.failures) == [1, 1, 1, 2, 2]
    assert column(found.since) == [0, 0, 2, 3, 4]
    assert column(found.pass_needed, float) == [20, 40, 40, 40, 80]


def test_a_pass_lapses_after_a_year_unless_it_is_shown_again_in_it() -> None:
    assert column(one([1] * 6, [20, 1, 1, 1, 1, 1]).event, Event) == [
        Event.PASSED, 0, 0, 0, Event.LAPSED, 0,
    ]  # fmt: skip
    renewed = one([1] * 8, [20, 1, 2, 1, 10, 1, 1, 1])
    assert column(renewed.event, Event) == [Event.PASSED, 0, 0, 0, Event.RENEWED, 0, 0, 0]
    assert column(renewed.since) == [0] * 8
    lapsed = one([1] * 6, [20, 1, 2, 1, 1, 10])
    assert column(lapsed.event, Event) == [Event.PASSED, 0, 0, 0, Event.LAPSED, Event.PASSED]


def in_a_family(fail: list[float], passing: list[float]) -> Course:
    """Beside one other pair that says nothing, so that fails need twice as much."""
    stated = Stated(tuple(fail), tuple(passing))
    silent = Stated((1.0,) * len(fail), (1.0,) * len(fail))
    return course([stated, silent], units_per_year=4)


def test_a_pass_is_withdrawn_by_fail_evidence_that_is_not_enough_to_fail() -> None:
    """(1/2 + 1/6) x 30 = 20; then (20 + 1/6) / 2, where a new product may reach the level."""
    found = in_a_family([1, 30, 0.5, 1], [20, 25, 30, 1])
    assert column(found.event, Event) == [Event.PASSED, Event.WITHDRAWN, Event.PASSED, 0]
    assert column(found.state, State) == [State.PASS, State.OPEN, State.PASS, State.PASS]
    assert found.fail_evidence[0, 1, 0] == pytest.approx(20)
    assert found.fail_needed[0, 1] > 20
    assert column(found.failures) == [0] * 4


def test_what_a_pass_rested_on_is_void_once_it_is_withdrawn() -> None:
    """The 25 of the unit that withdrew it does not pass it again at the next."""
    found = in_a_family([1, 30, 0.5], [20, 25, 1])
    assert column(found.event, Event) == [Event.PASSED, Event.WITHDRAWN, 0]
    assert found.pass_evidence[0, 2, 0] == pytest.approx(1)


def test_nobody_passes_while_in_doubt() -> None:
    found = in_a_family([42, 1, 0.5], [1, 20, 1])
    assert column(found.event, Event) == [0, 0, Event.PASSED]


def test_pairs_without_data_count_in_the_family() -> None:
    """Half of 79 is not enough beside one that says 1/2: 20 + (20 - 1/2) = 39.5 is."""
    assert not (in_a_family([78.9], [1]).state == State.FAIL).any()
    found = in_a_family([79], [1])
    assert found.state[0, 0].tolist() == [State.FAIL, State.OPEN]
    assert found.fail_needed[0, 0] == pytest.approx(39.5)


def test_a_failed_pair_helps_others_less_than_alone() -> None:
    """Beside one far beyond the level, the other still needs only 20 to fail."""
    loud, other = Stated((1e6,), (1.0,)), Stated((40.0,), (1.0,))
    found = course([loud, other], units_per_year=4)
    assert found.state[0, 0].tolist() == [State.FAIL, State.FAIL]


def test_alpha_sets_what_a_fail_needs() -> None:
    pair = Stated((21.0,), (1.0,))
    assert course([pair], units_per_year=4, alpha=1 / 10).state[0, 0, 0] == State.FAIL
    assert course([pair], units_per_year=4, alpha=1 / 20).state[0, 0, 0] == State.OPEN


def test_a_pass_needs_both_sides_at_once() -> None:
    found = one([1] * 3, [20, 0.5, 2], fail_high=(1.0,) * 3, pass_high=(2.0, 10.0, 1.0))
    assert column(found.event, Event) == [0, 0, Event.PASSED]
    assert found.pass_evidence[0, :, 0] == pytest.approx([2, 10, 20])


def test_the_side_with_more_evidence_is_named() -> None:
    found = one([1, 4], [1, 1], fail_high=(3.0, 1.0), pass_high=(1.0, 1.0))
    assert column(found.fail_side) == [1, 0]


def test_a_fail_on_a_difference_needs_the_estimate_beyond_the_limit() -> None:
    """41 at each unit; the estimate over units is 0.9, then (0.9 + 0.5) / 2."""
    stated = {"estimates": (0.9, 0.5), "fails_on": FailsOn.DIFFERENCE}
    found = one([41, 1], [20, 1], **stated)
    assert column(found.event, Event) == [Event.PASSED, Event.FAILED]
    exactly = one([41], [1], estimates=(0.8,), fails_on=FailsOn.DIFFERENCE)
    assert column(exactly.event, Event) == [0]


def test_after_a_fail_on_a_difference_the_estimate_begins_anew() -> None:
    stated = {"estimates": (0.1, 0.9), "fails_on": FailsOn.DIFFERENCE}
    assert column(one([41, 41], [1, 1], **stated).event, Event) == [Event.FAILED, 0]


def test_a_family_of_nobody_is_refused() -> None:
    with pytest.raises(ValueError, match="without pairs"):
        course([], units_per_year=52)


def test_pairs_of_other_units_are_refused() -> None:
    with pytest.raises(ValueError, match=r"\[1, 2\] units"):
        course([Stated((1.0,), (1.0,)), Stated((1.0, 1.0), (1.0, 1.0))], units_per_year=52)


# --- any table ----------------------------------------------------------------------------------

KINDS = [
    (FOUR_FIFTHS, FailsOn.LIMIT, 0.4), (ONE_SIDED, FailsOn.LIMIT, None),
    (TEN_POINTS, FailsOn.DIFFERENCE, 0.4),
]  # fmt: skip


def table_of(seed: int, units: int, pairs: int) -> list[TwoRates]:
    """Pairs of all kinds, some fair, some not, some that change."""
    random = np.random.default_rng(seed)
    found = []
    for i in range(pairs):
        limit, fails_on, expected = KINDS[i % len(KINDS)]
        n, m = random.integers(0, 400, (2, units))
        rate = random.choice([0.1, 0.2, 0.4], 2).repeat([units // 2, units - units // 2])
        group = Proportions.of(random.binomial(n, rate).tolist(), n.tolist())
        reference = Proportions.of(random.binomial(m, 0.4).tolist(), m.tolist())
        found.append(TwoRates(limit, group, reference, expected, fails_on))
    return found


def until(pair: TwoRates, units: int) -> TwoRates:
    sides = (Proportions(*(x[:units] for x in side)) for side in (pair.group, pair.reference))
    return TwoRates(pair.limit, *sides, pair.expected, pair.fails_on)


def arrays(found: Course) -> dict[str, NDArray]:
    return {each.name: getattr(found, each.name) for each in fields(found)}


@settings(max_examples=30)
@given(st.integers(0, 10**6), st.integers(1, 30), st.integers(0, 30))
def test_later_units_change_nothing_of_what_earlier_ones_gave(
    seed: int, units: int, later: int
) -> None:
    """Asked daily, weekly or once: the same bits for the same units."""
    table = table_of(seed, units + later, 3)
    whole = arrays(course(table, units_per_year=6))
    early = arrays(course([until(each, units) for each in table], units_per_year=6))
    for name, values in early.items():
        assert values.tolist() == whole[name][:, :units].tolist(), name


@settings(max_examples=30)
@given(st.integers(0, 10**6), st.permutations(range(5)))
def test_the_order_of_pairs_changes_nothing(seed: int, order: list[int]) -> None:
    table = table_of(seed, 20, 5)
    first = arrays(course(table, units_per_year=6))
    second = arrays(course([table[i] for i in order], units_per_year=6))
    for name, values in first.items():
        expected = values if name == "fail_needed" else values[..., order]
        assert second[name] == pytest.approx(expected, rel=1e-12), name


@settings(max_examples=30)
@given(st.integers(0, 10**6))
def test_swapping_the_groups_changes_no_verdict(seed: int) -> None:
    table: list[Pair] = [
        each for each in table_of(seed, 20, 6) if each.limit.sides == (Side.LOW, Side.HIGH)
    ]
    first = arrays(course(table, units_per_year=6))
    second = arrays(course([each.swapped() for each in table], units_per_year=6))
    said = first["fail_evidence"] > 0
    for name in first:
        if name == "fail_side":
            tied = first["fail_side"] == second["fail_side"]
            assert not (tied & said & (first["fail_evidence"] > 1)).any()
        else:
            assert second[name] == pytest.approx(first[name], rel=1e-12), name


def test_runs_do_not_touch_each_other() -> None:
    random = np.random.default_rng(8)
    n = np.full((1, 30), 200.0)
    k, other_k = (
        random.binomial(200, [[0.4], [0.25], [0.33]], (3, 30)),
        random.binomial(200, 0.4, (3, 30)),
    )
    rows = Proportions(k.astype(float), n), Proportions(other_k.astype(float), n)
    together = arrays(course([TwoRates(FOUR_FIFTHS, *rows, 0.4)], units_per_year=52))
    for run in range(3):
        alone = [Proportions(each.successes[run], n[0]) for each in rows]
        single = arrays(course([TwoRates(FOUR_FIFTHS, *alone, 0.4)], units_per_year=52))
        for name, values in single.items():
            assert values[0].tolist() == together[name][run].tolist(), name
