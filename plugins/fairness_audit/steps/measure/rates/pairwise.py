"""Metrics that set one group against another: one place per metric.

``d`` is the group the row is about, ``a`` what it is compared with: the reference group or, where
none is named, everybody else. The orientation of each is that of its source: Clarify's differences
are a - d (or d - a for rates of rejection), AIF360's are d - a.

Sources: Amazon SageMaker Clarify, "Measure Pre-training Bias" and "Measure Post-training Data and
Model Bias", and its library smclarify; AIF360, `classification_metric.py`; LiFT
(github.com/linkedin/LiFT); Wachter, Mittelstadt & Russell 2020 for demographic disparity.
"""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import numpy as np

from fairness_audit.policy.metrics import (
    ACCURACY,
    ANY_DIFFERENCE,
    BASE_RATE,
    DIFFERENCE,
    DISTANCE,
    FALSE_POSITIVE_RATE,
    GAP,
    NEGATIVE_PREDICTIVE_VALUE,
    POSITIVE_PREDICTIVE_VALUE,
    RATIO,
    SELECTION_RATE,
    TRUE_NEGATIVE_RATE,
    TRUE_POSITIVE_RATE,
    Direction,
    Metric,
    Needs,
    Range,
    Rate,
)
from fairness_audit.statistics import divergence, inequality, stratified
from fairness_audit.statistics.proportions import Floats, clarify_quotient, quotient
from fairness_audit.steps.measure.counting.counts import Counts
from fairness_audit.steps.measure.counting.plan import Compat

Formula = Callable[[Counts, Counts], Floats]

_CLARIFY = "SageMaker Clarify"
_AIF360 = "AIF360"
_LABEL = (Needs.OUTCOME,)
_DECISION = (Needs.SELECTED,)
_BOTH = (Needs.OUTCOME, Needs.SELECTED)
_BENEFIT = np.array([2.0, 1.0, 0.0])


@dataclass(frozen=True, kw_only=True)
class Pairwise(Metric):
    """A metric of a group ``d`` against ``a``.

    If it is the difference of one rate, ``rate`` names it and ``sign`` is +1 for d - a, -1 for
    a - d; ``is_ratio`` if it is the ratio d / a. If it is the mean of the differences of two rates
    with disjoint denominators, ``mean_of`` names them. One that ``is_size`` is ``scale`` times the
    size of a difference, or the smaller of a ratio and its inverse. What is never below 0, and 0
    if a rate is the same, names it in ``zero_where_equal``. What grows ``with_size`` is made of
    the independent decisions that rows are worth. ``compat`` holds other systems' formulas.
    """

    formula: Formula
    rate: Rate | None = None
    sign: int = 1
    is_ratio: bool = False
    mean_of: tuple[Rate, ...] = ()
    is_size: bool = False
    scale: float = 1.0
    zero_where_equal: Rate | None = None
    with_size: bool = False
    compat: Mapping[Compat, Formula] = field(default_factory=dict)

    def formula_of(self, compat: Compat | None) -> Formula:
        """The formula under the conventions asked for."""
        return self.formula if compat is None else self.compat.get(compat, self.formula)

    def grows_with_size(self, compat: Compat | None) -> bool:
        """True if more rows alike make another value; LiFT's smoothing counts as a row."""
        return self.with_size or (compat is Compat.LIFT and compat in self.compat)


def _difference(name: str, code: str, rate: Rate, *, sign: int, source: str) -> Pairwise:
    def formula(d: Counts, a: Counts) -> Floats:
        return sign * (_rate(rate, d) - _rate(rate, a))

    first, second = ("d", "a") if sign > 0 else ("a", "d")
    return Pairwise(
        name=name,
        code=code,
        meaning=f"{rate.phrase.called} of {first} minus that of {second}",
        source=source,
        needs=rate.needs,
        range=DIFFERENCE,
        direction=Direction.NEITHER,
        formula=formula,
        rate=rate,
        sign=sign,
    )


def _a_minus_d(name: str, code: str, rate: Rate, source: str = _CLARIFY) -> Pairwise:
    return _difference(name, code, rate, sign=-1, source=source)


def _d_minus_a(name: str, code: str, rate: Rate, source: str = _CLARIFY) -> Pairwise:
    return _difference(name, code, rate, sign=1, source=source)


def _rate(rate: Rate, c: Counts) -> Floats:
    return quotient(rate.numerator(c), rate.denominator(c))


def _labels(c: Counts) -> Floats:
    """Counts of the two labels, on a last axis."""
    return np.stack(np.broadcast_arrays(c.positives, c.negatives), axis=-1).astype(np.float64)


def _benefits(d: Counts, a: Counts) -> Floats:
    """How many of both groups have the benefit selected - outcome + 1 = 2, 1 and 0."""
    both = d + a
    return np.stack([both.fp, both.tp + both.tn, both.fn], axis=-1)


def _sides(d: Floats, a: Floats) -> Floats:
    return np.stack(np.broadcast_arrays(d, a), axis=-1).astype(np.float64)


def _skew(d: Counts, a: Counts, *, smoothing: int = 0) -> Floats:
    observed = divergence.shares(_sides(d.selected, a.selected) + smoothing)[..., 0]
    expected = divergence.shares(_sides(d.n, a.n) + smoothing)[..., 0]
    with np.errstate(divide="ignore"):
        found: Floats = np.log(quotient(observed, expected))
    return found


def _z(d: Counts, a: Counts) -> Floats:
    pooled = quotient(d.selected + a.selected, d.n + a.n)
    spread = (
        pooled * (1 - pooled) * (quotient(np.ones_like(d.n), d.n) + 1 / np.maximum(a.n, 1e-300))
    )
    return quotient(_rate(SELECTION_RATE, d) - _rate(SELECTION_RATE, a), np.sqrt(spread))


def _entropy(alpha: float) -> Formula:
    return lambda d, a: inequality.generalized_entropy(_BENEFIT, _benefits(d, a), alpha)


def _divergence(
    name: str,
    code: str,
    meaning: str,
    measure: Callable[[Floats, Floats], Floats],
    *,
    common: Callable[[Floats, Floats], Floats],
    high: float | None,
    times_difference: float | None = None,  # of the base rates, if it is just that
    **compat: Formula,
) -> Pairwise:
    is_size = times_difference is not None
    compat["smclarify"] = lambda d, a: divergence.of_common(common, _labels(a), _labels(d))
    return Pairwise(
        name=name,
        code=code,
        meaning=f"{meaning} of the label distributions of a and d",
        source=_CLARIFY,
        needs=_LABEL,
        range=Range(0.0, high, no_disparity=0.0),
        direction=Direction.NEITHER,
        formula=lambda d, a: measure(_labels(a), _labels(d)),
        rate=BASE_RATE if is_size else None,
        is_size=is_size,
        scale=times_difference or 1.0,
        zero_where_equal=BASE_RATE,
        compat={Compat(system): formula for system, formula in compat.items()},
    )


PAIRWISE: tuple[Pairwise, ...] = (
    Pairwise(
        name="class_imbalance",
        code="CI",
        meaning="(n_a - n_d) / (n_a + n_d)",
        source=_CLARIFY,
        needs=(),
        range=DIFFERENCE,
        direction=Direction.NEITHER,
        formula=lambda d, a: quotient(a.n - d.n, a.n + d.n),
    ),
    _a_minus_d("difference_in_proportions_of_labels", "DPL", BASE_RATE),
    _divergence(
        "kullback_leibler_divergence",
        "KL",
        "divergence (natural log)",
        divergence.kullback_leibler,
        high=None,
        common=divergence.kullback_leibler_of_shares,
        lift=lambda d, a: divergence.kullback_leibler(
            divergence.smoothed(_labels(a)), divergence.smoothed(_labels(d)), base=2
        ),
    ),
    _divergence(
        "jensen_shannon_divergence",
        "JS",
        "divergence (natural log)",
        divergence.jensen_shannon,
        high=math.log(2),
        common=divergence.jensen_shannon_of_shares,
        lift=lambda d, a: divergence.jensen_shannon(_labels(a), _labels(d), base=2),
    ),
    _divergence(
        "lp_norm",
        "LP",
        "Euclidean distance",
        divergence.lp_norm,
        high=math.sqrt(2),
        times_difference=math.sqrt(2),
        common=divergence.norm_of_shares(2),
    ),
    _divergence(
        "total_variation_distance",
        "TVD",
        "half the absolute distance",
        divergence.total_variation,
        high=1.0,
        times_difference=1.0,
        common=lambda p, q: divergence.norm_of_shares(1)(p, q) / 2,
    ),
    _divergence(
        "kolmogorov_smirnov",
        "KS",
        "largest difference",
        divergence.largest_difference,
        high=1.0,
        times_difference=1.0,
        common=divergence.norm_of_shares(math.inf),
    ),
    Pairwise(
        name="demographic_disparity_labels",
        code="DDL",
        meaning="d's share of the false outcomes minus its share of the true ones",
        source="Wachter et al. 2020",
        needs=_LABEL,
        range=DIFFERENCE,
        direction=Direction.NEITHER,
        formula=lambda d, a: np.where(
            d.labelled + a.labelled == 0,
            np.nan,
            stratified.demographic_disparity(d.positives, d.negatives, a.positives, a.negatives),
        ),
    ),
    Pairwise(
        name="demographic_disparity_predicted_labels",
        code="DDPL",
        meaning="d's share of the not selected minus its share of the selected",
        source="Wachter et al. 2020",
        needs=_DECISION,
        range=DIFFERENCE,
        direction=Direction.NEITHER,
        formula=lambda d, a: stratified.demographic_disparity(
            d.selected, d.not_selected, a.selected, a.not_selected
        ),
    ),
    _a_minus_d("difference_in_positive_proportions_in_predicted_labels", "DPPL", SELECTION_RATE),
    Pairwise(
        name="disparate_impact",
        code="DI",
        meaning="selection rate of d over that of a",
        source=_CLARIFY,
        needs=_DECISION,
        range=RATIO,
        direction=Direction.AS_SELECTION,
        formula=lambda d, a: quotient(_rate(SELECTION_RATE, d), _rate(SELECTION_RATE, a)),
        rate=SELECTION_RATE,
        is_ratio=True,
        compat={
            Compat.SMCLARIFY: lambda d, a: clarify_quotient(
                _rate(SELECTION_RATE, d), _rate(SELECTION_RATE, a)
            )
        },
    ),
    Pairwise(
        name="difference_in_conditional_acceptance",
        code="DCA",
        meaning="true outcomes per selection of a minus those of d",
        source=_CLARIFY,
        needs=_BOTH,
        range=ANY_DIFFERENCE,
        direction=Direction.NEITHER,
        formula=lambda d, a: (
            quotient(a.positives, a.labelled_selected) - quotient(d.positives, d.labelled_selected)
        ),
    ),
    Pairwise(
        name="difference_in_conditional_rejection",
        code="DCR",
        meaning="false outcomes per non-selection of d minus those of a",
        source=_CLARIFY,
        needs=_BOTH,
        range=ANY_DIFFERENCE,
        direction=Direction.NEITHER,
        formula=lambda d, a: (
            quotient(d.negatives, d.labelled_not_selected)
            - quotient(a.negatives, a.labelled_not_selected)
        ),
    ),
    _a_minus_d("recall_difference", "RD", TRUE_POSITIVE_RATE),
    _d_minus_a("specificity_difference", "SD", TRUE_NEGATIVE_RATE),
    _a_minus_d("difference_in_acceptance_rates", "DAR", POSITIVE_PREDICTIVE_VALUE),
    _d_minus_a("difference_in_rejection_rates", "DRR", NEGATIVE_PREDICTIVE_VALUE),
    _a_minus_d("accuracy_difference", "AD", ACCURACY),
    Pairwise(
        name="treatment_equality",
        code="TE",
        meaning="false negatives per false positive of d minus those of a",
        source=_CLARIFY,
        needs=_BOTH,
        range=ANY_DIFFERENCE,
        direction=Direction.NEITHER,
        formula=lambda d, a: quotient(d.fn, d.fp) - quotient(a.fn, a.fp),
        compat={
            Compat.SMCLARIFY: lambda d, a: (
                clarify_quotient(d.fn, d.fp) - clarify_quotient(a.fn, a.fp)
            )
        },
    ),
    Pairwise(
        name="generalized_entropy",
        code="GE",
        meaning="inequality of the benefit selected - outcome + 1 over a and d together, alpha 2",
        source="Speicher et al. 2018",
        needs=_BOTH,
        range=DISTANCE,
        direction=Direction.NEITHER,
        formula=_entropy(2),
    ),
    Pairwise(
        name="theil_index",
        code="TI",
        meaning="the same with alpha 1",
        source=_AIF360,
        needs=_BOTH,
        range=DISTANCE,
        direction=Direction.NEITHER,
        formula=_entropy(1),
    ),
    Pairwise(
        name="coefficient_of_variation",
        code="CV",
        meaning="of the same benefit, √(2 GE)",
        source="Speicher et al. 2018",
        needs=_BOTH,
        range=DISTANCE,
        direction=Direction.NEITHER,
        formula=lambda d, a: inequality.coefficient_of_variation(_BENEFIT, _benefits(d, a)),
    ),
    _d_minus_a("statistical_parity_difference", "SPD", SELECTION_RATE, _AIF360),
    _d_minus_a("equal_opportunity_difference", "EOD", TRUE_POSITIVE_RATE, _AIF360),
    Pairwise(
        name="average_odds_difference",
        code="AOD",
        meaning="mean of the differences d - a of true and of false positive rates",
        source=_AIF360,
        needs=_BOTH,
        range=DIFFERENCE,
        direction=Direction.NEITHER,
        mean_of=(TRUE_POSITIVE_RATE, FALSE_POSITIVE_RATE),
        formula=lambda d, a: (
            (
                _rate(TRUE_POSITIVE_RATE, d)
                - _rate(TRUE_POSITIVE_RATE, a)
                + _rate(FALSE_POSITIVE_RATE, d)
                - _rate(FALSE_POSITIVE_RATE, a)
            )
            / 2
        ),
    ),
    Pairwise(
        name="average_absolute_odds_difference",
        code="AAOD",
        meaning="mean of the absolute differences of true and of false positive rates",
        source=_AIF360,
        needs=_BOTH,
        range=GAP,
        direction=Direction.NEITHER,
        mean_of=(TRUE_POSITIVE_RATE, FALSE_POSITIVE_RATE),
        is_size=True,
        formula=lambda d, a: (
            (
                np.abs(_rate(TRUE_POSITIVE_RATE, d) - _rate(TRUE_POSITIVE_RATE, a))
                + np.abs(_rate(FALSE_POSITIVE_RATE, d) - _rate(FALSE_POSITIVE_RATE, a))
            )
            / 2
        ),
    ),
    Pairwise(
        name="skew",
        meaning="ln of d's share of the selected over its share of all",
        source="LiFT",
        needs=_DECISION,
        range=ANY_DIFFERENCE,
        direction=Direction.AS_SELECTION,
        formula=_skew,
        compat={Compat.LIFT: lambda d, a: _skew(d, a, smoothing=1)},
    ),
    Pairwise(
        name="selection_odds_ratio",
        code="OR",
        meaning="odds of being selected of d over those of a",
        source="solas-ai",
        needs=_DECISION,
        range=RATIO,
        direction=Direction.AS_SELECTION,
        formula=lambda d, a: quotient(d.selected * a.not_selected, d.not_selected * a.selected),
    ),
    Pairwise(
        name="selection_z",
        code="Z",
        meaning="pooled two-sample z of the selection rates, d - a",
        source="29 CFR 1607.4 D",
        needs=_DECISION,
        range=ANY_DIFFERENCE,
        direction=Direction.AS_SELECTION,
        with_size=True,
        formula=_z,
    ),
    Pairwise(
        name="four_fifths",
        meaning="the smaller of the ratios of the selection rates d / a and a / d",
        source="Holistic AI",
        needs=_DECISION,
        range=Range(0.0, 1.0, no_disparity=1.0),
        direction=Direction.NEITHER,
        rate=SELECTION_RATE,
        is_ratio=True,
        is_size=True,
        formula=lambda d, a: _smaller(
            quotient(_rate(SELECTION_RATE, d), _rate(SELECTION_RATE, a))
        ),
    ),
)


def _smaller(ratio: Floats) -> Floats:
    return np.fmin(ratio, np.where(ratio == 0, 0.0, quotient(np.ones_like(ratio), ratio)))
