"""Gaps that change are found, and gaps that are steady are not, whatever both groups share."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fairness_audit.statistics.gap_drift import gap_drift
from fairness_audit.statistics.proportions import Proportions
from tests.builders.lives import Sizes, binomial
from tests.builders.wandering import wander, wandering_groups

EVEN = Sizes(1_000, 1_000)


def counts(*units: tuple[int, int]) -> tuple[Proportions, Proportions]:
    """Successes of both groups by unit, of 100 each."""
    return tuple(Proportions.of(each, [100] * len(units)) for each in zip(*units, strict=True))


def test_evidence_by_hand() -> None:
    """Three times 20 of 100 each: no deviation, so each bet loses what it expected.

    A unit's variance v is 2 x 0.8 / 20 on the log scale and 2 x 0.2 x 0.8 / 100 in points; with
    that of the mean before it is 2 v at the second unit and 1.5 v at the third. A bet on m has
    exp(-m² / 4v) left after its unit. One begun at the second expects m / 2 at the third, where
    the mean has moved half of the way. The weaker evidence counts, at the stake of a week.
    """
    found = gap_drift(*counts((20, 20), (20, 20), (20, 20)), units_per_year=52)
    expected = []
    for bets, v in ((np.log([0.6, 0.8, 0.9]), 0.08), (np.array([0.12, 0.06, 0.03]), 0.0032)):
        second = np.exp(-(bets**2) / (4 * v))
        third = second * np.exp(-((bets / 2) ** 2) / (3 * v))
        begun_at_third = np.exp(-(bets**2) / (3 * v))
        expected.append([second.mean() / 52, (third.mean() + begun_at_third.mean()) / 52])
    assert found.evidence[0] == pytest.approx([0, *np.min(expected, axis=0)])


def test_a_clear_change_is_found_with_its_unit_and_begins_a_new_baseline() -> None:
    found = gap_drift(*counts(*[(40, 40)] * 6, *[(10, 40)] * 6), units_per_year=52)
    at = np.flatnonzero(found.found[0])
    assert len(at) == 1
    assert at[0] in (6, 7)
    assert found.first[0, at[0]] == 6
    assert (found.first[0, ~found.found[0]] == -1).all()
    assert found.evidence[0, at[0] + 1] == 0


def test_poor_units_are_passed_over() -> None:
    """Four successes are expected of each group; then nobody is there; then it is as before."""
    rich, poor = [(40, 40)] * 4, [(4, 4), (3, 5)]
    usual = gap_drift(*counts(*rich, *rich), units_per_year=52)
    group, reference = counts(*rich, *poor, (0, 0), *rich)
    group.trials[6] = reference.trials[6] = 0
    found = gap_drift(group, reference, units_per_year=52)
    kept = [0, 1, 2, 3, 7, 8, 9, 10]
    assert found.evidence[0, kept] == pytest.approx(usual.evidence[0], rel=1e-12)
    assert found.evidence[0, 4:7] == pytest.approx([usual.evidence[0, 3]] * 3, rel=1e-12)


def test_a_short_history_tells_nothing_yet_and_a_long_one_does() -> None:
    groups = wandering_groups(np.random.default_rng(1), 1, 30, EVEN, 0.4, 1.0)
    power = gap_drift(*groups, units_per_year=52).power[0]
    assert power[0] < 0.5
    assert power[-1] > 0.5
    small = wandering_groups(np.random.default_rng(1), 1, 30, Sizes(100, 100), 0.4, 1.0)
    assert (gap_drift(*small, units_per_year=52).power < 0.5).all()


@pytest.mark.parametrize(("rows", "rate", "after"), [(500, 0.3, 20), (1_000, 0.2, 4)])
def test_a_change_of_six_points_is_found_as_often_as_said(
    rows: int, rate: float, after: int
) -> None:
    ratio = np.where(np.arange(after + 8) < after, 1.0, (rate + 0.06) / rate)
    sizes = Sizes(rows, rows)
    groups = wandering_groups(np.random.default_rng(2), 800, after + 8, sizes, rate, ratio)
    found = gap_drift(*groups, units_per_year=52)
    said = found.power[:, after - 1].mean()
    assert 0.5 <= said <= found.found[:, after:].any(axis=1).mean() + 0.05


@pytest.mark.parametrize("adding", [True, False])
@pytest.mark.parametrize("memory", [0.0, 0.9])
@pytest.mark.parametrize("ratio", [1.0, 0.8])
def test_a_steady_gap_is_called_changed_in_at_most_one_of_twenty_years(
    ratio: float, memory: float, adding: bool
) -> None:
    groups = wandering_groups(
        np.random.default_rng(3), 600, 52, Sizes(1_000, 3_000), 0.2, ratio,
        deviation=0.02 if adding else 0.3, memory=memory, adding=adding,
    )  # fmt: skip
    found = gap_drift(*groups, units_per_year=52).found
    assert found.any(axis=1).mean() <= 0.05


def test_a_gap_that_always_varied_a_little_more_than_chance_has_not_changed() -> None:
    """By a point of the group's rate alone: bets are held against how far it varied before."""
    random = np.random.default_rng(6)
    own = 0.2 + wander(random, 500, 52, 0.01, 0.0)
    groups = (binomial(random, 1_000, rate, 500, 52) for rate in (own, 0.2))
    assert gap_drift(*groups, units_per_year=52).found.any(axis=1).mean() <= 0.05


@pytest.mark.parametrize("rate", [0.2, 0.4])
@pytest.mark.parametrize(("before", "ratio"), [(8, 0.6), (26, 0.8)])
def test_a_change_is_found_within_eight_audits(before: int, ratio: float, rate: float) -> None:
    ratios = np.where(np.arange(before + 8) < before, 1.0, ratio)
    groups = wandering_groups(np.random.default_rng(4), 500, before + 8, EVEN, rate, ratios)
    found = gap_drift(*groups, units_per_year=52).found
    assert found[:, before:].any(axis=1).mean() >= 0.9
    assert found[:, :before].any(axis=1).mean() <= 0.05


def test_a_group_that_changes_alone_is_noticed_when_the_other_wanders() -> None:
    ratios = np.where(np.arange(34) < 26, 1.0, 0.8)
    groups = wandering_groups(
        np.random.default_rng(5), 400, 34, EVEN, 0.4, ratios, deviation=0.02, memory=0.9
    )
    assert gap_drift(*groups, units_per_year=52).found[:, 26:].any(axis=1).mean() >= 0.9


@settings(max_examples=30)
@given(st.integers(0, 10**6), st.integers(1, 20), st.integers(0, 20))
def test_later_units_change_nothing_found_before(seed: int, units: int, later: int) -> None:
    random = np.random.default_rng(seed)
    ratios = random.choice([0.5, 1.0, 1.5], units + later)
    whole = wandering_groups(random, 2, units + later, Sizes(300, 300), 0.3, ratios)
    early = (Proportions(*(x[:, :units] for x in each)) for each in whole)
    for one, other in zip(
        gap_drift(*early, units_per_year=52), gap_drift(*whole, units_per_year=52), strict=True
    ):
        assert one.tolist() == other[:, :units].tolist()
