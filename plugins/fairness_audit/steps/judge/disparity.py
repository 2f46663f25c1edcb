"""Findings about disparities: every rule, for every group it is about."""

from collections.abc import Iterator, Mapping
from typing import NamedTuple

from fairness_audit.policy.metrics import IMPACT_RATIO
from fairness_audit.policy.model import AtGate, AuditPolicy, Severity
from fairness_audit.records.finding import Evidence, Finding, Verdict
from fairness_audit.steps.judge.ahead import Ahead
from fairness_audit.steps.judge.allowed_range import AllowedRange
from fairness_audit.steps.judge.cases import Case, Lack, Part, rate_of
from fairness_audit.steps.judge.family import Position
from fairness_audit.steps.judge.ground import Ground, ground_of, verdict_of
from fairness_audit.steps.judge.pairs import beside_of
from fairness_audit.steps.judge.proxies import caution_of, softened
from fairness_audit.steps.judge.sentences import Sentence, sentence
from fairness_audit.steps.judge.tables import Tables
from fairness_audit.steps.judge.wording import grouping_name, outwards
from fairness_audit.text import one_line


def disparity_findings(
    tables: Tables, part: Part, positions: Mapping[object, Position], ahead: Ahead | None = None
) -> Iterator[Finding]:
    """The findings of one rule in one grouping: one per group, or one where none can be judged.

    ``ahead`` says of what is open and holds a release up when it will be settled.
    """
    if part.lacks is not None:
        yield _about_the_grouping(tables.policy, part, part.lacks)
    told = [_Told(tables, case, positions[case], ahead) for case in part.cases]
    some_judged = any(each.ground.is_judged for each in told)
    for each in told:
        yield each.finding(some_judged=some_judged)


class Ruling(NamedTuple):
    """What is concluded about a case."""

    case: Case
    verdict: Verdict
    at_gate: AtGate


def rulings(tables: Tables, part: Part, positions: Mapping[object, Position]) -> Iterator[Ruling]:
    """What the findings of a part conclude, without what they say."""
    told = [_Told(tables, case, positions[case]) for case in part.cases]
    some_judged = any(each.ground.is_judged for each in told)
    for each in told:
        yield each.ruling(some_judged=some_judged)


class _Told:
    """One case, and everything that its finding says."""

    def __init__(
        self, tables: Tables, case: Case, position: Position, ahead: Ahead | None = None
    ) -> None:
        self._tables, self._case, self._position = tables, case, position
        self._ahead = ahead
        policy = tables.policy
        self._allowed = AllowedRange.of(
            case.rule, selected_is_favourable=policy.selected_is_favourable
        )
        self._beside = beside_of(tables, case)[position.pair]
        self.ground = ground_of(
            position.state,
            min(self._beside.own.decisions, self._beside.other.decisions),
            min_group_size=policy.min_group_size,
        )

    def finding(self, *, some_judged: bool) -> Finding:
        """The finding; ``some_judged`` where any group of its grouping could be."""
        case, policy = self._case, self._tables.policy
        _, verdict, at_gate = self.ruling(some_judged=some_judged)
        evidence = self._evidence(is_awaited=at_gate is not AtGate.ALLOW)
        telling = Sentence(
            case=case,
            other=self._other,
            beside=self._beside,
            ground=self.ground,
            allowed=self._allowed,
            phrase=rate_of(policy, case.rule).phrase,
            position=self._position,
            evidence=evidence,
            min_group_size=policy.min_group_size,
            caution=caution_of(policy, case.grouping),
        )
        return Finding(
            rule=case.rule.id,
            kind="disparity",
            verdict=verdict,
            at_gate=at_gate.value,
            metric=case.rule.metric.name,
            attribute=case.grouping,
            group=case.group,
            reference=self._other or case.rule.against.value,
            sentence=sentence(telling),
            evidence=evidence,
        )

    def ruling(self, *, some_judged: bool) -> Ruling:
        """What is concluded; ``some_judged`` as of a finding."""
        verdict = verdict_of(self.ground, self._case.rule.severity)
        at_gate = self._at_gate(verdict, some_judged=some_judged)
        if caution_of(self._tables.policy, self._case.grouping) is not None:
            verdict, at_gate = softened(verdict, at_gate, self.ground)
        return Ruling(self._case, verdict, at_gate)

    @property
    def _other(self) -> str | None:
        """The group it is compared with, if it is one."""
        return self._case.others[self._position.pair] if self._case.others else None

    def _at_gate(self, verdict: Verdict, *, some_judged: bool) -> AtGate:
        """What the finding does at the gate.

        A rule of which no group of a grouping has a decision that counts blocks, unless it only
        warns. The gate does not wait for a group of a smaller share than the policy says.
        """
        rule = self._case.rule
        if verdict is not Verdict.INCONCLUSIVE:
            return AtGate.BLOCK if verdict is Verdict.FAIL else AtGate.ALLOW
        if rule.severity is Severity.WARN:
            return AtGate.ALLOW
        if self.ground is Ground.NOT_COUNTED and not some_judged:
            return AtGate.BLOCK
        small = self._tables.is_smaller_than_waited_for(self._case.grouping, self._case.group)
        return AtGate.ALLOW if small else rule.inconclusive

    def _evidence(self, *, is_awaited: bool) -> Evidence:
        threshold = str(self._case.rule.threshold)
        if self.ground is Ground.NOT_COUNTED:
            return Evidence(threshold=threshold)
        where = self._position
        if self.ground is Ground.TOO_SMALL:
            low, high = outwards(where.low, where.high)
            return Evidence(threshold=threshold, low=low, high=high)
        own, other = self._beside
        counts = (own.successes, own.decisions, other.successes, other.decisions)
        fewest = min(count for count in counts)
        told = fewest >= self._tables.policy.min_group_size
        settled = None
        if self._ahead is not None and is_awaited and self.ground is Ground.OPEN:
            settled = self._ahead.settled(self._case)
        return Evidence(
            threshold=threshold,
            since=where.since,
            value=where.value,
            low=where.low,
            high=where.high,
            fail_evidence=_digits(where.fail_evidence),
            fail_needed=_digits(where.fail_needed),
            pass_evidence=_digits(where.pass_evidence),
            pass_needed=_digits(where.pass_needed),
            numerator=own.successes if told else None,
            denominator=own.decisions if told else None,
            reference_numerator=other.successes if told else None,
            reference_denominator=other.decisions if told else None,
            four_fifths_flag=self._is_below_four_fifths(),
            settled_by=settled.by if settled else None,
            settled_with=settled.probability if settled else None,
        )

    def _is_below_four_fifths(self) -> bool | None:
        """The bare four-fifths rule on all decisions together, exactly; it decides nothing."""
        own, other = self._beside
        if self._case.rule.metric is not IMPACT_RATIO or not other.successes:
            return None
        return 5 * own.successes * other.decisions < 4 * other.successes * own.decisions


def _digits(evidence: float) -> float:
    """Three digits: more would differ from machine to machine, and say nothing."""
    return float(f"{evidence:.3g}")


def _about_the_grouping(policy: AuditPolicy, part: Part, lack: Lack) -> Finding:
    """No group can be judged: a misnamed reference blocks."""
    rule = part.rule
    reference = policy.reference_of(part.grouping)
    rate = rate_of(policy, rule).phrase.called
    why = f"the reference group {one_line(reference)} does not occur in the population"
    return Finding(
        rule=rule.id,
        kind="disparity",
        verdict=Verdict.INCONCLUSIVE,
        at_gate=AtGate.BLOCK.value,
        metric=rule.metric.name,
        attribute=part.grouping,
        reference=reference,
        sentence=f"No group of {grouping_name(part.grouping)} can be judged on its {rate}: {why}.",
    )
