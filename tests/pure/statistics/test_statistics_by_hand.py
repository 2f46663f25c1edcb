"""The statistics against statsmodels, against other ways to compute them, and by hand."""

import math

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from fairness_audit.statistics import (
    divergence,
    inequality,
    intervals,
    ranking,
    ratio_intervals,
    stratified,
)
from fairness_audit.statistics.proportions import Interval, Proportions
from fairness_audit.statistics.stratified import Tables

# Berkeley 1973, by department: women admitted and rejected, men admitted and rejected.
BERKELEY = np.array(
    [
        [89, 19, 512, 313], [17, 8, 353, 207], [202, 391, 120, 205],
        [131, 244, 138, 279], [94, 299, 53, 138], [24, 317, 22, 351],
    ],
    dtype=float,
)  # fmt: skip
TABLES = Tables(*BERKELEY.T)

cells = st.integers(1, 60)
strata = st.lists(st.tuples(cells, cells, cells, cells), min_size=2, max_size=6)


def table(rows: object) -> object:
    from statsmodels.stats.contingency_tables import StratifiedTable

    return StratifiedTable([np.array([[a, b], [c, d]]) for a, b, c, d in rows])  # type: ignore[attr-defined]


@given(strata)
@example([(1, 1, 6, 1), (1, 6, 1, 1)])  # all alike: rounding left a statistic below zero
def test_mantel_haenszel_and_breslow_day_are_what_statsmodels_finds(
    rows: list[tuple[int, int, int, int]],
) -> None:
    ours, theirs = Tables(*np.array(rows, dtype=float).T), table(rows)
    assert float(stratified.odds_ratio(ours)) == pytest.approx(theirs.oddsratio_pooled)
    low, high = stratified.odds_ratio_interval(ours, 0.95)
    assert (float(low), float(high)) == pytest.approx(theirs.oddsratio_pooled_confint())
    independent = theirs.test_null_odds(correction=False)
    assert float(stratified.cochran_mantel_haenszel(ours).p_value) == pytest.approx(
        independent.pvalue
    )
    if abs(theirs.oddsratio_pooled - 1) < 1e-9:
        return  # statsmodels divides by zero there
    found, same = stratified.breslow_day(ours), theirs.test_equal_odds(adjust=True)
    assert float(found.statistic) == pytest.approx(same.statistic, rel=1e-6, abs=1e-9)
    assert float(found.p_value) == pytest.approx(same.pvalue, rel=1e-6)
    assert found.freedom == len(rows) - 1


def test_strata_that_say_nothing_about_the_odds_ratio_do_not_count() -> None:
    """Without a success, or without one side, a stratum has no odds ratio to differ."""
    with_more = np.vstack([BERKELEY, [[0, 5, 0, 9], [4, 2, 0, 0], [3, 0, 7, 0]]])
    found, same = stratified.breslow_day(Tables(*with_more.T)), stratified.breslow_day(TABLES)
    assert (found.freedom, float(found.statistic)) == (5, pytest.approx(float(same.statistic)))
    alone = stratified.breslow_day(Tables(*BERKELEY[:1].T))
    assert (alone.freedom, math.isnan(float(alone.p_value))) == (0, True)


def test_common_risk_difference_and_its_interval_by_the_published_formula() -> None:
    """Sato 1989, written out stratum by stratum."""
    top = bottom = p = q = 0.0
    for a, b, c, d in BERKELEY:
        n, m = a + b, c + d
        total = n + m
        top += (a * m - c * n) / total
        bottom += n * m / total
        p += (n**2 * c - m**2 * a + n * m * (m - n) / 2) / total**2
        q += (a * d + c * b) / (2 * total)
    difference = top / bottom
    half = 1.959963984540054 * math.sqrt((difference * p + q) / bottom**2)
    assert float(stratified.risk_difference(TABLES)) == pytest.approx(difference)
    low, high = stratified.risk_difference_interval(TABLES, 0.95)
    assert (float(low), float(high)) == pytest.approx((difference - half, difference + half))


def test_divergences_of_one_half_against_one_fifth() -> None:
    p, q = np.array([1.0, 1.0]), np.array([1.0, 4.0])
    assert float(divergence.total_variation(p, q)) == pytest.approx(0.3)
    assert float(divergence.largest_difference(p, q)) == pytest.approx(0.3)
    assert float(divergence.lp_norm(p, q)) == pytest.approx(0.3 * math.sqrt(2))
    found = float(divergence.kullback_leibler(p, q))
    assert found == pytest.approx(0.5 * math.log(0.5 / 0.2) + 0.5 * math.log(0.5 / 0.8))
    to_middle = 0.5 * math.log(0.5 / 0.35) + 0.5 * math.log(0.5 / 0.65)
    from_other = 0.2 * math.log(0.2 / 0.35) + 0.8 * math.log(0.8 / 0.65)
    assert float(divergence.jensen_shannon(p, q)) == pytest.approx((to_middle + from_other) / 2)
    in_bits = float(divergence.jensen_shannon(p, q, base=2))
    assert in_bits == pytest.approx((to_middle + from_other) / 2 / math.log(2))
    assert float(divergence.kullback_leibler(q, np.array([1.0, 0.0]))) == math.inf


@pytest.mark.parametrize("epsilon", [0.5, 2.0])
def test_atkinson_is_one_minus_the_equally_distributed_equivalent(epsilon: float) -> None:
    values, counts = np.array([1.0, 2.0, 4.0]), np.array([2.0, 1.0, 1.0])
    mean = 8 / 4
    powered = (2 * 1 + 2 ** (1 - epsilon) + 4 ** (1 - epsilon)) / 4
    equivalent = powered ** (1 / (1 - epsilon))
    found = float(inequality.atkinson(values, counts, epsilon))
    assert found == pytest.approx(1 - equivalent / mean)


@given(st.integers(0, 2**32 - 1))
def test_area_and_its_variance_by_comparing_every_pair(seed: int) -> None:
    """DeLong's variance, from the placements of each positive and each negative."""
    random = np.random.default_rng(seed)
    positives, negatives = random.integers(0, 8, 12), random.integers(0, 8, 15)
    wins = (positives[:, None] > negatives) + (positives[:, None] == negatives) / 2
    counts = [np.bincount(each, minlength=8).astype(float) for each in (positives, negatives)]
    found = ranking.area_under_curve(*counts)
    assert found.value == pytest.approx(wins.mean())
    variance = wins.mean(axis=1).var(ddof=1) / 12 + wins.mean(axis=0).var(ddof=1) / 15
    assert found.variance == pytest.approx(variance)


def test_a_recalibration_that_runs_away_has_no_slope() -> None:
    """Two of three outcomes lie on the wrong side: Newton's steps grow beyond all numbers."""
    scores = np.array([0.0, 0.234375, 0.25, 1.0])
    positives, negatives = np.array([0.0, 0.0, 1.0, 0.0]), np.array([0.0, 1.0, 0.0, 1.0])
    assert np.isnan(ranking.recalibration_slope(scores, positives, negatives).value)


def test_recalibration_slope_is_that_of_a_logistic_regression() -> None:
    import statsmodels.api as sm

    random = np.random.default_rng(5)
    scores = np.linspace(0.05, 0.95, 19)
    n = random.integers(20, 80, 19)
    odds = np.log(scores / (1 - scores))
    positives = random.binomial(n, 1 / (1 + np.exp(-2 * odds)))
    design = sm.add_constant(odds)
    outcome = np.column_stack([positives, n - positives])
    theirs = sm.GLM(outcome, design, family=sm.families.Binomial()).fit().params[1]
    found = ranking.recalibration_slope(
        scores, positives.astype(float), (n - positives) * 1.0
    ).value
    assert found == pytest.approx(theirs)
    assert 1.7 < found < 2.3


def test_intervals_against_everybody_follow_from_those_against_the_rest() -> None:
    """A fifth of everybody: overall = (group + 4 rest) / 5."""
    group, rest = Proportions.of([5], [10]), Proportions.of([10], [40])
    difference = Interval(np.array([-0.1]), np.array([0.5]))
    low, high = intervals.difference_to_overall(difference, group, rest)
    assert (low[0], high[0]) == pytest.approx((-0.08, 0.4))
    ratio = Interval(np.array([0.5]), np.array([4.0]))
    low, high = ratio_intervals.ratio_to_overall(ratio, group, rest)
    assert (low[0], high[0]) == pytest.approx((1 / (0.2 + 0.8 / 0.5), 1 / (0.2 + 0.8 / 4)))
    ends = Interval(np.array([0.0]), np.array([np.inf]))
    low, high = ratio_intervals.ratio_to_overall(ends, group, rest)
    assert (low[0], high[0]) == pytest.approx((0.0, 5.0))
