"""Metrics of the score behind the decision: from one histogram per grouping.

Up to `EXACT` different scores each counts for itself and all figures are exact; of more, scores
are rounded down to a grid of up to 32,768 steps, and `Row.method` states how far a figure can be
off for that. Only counts are made in SQL, so results do not differ from run to run.
"""

import math
from collections.abc import Iterator, Mapping

import numpy as np
from numpy.typing import NDArray

from fairness_audit.policy.base import UNKNOWN
from fairness_audit.policy.metrics import (
    ANY,
    ANY_DIFFERENCE,
    ANY_RATIO,
    DIFFERENCE,
    GAP,
    RATIO,
    SHARE,
    Direction,
    Metric,
    Needs,
)
from fairness_audit.records.measurement import OVERALL
from fairness_audit.statistics import intervals, ranking, ratio_intervals, significance
from fairness_audit.statistics.proportions import Floats, Proportions, two_sided_quantile
from fairness_audit.steps.measure.counting.grouped_scan import Scanner, groups_in
from fairness_audit.steps.measure.counting.plan import Plan
from fairness_audit.steps.measure.counting.score_histogram import Histogram
from fairness_audit.steps.measure.figures.pairs import REST
from fairness_audit.steps.measure.figures.rows import Row

PERCENTILES = (10, 25, 50, 75, 90)
_SCORE = (Needs.SCORE,)
_BOTH = (Needs.SCORE, Needs.OUTCOME)

MEAN = Metric(
    name="mean_score",
    meaning="mean of the scores",
    source="any textbook",
    needs=_SCORE,
    range=ANY,
    direction=Direction.NEITHER,
)
QUANTILES = {
    q: Metric(
        name=f"score_quantile_{q}",
        meaning=f"{q} % of the scores lie below it",
        source="Hyndman & Fan 1996, type 7",
        needs=_SCORE,
        range=ANY,
        direction=Direction.NEITHER,
    )
    for q in PERCENTILES
}
SMD = Metric(
    name="standardized_mean_difference",
    code="SMD",
    meaning="mean score of d minus that of a, over the pooled standard deviation of the two",
    source="Cohen 1988; sources differ in what they divide by",
    needs=_SCORE,
    range=ANY_DIFFERENCE,
    direction=Direction.NEITHER,
)
SKS = Metric(
    name="score_kolmogorov_smirnov",
    code="SKS",
    meaning="largest distance of the score distributions of d and a",
    source="Smirnov 1948",
    needs=_SCORE,
    range=GAP,
    direction=Direction.NEITHER,
)
SCORING_RATE = Metric(
    name="scoring_rate",
    code="ScR",
    meaning="share of the group that scores strictly above the median of everybody",
    source="6 RCNY 5-300",
    needs=_SCORE,
    range=SHARE,
    direction=Direction.NEITHER,
)
SCORING_RATIO = Metric(
    name="scoring_rate_impact_ratio",
    meaning="scoring rate over that of the reference or the highest",
    source="6 RCNY 5-300",
    needs=_SCORE,
    range=RATIO,
    direction=Direction.HIGHER,
)
AUC = Metric(
    name="area_under_curve",
    code="AUC",
    meaning="chance that a true outcome has a higher score than a false one",
    source="Hanley & McNeil 1982; interval DeLong et al. 1988",
    needs=_BOTH,
    range=SHARE,
    direction=Direction.HIGHER,
)
AUC_DIFFERENCE = Metric(
    name="area_under_curve_difference",
    meaning="area under the curve of d minus that of a",
    source="DeLong et al. 1988",
    needs=_BOTH,
    range=DIFFERENCE,
    direction=Direction.HIGHER,
)
CROSS = Metric(
    name="cross_area_under_curve",
    code="xAUC",
    meaning="chance that a true outcome of d has a higher score than a false one of a",
    source="Kallus & Zhou 2019",
    needs=_BOTH,
    range=SHARE,
    direction=Direction.HIGHER,
)
CROSS_MIRROR = Metric(
    name="cross_area_under_curve_mirror",
    meaning="chance that a true outcome of a has a higher score than a false one of d",
    source="Kallus & Zhou 2019",
    needs=_BOTH,
    range=SHARE,
    direction=Direction.NEITHER,
)
ECE = Metric(
    name="expected_calibration_error",
    code="ECE",
    meaning="mean distance of score and share of true outcomes over ten equal bins",
    source="Naeini et al. 2015",
    needs=_BOTH,
    range=GAP,
    direction=Direction.LOWER,
)
CALIBRATION_GAP = Metric(
    name="calibration_gap",
    meaning="mean score minus share of true outcomes, in one bin of the scores",
    source="Naeini et al. 2015",
    needs=_BOTH,
    range=DIFFERENCE,
    direction=Direction.NEITHER,
)
SLOPE = Metric(
    name="calibration_slope",
    meaning="slope of the outcome on the log odds of the score",
    source="Cox 1958",
    needs=_BOTH,
    range=ANY_RATIO,
    direction=Direction.NEITHER,
)
BRIER = Metric(
    name="brier_score",
    code="BS",
    meaning="mean squared distance of score and outcome",
    source="Brier 1950",
    needs=_BOTH,
    range=SHARE,
    direction=Direction.LOWER,
)
DEFINITIONS = (
    MEAN,
    *QUANTILES.values(),
    SMD,
    SKS,
    SCORING_RATE,
    SCORING_RATIO,
    AUC,
    AUC_DIFFERENCE,
    CROSS,
    CROSS_MIRROR,
    ECE,
    CALIBRATION_GAP,
    SLOPE,
    BRIER,
)

__all__ = ["DEFINITIONS", "score_rows"]

EXACT = 50_000
_STEPS = 2**14  # at least so many steps of the grid over the range of the scores, at most twice
_BINS = 10


def score_rows(plan: Plan, scan: Scanner, *, exact: int = EXACT) -> Iterator[Row]:
    """Every score metric of every group; ``exact`` is how many scores may count for themselves."""
    (extent,) = scan.table("score_range").to_pylist()
    if extent["lowest"] is None or not _is_finite(extent):
        return  # no score, or some that are none: a finding about the data's quality says so
    grid = 0.0
    if extent["distinct_scores"] > exact:
        width = extent["highest"] - extent["lowest"]
        grid = 2.0 ** math.ceil(math.log2(_STEPS / width))
    is_share = extent["lowest"] >= 0 and extent["highest"] <= 1
    first = True
    for attribute, parts in plan.groupings.items():
        table = scan.table("score_counts", parts, grid=grid)
        histogram = Histogram.of(table, groups_in(table, parts), grid)
        measured = _Measured(attribute, histogram, plan, is_share and plan.has(Needs.OUTCOME))
        if first:
            yield from measured.about(OVERALL, OVERALL, histogram.counts.sum(axis=0))
            first = False
        yield from measured.rows()


def _is_finite(extent: Mapping[str, float]) -> bool:
    return math.isfinite(extent["lowest"]) and math.isfinite(extent["highest"])


class _Measured:
    """The score metrics of one grouping."""

    def __init__(self, attribute: str, histogram: Histogram, plan: Plan, calibrated: bool) -> None:
        self._attribute, self._histogram, self._plan = attribute, histogram, plan
        self._calibrated = calibrated
        self._everybody = histogram.counts.sum(axis=0)
        self._above = _above_the_median(histogram, self._everybody.sum(axis=0))

    def rows(self) -> Iterator[Row]:
        """Every group, alone and against the reference or the rest."""
        histogram = self._histogram
        reference = self._plan.references.get(self._attribute)
        for i, name in enumerate(histogram.names):
            yield from self.about(self._attribute, name, histogram.counts[i])
        yield from self._scoring_ratios(reference)
        for i, name in enumerate(histogram.names):
            if name in (UNKNOWN, reference):
                continue
            if reference is None:
                yield from self._against(i, REST, self._everybody - histogram.counts[i])
            elif reference in histogram.names:
                other = histogram.counts[histogram.names.index(reference)]
                yield from self._against(i, reference, other)

    def about(self, attribute: str, name: str, counts: Floats) -> Iterator[Row]:
        """The figures of one group."""
        scores, every = self._histogram.scores, counts.sum(axis=0)
        n = int(every.sum())
        about = (attribute, name, n)
        yield self._row(MEAN, about, _mean(scores, every), self._stated("none", self._half))
        for q, metric in QUANTILES.items():
            value = ranking.quantile(scores, every, q / 100)
            yield self._row(metric, about, value, self._stated("none", self._half))
        yield self._scoring_rate(about, every)
        if not self._plan.has(Needs.OUTCOME):
            return
        area = ranking.area_under_curve(counts[1], counts[0])
        yield self._area(AUC, about, area, None)
        if self._calibrated:
            yield from self._calibration(about, counts)

    def _calibration(self, about: tuple[str, str, int], counts: Floats) -> Iterator[Row]:
        scores, positives, negatives = self._histogram.scores, counts[1], counts[0]
        known = positives + negatives
        labelled = known.sum()
        if not labelled:
            return
        bins = np.minimum((scores * _BINS).astype(np.intp), _BINS - 1)
        n = np.bincount(bins, weights=known, minlength=_BINS)
        gap = np.bincount(bins, weights=known * scores - positives, minlength=_BINS)
        stated = self._stated("none", self._half)
        yield self._row(ECE, about, float(np.abs(gap).sum() / labelled), stated)
        error = positives * (1 - scores) ** 2 + negatives * scores**2
        yield self._row(BRIER, about, float(error.sum() / labelled), stated)
        slope = ranking.recalibration_slope(scores, positives, negatives)
        yield self._row(SLOPE, about, slope, "none")
        for i in np.flatnonzero(n):
            end = "]" if i == _BINS - 1 else ")"
            stratum = f"score=[{i / _BINS:g}, {(i + 1) / _BINS:g}{end}"
            row = self._row(CALIBRATION_GAP, (*about[:2], int(n[i])), float(gap[i] / n[i]), stated)
            yield row._replace(stratum=stratum)

    def _scoring_rate(self, about: tuple[str, str, int], every: Floats) -> Row:
        above, n = float(every[self._above].sum()), float(every.sum())
        share = Proportions(np.array([above]), np.array([n]))
        low, high = intervals.rate_interval(share, self._plan.confidence)
        hidden = 0.0
        if self._histogram.step and n:
            hidden = float(every[np.argmax(self._above) - 1] / n) if self._above.any() else 0.0
        method = "clopper_pearson" if intervals.is_small(share)[0] else "wilson"
        row = self._row(
            SCORING_RATE, about, above / n if n else math.nan, self._stated(method, hidden)
        )
        return row._replace(numerator=above, denominator=n, low=float(low[0]), high=float(high[0]))

    def _scoring_ratios(self, reference: str | None) -> Iterator[Row]:
        """Against the reference group or else the group with the highest scoring rate."""
        every = self._histogram.counts.sum(axis=1)
        above, n = every[:, self._above].sum(axis=1), every.sum(axis=1)
        known = [i for i, name in enumerate(self._histogram.names) if name != UNKNOWN]
        best = max(known, key=lambda i: above[i] / n[i], default=None)
        if reference is not None:
            names = self._histogram.names
            best = names.index(reference) if reference in names else None
        if best is None or not above[best]:
            return
        for i in known:
            group = Proportions(above[[i]], n[[i]])
            other = Proportions(above[[best]], n[[best]])
            about = (self._attribute, self._histogram.names[i], int(n[i]))
            value = float(group.rate[0] / other.rate[0])
            row = self._row(SCORING_RATIO, about, value, "the reference itself")._replace(
                reference=self._histogram.names[best],
                numerator=float(above[i]),
                denominator=float(n[i]),
            )
            if i != best:
                low, high = ratio_intervals.ratio_interval(group, other, self._plan.confidence)
                p = significance.p_values(group, other)
                small = ratio_intervals.has_small_count(group, other)[0]
                row = row._replace(
                    low=float(low[0]),
                    high=float(high[0]),
                    p_value=float(p[0]),
                    method=self._stated("donner_zou" if small else "katz", 0.0),
                )
            yield row

    def _against(self, i: int, reference: str, other: Floats) -> Iterator[Row]:
        counts, scores = self._histogram.counts[i], self._histogram.scores
        own, rest = counts.sum(axis=0), other.sum(axis=0)
        about = (self._attribute, self._histogram.names[i], int(own.sum()))
        pooled = _pooled_variance(scores, own, rest)
        gap = _mean(scores, own) - _mean(scores, rest)
        smd = gap / math.sqrt(pooled) if pooled > 0 else math.nan
        stated = self._stated("none", self._half)
        yield self._row(SMD, about, smd, stated)._replace(reference=reference)
        if own.sum() and rest.sum():
            distance, hidden = ranking.largest_distance(own, rest)
            p = ranking.distance_p_value(distance, own.sum(), rest.sum())
            method = self._stated("none, asymptotic", hidden if self._histogram.step else 0.0)
            row = self._row(SKS, about, distance, method)
            yield row._replace(reference=reference, p_value=p)
        if self._plan.has(Needs.OUTCOME):
            yield from self._areas_against(about, reference, counts, other)

    def _areas_against(
        self, about: tuple[str, str, int], reference: str, counts: Floats, other: Floats
    ) -> Iterator[Row]:
        own = ranking.area_under_curve(counts[1], counts[0])
        theirs = ranking.area_under_curve(other[1], other[0])
        both = ranking.Area(
            own.value - theirs.value, own.variance + theirs.variance, own.tied + theirs.tied
        )
        row = self._area(AUC_DIFFERENCE, about, both, reference)
        if both.variance > 0:
            p = math.erfc(abs(both.value) / math.sqrt(2 * both.variance))
            row = row._replace(p_value=p, method=row.method.replace("delong", "delong, z"))
        yield row
        cross = ranking.area_under_curve(counts[1], other[0])
        yield self._area(CROSS, about, cross, reference)
        mirror = ranking.area_under_curve(other[1], counts[0])
        yield self._area(CROSS_MIRROR, about, mirror, reference)

    def _area(
        self,
        metric: Metric,
        about: tuple[str, str, int],
        area: ranking.Area,
        reference: str | None,
    ) -> Row:
        half = two_sided_quantile(self._plan.confidence) * math.sqrt(area.variance)
        least = -1.0 if metric is AUC_DIFFERENCE else 0.0
        method = self._stated(
            "none" if math.isnan(half) else "delong", area.tied if self._histogram.step else 0.0
        )
        return self._row(metric, about, area.value, method)._replace(
            reference=reference,
            low=max(least, area.value - half) if half == half else None,
            high=min(1.0, area.value + half) if half == half else None,
        )

    @property
    def _half(self) -> float:
        return self._histogram.step / 2

    def _stated(self, method: str, error: float) -> str:
        return f"{method}, error <= {error:.2g}" if self._histogram.step and error else method

    def _row(self, metric: Metric, about: tuple[str, str, int], value: float, method: str) -> Row:
        attribute, group, n = about
        defined = None if math.isnan(value) else value
        return Row.of(metric, attribute, group, n=n, value=defined, method=method)


def _above_the_median(histogram: Histogram, every: Floats) -> NDArray[np.bool_]:
    median = ranking.quantile(histogram.scores, every, 0.5)
    return np.asarray(histogram.scores > median, dtype=np.bool_)


def _mean(scores: Floats, counts: Floats) -> float:
    n = counts.sum()
    return float((scores * counts).sum() / n) if n else math.nan


def _pooled_variance(scores: Floats, own: Floats, other: Floats) -> float:
    freedom = own.sum() + other.sum() - 2
    if freedom <= 0 or not own.sum() or not other.sum():
        return math.nan
    squares = (own * (scores - _mean(scores, own)) ** 2).sum()
    squares += (other * (scores - _mean(scores, other)) ** 2).sum()
    return float(squares / freedom)
