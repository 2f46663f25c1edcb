"""What a valid policy cannot conclude, leaves open, or pays for: told before any audit."""

from collections.abc import Iterator
from typing import NamedTuple

from fairness_audit.policy.consistency import FieldPath
from fairness_audit.policy.model import Against, AuditPolicy, Comparison, Rule, Sides
from fairness_audit.statistics.sequential import Aim, FailsOn, bet
from fairness_audit.steps.judge.allowed_range import AllowedRange
from fairness_audit.steps.judge.cases import groupings_of


class Pitfall(NamedTuple):
    """Where it stands in the policy, what follows from it, and what to write instead."""

    where: FieldPath
    what: str
    cure: str


def pitfalls(policy: AuditPolicy) -> Iterator[Pitfall]:
    """Everything that follows from a policy by arithmetic and that its owner may not expect."""
    for index, rule in enumerate(policy.rules):
        for field, what, cure in (*_of_sides(rule), *_of_best(policy, rule)):
            yield Pitfall(("rules", index, field), what, cure)
        yield from _of_threshold(policy, index, rule)


def _of_sides(rule: Rule) -> Iterator[tuple[str, str, str]]:
    if rule.sides is Sides.HARM and rule.against is not Against.BEST:
        other = "the reference group" if rule.against is Against.REFERENCE else "everybody else"
        yield (
            "sides",
            f"harm protects the group alone: however much worse off {other} is, rule {rule.id}"
            " passes",
            "write both, or against: best",
        )


def _of_best(policy: AuditPolicy, rule: Rule) -> Iterator[tuple[str, str, str]]:
    """Against the best every group is held against every other."""
    if rule.against is not Against.BEST:
        return
    costs = []
    for name in groupings_of(policy, rule):
        population = (
            policy.attributes[name].reference_population if name in policy.attributes else None
        )
        if population is not None:
            groups = len(population.shares)
            costs.append(f"{groups * (groups - 1)} for the {groups} groups of {name}")
    yield (
        "against",
        f"best holds every group against every other: k groups are k (k - 1) hypotheses"
        f"{', ' if costs else ''}{', '.join(costs)}; each makes all failures take longer",
        "see what it costs with fairness-audit plan",
    )


def _of_threshold(policy: AuditPolicy, index: int, rule: Rule) -> Iterator[Pitfall]:
    """A limit beyond which no two rates lie apart clearly enough to be found."""
    if rule.compare is not Comparison.DIFFERENCE:
        return
    limit = AllowedRange.of(rule, selected_is_favourable=policy.selected_is_favourable).limit
    side = limit.sides[0]
    nearest = abs(float(bet(limit, side, Aim.FAIL, FailsOn.LIMIT).alternatives[0]))
    if nearest >= 1:
        yield Pitfall(
            ("rules", index, "threshold"),
            f"no two rates are so much more than {rule.threshold} apart that rule {rule.id} could"
            " fail",
            "write a smaller difference",
        )
    elif rule.threshold * 2 >= 1:
        yield Pitfall(
            ("rules", index, "threshold"),
            f"rule {rule.id} can fail only where one rate is above {float(rule.threshold):.0%} and"
            f" the other below {1 - float(rule.threshold):.0%}",
            "write a smaller difference, or compare: ratio",
        )
