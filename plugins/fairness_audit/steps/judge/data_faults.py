"""Faults of the data that leave nothing to judge: never a pass, always a finding that says why."""

from collections.abc import Iterable, Iterator

from fairness_audit.policy.metrics import Needs
from fairness_audit.policy.model import AuditPolicy, Rule
from fairness_audit.records.counted_units import Place
from fairness_audit.records.finding import Finding, Verdict, grouping_name
from fairness_audit.records.measurement import MeasurementFile
from fairness_audit.records.population import Population
from fairness_audit.records.version_evidence import VersionEvidence
from fairness_audit.steps.judge.cases import groupings_of, known
from fairness_audit.text import one_line


def rules_with_data(policy: AuditPolicy, totals: MeasurementFile) -> list[Rule]:
    """The rules there is data for; those there is none for are named by a finding instead."""
    if totals.population_rows == 0:
        return []
    known = totals.labelled_rows != 0
    return [rule for rule in policy.rules if known or not needs_outcomes(rule)]


def needs_outcomes(rule: Rule) -> bool:
    """True if a rule is about what happened after the decision."""
    return Needs.OUTCOME in rule.metric.needs


def data_faults(
    policy: AuditPolicy, population: Population, totals: MeasurementFile, evidence: VersionEvidence
) -> Iterator[Finding]:
    """Every fault of the population that keeps the audit from a conclusion."""
    if population.digest != totals.population_digest:
        yield _fault(
            "measured_population",
            "What was measured is not the population, but another one.",
        )
    if totals.population_rows == 0:
        logged = "none was" if population.decisions == 0 else "some were"
        yield _fault(
            "empty_population",
            "There is nothing to judge: no decision of version"
            f" {one_line(population.model_version)}"
            f" in the window is in the population ({logged} logged).",
        )
        return
    yield from _decision_faults(totals)
    yield from _outcome_faults(policy, totals)
    yield from _group_faults(policy, evidence)


def _decision_faults(totals: MeasurementFile) -> Iterator[Finding]:
    if totals.selected_rows == 0:
        who = "Nobody"
    elif totals.all_selected:
        who = "Everybody"
    else:
        return
    yield _fault(
        "one_decision",
        f"{who} was selected, so no two groups were treated differently and nothing about the"
        " model can be judged.",
    )


def _outcome_faults(policy: AuditPolicy, totals: MeasurementFile) -> Iterator[Finding]:
    rules = [rule.id for rule in policy.rules if needs_outcomes(rule)]
    if rules and totals.labelled_rows == 0:
        yield _fault(
            "no_outcomes",
            f"No outcome is known, so {_listed(rules)} cannot be judged.",
        )


def _group_faults(policy: AuditPolicy, evidence: VersionEvidence) -> Iterator[Finding]:
    for grouping in _judged_groupings(policy):
        comparable = known(evidence, grouping)
        name = grouping_name(grouping)
        if not evidence.groups(Place(grouping)):
            yield _fault("one_group", f"No group of {name} was measured.", grouping)
        elif not comparable:
            yield _fault(
                "one_group", f"The {name} of nobody in the population is known.", grouping
            )
        elif len(comparable) == 1:
            only = one_line(comparable[0])
            yield _fault(
                "one_group",
                f"Only one group of {name} occurs, {only}, so there is none to compare it with.",
                grouping,
            )


def _judged_groupings(policy: AuditPolicy) -> list[str]:
    """Every attribute, and every intersection that a rule is about."""
    judged = {grouping for rule in policy.rules for grouping in groupings_of(policy, rule)}
    return [each for each in policy.groupings if each in judged or each in policy.attributes]


def _listed(names: Iterable[str]) -> str:
    return ", ".join(f"rule {name}" for name in names)


def _fault(rule: str, sentence: str, attribute: str | None = None) -> Finding:
    return Finding(
        rule=rule,
        kind="population",
        verdict=Verdict.INCONCLUSIVE,
        at_gate="block",
        attribute=attribute,
        sentence=sentence,
    )
