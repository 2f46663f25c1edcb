"""Findings about all subgroups that are searched, at once.

Every subgroup that breaks the limit is named, and the search passes only if all of them keep it
(cf. Cherian and Candès, "Statistical inference for fairness auditing", arXiv 2305.03712): a mild
gap that is clear hides no wide one.
"""

from collections.abc import Iterator, Mapping, Sequence

from fairness_audit.policy.model import AtGate, Severity
from fairness_audit.records.finding import Finding, Verdict
from fairness_audit.statistics.course import State
from fairness_audit.steps.judge.cases import SUBGROUP_RULE, Case, Part
from fairness_audit.steps.judge.disparity import disparity_findings
from fairness_audit.steps.judge.family import Position
from fairness_audit.steps.judge.tables import Tables
from fairness_audit.steps.judge.wording import limit_name


def subgroup_findings(
    tables: Tables, cases: Sequence[Case], positions: Mapping[object, Position]
) -> Iterator[Finding]:
    """One finding for each subgroup that breaks the limit, and one about all others."""
    broken = [case for case in cases if positions[case].state is State.FAIL]
    for case in broken:
        yield from disparity_findings(tables, Part(case.rule, case.grouping, (case,)), positions)
    others = [case for case in cases if positions[case].state is not State.FAIL]
    if others:
        yield _about_all(tables, others, positions, more=bool(broken))


def of_the_rest(
    others: Sequence[Case], positions: Mapping[object, Position]
) -> tuple[Verdict, AtGate]:
    """What is concluded about all subgroups together that do not break the limit; not none."""
    if all(positions[case].state is State.PASS for case in others):
        return Verdict.PASS, AtGate.ALLOW
    rule = others[0].rule
    only_warns = rule.severity is Severity.WARN
    return Verdict.INCONCLUSIVE, AtGate.ALLOW if only_warns else rule.inconclusive


def _about_all(
    tables: Tables, others: Sequence[Case], positions: Mapping[object, Position], *, more: bool
) -> Finding:
    """The finding about them; ``more`` where others break the limit."""
    verdict, at_gate = of_the_rest(others, positions)
    kept = sum(positions[case].state is State.PASS for case in others)
    rule = others[0].rule
    limit = limit_name(rule.threshold, in_points=False)
    doubt = "" if verdict is Verdict.PASS else "; of the others nothing can be said yet"
    return Finding(
        rule=SUBGROUP_RULE,
        kind="disparity",
        verdict=verdict,
        at_gate=at_gate.value,
        metric=rule.metric.name,
        sentence=(
            f"Of {len(others):,} {'other ' if more else ''}subgroups of up to"
            f" {_depth(tables)}, {kept:,} {'is' if kept == 1 else 'are'} shown to keep"
            f" the limit of {limit} against everybody else{doubt}."
        ),
    )


def _depth(tables: Tables) -> str:
    """`3 attributes`."""
    search = tables.policy.subgroup_search
    depth = 0 if search is None else search.depth
    return f"{depth} attribute{'' if depth == 1 else 's'}"
