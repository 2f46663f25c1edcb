"""All findings of one audit, and the verdict over them."""

from collections.abc import Sequence

from fairness_audit.policy.load import policy_digest
from fairness_audit.policy.model import AuditPolicy
from fairness_audit.records.finding import Finding, Judgement, Verdict
from fairness_audit.records.history import History
from fairness_audit.records.measurement import Measurement, MeasurementFile
from fairness_audit.records.population import Population
from fairness_audit.records.validation import ValidationReport
from fairness_audit.steps.judge.ahead import Ahead
from fairness_audit.steps.judge.assumptions import assumption_findings, expired_references
from fairness_audit.steps.judge.basis import basis_findings, basis_of
from fairness_audit.steps.judge.cases import SUBGROUP_RULE
from fairness_audit.steps.judge.checks import check_findings
from fairness_audit.steps.judge.coverage import sources_of
from fairness_audit.steps.judge.data_faults import data_faults, rules_with_data
from fairness_audit.steps.judge.disparity import disparity_findings
from fairness_audit.steps.judge.drift import drift_findings
from fairness_audit.steps.judge.gaps import gap_findings
from fairness_audit.steps.judge.polarity import polarity_findings
from fairness_audit.steps.judge.questions import POLARITY_RULE, Polarity
from fairness_audit.steps.judge.reversals import reversal_findings
from fairness_audit.steps.judge.standing import about, failures_on_record, standing_failures
from fairness_audit.steps.judge.subgroups import subgroup_findings
from fairness_audit.steps.judge.tables import Tables
from fairness_audit.steps.judge.trial import Trial

_KINDS = (
    "population",
    "polarity",
    "error_budget",
    "disparity",
    "drift",
    "reversal",
    "representation",
    "label_balance",
    "quality",
    "evidence",
)
_AT_GATE = ("block", "review", "allow")


def judge(
    policy: AuditPolicy,
    *,
    population: Population,
    totals: MeasurementFile,
    measurements: Sequence[Measurement],
    validation: ValidationReport,
    history: History,
) -> Judgement:
    """Hold what was counted, measured and checked against the policy.

    Verdicts rest on the evidence of ``history``: all closed units of the version's decisions, each
    counted once. What was measured in this audit's window is told beside them.

    A pure function: equal arguments give an equal judgement, and the order of the measurements
    and checks does not matter.
    """
    tables = Tables(policy, history.evidence)
    trial = Trial.of(tables, rules_with_data(policy, totals), validation)
    rests_on = history.rests_on or policy_digest(policy)
    where = trial.positions(failures_on_record(history.earlier, rests_on))
    ahead = Ahead(trial, where)
    basis = basis_of(policy, history, hypotheses=trial.hypotheses)
    asked = _asked(policy, validation)
    standing = list(standing_failures(history.earlier, asked, trial.answered(where)))
    stand = {about(each) for each in standing}
    judged = [
        *polarity_findings(tables, where.get(Polarity())),
        *(each for part in trial.parts for each in disparity_findings(tables, part, where, ahead)),
        *subgroup_findings(tables, trial.searched, where),
        *gap_findings(tables, trial.gaps, where),
        *check_findings(validation, policy, where),
    ]
    findings = [
        *data_faults(policy, population, totals, history.evidence),
        *basis_findings(basis, history, population.window_start),
        *standing,
        *(each for each in judged if about(each) not in stand),
        *assumption_findings(tables, where),
        *expired_references(policy, history.logical_date.date()),
        *drift_findings(trial),
        *reversal_findings(policy, measurements),
    ]
    verdict = verdict_over(findings)
    return Judgement(
        verdict=verdict,
        findings=_deciding_first(policy, verdict, findings),
        basis=basis,
        attributes=sources_of(policy, measurements),
    )


def _deciding_first(
    policy: AuditPolicy, verdict: Verdict, findings: Sequence[Finding]
) -> tuple[Finding, ...]:
    """The finding that the verdict rests on, then the others in the order of reading."""
    order = {rule.id: position for position, rule in enumerate(policy.rules)}

    def most_telling(finding: Finding) -> tuple[object, ...]:
        """What passed: of the policy's first rule, the disparity that is clearest to see."""
        return (order.get(finding.rule, len(order)), *_weight_first(finding))

    told = most_telling if verdict is Verdict.PASS else _weight_first
    deciding = min((each for each in findings if each.verdict is verdict), key=told)
    rest = sorted((each for each in findings if each is not deciding), key=_reading_order)
    return deciding, *rest


def _asked(policy: AuditPolicy, validation: ValidationReport) -> set[str]:
    """What findings that may fail are called by: rules, checks, and what an audit asks itself."""
    searched = {SUBGROUP_RULE} if policy.subgroup_search else set()
    checks = {each.expectation for each in validation.checks}
    return {POLARITY_RULE} | searched | {each.id for each in policy.rules} | checks


def verdict_over(findings: Sequence[Finding]) -> Verdict:
    """The verdict that findings make together.

    1. any `fail` is `fail`;
    2. else any `inconclusive` that the gate does not let through is `inconclusive`;
    3. else any `warn` is `warn`;
    4. else it is `pass`, if at least one disparity passed: a pass needs evidence, and where every
       disparity is inconclusive there is none.
    """
    verdicts = {each.verdict for each in findings}
    if Verdict.FAIL in verdicts:
        return Verdict.FAIL
    if any(each.verdict is Verdict.INCONCLUSIVE and each.at_gate != "allow" for each in findings):
        return Verdict.INCONCLUSIVE
    if Verdict.WARN in verdicts:
        return Verdict.WARN
    passed = any(each.kind == "disparity" and each.verdict is Verdict.PASS for each in findings)
    return Verdict.PASS if passed else Verdict.INCONCLUSIVE


def _weight_first(finding: Finding) -> tuple[object, ...]:
    """The weightiest finding first: what it does at the gate, then the strength of evidence."""
    return (
        _AT_GATE.index(finding.at_gate),
        _KINDS.index(finding.kind),
        -(finding.evidence.fail_evidence or 0.0),
        *_reading_order(finding),
    )


def _reading_order(finding: Finding) -> tuple[object, ...]:
    """The worst first, then by what it is about."""
    order = (Verdict.FAIL, Verdict.INCONCLUSIVE, Verdict.WARN, Verdict.PASS)
    return (
        order.index(finding.verdict),
        _AT_GATE.index(finding.at_gate),
        _KINDS.index(finding.kind),
        finding.attribute or "",
        finding.rule,
        finding.group or "",
        finding.sentence,
    )
