"""The numbers of a finding about a disparity, all of them, whatever the verdict."""

from fractions import Fraction

from fairness_audit.policy.metrics import IMPACT_RATIO
from fairness_audit.policy.model import Against, Comparison
from fairness_audit.records.finding import Evidence
from fairness_audit.statistics.power import detectable_gap, n_needed
from fairness_audit.steps.judge.allowed_range import AllowedRange, TwoRates, is_below_four_fifths
from fairness_audit.steps.judge.bounds import UnknownRows, ends
from fairness_audit.steps.judge.cases import Case
from fairness_audit.steps.judge.proxies import contaminated_ends


def evidence_of(
    case: Case,
    allowed: AllowedRange,
    *,
    p_adjusted: float | None,
    level: float,
    unknown: UnknownRows | None = None,
    error: Fraction = Fraction(0),
) -> Evidence:
    """Everything known about a case.

    ``level`` is the significance level of this one test: alpha shared among the family, so that
    ``detectable_gap`` and ``n_needed`` hold whatever the other tests show. ``n_needed`` is for
    the observed gap where it breaches the limit, else for a gap that just reaches the limit.
    Both are None at level 0, where nothing can be found.
    """
    measured = case.measured
    rates = None if measured is None else TwoRates.of(measured)
    if measured is None or rates is None:
        return Evidence(threshold=str(allowed.bound))
    return Evidence(
        value=measured.value,
        low=measured.low,
        high=measured.high,
        threshold=str(allowed.bound),
        p_value=measured.p_value,
        p_adjusted=p_adjusted,
        numerator=rates.numerator,
        denominator=rates.denominator,
        reference_numerator=rates.reference_numerator,
        reference_denominator=rates.reference_denominator,
        four_fifths_flag=(
            is_below_four_fifths(rates) if case.rule.metric is IMPACT_RATIO else None
        ),
        detectable_gap=_detectable_gap(case, rates, allowed, level),
        n_needed=_n_needed(case, rates, allowed, level),
        **_over_the_unknown(case, rates, unknown),
        **_over_the_inference(case, rates, error),
    )


def _over_the_unknown(
    case: Case, rates: TwoRates, unknown: UnknownRows | None
) -> dict[str, float | None]:
    """How many are of unknown group, and between what the disparity lies wherever they belong."""
    if unknown is None:
        return {}
    low, high = (_disparity(case, end) for end in ends(case, rates, unknown))
    return {"unknown": unknown.n, "unknown_low": low, "unknown_high": high}


def _over_the_inference(case: Case, rates: TwoRates, error: Fraction) -> dict[str, float | None]:
    """Between what the disparity lies, whichever rows the proxy put into the wrong group."""
    if not error:
        return {}
    low, high = (_disparity(case, end) for end in contaminated_ends(case, rates, error))
    return {"proxy_low": low, "proxy_high": high}


def _disparity(case: Case, rates: TwoRates) -> float | None:
    value = rates.disparity(case.rule.compare)
    return None if value is None else float(value[0] / value[1])


def _detectable_gap(
    case: Case, rates: TwoRates, allowed: AllowedRange, level: float
) -> float | None:
    tested = _independent(case, rates)
    if tested.smallest < 1 or level == 0:
        return None
    gap = detectable_gap(
        tested.denominator,
        tested.reference_denominator,
        tested.reference_rate,
        alpha=level,
        upward=_harm_is_above(rates, allowed),
    )
    # A gap to everybody is smaller than the gap to the rest, by the share of the rest.
    share = tested.reference_denominator / rates.reference_denominator
    return None if gap is None else gap * share


def _n_needed(case: Case, rates: TwoRates, allowed: AllowedRange, level: float) -> int | None:
    tested = _independent(case, rates)
    if tested.smallest < 1 or level == 0:
        return None
    rate = rates.rate if allowed.is_breached_by(rates) else _rate_at_the_limit(rates, allowed)
    return n_needed(rate, tested.reference_rate, alpha=level)


def _independent(case: Case, rates: TwoRates) -> TwoRates:
    """The two samples behind the test: everybody includes the group, so the rest stands for it."""
    if case.rule.against is not Against.OVERALL:
        return rates
    return rates._replace(
        reference_numerator=rates.reference_numerator - rates.numerator,
        reference_denominator=rates.reference_denominator - rates.denominator,
    )


def _harm_is_above(rates: TwoRates, allowed: AllowedRange) -> bool:
    """True if a higher rate is the harm; of a difference, the side that was observed."""
    if allowed.compare is Comparison.DIFFERENCE:
        return rates.rate > rates.reference_rate
    return allowed.is_upper


def _rate_at_the_limit(rates: TwoRates, allowed: AllowedRange) -> float:
    """The group rate that would just reach the limit, as far as there is one in [0, 1]."""
    bound, reference = float(allowed.bound), rates.reference_rate
    if allowed.compare is Comparison.RATIO:
        return min(1.0, bound * reference)
    step = bound if _harm_is_above(rates, allowed) else -bound
    return min(1.0, max(0.0, reference + step))
