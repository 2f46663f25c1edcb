"""One sentence per disparity that a manager understands, with the numbers it rests on."""

import math
from dataclasses import dataclass
from fractions import Fraction

from fairness_audit.policy.metrics import Phrase
from fairness_audit.policy.model import Comparison, FailsOn, Severity
from fairness_audit.policy.units import Unit
from fairness_audit.records.finding import Evidence, group_name
from fairness_audit.statistics.sequential import Side
from fairness_audit.steps.judge import wording
from fairness_audit.steps.judge.allowed_range import AllowedRange
from fairness_audit.steps.judge.bounds import Beside
from fairness_audit.steps.judge.cases import Case
from fairness_audit.steps.judge.family import Position
from fairness_audit.steps.judge.ground import Ground
from fairness_audit.steps.judge.proxies import Caution


@dataclass(frozen=True)
class Sentence:
    """What a sentence about one disparity is made of.

    ``beside`` are the rates that are told. ``unknown`` is the share of all decisions whose group
    is not known, in words, where the verdict must hold wherever they belong. ``is_newest`` where
    the newest unit brought the verdict, and ``unit`` is how long one is.
    """

    case: Case
    other: str | None
    beside: Beside
    ground: Ground
    allowed: AllowedRange
    phrase: Phrase
    position: Position
    evidence: Evidence
    min_group_size: int
    caution: Caution | None = None
    unknown: str = ""
    is_newest: bool = True
    unit: Unit = "week"

    @property
    def group(self) -> str:
        """`group F (gender)`."""
        return group_name(self.case.group, self.case.grouping)

    @property
    def others(self) -> str:
        """What the group is compared with."""
        return wording.compared_with(self.case.rule.against, self.other)

    @property
    def has_two_ends(self) -> bool:
        """True where a ratio is bounded on both sides by limits of their own."""
        return self.is_ratio and None not in (self.allowed.low, self.allowed.high)

    @property
    def is_ratio(self) -> bool:
        """True where rates are divided, False where they are subtracted."""
        return self.allowed.compare is Comparison.RATIO


def sentence(telling: Sentence) -> str:
    """The finding in words, ending with a full stop."""
    if telling.ground is Ground.NOT_COUNTED:
        text = _not_counted(telling)
    elif telling.ground is Ground.TOO_SMALL:
        text = _too_small(telling)
    else:
        text = f"{_comparison(telling)}{_conclusion(telling)}"
    return f"{text[0].upper()}{text[1:]}."


def _not_counted(telling: Sentence) -> str:
    name = telling.others if telling.beside.own.decisions else "it"
    return (
        f"{telling.group} cannot be judged on its {telling.phrase.called}: {name} has no decision"
        " that counts"
    )


def _too_small(telling: Sentence) -> str:
    own_is_small = telling.beside.own.decisions < telling.min_group_size
    name = "it" if own_is_small else telling.others
    ends = _ends(telling)
    return (
        f"{telling.group} cannot be judged on its {telling.phrase.called}: {name} has fewer than"
        f" the {telling.min_group_size:,} decisions that the policy asks for"
        + (f"; the {_called(telling)} is from {ends}" if ends else "")
        + (_settled(telling) if telling.evidence.settled_by else "")
    )


def _comparison(telling: Sentence) -> str:
    """`group F (gender) is selected 0.66 times as often as group M (selection rate …)`."""
    are_told = telling.evidence.denominator is not None
    own, other = (wording.percent(each.rate, whole=not are_told) for each in telling.beside)
    ends = _ends(telling)
    interval = f"; 95 % interval {ends}" if ends else ""
    return (
        f"{telling.group} {telling.phrase.happens} {_how_often(telling)}"
        f" {telling.others} ({telling.phrase.called} {own} against {other}{interval})"
    )


def _how_often(telling: Sentence) -> str:
    value = telling.position.value
    if value is None or math.isinf(value):
        return "beyond compare with"
    if telling.is_ratio:
        return f"{wording.apart_from(value, _nearest(telling, value), 2)} times as often as"
    if value == 0:
        return "as often as"
    size = wording.apart_from(abs(100 * value), 100 * float(telling.case.rule.threshold), 1)
    return f"{size} percentage points {'more' if value > 0 else 'less'} often than"


def _ends(telling: Sentence) -> str:
    """`0.62 to 0.70`; nothing where there is no interval."""
    low, high = telling.evidence.low, telling.evidence.high
    if low is None and high is None:
        return ""
    if not telling.is_ratio:
        ends = [wording.signed_points(-1 if low is None else low)]
        ends.append(wording.signed_points(1 if high is None else high))
        return f"{' to '.join(ends)} points"
    start = 0.0 if low is None else low
    told = wording.apart_from(start, _nearest(telling, start), 2)
    if high is None:
        return f"{told} upwards"
    return f"{told} to {wording.apart_from(high, _nearest(telling, high), 2)}"


def _nearest(telling: Sentence, value: float) -> float:
    """The end of the range that a value is nearest to."""
    ends = [float(end) for end in (telling.allowed.low, telling.allowed.high) if end is not None]
    return min(ends, key=lambda end: abs(end - value))


def _conclusion(telling: Sentence) -> str:
    match telling.ground:
        case Ground.BREACH:
            return f", {_failed(telling)}{_stands(telling)}{_caution(telling)}"
        case Ground.WITHIN:
            told = f", {_kept(telling)}{_others_too(telling)}"
            return f"{told}{_passed(telling)}{_lifted(telling)}{_inference(telling)}"
        case _:
            return f", {_open(telling)}{_unknown(telling)}{_inference(telling)}{_settled(telling)}"


def _failed(telling: Sentence) -> str:
    """Where the disparity lies, and which hypothesis the evidence refuted, and how clearly.

    A failure may be of the newest units alone, or stand although later ones are better: then what
    all units show together lies within the limit.
    """
    value, position = telling.position.value, telling.position
    lies_beyond = value is None or telling.allowed.left_on(value) is position.fail_side
    beyond = _beyond(telling, position.fail_side)
    by_all = f"within {_limit(telling)} by all {telling.unit}s together"
    if telling.is_newest and position.is_shown:
        shown = f"{_refuted_model(telling)} would show this {_chance_of_fail(telling)}"
        if lies_beyond:
            return f"{beyond}; {shown}"
        return f"{by_all}, but lately {beyond}; {shown}"
    when = f"with the {telling.unit} of {position.since:%Y-%m-%d}"
    if position.is_shown:
        model, chance = _refuted_model(telling), _chance_of_fail(telling)
        why = f", by when {model} would have shown this {chance}"
    else:
        why = ", by what was asked and counted then"
    if lies_beyond:
        return f"{beyond}; it failed {when}{why}"
    return f"{by_all}; it failed {when}, {beyond}{why}"


def _refuted_model(telling: Sentence) -> str:
    """Of what the evidence of a failure says that it is rare."""
    if telling.case.rule.fails_on is FailsOn.DIFFERENCE:
        return "a model without any difference"
    return "a model that keeps the limit"


def _chance_of_fail(telling: Sentence) -> str:
    return wording.once_in(telling.evidence.fail_evidence)


def _others_too(telling: Sentence) -> str:
    """What holds of the one group that is named holds of all that are large enough."""
    return ", as against every other group that is large enough" if telling.case.others[1:] else ""


def _kept(telling: Sentence) -> str:
    """Where the disparity lies: a pass after a failure is by what came later alone."""
    side, within = telling.allowed.left_on(telling.position.value), f"within {_limit(telling)}"
    if side is None:
        return within
    return f"{_beyond(telling, side)} by all {telling.unit}s together, but lately {within}"


def _lifted(telling: Sentence) -> str:
    return (
        "; it failed before, and later decisions alone show this"
        if telling.position.failures
        else ""
    )


def _passed(telling: Sentence) -> str:
    if telling.evidence.pass_evidence is None:
        return ", which no rate of so large a group could break"
    what = "one of them" if telling.has_two_ends else "it"
    shown = wording.once_in(telling.evidence.pass_evidence)
    return f"; a model that breaks {what} would show this {shown}"


def _stands(telling: Sentence) -> str:
    """What would lift what the newest unit did not bring."""
    if telling.is_newest and telling.position.is_shown:
        return ""
    needed = telling.position.pass_needed
    shown = f"later decisions alone show the limit kept (evidence {needed:,.0f})"
    if telling.caution is not None or telling.case.rule.severity is Severity.WARN:
        return f"; this stands until {shown}"
    return f"; the failure stands until {shown}, or two people waive it"


def _open(telling: Sentence) -> str:
    if telling.position.value is None:
        return f"and whether it keeps {_limit(telling)} is not certain yet"
    side = telling.allowed.left_on(telling.position.value)
    if side is None:
        return f"within {_limit(telling)}; whether it stays there is not certain yet"
    return f"{_beyond(telling, side)}, but {_refuted_model(telling)} may show this by chance"


def _settled(telling: Sentence) -> str:
    """When what is open will be settled, where a release waits for it."""
    by, probability = telling.evidence.settled_by, telling.evidence.settled_with
    if probability is None:
        return ""
    truth = "ratio is 1" if telling.is_ratio else "difference is 0"
    if by is None:
        return (
            f"; at these sizes three years are not enough to settle it, even if the true {truth}"
        )
    least = "at least " if telling.ground is Ground.TOO_SMALL else ""
    return (
        f"; if the true {truth}, it will be settled by {by:%Y-%m-%d} with"
        f" {least}{math.floor(100 * probability + 0.5)} % probability"
    )


def _unknown(telling: Sentence) -> str:
    """`; the group of 12 % is unknown, and a verdict must hold wherever they belong`."""
    if not telling.unknown:
        return ""
    return (
        f"; the group of {telling.unknown} of the decisions is unknown, and a verdict must hold"
        " wherever they belong"
    )


def _caution(telling: Sentence) -> str:
    """What is left of a breach that rests on inferred groups."""
    if telling.caution is None:
        return ""
    # A rule that only warns could not fail the audit anyway.
    is_failure = telling.case.rule.severity is Severity.FAIL
    return f"; {telling.caution.clause if is_failure else telling.caution.why}"


def _inference(telling: Sentence) -> str:
    """`; the gender is inferred (first names), and up to 10 % of each group may be wrong`."""
    if telling.caution is None:
        return ""
    share = f"{100 * float(telling.caution.error):.4g} %"
    wrong = f", and up to {share} of each group may be wrong" if telling.caution.error else ""
    return f"; {telling.caution.why}{wrong}"


def _beyond(telling: Sentence, side: Side) -> str:
    """`below the limit of 4/5`."""
    if not telling.is_ratio:
        return f"beyond the limit of {_bound(telling, telling.case.rule.threshold)}"
    word = "below" if side is Side.LOW else "above"
    return f"{word} the limit of {_bound(telling, telling.allowed.end(side))}"


def _limit(telling: Sentence) -> str:
    """`the limits of 4/5 and 5/4`, or `the limit of 10 percentage points (1/10)`."""
    low, high = telling.allowed.low, telling.allowed.high
    if telling.has_two_ends:
        return f"the limits of {low} and {high}"
    bound = telling.case.rule.threshold
    if telling.is_ratio and low is None and high is not None:
        bound = high
    return f"the limit of {_bound(telling, bound)}"


def _bound(telling: Sentence, bound: Fraction) -> str:
    return wording.limit_name(bound, in_points=not telling.is_ratio)


def _called(telling: Sentence) -> str:
    return "ratio" if telling.is_ratio else "difference"
