"""The evidence about a case, as the pairs of rates that a course of verdicts is made of."""

import math
from dataclasses import replace
from fractions import Fraction

from fairness_audit.policy.model import Against, Comparison
from fairness_audit.policy.model import FailsOn as Asked
from fairness_audit.statistics.proportions import Proportions
from fairness_audit.statistics.sequential import FailsOn, Limit, Pair, TwoRates
from fairness_audit.statistics.small_counts import percent_told
from fairness_audit.steps.judge.allowed_range import AllowedRange
from fairness_audit.steps.judge.bounds import (
    AtItsEnds,
    Beside,
    Ends,
    contaminated,
    unknown_ends,
)
from fairness_audit.steps.judge.cases import Case, rate_of
from fairness_audit.steps.judge.proxies import caution_of
from fairness_audit.steps.judge.tables import Counted, Tables

_NOBODY = Proportions.of([0], [0])


def beside_of(tables: Tables, case: Case) -> list[Beside]:
    """A group beside each that it is compared with, as they were counted."""
    rate = rate_of(tables.policy, case.rule)
    own = tables.of(rate, case.grouping, case.group)
    if not case.others:
        return [Beside(own, tables.everybody(rate).less(own))]
    return [Beside(own, tables.of(rate, case.grouping, other)) for other in case.others]


def pairs_of(tables: Tables, case: Case) -> list[Pair]:
    """The pairs of rates that a case is about: one, or one for each other group.

    None where no rate could break the limit.
    """
    policy, rule = tables.policy, case.rule
    limit = AllowedRange.of(rule, selected_is_favourable=policy.selected_is_favourable).limit
    rate = rate_of(policy, rule)
    if rule.against is Against.OVERALL:
        own = tables.of(rate, case.grouping, case.group)
        beside_rest = _limit_beside_the_rest(limit, _share_of(own, tables.everybody(rate)))
        if beside_rest is None:
            return []
        limit = beside_rest
    fails_on = FailsOn.DIFFERENCE if rule.fails_on is Asked.DIFFERENCE else FailsOn.LIMIT
    bare = TwoRates(limit, _NOBODY, _NOBODY, tables.expected(rate), fails_on)
    return [_held_at_ends(tables, case, bare, beside) for beside in beside_of(tables, case)]


def _held_at_ends(tables: Tables, case: Case, bare: TwoRates, beside: Beside) -> Pair:
    """The pair as it must hold wherever the unknown and the wrongly inferred belong."""
    seen = _with(bare, beside)
    caution = caution_of(tables.policy, case.grouping)
    error = Fraction(0) if caution is None else caution.error
    unknown = tables.unknown(rate_of(tables.policy, case.rule), case.grouping).seen
    is_bounded = not tables.policy.assumes_at_random(case.grouping) and unknown.trials.any()
    if not is_bounded and not error:
        return seen
    low = high = beside
    if is_bounded:
        low, high = unknown_ends(beside, unknown, others_are_known=bool(case.others))
    fails = Ends(_with(bare, low), _with(bare, high))
    if not error:
        return AtItsEnds(seen.limit, seen, fails, fails)
    lowest = Beside(contaminated(low.own, error)[0], contaminated(low.other, error)[1])
    highest = Beside(contaminated(high.own, error)[1], contaminated(high.other, error)[0])
    return AtItsEnds(seen.limit, seen, fails, Ends(_with(bare, lowest), _with(bare, highest)))


def _with(pair: TwoRates, beside: Beside) -> TwoRates:
    return replace(pair, group=beside.own.worth, reference=beside.other.worth)


def _limit_beside_the_rest(limit: Limit, share: float) -> Limit | None:
    """The limit of a group against everybody, as one against everybody else; None of no end."""
    low, high = (
        None if end is None else beside_the_rest(end, limit.scale, share)
        for end in (limit.low, limit.high)
    )
    return None if low is None and high is None else Limit(limit.scale, low, high)


def beside_the_rest(disparity: float, scale: str, share: float) -> float | None:
    """A disparity of a group to everybody, as one to everybody else; None where it has none.

    Everybody's rate is that of the group and of everybody else, weighted by the group's share s:
    a ratio r to everybody is one of r (1 - s) / (1 - r s) to everybody else, and a difference d
    one of d / (1 - s). A ratio of 1 / s or more is out of reach, as is a difference of 1 - s.
    """
    if share >= 1:
        return None
    if scale == "difference":
        return disparity / (1 - share) if abs(disparity) < 1 - share else None
    return disparity * (1 - share) / (1 - disparity * share) if disparity * share < 1 else None


def disparity_of(tables: Tables, case: Case, beside: Beside) -> float | None:
    """The disparity by all units, unit by unit and never pooled; None where it is not defined."""
    limit = AllowedRange.of(
        case.rule, selected_is_favourable=tables.policy.selected_is_favourable
    ).limit
    pair = TwoRates(limit, beside.own.worth, beside.other.worth)
    value = float(pair.terms().running()[0, -1])
    return of_what_is_told(tables, case, None if math.isnan(value) else value)


def of_what_is_told(tables: Tables, case: Case, value: float | None) -> float | None:
    """A disparity to everybody else as one to everybody, where that is what the rule is about.

    What `beside_the_rest` does, the other way.
    """
    if value is None or case.rule.against is not Against.OVERALL:
        return value
    rate = rate_of(tables.policy, case.rule)
    share = _share_of(tables.of(rate, case.grouping, case.group), tables.everybody(rate))
    if case.rule.compare is Comparison.DIFFERENCE:
        return value * (1 - share)
    return value / (1 - share + value * share)


def unknown_share(tables: Tables, case: Case) -> str:
    """The share of the decisions whose group is not known, if a verdict must hold wherever.

    In words, as `percent_told`; nothing where there is none.
    """
    rate, least = rate_of(tables.policy, case.rule), tables.policy.min_group_size
    unknown = tables.unknown(rate, case.grouping).decisions
    if not unknown or tables.policy.assumes_at_random(case.grouping):
        return ""
    return percent_told(unknown, tables.everybody(rate).decisions, least)


def _share_of(own: Counted, everybody: Counted) -> float:
    total = float(everybody.seen.trials.sum())
    return float(own.seen.trials.sum()) / total if total else 0.0
