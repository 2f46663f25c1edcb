"""Simulated samples whose truth is known: how often intervals hold it, and tests call it false.

Each simulation draws ``runs`` samples of a fixed seed and returns a share: of intervals that hold
the truth (nominally 95 %), or of tests that reject what is true (nominally 5 %).
"""

from collections.abc import Callable

import numpy as np

from fairness_audit.statistics import intervals, ranking, ratio_intervals, stratified
from fairness_audit.statistics.change_point import change_point
from fairness_audit.statistics.inequality import generalized_entropy
from fairness_audit.statistics.proportions import Interval, Proportions, two_sided_quantile
from fairness_audit.statistics.significance import p_values
from fairness_audit.statistics.stratified import Tables
from fairness_audit.steps.measure.counting.counts import Counts
from fairness_audit.steps.measure.counting.groups import Sums
from fairness_audit.steps.measure.figures.bootstrap import percentile_interval, resampled
from fairness_audit.steps.measure.metrics.classes import same_distribution, superiority

Simulation = Callable[[int], float]
CONFIDENCE, ALPHA = 0.95, 0.05
RATE, OTHER = 0.3, 0.4
SIZE, OTHER_SIZE = 60, 150


def random() -> np.random.Generator:
    return np.random.default_rng(20_261_123)


def two_samples(runs: int, own: float = RATE) -> tuple[Proportions, Proportions]:
    draw = random()
    trials, others = np.full(runs, float(SIZE)), np.full(runs, float(OTHER_SIZE))
    return (
        Proportions(draw.binomial(SIZE, own, runs).astype(float), trials),
        Proportions(draw.binomial(OTHER_SIZE, OTHER, runs).astype(float), others),
    )


def held(interval: Interval, truth: float) -> float:
    return float(((interval.low <= truth) & (truth <= interval.high)).mean())


def rates(runs: int) -> float:
    return held(intervals.rate_interval(two_samples(runs)[0], CONFIDENCE), RATE)


def differences(runs: int) -> float:
    return held(intervals.difference_interval(*two_samples(runs), CONFIDENCE), RATE - OTHER)


def ratios(runs: int) -> float:
    return held(ratio_intervals.ratio_interval(*two_samples(runs), CONFIDENCE), RATE / OTHER)


def differences_to_overall(runs: int) -> float:
    group, rest = two_samples(runs)
    found = intervals.difference_interval(group, rest, CONFIDENCE)
    overall = (RATE * SIZE + OTHER * OTHER_SIZE) / (SIZE + OTHER_SIZE)
    return held(intervals.difference_to_overall(found, group, rest), RATE - overall)


def ratios_to_overall(runs: int) -> float:
    group, rest = two_samples(runs)
    found = ratio_intervals.ratio_interval(group, rest, CONFIDENCE)
    overall = (RATE * SIZE + OTHER * OTHER_SIZE) / (SIZE + OTHER_SIZE)
    return held(ratio_intervals.ratio_to_overall(found, group, rest), RATE / overall)


def two_sample_tests(runs: int) -> float:
    return float((p_values(*two_samples(runs, OTHER)) < ALPHA).mean())


STRATA = ((40, 60, 0.2), (80, 50, 0.5), (30, 90, 0.7))


def strata(runs: int, *, difference: float = 0.0, odds: float = 1.0) -> list[Tables]:
    """Three strata with a common difference of rates, or a common odds ratio."""
    draw, columns = random(), []
    for n, m, rate in STRATA:
        own = rate + difference if difference else odds * rate / (1 - rate + odds * rate)
        a, c = draw.binomial(n, own, runs), draw.binomial(m, rate, runs)
        columns.append((a, n - a, c, m - c))
    return [
        Tables(*(np.array([column[i][run] for column in columns], dtype=float) for i in range(4)))
        for run in range(runs)
    ]


def mantel_haenszel_odds_ratios(runs: int) -> float:
    found = [stratified.odds_ratio_interval(each, CONFIDENCE) for each in strata(runs, odds=2.0)]
    return float(np.mean([low <= 2.0 <= high for low, high in found]))


def mantel_haenszel_risk_differences(runs: int) -> float:
    drawn = strata(runs, difference=0.1)
    found = [stratified.risk_difference_interval(each, CONFIDENCE) for each in drawn]
    return float(np.mean([low <= 0.1 <= high for low, high in found]))


def cochran_mantel_haenszel_tests(runs: int) -> float:
    found = [stratified.cochran_mantel_haenszel(each).p_value for each in strata(runs)]
    return float((np.array(found) < ALPHA).mean())


def breslow_day_tests(runs: int) -> float:
    found = [stratified.breslow_day(each).p_value for each in strata(runs, odds=2.0)]
    return float((np.array(found) < ALPHA).mean())


def areas_under_curves(runs: int) -> float:
    """Scores of positives one standard deviation above those of negatives: area Φ(1/√2)."""
    from scipy.special import ndtr

    draw, truth, hits = random(), float(ndtr(1 / np.sqrt(2))), 0
    half = two_sided_quantile(CONFIDENCE)
    for _ in range(runs):
        scores = np.concatenate([draw.normal(1, 1, 40), draw.normal(0, 1, 80)])
        order = np.argsort(scores)
        positives = (order < 40).astype(float)
        area = ranking.area_under_curve(positives, 1 - positives)
        hits += abs(area.value - truth) <= half * np.sqrt(area.variance)
    return hits / runs


def class_distributions(runs: int) -> float:
    draw = random()
    own = draw.multinomial(80, [0.5, 0.3, 0.2], runs).astype(float)
    other = draw.multinomial(120, [0.5, 0.3, 0.2], runs).astype(float)
    found = [same_distribution(a, b) for a, b in zip(own, other, strict=True)]
    return float(np.mean([p is not None and p < ALPHA for p in found]))


def orders_of_classes(runs: int) -> float:
    draw = random()
    own = draw.multinomial(80, [0.5, 0.3, 0.2], runs).astype(float)
    other = draw.multinomial(120, [0.5, 0.3, 0.2], runs).astype(float)
    found = [superiority(a, b)[1] for a, b in zip(own, other, strict=True)]
    return float(np.mean([p is not None and p < ALPHA for p in found]))


def unweighted(counts: Counts) -> Sums:
    cells = counts.cells()
    return Sums(cells, cells, cells)


def bootstrapped_entropies(runs: int) -> float:
    """The generalized entropy of benefits over 400 decisions: no closed form is used."""
    draw, hits = random(), 0
    cells = np.array([0.2, 0.1, 0.15, 0.55])

    def entropy(counts: Counts) -> np.ndarray:
        benefits = np.stack([counts.fp, counts.tp + counts.tn, counts.fn], axis=-1)
        return generalized_entropy(np.array([2.0, 1.0, 0.0]), benefits, 2)

    truth = float(entropy(Counts(*cells)))
    for run in range(runs):
        counts = Counts(*(np.array([float(n)]) for n in draw.multinomial(400, cells)), *_NOBODY)
        again = entropy(resampled(unweighted(counts), str(run), 400))
        low, high = percentile_interval(again, CONFIDENCE)
        hits += float(low[0]) <= truth <= float(high[0])
    return hits / runs


_NOBODY = (np.zeros(1), np.zeros(1))


def change_points(runs: int) -> float:
    """Twelve audits of a steady rate; each test simulates itself, so there are fewer."""
    draw = random().binomial(200, RATE, (runs // 10, 12))
    found = [change_point(each.tolist(), [200] * 12).p_value for each in draw]
    return float((np.array(found) < ALPHA).mean())


def dates_of_changes(runs: int) -> float:
    """Twelve audits, whose rate falls from 40 to 25 % with the eighth."""
    rates = [0.4] * 7 + [0.25] * 5
    draw = random().binomial(200, rates, (runs // 10, 12))
    found = [change_point(each.tolist(), [200] * 12) for each in draw]
    return float(np.mean([each.low <= 7 <= each.high for each in found]))


COVERAGE: dict[str, Simulation] = {
    each.__name__: each
    for each in (
        rates, differences, ratios, differences_to_overall, ratios_to_overall,
        mantel_haenszel_odds_ratios, mantel_haenszel_risk_differences, areas_under_curves,
        bootstrapped_entropies,
    )
}  # fmt: skip
SIZES: dict[str, Simulation] = {
    each.__name__: each
    for each in (
        two_sample_tests, cochran_mantel_haenszel_tests, breslow_day_tests, class_distributions,
        orders_of_classes,
    )
}  # fmt: skip
SLOW: dict[str, Simulation] = {
    "change_points": change_points,
    "dates_of_changes": dates_of_changes,
}
"""Too slow for the suite, where `tests/pure/statistics/test_change_point.py` has smaller ones."""
