"""Findings about disparities: every rule, for every group it is about."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import NamedTuple

from fairness_audit.policy.metrics import IMPACT_RATIO
from fairness_audit.policy.model import Against, AtGate, AuditPolicy, Severity
from fairness_audit.records.finding import Evidence, Finding, Verdict, grouping_name
from fairness_audit.steps.judge.ahead import Ahead
from fairness_audit.steps.judge.allowed_range import AllowedRange, is_below_four_fifths
from fairness_audit.steps.judge.bounds import Beside
from fairness_audit.steps.judge.cases import Case, Part, known, rate_of
from fairness_audit.steps.judge.family import Position
from fairness_audit.steps.judge.ground import Ground, ground_of, verdict_of
from fairness_audit.steps.judge.pairs import (
    beside_of,
    disparity_of,
    of_what_is_told,
    pairs_of,
    unknown_share,
)
from fairness_audit.steps.judge.proxies import caution_of, softened
from fairness_audit.steps.judge.sentences import Sentence, sentence
from fairness_audit.steps.judge.tables import Tables
from fairness_audit.steps.judge.wording import apart_from, outwards, three_digits
from fairness_audit.text import one_line

_NAMED = 10
"""How many groups a sentence names."""


def disparity_findings(
    tables: Tables, part: Part, positions: Mapping[object, Position], ahead: Ahead | None = None
) -> Iterator[Finding]:
    """The findings of one rule in one grouping: one per group, or one where none can be judged.

    ``ahead`` says of what is open and holds a release up when it will be settled.
    """
    if part.lacks_reference:
        yield _without_reference(tables.policy, part, known(tables.evidence, part.grouping))
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
            self._beside.fewest,
            min_group_size=policy.min_group_size,
        )

    def finding(self, *, some_judged: bool) -> Finding:
        """The finding; ``some_judged`` where any group of its grouping could be."""
        case, policy = self._case, self._tables.policy
        _, verdict, at_gate = self.ruling(some_judged=some_judged)
        evidence = self._evidence()
        if verdict is Verdict.INCONCLUSIVE and at_gate is not AtGate.ALLOW:
            evidence = evidence.model_copy(update=self._outlook())
        telling = Sentence(
            case=case,
            other=self._other,
            beside=self._told_beside,
            ground=self.ground,
            allowed=self._allowed,
            phrase=rate_of(policy, case.rule).phrase,
            position=replace(self._position, value=evidence.value),
            evidence=evidence,
            min_group_size=policy.min_group_size,
            caution=caution_of(policy, case.grouping),
            unknown=unknown_share(self._tables, case),
            is_newest=self._position.since in self._tables.evidence.starts[-1:],
            unit=self._tables.evidence.unit,
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

    def _evidence(self) -> Evidence:
        threshold = str(self._case.rule.threshold)
        if self.ground is Ground.NOT_COUNTED:
            return Evidence(threshold=threshold)
        low, high = (self._told_against(end) for end in (self._position.low, self._position.high))
        if self.ground is Ground.TOO_SMALL:
            low, high = outwards(low, high)
            return Evidence(threshold=threshold, low=low, high=high)
        where, (own, other) = self._position, self._told_beside
        told = self._may_tell_counts
        value = disparity_of(self._tables, self._case, self._beside)
        if not told:
            value, low, high = (self._roughly(each) for each in (value, low, high))
        return Evidence(
            threshold=threshold,
            since=where.since,
            value=value,
            low=low,
            high=high,
            **self._weighed(),
            numerator=own.successes if told else None,
            denominator=own.decisions if told else None,
            reference_numerator=other.successes if told else None,
            reference_denominator=other.decisions if told else None,
            four_fifths_flag=self._is_below_four_fifths(),
        )

    def _outlook(self) -> dict[str, object]:
        """When a release need no longer wait for it, and how many it waits for, roughly."""
        if self._ahead is None:
            return {}
        settled = self._ahead.settled(self._case)
        return {
            "settled_by": settled.by,
            "settled_with": settled.probability,
            "share_below": str(self._tables.share_below(self._case.grouping, self._case.group)),
        }

    def _weighed(self) -> dict[str, float]:
        """The evidence; nothing of what no rate could break, so that it was not tested."""
        if not pairs_of(self._tables, self._case):
            return {}
        names = ("fail_evidence", "fail_needed", "pass_evidence", "pass_needed")
        return {name: three_digits(getattr(self._position, name)) for name in names}

    @property
    def _told_beside(self) -> Beside:
        """The rates that are told: everybody's, where the group is compared with everybody."""
        if self._case.rule.against is not Against.OVERALL:
            return self._beside
        rate = rate_of(self._tables.policy, self._case.rule)
        return Beside(self._beside.own, self._tables.everybody(rate))

    @property
    def _may_tell_counts(self) -> bool:
        """Whether neither its counts nor what they leave of the grouping are of too few."""
        rate = rate_of(self._tables.policy, self._case.rule)
        groups = {self._case.group} | ({self._other} if self._other is not None else set())
        return not groups & self._tables.withheld(rate, self._case.grouping)

    def _roughly(self, value: float | None) -> float | None:
        """To three digits, and as many as show on which side of the limit it lies.

        All digits of a ratio would tell the counts that it is made of.
        """
        if value is None:
            return None
        ends = [float(end) for end in (self._allowed.low, self._allowed.high) if end is not None]
        return float(apart_from(value, min(ends, key=lambda end: abs(end - value)), 3))

    def _told_against(self, end: float | None) -> float | None:
        return of_what_is_told(self._tables, self._case, end)

    def _is_below_four_fifths(self) -> bool | None:
        """The bare four-fifths rule on all decisions together; it decides nothing."""
        if self._case.rule.metric is not IMPACT_RATIO:
            return None
        own, other = self._told_beside
        return is_below_four_fifths(
            (own.successes, own.decisions), (other.successes, other.decisions)
        )


def _without_reference(policy: AuditPolicy, part: Part, groups: Sequence[str]) -> Finding:
    """No group can be judged: a misnamed reference blocks, and those there are may be meant."""
    rule = part.rule
    reference = policy.reference_of(part.grouping)
    rate = rate_of(policy, rule).phrase.called
    there = ", ".join(map(one_line, groups[:_NAMED])) or "none"
    if len(groups) > _NAMED:
        there += f" and {len(groups) - _NAMED} more"
    why = (
        f"the reference group {one_line(reference)} does not occur in the population, whose groups"
        f" are {there}"
    )
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
