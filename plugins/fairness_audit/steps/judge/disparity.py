"""Findings about disparities: every rule, for every group it is about."""

from collections.abc import Iterable, Iterator, Sequence
from fractions import Fraction

from fairness_audit.policy.metrics import Phrase
from fairness_audit.policy.model import AtGate, AuditPolicy, Rule, Severity
from fairness_audit.records.finding import Finding, Verdict
from fairness_audit.records.measurement import Measurement
from fairness_audit.steps.judge.allowed_range import AllowedRange, TwoRates
from fairness_audit.steps.judge.bounds import UnknownRows, Unknowns, ends, measured_as, unknowns
from fairness_audit.steps.judge.cases import Case, Lack, Part, parts_of
from fairness_audit.steps.judge.evidence import evidence_of
from fairness_audit.steps.judge.family import Significance
from fairness_audit.steps.judge.ground import Ground, ground_of, held_at, verdict_of
from fairness_audit.steps.judge.proxies import Caution, caution_of, contaminated_ends, softened
from fairness_audit.steps.judge.sentences import Sentence, sentence
from fairness_audit.steps.judge.wording import grouping_name
from fairness_audit.text import one_line


def disparity_findings(
    policy: AuditPolicy,
    rules: Iterable[Rule],
    measurements: Sequence[Measurement],
    *,
    alpha: Fraction,
    confidence: float,
) -> list[Finding]:
    """One finding per rule, grouping and group; one for a whole grouping without its reference.

    ``alpha`` is the significance level of all of them together; at 0 none can be a failure.
    """
    parts = parts_of(policy, rules, measurements)
    unknown = unknowns(measurements, selected_is_favourable=policy.selected_is_favourable)
    yardstick = _Yardstick(policy, parts, unknown, alpha, confidence)
    return [finding for part in parts for finding in yardstick.findings(part)]


class _Yardstick:
    """What all cases of one audit are judged by."""

    def __init__(
        self,
        policy: AuditPolicy,
        parts: Sequence[Part],
        unknown: Unknowns,
        alpha: Fraction,
        confidence: float,
    ) -> None:
        self._policy = policy
        self._unknowns = unknown
        self._alpha = alpha
        self._confidence = confidence
        self._significance = Significance(
            parts, min_group_size=policy.min_group_size, family=policy.error_rate.family
        )

    def findings(self, part: Part) -> Iterator[Finding]:
        """The findings of one rule in one grouping."""
        if part.lacks is not None:
            yield _about_the_grouping(self._policy, part, part.lacks)
        grounds = {case: self._ground(case) for case in part.cases}
        some_judged = any(ground.is_judged for ground in grounds.values())
        for case, ground in grounds.items():
            yield self._finding(case, ground, some_judged)

    def _allowed(self, rule: Rule) -> AllowedRange:
        return AllowedRange.of(rule, selected_is_favourable=self._policy.selected_is_favourable)

    def _ground(self, case: Case) -> Ground:
        ground = self._ground_of(case.measured, case, self._significance.p_adjusted(case))
        rates = None if case.measured is None else TwoRates.of(case.measured)
        if rates is None:
            return ground
        unknown, low, high = self._unknown(case), rates, rates
        if unknown is not None and not self._policy.assumes_at_random(case.grouping):
            low, high = ends(case, rates, unknown)
            ground = held_at(ground, [self._ground_at(end, case) for end in (low, high)])
        error = self._error(case)
        if ground is not Ground.WITHIN or not error:
            return ground
        low, high = contaminated_ends(case, low, error)[0], contaminated_ends(case, high, error)[1]
        # The groups are large enough as they are; here fewer of their rows are sure to be theirs.
        held = [self._ground_at(end, case, min_rows=1) is ground for end in (low, high)]
        return ground if all(held) else Ground.DEPENDS_ON_INFERENCE

    def _ground_at(self, end: TwoRates, case: Case, min_rows: int | None = None) -> Ground:
        """The ground if the rates were these, at a level safe whatever the other tests."""
        measured = measured_as(case, end, self._confidence)
        p = None if measured is None else measured.p_value
        if p is not None and self._alpha:
            level = self._significance.level(case, self._alpha)
            p = min(1.0, p * float(self._alpha) / level)
        return self._ground_of(measured, case, p, min_rows)

    def _ground_of(
        self,
        measured: Measurement | None,
        case: Case,
        p_adjusted: float | None,
        min_rows: int | None = None,
    ) -> Ground:
        return ground_of(
            measured,
            self._allowed(case.rule),
            min_group_size=self._policy.min_group_size if min_rows is None else min_rows,
            p_adjusted=p_adjusted,
            alpha=self._alpha,
        )

    def _unknown(self, case: Case) -> UnknownRows | None:
        return self._unknowns.get((case.rule.metric.name, case.grouping))

    def _caution(self, case: Case) -> Caution | None:
        return caution_of(self._policy, case.grouping)

    def _error(self, case: Case) -> Fraction:
        caution = self._caution(case)
        return Fraction(0) if caution is None else caution.error

    def _finding(self, case: Case, ground: Ground, some_judged: bool) -> Finding:
        telling = self._sentence(case, ground)
        verdict = verdict_of(ground, case.rule.severity)
        at_gate = _at_gate(case.rule, ground, verdict, some_judged)
        if telling.caution is not None:
            verdict, at_gate = softened(verdict, at_gate, ground)
        return Finding(
            rule=case.rule.id,
            kind="disparity",
            verdict=verdict,
            at_gate=at_gate.value,
            metric=case.rule.metric.name,
            attribute=case.grouping,
            group=case.group,
            reference=case.measured.reference if case.measured else None,
            sentence=sentence(telling),
            evidence=telling.evidence,
        )

    def _sentence(self, case: Case, ground: Ground) -> Sentence:
        policy, allowed, alpha = self._policy, self._allowed(case.rule), self._alpha
        return Sentence(
            case=case,
            rates=TwoRates.of(case.measured) if case.measured else None,
            ground=ground,
            allowed=allowed,
            phrase=_phrase(policy, case.rule),
            evidence=evidence_of(
                case,
                allowed,
                p_adjusted=self._significance.p_adjusted(case),
                level=self._significance.level(case, alpha),
                unknown=self._unknown(case),
                error=self._error(case),
            ),
            caution=self._caution(case),
            alpha=alpha,
            confidence=self._confidence,
            min_group_size=policy.min_group_size,
        )


def _phrase(policy: AuditPolicy, rule: Rule) -> Phrase:
    return rule.metric.where(selected_is_favourable=policy.selected_is_favourable).phrase


def _at_gate(rule: Rule, ground: Ground, verdict: Verdict, some_judged: bool) -> AtGate:
    """What a finding does at the gate.

    A measurement that is not there blocks under every rule, since a fault of the run must not
    read as a pass. A rule that could judge no group of a grouping blocks, unless it only warns.
    """
    if verdict is not Verdict.INCONCLUSIVE:
        return AtGate.BLOCK if verdict is Verdict.FAIL else AtGate.ALLOW
    if ground is Ground.NOT_MEASURED:
        return AtGate.BLOCK
    if rule.severity is Severity.WARN:
        return AtGate.ALLOW
    if ground is Ground.UNDEFINED and not some_judged:
        return AtGate.BLOCK
    return rule.inconclusive


def _about_the_grouping(policy: AuditPolicy, part: Part, lack: Lack) -> Finding:
    """No group can be judged: a misnamed reference blocks, small groups are for the policy."""
    rule, reference = part.rule, None
    if lack is Lack.REFERENCE_GROUP:
        reference = policy.reference_of(part.grouping)
        why = f"the reference group {one_line(reference)} does not occur in the population"
        at_gate = AtGate.BLOCK
    else:
        why = f"none has the {policy.min_group_size:,} rows that the policy asks for"
        at_gate = AtGate.ALLOW if rule.severity is Severity.WARN else rule.inconclusive
    rate = _phrase(policy, rule).called
    return Finding(
        rule=rule.id,
        kind="disparity",
        verdict=Verdict.INCONCLUSIVE,
        at_gate=at_gate.value,
        metric=rule.metric.name,
        attribute=part.grouping,
        reference=reference,
        sentence=f"No group of {grouping_name(part.grouping)} can be judged on its {rate}: {why}.",
    )
