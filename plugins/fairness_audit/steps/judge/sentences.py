"""One sentence per disparity that a manager understands, with the numbers it rests on."""

from dataclasses import dataclass
from fractions import Fraction

from fairness_audit.policy.metrics import Phrase
from fairness_audit.policy.model import Comparison, Severity
from fairness_audit.records.finding import Evidence
from fairness_audit.steps.judge import wording
from fairness_audit.steps.judge.allowed_range import AllowedRange, TwoRates
from fairness_audit.steps.judge.cases import Case
from fairness_audit.steps.judge.ground import Ground
from fairness_audit.steps.judge.proxies import Caution
from fairness_audit.text import one_line


@dataclass(frozen=True)
class Sentence:
    """What a sentence about one disparity is made of."""

    case: Case
    rates: TwoRates | None
    ground: Ground
    allowed: AllowedRange
    phrase: Phrase
    evidence: Evidence
    alpha: Fraction
    confidence: float
    min_group_size: int
    caution: Caution | None = None

    @property
    def group(self) -> str:
        """`group F (gender)`."""
        grouping = wording.grouping_name(self.case.grouping)
        return f"group {one_line(self.case.group)} ({grouping})"

    @property
    def other(self) -> str:
        """What the group is compared with."""
        reference = self.case.measured.reference if self.case.measured else None
        return wording.compared_with(self.case.rule.against, reference)

    @property
    def p_adjusted(self) -> float:
        """The adjusted p-value; 1 where there was no test."""
        return 1.0 if self.evidence.p_adjusted is None else self.evidence.p_adjusted

    @property
    def is_significant(self) -> bool:
        """True if chance does not explain that the two rates differ."""
        return self.p_adjusted < self.alpha


def sentence(telling: Sentence) -> str:
    """The finding in words, ending with a full stop."""
    if telling.rates is None:
        text = f"{telling.group} cannot be judged: its {telling.phrase.called} was not measured"
    elif telling.ground is Ground.TOO_SMALL:
        text = _too_small(telling, telling.rates)
    elif telling.ground is Ground.UNDEFINED:
        text = _undefined(telling, telling.rates)
    else:
        text = f"{_comparison(telling, telling.rates)}{_conclusion(telling, telling.rates)}"
    return f"{text[0].upper()}{text[1:]}."


def _too_small(telling: Sentence, rates: TwoRates) -> str:
    own_is_small = rates.denominator < telling.min_group_size
    name = "it" if own_is_small else telling.other
    count = rates.denominator if own_is_small else rates.reference_denominator
    return (
        f"{telling.group} cannot be judged on its {telling.phrase.called}: {name} has"
        f" {wording.rows(count)} that count, and the policy asks for {telling.min_group_size:,}"
        f"{_outlook(telling, rates)}"
    )


def _undefined(telling: Sentence, rates: TwoRates) -> str:
    to_zero = telling.allowed.compare is Comparison.RATIO and not rates.reference_numerator
    why = f"that of {telling.other} is zero, so there is no ratio to it"
    return (
        f"{telling.group} cannot be judged on its {telling.phrase.called}:"
        f" {why if to_zero else 'the disparity is not defined'}"
    )


def _comparison(telling: Sentence, rates: TwoRates) -> str:
    """`group F (gender) is selected 0.66 times as often as group M (selection rate …)`."""
    own, other = wording.percent(rates.rate), wording.percent(rates.reference_rate)
    return (
        f"{telling.group} {telling.phrase.happens} {_how_often(telling, rates)}"
        f" {telling.other} ({telling.phrase.called} {own} against {other}{_interval(telling)})"
    )


def _how_often(telling: Sentence, rates: TwoRates) -> str:
    top, bottom = rates.disparity(telling.allowed.compare) or (0, 1)
    value, bound = top / bottom, float(telling.allowed.bound)
    if telling.allowed.compare is Comparison.RATIO:
        return f"{wording.apart_from(value, bound, 2)} times as often as"
    if top == 0:
        return "as often as"
    size = wording.apart_from(abs(100 * value), 100 * bound, 1)
    return f"{size} percentage points {'more' if top > 0 else 'less'} often than"


def _interval(telling: Sentence) -> str:
    low, high = telling.evidence.low, telling.evidence.high
    if low is None or high is None:
        return ""
    if telling.allowed.compare is Comparison.DIFFERENCE:
        ends = f"{wording.signed_points(low)} to {wording.signed_points(high)} points"
    else:
        bound = float(telling.allowed.bound)
        ends = " to ".join(wording.apart_from(end, bound, 2) for end in (low, high))
    return f"; {100 * telling.confidence:.4g} % interval {ends}"


def _conclusion(telling: Sentence, rates: TwoRates) -> str:
    limit = f"the chosen limit of {_limit(telling)}"
    adjusted = f"(adjusted {wording.p_value(telling.p_adjusted)})"
    match telling.ground:
        case Ground.BREACH:
            doubt = _caution(telling)
            return f", {_side(telling)} {limit}; chance does not explain it {adjusted}{doubt}"
        case Ground.UNPROVEN_BREACH:
            doubt = f"but chance may explain it {adjusted}{_outlook(telling, rates)}"
            if telling.alpha == 0:
                doubt = "but the error budget is spent, so it cannot be called a failure"
            return f", {_side(telling)} {limit}, {doubt}"
        case Ground.DEPENDS_ON_UNKNOWN:
            side = _side(telling) if telling.allowed.is_breached_by(rates) else "within"
            return f", {side} {limit}, but {_unknown(telling)}"
        case Ground.DEPENDS_ON_INFERENCE:
            why = "the group is inferred" if telling.caution is None else telling.caution.why
            return f", within {limit}, but {why}{_inference(telling)}"
        case Ground.WITHIN:
            return f", within {limit}, and so is the whole interval{_inference(telling)}"
        case _:
            # A gap inside the limit can still be real; both are said.
            real = f"there is a gap {adjusted}, but " if telling.is_significant else ""
            open_question = "whether it stays there is not certain"
            return f", within {limit}; {real}{open_question}{_outlook(telling, rates)}"


def _unknown(telling: Sentence) -> str:
    """`the group of 120 rows is unknown: wherever they belong, it is from 0.61 to 1.02`."""
    evidence = telling.evidence
    lies = _lies(telling, evidence.unknown_low, evidence.unknown_high)
    return f"the group of {wording.rows(evidence.unknown or 0)} is unknown: with them {lies}"


def _caution(telling: Sentence) -> str:
    """What is left of a breach that rests on inferred groups."""
    if telling.caution is None:
        return ""
    # A rule that only warns could not fail the audit anyway.
    is_failure = telling.case.rule.severity is Severity.FAIL
    why = telling.caution.clause if is_failure else telling.caution.why
    return f"; {why}{_inference(telling)}"


def _inference(telling: Sentence) -> str:
    """`; with up to 10 % of each group wrong, the ratio may be from 0.61 to 1.02`."""
    if telling.caution is None or not telling.caution.error:
        return ""
    lies = _lies(telling, telling.evidence.proxy_low, telling.evidence.proxy_high)
    return f"; with up to {100 * float(telling.caution.error):.4g} % of each group wrong, {lies}"


def _lies(telling: Sentence, low: float | None, high: float | None) -> str:
    """`the ratio may be from 0.61 to 1.02`."""
    bound = float(telling.allowed.bound)
    if low is None or high is None:
        return "nothing can be said"
    if telling.allowed.compare is Comparison.DIFFERENCE:
        ends = f"{wording.signed_points(low)} to {wording.signed_points(high)} points"
        return f"the gap may be from {ends}"
    least, most = (wording.apart_from(each, bound, 2) for each in (low, high))
    return f"the ratio may be from {least} to {most}"


def _limit(telling: Sentence) -> str:
    in_points = telling.allowed.compare is Comparison.DIFFERENCE
    return wording.limit_name(telling.allowed.bound, in_points=in_points)


def _side(telling: Sentence) -> str:
    if telling.allowed.compare is Comparison.DIFFERENCE:
        return "beyond"
    return "above" if telling.allowed.is_upper else "below"


def _outlook(telling: Sentence, rates: TwoRates) -> str:
    """What groups of these sizes could have shown, and the size that would show it.

    Nothing without an error budget: no size would show anything then.
    """
    if telling.alpha == 0:
        return ""
    gap, needed = telling.evidence.detectable_gap, telling.evidence.n_needed
    which = "the observed gap" if telling.allowed.is_breached_by(rates) else "a gap at the limit"
    shown = (
        "no gap"
        if gap is None
        else f"only a gap of {wording.points(gap)} percentage points or more"
    )
    enough = f", and {which} needs about {wording.rows(needed)} per group" if needed else ""
    return f"; at these sizes {shown} shows reliably{enough}"
