"""What the policy wants judged: every rule, for every group of every grouping it is about."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum

from fairness_audit.errors import MeasurementError
from fairness_audit.policy.base import UNKNOWN
from fairness_audit.policy.metrics import IMPACT_RATIO, NAMES, SELECTION_RATE, WORST_SUBGROUP
from fairness_audit.policy.model import Against, AuditPolicy, Comparison, Rule, SubgroupSearch
from fairness_audit.records.measurement import Measurement

SUBGROUP_RULE = "worst_subgroup"
"""The rule about the subgroup that is worst off."""

Groups = Mapping[str, frozenset[str]]
Hypothesis = tuple[str, ...]


@dataclass(frozen=True)
class Case:
    """One group under one rule, and its disparity if it was measured."""

    rule: Rule
    grouping: str
    group: str
    measured: Measurement | None

    @property
    def hypothesis(self) -> Hypothesis:
        """What is tested: two rules about the same disparity test it once."""
        searched = SUBGROUP_RULE if self.rule.id == SUBGROUP_RULE else ""
        return (self.rule.metric.name, self.rule.against, self.grouping, self.group, searched)


class Lack(Enum):
    """What a whole grouping lacks to be judged under a rule."""

    REFERENCE_GROUP = "the reference group does not occur in the population"
    LARGE_GROUP = "no group is large enough to be called the best"


@dataclass(frozen=True)
class Part:
    """One rule in one grouping."""

    rule: Rule
    grouping: str
    cases: tuple[Case, ...]
    lacks: Lack | None = None


def groups_measured(measurements: Iterable[Measurement]) -> dict[str, frozenset[str]]:
    """The groups that appear in the measurements of each grouping, `unknown` among them."""
    groups: dict[str, set[str]] = {}
    for each in measurements:
        if each.metric in NAMES:
            groups.setdefault(each.attribute, set()).add(each.group)
    return {grouping: frozenset(names) for grouping, names in groups.items()}


def known(groups: Groups, grouping: str) -> frozenset[str]:
    """The groups of a grouping that can be compared: all but `unknown`."""
    return groups.get(grouping, frozenset()) - {UNKNOWN}


def groupings_of(policy: AuditPolicy, rule: Rule) -> tuple[str, ...]:
    """The groupings a rule is about: those it names, else every single attribute."""
    return rule.attributes if rule.attributes is not None else tuple(policy.attributes)


def parts_of(
    policy: AuditPolicy, rules: Iterable[Rule], measurements: Sequence[Measurement]
) -> list[Part]:
    """Every rule × grouping with its groups.

    A grouping with fewer than two known groups has no cases: nothing can be compared in it.

    Raises:
        MeasurementError: if two measurements of the same disparity differ.
    """
    whole = [each for each in measurements if each.stratum is None]
    groups = groups_measured(whole)
    measured = _by_what_they_measure(whole)
    parts = [
        _part(policy, rule, grouping, known(groups, grouping), measured)
        for rule in rules
        for grouping in groupings_of(policy, rule)
    ]
    worst = [each for each in whole if each.metric == WORST_SUBGROUP.name]
    return parts + [_subgroup(policy, each) for each in worst]


def _subgroup(policy: AuditPolicy, worst: Measurement) -> Part:
    """The subgroup found worst off, as a rule of its own; its p-value paid for the search."""
    search = policy.subgroup_search or SubgroupSearch()
    rule = Rule(
        id=SUBGROUP_RULE,
        metric=IMPACT_RATIO,
        compare=Comparison.RATIO,
        against=Against.REST,
        threshold=search.threshold,
        severity=search.severity,
        inconclusive=search.inconclusive,
    )
    return Part(rule, worst.attribute, (Case(rule, worst.attribute, worst.group, worst),))


_Measured = Mapping[tuple[str | None, ...], Measurement]
_Found = Mapping[str, Measurement | None]


def _by_what_they_measure(measurements: Iterable[Measurement]) -> _Measured:
    found: dict[tuple[str | None, ...], Measurement] = {}
    for each in measurements:
        key = (each.attribute, each.group, each.metric, each.comparison, each.against)
        if found.setdefault(key, each) != each:
            raise MeasurementError(
                f"measurements: {each.metric} of a group of {each.attribute} was measured twice,"
                " with different results (measure the population again)"
            )
    return found


def _part(
    policy: AuditPolicy, rule: Rule, grouping: str, groups: frozenset[str], measured: _Measured
) -> Part:
    if len(groups) < 2:
        return Part(rule, grouping, ())
    found = {
        group: measured.get((grouping, group, rule.metric.name, rule.compare, rule.against))
        for group in groups
    }
    if rule.against is Against.REFERENCE:
        reference = policy.reference_of(grouping)
        if reference not in groups:
            return Part(rule, grouping, (), Lack.REFERENCE_GROUP)
        groups -= {reference}
    elif rule.against is Against.BEST:
        best = _best(rule, grouping, found)
        if best is None and _all_small(policy, rule, grouping, groups, measured):
            return Part(rule, grouping, (), Lack.LARGE_GROUP)
        groups -= {best}
    cases = tuple(Case(rule, grouping, group, found[group]) for group in sorted(groups))
    return Part(rule, grouping, cases)


def _best(rule: Rule, grouping: str, found: _Found) -> str | None:
    """The best group, which all others are compared with and is itself not judged."""
    named = {each.reference for each in found.values() if each is not None}
    if len(named) > 1:
        raise MeasurementError(
            f"measurements: more than one group of {grouping} is called the best by"
            f" {rule.metric.name} (measure the population again)"
        )
    return named.pop() if named else None


def _all_small(
    policy: AuditPolicy, rule: Rule, grouping: str, groups: frozenset[str], measured: _Measured
) -> bool:
    """True if the rate of every group was measured, on fewer rows than the policy asks for."""
    # The impact ratio has no rate of its own: it rests on the same rows as the selection rate.
    rate = SELECTION_RATE if rule.metric is IMPACT_RATIO else rule.metric
    found = [measured.get((grouping, group, rate.name, None, None)) for group in groups]
    return all(
        each is not None and (each.denominator or 0) < policy.min_group_size for each in found
    )
