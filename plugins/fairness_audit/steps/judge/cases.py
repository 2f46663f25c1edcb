"""What the policy wants judged: every rule, for every group of every grouping it is about."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache

from fairness_audit.policy.base import UNKNOWN
from fairness_audit.policy.metrics import IMPACT_RATIO, Rate
from fairness_audit.policy.model import (
    Against,
    AuditPolicy,
    Comparison,
    Rule,
    Sides,
    SubgroupSearch,
)
from fairness_audit.records.counted_units import Place
from fairness_audit.records.version_evidence import VersionEvidence

SUBGROUP_RULE = "worst_subgroup"
"""The rule about all subgroups that are searched."""


@dataclass(frozen=True)
class Case:
    """One group under one rule, beside what it is compared with.

    ``others`` are the groups it is compared with, one after the other: one under a rule against
    the reference, all others under one against the best; none where it is compared with everybody
    else or with everybody.
    """

    rule: Rule
    grouping: str
    group: str
    others: tuple[str, ...] = ()


@dataclass(frozen=True)
class Part:
    """One rule in one grouping; no case where the reference group does not occur."""

    rule: Rule
    grouping: str
    cases: tuple[Case, ...]
    lacks_reference: bool = False


def known(evidence: VersionEvidence, grouping: str) -> tuple[str, ...]:
    """The groups of a grouping that can be compared: all but `unknown`."""
    names = (each.name for each in evidence.groups(Place(grouping)))
    return tuple(name for name in names if name != UNKNOWN)


def groupings_of(policy: AuditPolicy, rule: Rule) -> tuple[str, ...]:
    """The groupings a rule is about: those it names, else every single attribute."""
    return rule.attributes if rule.attributes is not None else tuple(policy.attributes)


def rate_of(policy: AuditPolicy, rule: Rule) -> Rate:
    """The rate of one group that a rule bounds."""
    return _rate(rule.metric, policy.selected_is_favourable)


@lru_cache
def _rate(metric: Rate, selected_is_favourable: bool) -> Rate:
    return metric.where(selected_is_favourable=selected_is_favourable)


def parts_of(
    policy: AuditPolicy, rules: Iterable[Rule], evidence: VersionEvidence
) -> Iterator[Part]:
    """Every rule × grouping with its groups.

    A grouping with fewer than two known groups has no cases: nothing can be compared in it.
    """
    for rule in rules:
        for grouping in groupings_of(policy, rule):
            yield _part(policy, rule, grouping, known(evidence, grouping))


def _part(policy: AuditPolicy, rule: Rule, grouping: str, groups: tuple[str, ...]) -> Part:
    if len(groups) < 2:
        return Part(rule, grouping, ())
    others: dict[str, tuple[str, ...]] = dict.fromkeys(groups, ())
    if rule.against is Against.BEST:
        others = {each: tuple(other for other in groups if other != each) for each in groups}
    elif rule.against is Against.REFERENCE:
        reference = policy.reference_of(grouping)
        if reference not in groups:
            return Part(rule, grouping, (), lacks_reference=True)
        others = {each: (reference,) for each in groups if each != reference}
    cases = tuple(Case(rule, grouping, group, others[group]) for group in sorted(others))
    return Part(rule, grouping, cases)


def subgroups(policy: AuditPolicy, evidence: VersionEvidence) -> tuple[Case, ...]:
    """Every subgroup that the policy has searched for, against everybody else."""
    search = policy.subgroup_search
    if search is None:
        return ()
    rule = subgroup_rule(search)
    return tuple(
        Case(rule, grouping, group)
        for grouping in policy.searched
        for group in known(evidence, grouping)
    )


def subgroup_rule(search: SubgroupSearch) -> Rule:
    """What is asked of every subgroup that is searched."""
    return Rule(
        id=SUBGROUP_RULE,
        metric=IMPACT_RATIO,
        compare=Comparison.RATIO,
        against=Against.REST,
        threshold=search.threshold,
        sides=Sides.HARM,
        severity=search.severity,
        inconclusive=search.inconclusive,
    )
