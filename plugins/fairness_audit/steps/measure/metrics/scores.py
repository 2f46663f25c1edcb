"""Metrics of the score behind the decision: from one histogram per grouping.

Up to `EXACT` different scores each counts for itself and all figures are exact; of more, scores
are rounded down to a grid of up to 32,768 steps, and `Row.method` states how far a figure can be
off for that. Only counts are made in SQL, so results do not differ from run to run.
"""

import math
from collections.abc import Iterator, Mapping

import numpy as np

from fairness_audit.policy import gaps
from fairness_audit.policy.base import UNKNOWN
from fairness_audit.policy.metrics import (
    ANY,
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
from fairness_audit.statistics import intervals, ranking, ratio_intervals, significance, weighted
from fairness_audit.statistics.effective_counts import equally_weighted
from fairness_audit.statistics.proportions import Proportions, two_sided_quantile
from fairness_audit.steps.measure.counting.grouped_scan import Scanner, groups_in
from fairness_audit.steps.measure.counting.groups import Sums
from fairness_audit.steps.measure.counting.plan import Plan
from fairness_audit.steps.measure.counting.score_histogram import Histogram, origin_of
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
    gaps.STANDARDISED,
    SKS,
    SCORING_RATE,
    SCORING_RATIO,
    AUC,
    gaps.AREA,
    gaps.CALIBRATION,
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


def score_rows(
    plan: Plan, scan: Scanner, *, exact: int = EXACT, scale: float | None = None
) -> Iterator[Row]:
    """Every score metric of every group; up to ``exact`` scores each count for themselves.

    ``scale`` says in which steps weights are summed, if there are any.
    """
    (extent,) = scan.table("score_range").to_pylist()
    if extent["lowest"] is None or not _is_finite(extent):
        return  # no score, or some that are none: a finding about the data's quality says so
    grid = 0.0
    if extent["distinct_scores"] > exact:
        width = extent["highest"] - extent["lowest"]
        grid = 2.0 ** math.ceil(math.log2(_STEPS / width))
    is_share = extent["lowest"] >= 0 and extent["highest"] <= 1
    origin = origin_of(extent["lowest"], extent["highest"])
    first = True
    for attribute, parts in plan.groupings.items():
        if scale is None:
            table = scan.table("score_counts", parts, grid=grid, origin=origin)
        else:
            table = scan.table(
                "weighted_score_counts", parts, grid=grid, origin=origin, scale=scale
            )
        histogram = Histogram.of(table, groups_in(table, parts), grid, float(origin))
        measured = _Measured(attribute, histogram, plan, is_share and plan.has(Needs.OUTCOME))
        if first:
            yield from measured.about(OVERALL, OVERALL, histogram.sums.summed(0))
            first = False
        yield from measured.rows()


def _is_finite(extent: Mapping[str, float]) -> bool:
    return math.isfinite(extent["lowest"]) and math.isfinite(extent["highest"])


class _Measured:
    """The score metrics of one grouping; sums are by outcome and score."""

    def __init__(self, attribute: str, histogram: Histogram, plan: Plan, calibrated: bool) -> None:
        self._attribute, self._histogram, self._plan = attribute, histogram, plan
        self._calibrated = calibrated
        self._everybody = histogram.sums.summed(0)
        self._above = histogram.scores > self._quantile(self._everybody.summed(0), 0.5)

    def rows(self) -> Iterator[Row]:
        """Every group, alone and against the reference or the rest."""
        histogram = self._histogram
        reference = self._plan.references.get(self._attribute)
        for i, name in enumerate(histogram.names):
            yield from self.about(self._attribute, name, histogram.sums.at(i))
        yield from self._scoring_ratios(reference)
        for i, name in enumerate(histogram.names):
            if name in (UNKNOWN, reference):
                continue
            if reference is None:
                yield from self._against(i, REST, self._everybody.without(histogram.sums.at(i)))
            elif reference in histogram.names:
                other = histogram.sums.at(histogram.names.index(reference))
                yield from self._against(i, reference, other)

    def about(self, attribute: str, name: str, sums: Sums) -> Iterator[Row]:
        """The figures of one group."""
        every = sums.summed(0)
        about = (attribute, name, int(every.rows.sum()))
        mean = weighted.mean(self._histogram.scores, every.weight, every.squares)
        mean = mean._replace(value=mean.value + self._histogram.origin)
        yield self._estimated(MEAN, about, mean, "z", self._half)
        for q, metric in QUANTILES.items():
            value = self._quantile(every, q / 100) + self._histogram.origin
            yield self._row(metric, about, value, self._stated("none", self._half))
        yield self._scoring_rate(about, every)
        if not self._plan.has(Needs.OUTCOME):
            return
        yield self._area(AUC, about, _area(sums, sums), None)
        if self._calibrated:
            yield from self._calibration(about, sums)

    def _calibration(self, about: tuple[str, str, int], sums: Sums) -> Iterator[Row]:
        scores = self._histogram.scores
        labelled = sums.at(slice(0, 2))
        if not labelled.weight.sum():
            return
        (negatives, positives), squares = labelled.weight, labelled.squares
        known = labelled.summed(0)
        bins = np.minimum((scores * _BINS).astype(np.intp), _BINS - 1)
        weight, worth, rows = (np.bincount(bins, weights=each, minlength=_BINS) for each in known)
        gap = np.bincount(bins, weights=known.weight * scores - positives, minlength=_BINS)
        stated = self._stated("none", self._half)
        yield self._row(ECE, about, float(np.abs(gap).sum() / weight.sum()), stated)
        error = np.concatenate([scores**2, (1 - scores) ** 2])
        brier = weighted.mean(error, labelled.weight.ravel(), squares.ravel())
        yield self._estimated(BRIER, about, brier, "z", self._half)
        slope = ranking.recalibration_slope(scores, positives, negatives, (squares[1], squares[0]))
        yield self._estimated(SLOPE, about, slope, "z", 0.0)
        true = np.bincount(bins, weights=positives, minlength=_BINS)
        for i in np.flatnonzero(weight):
            end = "]" if i == _BINS - 1 else ")"
            stratum = f"score=[{i / _BINS:g}, {(i + 1) / _BINS:g}{end}"
            share = _share(true[i], weight[i], worth[i])
            row = self._calibration_gap((*about[:2], int(rows[i])), gap[i] / weight[i], share)
            yield row._replace(stratum=stratum)

    def _calibration_gap(self, about: tuple[str, str, int], gap: float, share: Proportions) -> Row:
        """The scores are given; what varies is the share of true outcomes, with its interval."""
        low, high = (float(end[0]) for end in intervals.rate_interval(share, self._confidence))
        mean, method = gap + float(share.rate[0]), _method_of(share)
        row = self._row(CALIBRATION_GAP, about, gap, self._stated(method, self._half))
        return row._replace(
            low=min(mean - high, gap),
            high=max(mean - low, gap),
            standard_error=(high - low) / (2 * two_sided_quantile(self._confidence)),
        )

    def _excess(self, sums: Sums) -> weighted.Estimate:
        """Mean score minus outcome, where it is known."""
        scores, known = self._histogram.scores, sums.at(slice(0, 2))
        excess = np.concatenate([scores, scores - 1])
        return weighted.mean(excess, known.weight.ravel(), known.squares.ravel())

    def _scoring_rate(self, about: tuple[str, str, int], every: Sums) -> Row:
        above, n = float(every.weight[self._above].sum()), float(every.weight.sum())
        share = _share(above, n, float(every.squares.sum()))
        low, high = intervals.rate_interval(share, self._confidence)
        hidden = 0.0
        if self._histogram.step and n and self._above.any():
            hidden = float(every.weight[np.argmax(self._above) - 1] / n)
        value = above / n if n else math.nan
        row = self._row(SCORING_RATE, about, value, self._stated(_method_of(share), hidden))
        return row._replace(numerator=above, denominator=n, low=float(low[0]), high=float(high[0]))

    def _scoring_ratios(self, reference: str | None) -> Iterator[Row]:
        """Against the reference group or else the group with the highest scoring rate."""
        every = self._histogram.sums.summed(1)
        above, n = every.weight[:, self._above].sum(axis=1), every.weight.sum(axis=1)
        worth, rows = every.squares.sum(axis=1), every.rows.sum(axis=1)
        names = self._histogram.names
        known = [i for i, name in enumerate(names) if name != UNKNOWN]
        large = [i for i in known if rows[i] >= self._plan.min_group_size]
        best = max(large or known, key=lambda i: (above[i] / n[i], n[i]), default=None)
        if reference is not None:
            best = names.index(reference) if reference in names else None
        if best is None or not above[best]:
            return
        other = _share(above[best], n[best], worth[best])
        for i in known:
            group = _share(above[i], n[i], worth[i])
            value = float((above[i] / n[i]) / (above[best] / n[best]))
            about = (self._attribute, names[i], int(rows[i]))
            row = self._row(SCORING_RATIO, about, value, "the reference itself")._replace(
                reference=names[best], numerator=float(above[i]), denominator=float(n[i])
            )
            if i != best:
                low, high = ratio_intervals.ratio_interval(group, other, self._confidence)
                p = significance.p_values(group, other)
                small = ratio_intervals.has_small_count(group, other)[0]
                row = row._replace(
                    low=float(low[0]),
                    high=float(high[0]),
                    p_value=float(p[0]),
                    method=self._stated("donner_zou" if small else "katz", 0.0),
                )
            yield row

    def _against(self, i: int, reference: str, other: Sums) -> Iterator[Row]:
        sums, scores = self._histogram.sums.at(i), self._histogram.scores
        own, rest = sums.summed(0), other.summed(0)
        about = (self._attribute, self._histogram.names[i], int(own.rows.sum()))
        smd = weighted.standardised_difference(
            scores, (own.weight, own.squares), (rest.weight, rest.squares)
        )
        yield self._estimated(gaps.STANDARDISED, about, smd, "delta", self._half)._replace(
            reference=reference
        )
        if own.weight.sum() and rest.weight.sum():
            distance, hidden = ranking.largest_distance(own.weight, rest.weight)
            sizes = [equally_weighted(e.weight.sum(), e.squares.sum()) for e in (own, rest)]
            p = ranking.distance_p_value(distance, *map(float, sizes))
            method = self._stated("none, asymptotic", hidden if self._histogram.step else 0.0)
            row = self._row(SKS, about, distance, method)
            yield row._replace(reference=reference, p_value=p)
        if self._plan.has(Needs.OUTCOME):
            yield from self._areas_against(about, reference, sums, other)

    def _areas_against(
        self, about: tuple[str, str, int], reference: str, sums: Sums, other: Sums
    ) -> Iterator[Row]:
        own, theirs = _area(sums, sums), _area(other, other)
        if self._calibrated:
            excess, other_excess = self._excess(sums), self._excess(other)
            gap = weighted.Estimate(
                excess.value - other_excess.value, excess.variance + other_excess.variance
            )
            row = self._estimated(gaps.CALIBRATION, about, gap, "z", 2 * self._half)
            yield row._replace(reference=reference)
        both = ranking.Area(
            own.value - theirs.value, own.variance + theirs.variance, own.tied + theirs.tied
        )
        row = self._area(gaps.AREA, about, both, reference)
        if both.variance > 0:
            p = math.erfc(abs(both.value) / math.sqrt(2 * both.variance))
            row = row._replace(p_value=p, method=row.method.replace("delong", "delong, z"))
        yield row
        yield self._area(CROSS, about, _area(sums, other), reference)
        yield self._area(CROSS_MIRROR, about, _area(other, sums), reference)

    def _area(
        self,
        metric: Metric,
        about: tuple[str, str, int],
        area: ranking.Area,
        reference: str | None,
    ) -> Row:
        error = math.sqrt(area.variance) if area.variance >= 0 else math.nan
        half = two_sided_quantile(self._confidence) * error
        least = -1.0 if metric is gaps.AREA else 0.0
        method = self._stated(
            "none" if math.isnan(half) else "delong", area.tied if self._histogram.step else 0.0
        )
        row = self._row(metric, about, area.value, method)._replace(reference=reference)
        if math.isnan(half):
            return row
        low, high = max(least, area.value - half), min(1.0, area.value + half)
        return row._replace(low=low, high=high, standard_error=error)

    def _estimated(
        self,
        metric: Metric,
        about: tuple[str, str, int],
        found: weighted.Estimate,
        method: str,
        error: float,
    ) -> Row:
        """With the interval of a normal distribution, if there is a standard error."""
        half = two_sided_quantile(self._confidence) * found.error
        if math.isnan(half):
            return self._row(metric, about, found.value, self._stated("none", error))
        row = self._row(metric, about, found.value, self._stated(method, error))
        low, high = found.value - half, found.value + half
        return row._replace(low=low, high=high, standard_error=found.error)

    def _quantile(self, sums: Sums, share: float) -> float:
        scores = self._histogram.scores
        if sums.is_weighted:
            return weighted.quantile(scores, sums.weight, share)
        return ranking.quantile(scores, sums.rows, share)

    @property
    def _confidence(self) -> float:
        return self._plan.confidence

    @property
    def _half(self) -> float:
        return self._histogram.step / 2

    def _stated(self, method: str, error: float) -> str:
        return f"{method}, error <= {error:.2g}" if self._histogram.step and error else method

    def _row(self, metric: Metric, about: tuple[str, str, int], value: float, method: str) -> Row:
        attribute, group, n = about
        defined = None if math.isnan(value) else value
        return Row.of(metric, attribute, group, n=n, value=defined, method=method)


def _area(positives_of: Sums, negatives_of: Sums) -> ranking.Area:
    """Of the true outcomes of one side and the false ones of another."""
    p, n = positives_of.at(1), negatives_of.at(0)
    return ranking.area_under_curve(p.weight, n.weight, (p.squares, n.squares))


def _share(successes: float, weight: float, squares: float) -> Proportions:
    """A share of weights as one of so many rows as they are worth."""
    n = weight**2 / squares if squares else 0.0
    if squares == weight:  # no weights: whole counts stay whole
        return Proportions(np.array([float(successes)]), np.array([float(weight)]))
    return Proportions(np.array([successes / weight * n if weight else 0.0]), np.array([n]))


def _method_of(share: Proportions) -> str:
    return "clopper_pearson" if intervals.is_small(share)[0] else "wilson"
