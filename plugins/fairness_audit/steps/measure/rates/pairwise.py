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

from fairness_audit.statistics import divergence, inequality, stratified
from fairness_audit.statistics.proportions import Floats, quotient
from fairness_audit.steps.measure.counting.counts import Counts
from fairness_audit.steps.measure.counting.plan import Compat
from fairness_audit.steps.measure.definition import Better, Definition, Needs
from fairness_audit.steps.measure.rates import rates
from fairness_audit.steps.measure.rates.rates import Rate

Formula = Callable[[Counts, Counts], Floats]

_CLARIFY = "SageMaker Clarify"
_AIF360 = "AIF360"
_LABEL = (Needs.OUTCOME,)
_DECISION = (Needs.SELECTED,)
_BOTH = (Needs.OUTCOME, Needs.SELECTED)
_BENEFIT = np.array([2.0, 1.0, 0.0])


@dataclass(frozen=True)
class Pairwise(Definition):
    """A metric of a group ``d`` against ``a``.

    If it is the difference of one rate, ``rate`` names it and ``sign`` is +1 for d - a, -1 for
    a - d; ``is_ratio`` if it is the ratio d / a. ``compat`` holds the formulas of other systems
    where theirs differ.
    """

    formula: Formula = lambda d, a: quotient(d.n, a.n)
    rate: Rate | None = None
    sign: int = 1
    is_ratio: bool = False
    compat: Mapping[Compat, Formula] = field(default_factory=dict)

    def formula_of(self, compat: Compat | None) -> Formula:
        """The formula under the conventions asked for."""
        return self.formula if compat is None else self.compat.get(compat, self.formula)


def _difference(
    name: str, code: str | None, meaning: str, rate: Rate, sign: int, source: str = _CLARIFY
) -> Pairwise:
    def formula(d: Counts, a: Counts) -> Floats:
        return sign * (_rate(rate, d) - _rate(rate, a))

    return Pairwise(
        name, code, meaning, source, rate.needs, -1.0, 1.0, 0.0,
        formula=formula, rate=rate, sign=sign,
    )  # fmt: skip


def _rate(rate: Rate, c: Counts) -> Floats:
    return quotient(rate.numerator(c), rate.denominator(c))


def _labels(c: Counts) -> Floats:
    """Counts of the two labels, on a last axis."""
    return np.stack(np.broadcast_arrays(c.positives, c.negatives), axis=-1).astype(np.float64)


def _benefits(d: Counts, a: Counts) -> Floats:
    """How many of both groups have the benefit selected - outcome + 1 = 2, 1 and 0."""
    both = d + a
    return np.stack([both.fp, both.tp + both.tn, both.fn], axis=-1)


def _two_sides(d: Counts, a: Counts) -> Floats:
    return np.stack(np.broadcast_arrays(d.n, a.n), axis=-1).astype(np.float64)


def _selected_sides(d: Counts, a: Counts) -> Floats:
    return np.stack(np.broadcast_arrays(d.selected, a.selected), axis=-1).astype(np.float64)


def _log(ratio: Floats) -> Floats:
    with np.errstate(divide="ignore"):
        found: Floats = np.log(ratio)
    return found


def _skew(d: Counts, a: Counts, *, smoothing: int = 0) -> Floats:
    observed = divergence.shares(_selected_sides(d, a) + smoothing)[..., 0]
    expected = divergence.shares(_two_sides(d, a) + smoothing)[..., 0]
    return _log(quotient(observed, expected))


def _clarify_quotient(top: Floats, bottom: Floats) -> Floats:
    """0/0 = 0 and x/0 = ∞, as smclarify's common.divide has it."""
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where((top == 0) & (bottom == 0), 0.0, np.divide(top, bottom))


def _z(d: Counts, a: Counts) -> Floats:
    pooled = quotient(d.selected + a.selected, d.n + a.n)
    spread = (
        pooled * (1 - pooled) * (quotient(np.ones_like(d.n), d.n) + 1 / np.maximum(a.n, 1e-300))
    )
    return quotient(
        _rate(rates.SELECTION_RATE, d) - _rate(rates.SELECTION_RATE, a), np.sqrt(spread)
    )


def _entropy(alpha: float) -> Formula:
    return lambda d, a: inequality.generalized_entropy(_BENEFIT, _benefits(d, a), alpha)


def _divergence(
    name: str,
    code: str,
    meaning: str,
    high: float | None,
    measure: Callable[[Floats, Floats], Floats],
    **compat: Formula,
) -> Pairwise:
    return Pairwise(
        name, code, f"{meaning} of the label distributions of a and d", _CLARIFY, _LABEL,
        0.0, high, 0.0, formula=lambda d, a: measure(_labels(a), _labels(d)),
        compat={Compat(system): formula for system, formula in compat.items()},
    )  # fmt: skip


PAIRWISE: tuple[Pairwise, ...] = (
    Pairwise(
        "class_imbalance", "CI", "(n_a - n_d) / (n_a + n_d)", _CLARIFY, (), -1.0, 1.0, 0.0,
        formula=lambda d, a: quotient(a.n - d.n, a.n + d.n),
    ),
    _difference("difference_in_proportions_of_labels", "DPL", "base rate of a minus that of d",
                rates.BASE_RATE, -1),
    _divergence(
        "kullback_leibler_divergence", "KL", "divergence (natural log)", None,
        divergence.kullback_leibler,
        smclarify=lambda d, a: divergence.kullback_leibler_of_common(_labels(a), _labels(d)),
        lift=lambda d, a: divergence.kullback_leibler(
            divergence.smoothed(_labels(a)), divergence.smoothed(_labels(d)), base=2),
    ),
    _divergence(
        "jensen_shannon_divergence", "JS", "divergence (natural log)", math.log(2),
        divergence.jensen_shannon,
        lift=lambda d, a: divergence.jensen_shannon(_labels(a), _labels(d), base=2),
    ),
    _divergence("lp_norm", "LP", "Euclidean distance", math.sqrt(2), divergence.lp_norm),
    _divergence("total_variation_distance", "TVD", "half the absolute distance", 1.0,
                divergence.total_variation),
    _divergence("kolmogorov_smirnov", "KS", "largest difference", 1.0,
                divergence.largest_difference),
    Pairwise(
        "demographic_disparity_labels", "DDL",
        "d's share of the false outcomes minus its share of the true ones",
        "Wachter et al. 2020", _LABEL, -1.0, 1.0, 0.0,
        formula=lambda d, a: np.where(
            d.labelled + a.labelled == 0, np.nan, stratified.demographic_disparity(
                d.positives, d.negatives, a.positives, a.negatives)),
    ),
    Pairwise(
        "demographic_disparity_predicted_labels", "DDPL",
        "d's share of the not selected minus its share of the selected",
        "Wachter et al. 2020", _DECISION, -1.0, 1.0, 0.0,
        formula=lambda d, a: stratified.demographic_disparity(
            d.selected, d.not_selected, a.selected, a.not_selected),
    ),
    _difference("difference_in_positive_proportions_in_predicted_labels", "DPPL",
                "selection rate of a minus that of d", rates.SELECTION_RATE, -1),
    Pairwise(
        "disparate_impact", "DI", "selection rate of d over that of a", _CLARIFY, _DECISION,
        0.0, None, 1.0, Better.AS_SELECTION,
        formula=lambda d, a: quotient(
            _rate(rates.SELECTION_RATE, d), _rate(rates.SELECTION_RATE, a)),
        rate=rates.SELECTION_RATE, is_ratio=True,
        compat={Compat.SMCLARIFY: lambda d, a: _clarify_quotient(
            _rate(rates.SELECTION_RATE, d), _rate(rates.SELECTION_RATE, a))},
    ),
    Pairwise(
        "difference_in_conditional_acceptance", "DCA",
        "true outcomes per selection of a minus those of d", _CLARIFY, _BOTH, None, None, 0.0,
        formula=lambda d, a: quotient(a.positives, a.labelled_selected)
        - quotient(d.positives, d.labelled_selected),
    ),
    Pairwise(
        "difference_in_conditional_rejection", "DCR",
        "false outcomes per non-selection of d minus those of a", _CLARIFY, _BOTH, None, None, 0.0,
        formula=lambda d, a: quotient(d.negatives, d.labelled_not_selected)
        - quotient(a.negatives, a.labelled_not_selected),
    ),
    _difference("recall_difference", "RD", "true positive rate of a minus that of d",
                rates.TRUE_POSITIVE_RATE, -1),
    _difference("specificity_difference", "SD", "true negative rate of d minus that of a",
                rates.TRUE_NEGATIVE_RATE, 1),
    _difference("difference_in_acceptance_rates", "DAR",
                "positive predictive value of a minus that of d",
                rates.POSITIVE_PREDICTIVE_VALUE, -1),
    _difference("difference_in_rejection_rates", "DRR",
                "negative predictive value of d minus that of a",
                rates.NEGATIVE_PREDICTIVE_VALUE, 1),
    _difference("accuracy_difference", "AD", "accuracy of a minus that of d", rates.ACCURACY, -1),
    Pairwise(
        "treatment_equality", "TE",
        "false negatives per false positive of d minus those of a", _CLARIFY, _BOTH,
        None, None, 0.0,
        formula=lambda d, a: quotient(d.fn, d.fp) - quotient(a.fn, a.fp),
        compat={Compat.SMCLARIFY: lambda d, a: _clarify_quotient(d.fn, d.fp)
                - _clarify_quotient(a.fn, a.fp)},
    ),
    Pairwise(
        "generalized_entropy", "GE",
        "inequality of the benefit selected - outcome + 1 over a and d together, alpha 2",
        "Speicher et al. 2018", _BOTH, 0.0, None, 0.0, formula=_entropy(2),
    ),
    Pairwise(
        "theil_index", "TI", "the same with alpha 1", _AIF360, _BOTH, 0.0, None, 0.0,
        formula=_entropy(1),
    ),
    Pairwise(
        "coefficient_of_variation", "CV", "of the same benefit, √(2 GE)", "Speicher et al. 2018",
        _BOTH, 0.0, None, 0.0,
        formula=lambda d, a: inequality.coefficient_of_variation(_BENEFIT, _benefits(d, a)),
    ),
    _difference("statistical_parity_difference", "SPD", "selection rate of d minus that of a",
                rates.SELECTION_RATE, 1, _AIF360),
    _difference("equal_opportunity_difference", "EOD", "true positive rate of d minus that of a",
                rates.TRUE_POSITIVE_RATE, 1, _AIF360),
    Pairwise(
        "average_odds_difference", "AOD",
        "mean of the differences d - a of true and of false positive rates",
        _AIF360, _BOTH, -1.0, 1.0, 0.0,
        formula=lambda d, a: (
            _rate(rates.TRUE_POSITIVE_RATE, d) - _rate(rates.TRUE_POSITIVE_RATE, a)
            + _rate(rates.FALSE_POSITIVE_RATE, d) - _rate(rates.FALSE_POSITIVE_RATE, a)) / 2,
    ),
    Pairwise(
        "average_absolute_odds_difference", "AAOD",
        "mean of the absolute differences of true and of false positive rates",
        _AIF360, _BOTH, 0.0, 1.0, 0.0,
        formula=lambda d, a: (
            np.abs(_rate(rates.TRUE_POSITIVE_RATE, d) - _rate(rates.TRUE_POSITIVE_RATE, a))
            + np.abs(_rate(rates.FALSE_POSITIVE_RATE, d) - _rate(rates.FALSE_POSITIVE_RATE, a))
        ) / 2,
    ),
    Pairwise(
        "skew", None, "ln of d's share of the selected over its share of all", "LiFT", _DECISION,
        None, None, 0.0, Better.AS_SELECTION, formula=_skew,
        compat={Compat.LIFT: lambda d, a: _skew(d, a, smoothing=1)},
    ),
    Pairwise(
        "selection_odds_ratio", "OR", "odds of being selected of d over those of a", "solas-ai",
        _DECISION, 0.0, None, 1.0, Better.AS_SELECTION,
        formula=lambda d, a: quotient(d.selected * a.not_selected, d.not_selected * a.selected),
    ),
    Pairwise(
        "selection_z", "Z", "pooled two-sample z of the selection rates, d - a", "29 CFR 1607.4 D",
        _DECISION, None, None, 0.0, Better.AS_SELECTION, formula=_z,
    ),
    Pairwise(
        "four_fifths", None, "the smaller of the ratios of the selection rates d / a and a / d",
        "Holistic AI", _DECISION, 0.0, 1.0, 1.0,
        formula=lambda d, a: _smaller(
            quotient(_rate(rates.SELECTION_RATE, d), _rate(rates.SELECTION_RATE, a))),
    ),
)  # fmt: skip


def _smaller(ratio: Floats) -> Floats:
    return np.fmin(ratio, np.where(ratio == 0, 0.0, quotient(np.ones_like(ratio), ratio)))
