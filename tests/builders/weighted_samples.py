"""Simulated samples with weights from 1 to 5, and of groups alike: what intervals and tests make
of them.

As in `simulations`, each draws ``runs`` samples of a fixed seed and returns a share.
"""

from collections.abc import Callable, Iterator

import numpy as np

from fairness_audit.policy.metrics import Needs
from fairness_audit.statistics import intervals, ranking, ratio_intervals, stratified, weighted
from fairness_audit.statistics.proportions import (
    Floats,
    Interval,
    Proportions,
    two_sided_quantile,
)
from fairness_audit.statistics.significance import p_values
from fairness_audit.statistics.simultaneous import largest_difference, smallest_ratio
from fairness_audit.statistics.stratified import Tables
from fairness_audit.statistics.within_strata import Gap, Pattern, pattern
from fairness_audit.steps.measure.counting.counts import Counts
from fairness_audit.steps.measure.counting.groups import Groups, Sums
from fairness_audit.steps.measure.counting.plan import Plan
from fairness_audit.steps.measure.figures.bootstrap import percentile_interval, resampled
from fairness_audit.steps.measure.metrics.group_indices import index_rows
from fairness_audit.steps.measure.metrics.worst_pairs import worst_pair_rows

Simulation = Callable[[int], float]
CONFIDENCE, ALPHA = 0.95, 0.05
STRATA = ((40, 60, 0.2), (80, 50, 0.5), (30, 90, 0.7))
Z = two_sided_quantile(CONFIDENCE)


def random() -> np.random.Generator:
    return np.random.default_rng(20_261_127)


def held(interval: Interval, truth: float) -> float:
    return float(((interval.low <= truth) & (truth <= interval.high)).mean())


def weighed(draw: np.random.Generator, runs: int, n: int, rate: float) -> tuple[Floats, ...]:
    """Sums of the weights of successes and failures, then of their squares."""
    weight = draw.integers(1, 6, (runs, n)).astype(float)
    good = draw.random((runs, n)) < rate
    return tuple((weight**power * cell).sum(axis=1) for power in (1, 2) for cell in (good, ~good))


def as_shares(sums: tuple[Floats, ...]) -> Proportions:
    """What a rate of these weights is worth, as `measure` has it."""
    good, bad, good_squared, bad_squared = sums
    size = (good + bad) ** 2 / (good_squared + bad_squared)
    return Proportions(good / (good + bad) * size, size)


def two_samples(runs: int, n: int, m: int, own: float, other: float) -> list[Proportions]:
    draw = random()
    return [as_shares(weighed(draw, runs, *each)) for each in ((n, own), (m, other))]


# --- rates --------------------------------------------------------------------------------------


def weighted_rates(runs: int) -> float:
    share, _ = two_samples(runs, 60, 150, 0.3, 0.4)
    return held(intervals.rate_interval(share, CONFIDENCE), 0.3)


def weighted_differences(runs: int) -> float:
    found = intervals.difference_interval(*two_samples(runs, 60, 150, 0.3, 0.4), CONFIDENCE)
    return held(found, -0.1)


def weighted_ratios(runs: int) -> float:
    found = ratio_intervals.ratio_interval(*two_samples(runs, 60, 150, 0.3, 0.4), CONFIDENCE)
    return held(found, 0.75)


def weighted_two_sample_tests(runs: int) -> float:
    return float((p_values(*two_samples(runs, 60, 150, 0.4, 0.4)) < ALPHA).mean())


def weighted_exact_tests(runs: int) -> float:
    return float((p_values(*two_samples(runs, 12, 15, 0.3, 0.3)) < ALPHA).mean())


def weighted_bootstraps(runs: int) -> float:
    """Odds of selection of a group over another's: no closed form is used."""
    draw, truth, hits = random(), np.log((0.3 / 0.7) / (0.4 / 0.6)), 0
    for run in range(runs):
        sums = [np.zeros((2, 6)) for _ in range(3)]
        for group, (n, rate) in enumerate(((150, 0.3), (250, 0.4))):
            weight = draw.integers(1, 6, n).astype(float)
            cell = np.where(draw.random(n) < rate, 4, 5)
            for power, each in enumerate(sums):
                each[group] = np.bincount(cell, weights=weight ** [1, 2, 0][power], minlength=6)
        again = resampled(Sums(*sums), str(run), 300)
        odds = again.selected / again.not_selected
        low, high = percentile_interval(np.log(odds[:, :1] / odds[:, 1:]), CONFIDENCE)
        hits += float(low[0]) <= truth <= float(high[0])
    return hits / runs


# --- strata -------------------------------------------------------------------------------------


def strata(runs: int, *, difference: float = 0.0, odds: float = 1.0) -> list[Tables]:
    """Three strata of weighted rows with a common difference of rates, or odds ratio."""
    draw, weights, squares = random(), [], []
    for n, m, rate in STRATA:
        own = rate + difference if difference else odds * rate / (1 - rate + odds * rate)
        first, second = weighed(draw, runs, n, own), weighed(draw, runs, m, rate)
        weights.append((*first[:2], *second[:2]))
        squares.append((*first[2:], *second[2:]))
    both = (np.moveaxis(np.array(each), 0, -1) for each in (weights, squares))
    tables = stratified.effective(*(Tables(*each) for each in both))
    return [Tables(*(cell[run] for cell in tables)) for run in range(runs)]


def weighted_odds_ratios(runs: int) -> float:
    found = [stratified.odds_ratio_interval(each, CONFIDENCE) for each in strata(runs, odds=2.0)]
    return float(np.mean([low <= 2.0 <= high for low, high in found]))


def weighted_risk_differences(runs: int) -> float:
    drawn = strata(runs, difference=0.1)
    found = [stratified.risk_difference_interval(each, CONFIDENCE) for each in drawn]
    return float(np.mean([low <= 0.1 <= high for low, high in found]))


def conditional_impact_ratios(runs: int) -> float:
    """The rates of a group are .8 of the other's in each of three strata."""
    draw, columns = random(), []
    for n, m, rate in STRATA:
        a, c = draw.binomial(n, 0.8 * rate, runs), draw.binomial(m, rate, runs)
        columns.append((a, n - a, c, m - c))
    tables = Tables(*np.moveaxis(np.array(columns, dtype=float), 0, -1))
    ratio, error = stratified.risk_ratio(tables), stratified.risk_ratio_error(tables)
    return float((np.abs(np.log(ratio / 0.8)) <= Z * error).mean())


def weighted_cochran_mantel_haenszel_tests(runs: int) -> float:
    found = [stratified.cochran_mantel_haenszel(each).p_value for each in strata(runs)]
    return float((np.array(found) < ALPHA).mean())


def weighted_breslow_day_tests(runs: int) -> float:
    found = [stratified.breslow_day(each).p_value for each in strata(runs, odds=2.0)]
    return float((np.array(found) < ALPHA).mean())


def weighted_woolf_tests(runs: int) -> float:
    found = [stratified.woolf(each).p_value for each in strata(runs, odds=2.0)]
    return float((np.array(found) < ALPHA).mean())


APPLIED = ((300, 60, 0.2), (150, 150, 0.5), (50, 290, 0.7))
"""Applicants of a group and of another, and the rate, which is the same for both."""


def false_reversals(runs: int) -> float:
    """No stratum has a gap; over everybody there is a large one."""
    return float(np.mean([each is Pattern.REVERSED for each in patterns(runs)]))


def false_differences_by_stratum(runs: int) -> float:
    """No stratum has a gap, so that none differs."""
    return float(np.mean([each is Pattern.DIFFERS for each in patterns(runs)]))


def patterns(runs: int) -> Iterator[Pattern]:
    """What is made of strata without a gap."""
    draw = random()
    n, m, rate = (np.array(each) for each in zip(*APPLIED, strict=True))
    for _ in range(runs):
        a, c = draw.binomial(n, rate).astype(float), draw.binomial(m, rate).astype(float)
        yield pattern_of(Tables(a, n - a, c, m - c))


def pattern_of(tables: Tables) -> Pattern:
    """As `measure` finds it."""
    own = Proportions(tables.a.sum(keepdims=True), (tables.a + tables.b).sum(keepdims=True))
    other = Proportions(tables.c.sum(keepdims=True), (tables.c + tables.d).sum(keepdims=True))
    low, high = intervals.difference_interval(own, other, CONFIDENCE)
    value = float((own.rate - other.rate)[0])
    whole = Gap(value, float(low[0]), float(high[0]), float(p_values(own, other)[0]))
    ends = stratified.risk_difference_interval(tables, CONFIDENCE)
    common = Gap(
        float(stratified.risk_difference(tables)),
        float(ends.low),
        float(ends.high),
        float(stratified.cochran_mantel_haenszel(tables).p_value),
    )
    same = (stratified.breslow_day(tables).p_value, stratified.woolf(tables).p_value)
    return pattern(whole, common, max(map(float, same)), ALPHA)


# --- maxima -------------------------------------------------------------------------------------


def of_groups(runs: int, sizes: tuple[int, ...], rates: tuple[float, ...]) -> Proportions:
    n = np.array(sizes)
    drawn = random().binomial(n, rates, (runs, len(n))).astype(float)
    return Proportions(drawn, np.broadcast_to(n.astype(float), drawn.shape))


def largest_differences_of_groups_alike(runs: int) -> float:
    drawn = of_groups(runs, (80, 150, 400), (0.3,) * 3)
    return held(largest_difference(drawn, CONFIDENCE), 0.0)


def largest_differences(runs: int) -> float:
    drawn = of_groups(runs, (80, 150, 400), (0.2, 0.3, 0.35))
    return held(largest_difference(drawn, CONFIDENCE), 0.15)


def largest_differences_of_twelve_and_twelve(runs: int) -> float:
    """Most samples have a group without a single success, or both."""
    return held(largest_difference(of_groups(runs, (12, 12), (0.02, 0.06)), CONFIDENCE), 0.04)


def smallest_ratios_of_groups_alike(runs: int) -> float:
    return held(smallest_ratio(of_groups(runs, (80, 150, 400), (0.3,) * 3), CONFIDENCE), 1.0)


def smallest_ratios(runs: int) -> float:
    drawn = of_groups(runs, (80, 150, 400), (0.2, 0.3, 0.35))
    return held(smallest_ratio(drawn, CONFIDENCE), 0.2 / 0.35)


def weighted_fair_models(runs: int) -> dict[str, list[tuple[float, float]]]:
    """Of three groups alike, the intervals of every figure about the whole attribute."""
    draw, found = random(), {}
    plan = Plan({"g": ("g",)}, columns=frozenset({Needs.OUTCOME, Needs.SELECTED}))
    cells = np.array([0.15, 0.1, 0.1, 0.65, 0.0, 0.0])
    for run in range(runs):
        sums = [np.zeros((3, 6)) for _ in range(3)]
        for group, n in enumerate((120, 200, 400)):
            weight, cell = draw.integers(1, 6, n).astype(float), draw.choice(6, n, p=cells)
            for power, each in enumerate(sums):
                each[group] = np.bincount(cell, weights=weight ** [1, 2, 0][power], minlength=6)
        groups = Groups("g", ("a", "b", "c"), *map(Counts.from_cells, sums))
        again = resampled(groups.sums, str(run), 200)
        for row in (*worst_pair_rows(groups, plan), *index_rows(groups, again, plan)):
            low, high = row.low, row.high
            assert low is not None
            assert high is not None
            found.setdefault(row.metric, []).append((low, high))
    return found


FAIR = {
    "equalized_odds_difference": 0.0,
    "equalized_odds_difference_mean": 0.0,
    "equalized_odds_ratio": 1.0,
    "demographic_parity_difference": 0.0,
    "demographic_parity_ratio": 1.0,
    "selection_rate_difference_worst_to_overall": 0.0,
    "selection_rate_ratio_worst_to_overall": 1.0,
    "smoothed_empirical_differential_fairness": 0.0,
    "bias_amplification": 0.0,
    "benefit_generalized_entropy": 0.0,
    "benefit_atkinson": 0.0,
}
"""Figures about groups alike, with their truth."""


# --- scores, values, places ---------------------------------------------------------------------


def weighted_areas_under_curves(runs: int) -> float:
    from scipy.special import ndtr

    draw, truth, hits = random(), float(ndtr(1 / np.sqrt(2))), 0
    for _ in range(runs):
        order = np.argsort(np.concatenate([draw.normal(1, 1, 60), draw.normal(0, 1, 90)]))
        weight = draw.integers(1, 6, 150).astype(float)
        own = order < 60
        squares = (weight**2 * own, weight**2 * ~own)
        area = ranking.area_under_curve(weight * own, weight * ~own, squares)
        hits += abs(area.value - truth) <= Z * np.sqrt(area.variance)
    return hits / runs


def standardised_differences(runs: int) -> float:
    """Of skewed scores with weights, half a standard deviation apart."""
    draw, hits = random(), 0
    apart = 0.5 * np.sqrt(2 * 5 / (7**2 * 8))
    for _ in range(runs):
        values = np.concatenate([draw.beta(2, 5, 120) + apart, draw.beta(2, 5, 200)])
        weight = draw.integers(1, 6, 320).astype(float)
        own = np.arange(320) < 120
        found = weighted.standardised_difference(
            values, (weight * own, weight**2 * own), (weight * ~own, weight**2 * ~own)
        )
        hits += abs(found.value - 0.5) <= Z * found.error
    return hits / runs


def ratios_of_means(runs: int) -> float:
    """As of exposures and of numeric outcomes: skewed values, one mean .8 of the other."""
    draw, hits, one = random(), 0, np.ones(150)
    for _ in range(runs):
        own, other = 0.8 * draw.exponential(1, 150), draw.exponential(1, 150)
        found = weighted.log_ratio(*(weighted.mean(each, one, one) for each in (own, other)))
        hits += abs(found.value - np.log(0.8)) <= Z * found.error
    return hits / runs


def recalibration_slopes(runs: int) -> float:
    draw, scores, hits = random(), np.linspace(0.05, 0.95, 19), 0
    n = np.full(19, 40)
    for _ in range(runs):
        positives = draw.binomial(n, scores).astype(float)
        found = ranking.recalibration_slope(scores, positives, n - positives)
        hits += abs(found.value - 1) <= Z * found.error
    return hits / runs


COVERAGE: dict[str, Simulation] = {
    each.__name__: each
    for each in (
        weighted_rates, weighted_differences, weighted_ratios, weighted_bootstraps,
        weighted_odds_ratios, weighted_risk_differences, conditional_impact_ratios,
        largest_differences_of_groups_alike, largest_differences,
        largest_differences_of_twelve_and_twelve, smallest_ratios_of_groups_alike,
        smallest_ratios, weighted_areas_under_curves, standardised_differences, ratios_of_means,
        recalibration_slopes,
    )
}  # fmt: skip
SIZES: dict[str, Simulation] = {
    each.__name__: each
    for each in (
        weighted_two_sample_tests, weighted_exact_tests, weighted_cochran_mantel_haenszel_tests,
        weighted_breslow_day_tests, weighted_woolf_tests, false_reversals,
        false_differences_by_stratum,
    )
}  # fmt: skip
