"""What a policy would have concluded from what past audits counted.

Nothing is read from the CRM again: the counts of closed units that each audit left are judged, and
later units change nothing that earlier ones gave. So the audits of a version that ask the same
questions of the same counts are judged in one go; where a group appears, a unit is corrected or
the start of counting moves, another go begins.
"""

from bisect import bisect_right
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from fairness_audit.policy.model import Against, AtGate, AuditPolicy
from fairness_audit.policy.units import Day
from fairness_audit.records.door import Moment
from fairness_audit.records.evidence import CELLS, Evidence
from fairness_audit.records.finding import Finding, Verdict
from fairness_audit.records.history import stream_of
from fairness_audit.records.measurement import OVERALL
from fairness_audit.records.signed.audit import AuditRecord
from fairness_audit.records.subject_sums import summed_as
from fairness_audit.records.validation import NO_CHECKS
from fairness_audit.records.version_evidence import VersionEvidence
from fairness_audit.statistics.course import State
from fairness_audit.steps.judge.cases import SUBGROUP_RULE, Part, groupings_of, rate_of
from fairness_audit.steps.judge.data_faults import needs_outcomes
from fairness_audit.steps.judge.disparity import rulings
from fairness_audit.steps.judge.family import Position
from fairness_audit.steps.judge.judgement import verdict_over
from fairness_audit.steps.judge.plan import stated_shares
from fairness_audit.steps.judge.standing import About, OnRecord, about, about_case, not_lifted
from fairness_audit.steps.judge.subgroups import of_the_rest
from fairness_audit.steps.judge.tables import Tables
from fairness_audit.steps.judge.trial import Trial


class PastAudit(NamedTuple):
    """An audit that was published, and what it counted; None if of before there was evidence."""

    record: AuditRecord
    evidence: Evidence | None


class Conclusion(NamedTuple):
    """What was concluded, and what that does at the gate."""

    verdict: Verdict
    at_gate: str


@dataclass(frozen=True)
class Change:
    """A conclusion that another policy would have changed.

    None stands for no such finding. ``about`` is None for the verdict over the whole audit.
    """

    record: AuditRecord
    about: About | None
    was: Conclusion | None
    becomes: Conclusion | None

    @property
    def loses_failure(self) -> bool:
        """True if a failure that was found would not have been."""
        failed = self.was is not None and self.was.verdict is Verdict.FAIL
        return failed and (self.becomes is None or self.becomes.verdict is not Verdict.FAIL)


class Untold(NamedTuple):
    """An audit whose counts cannot answer."""

    record: AuditRecord
    why: str


@dataclass(frozen=True)
class Hindsight:
    """What would have been concluded: ``judged`` audits again, the changes, and those untold."""

    judged: int
    changes: tuple[Change, ...]
    untold: tuple[Untold, ...]

    @property
    def loses_failure(self) -> bool:
        """True if a failure that was found would not have been."""
        return any(each.loses_failure for each in self.changes)


EvidenceAt = Callable[[AuditRecord], VersionEvidence]
"""Gives all that was counted of a version when the audit of a record was judged."""


def hindsight(
    policy: AuditPolicy, audits: Iterable[PastAudit], evidence_at: EvidenceAt
) -> Hindsight:
    """What a policy would have concluded in past audits, in the order of the ledger.

    Conclusions about disparities are compared, and the verdict that follows with all else as it
    was found. Of the checks of the data each stated share counts as one hypothesis.
    """
    untold: list[Untold] = []
    streams: dict[tuple[str, str, str], list[_Told]] = {}
    for record, counted in audits:
        if counted is None:
            untold.append(Untold(record, "published before evidence was kept"))
        elif why := _why_untold(policy, record, counted):
            untold.append(Untold(record, why))
        else:
            streams.setdefault(stream_of(record), []).append(_Told(record, counted))
    changes = [
        change for stream in streams.values() for change in _of_stream(policy, stream, evidence_at)
    ]
    changes.sort(key=lambda each: (each.record.seq, each.about or ()))
    judged = sum(map(len, streams.values()))
    return Hindsight(judged, tuple(changes), tuple(untold))


class _Told(NamedTuple):
    """An audit whose counts answer."""

    record: AuditRecord
    evidence: Evidence


def _why_untold(policy: AuditPolicy, record: AuditRecord, counted: Evidence) -> str | None:
    """Why what an audit counted cannot answer what the policy asks; None where it can."""
    if counted.unit != policy.evidence.unit:
        return f"counted by the {counted.unit}, not by the {policy.evidence.unit}"
    by_name = {each.grouping: each for each in counted.groupings if each.stratum is None}
    for grouping in _asked(policy):
        if grouping not in by_name:
            return f"did not count {grouping}"
    for rule in policy.rules:
        summed = summed_as(rate_of(policy, rule))[0].name
        for grouping in groupings_of(policy, rule):
            if by_name[grouping].rates and summed not in by_name[grouping].rates:
                return f"did not count how often people are in the {summed} of {grouping}"
    given = record.logical_date - record.window_end
    if any(needs_outcomes(rule) for rule in policy.rules) and given.days != policy.maturity_days:
        return f"gave outcomes {given.days} days, not {policy.maturity_days}"
    return None


def _asked(policy: AuditPolicy) -> set[str]:
    """Every grouping that rules and the search of subgroups ask about."""
    asked = {name for rule in policy.rules for name in groupings_of(policy, rule)}
    return asked | policy.searched.keys()


def _of_stream(
    policy: AuditPolicy, stream: Sequence[_Told], evidence_at: EvidenceAt
) -> Iterator[Change]:
    """The changes of one version's audits, go by go."""
    past: list[_Concluded] = []
    for go in _goes(policy, stream):
        tables = Tables(policy, evidence_at(go[-1].record))
        rules = [each for each in policy.rules if _has_data(go[-1]) or not needs_outcomes(each)]
        trial = Trial.of(tables, rules, NO_CHECKS).beside_silent(stated_shares(policy))
        starts = tables.evidence.starts
        counts = [bisect_right(starts, each.evidence.starts[-1]) for each in go]
        seen = [each for each in past if each.logical_date <= go[-1].record.logical_date]
        for audit, count, where in zip(
            go, counts, trial.positions_after(counts, _on_record(seen)), strict=True
        ):
            then = trial.after(count)
            found = dict(_conclusions(then, where))
            found |= dict(_standing(seen, then.answered(where)))
            yield from _compared(audit.record, found)
            seen.append(
                _Concluded(audit.record.logical_date, found, dict(_failures(trial, where)))
            )
            past.append(seen[-1])


class _Concluded(NamedTuple):
    """What one audit would have concluded, and since when and against whom what failed."""

    logical_date: Moment
    found: Mapping[About, Conclusion]
    failures: Mapping[About, tuple[Day, str]]


def _failures(
    trial: Trial, where: Mapping[object, Position]
) -> Iterator[tuple[About, tuple[Day, str]]]:
    for case in trial.cases:
        position = where[case]
        if position.state is State.FAIL and position.since is not None:
            other = case.others[position.pair] if case.others else case.rule.against.value
            yield about_case(case), (position.since, other)


def _on_record(past: Iterable[_Concluded]) -> OnRecord:
    """As `failures_on_record` of audits that were all judged by one policy."""
    found: dict[About, dict[Day, tuple[Day, str | None]]] = {}
    for each in past:
        for key, (since, other) in each.failures.items():
            if each.found[key].verdict is Verdict.FAIL:
                found.setdefault(key, {}).setdefault(since, (since, other))
    return {key: tuple(each.values()) for key, each in found.items()}


def _standing(
    past: Iterable[_Concluded], answered: Collection[About]
) -> Iterator[tuple[About, Conclusion]]:
    """As `standing_failures`."""
    failed = (
        (
            each.logical_date,
            {key: found for key, found in each.found.items() if found.verdict is Verdict.FAIL},
        )
        for each in past
    )
    for key, found in not_lifted(failed).items():
        if key not in answered:
            yield key, found


def _goes(policy: AuditPolicy, stream: Sequence[_Told]) -> Iterator[list[_Told]]:
    """The audits that can be judged in one go."""
    # What a group is to everybody depends on its share of all units.
    apart = any(rule.against is Against.OVERALL for rule in policy.rules)
    go: list[_Told] = []
    held = Held(_asked(policy) | {OVERALL})
    newest = stream[0].record.logical_date
    was_late = False
    for audit in stream:
        is_late = audit.record.logical_date < newest
        goes_on = held.take(audit.evidence) and not (apart or is_late or was_late)
        if go and not (goes_on and _has_data(audit) == _has_data(go[-1])):
            yield go
            go = []
        go.append(audit)
        newest, was_late = max(newest, audit.record.logical_date), is_late
    yield go


class Held:
    """What the audits of a version have counted so far."""

    def __init__(self, groupings: Collection[str]) -> None:
        self._groupings = groupings
        self._counts: dict[tuple[str, str], dict[Day, tuple[int, ...]]] = {}
        self._starts: set[Day] = set()
        self._counts_from: Moment | None = None

    def take(self, counted: Evidence) -> bool:
        """Take in what one more audit counted; True if it only adds later units."""
        known = self._starts
        adds = (
            counted.counts_from == self._counts_from
            and (not known or counted.starts[0] >= min(known))
            and (not known or counted.starts[-1] >= max(known))
        )
        seen = set()
        for grouping in counted.groupings:
            if grouping.stratum is None and grouping.grouping in self._groupings:
                for each in grouping.groups:
                    key = grouping.grouping, each.group
                    seen.add(key)
                    new = dict(zip(counted.starts, zip(*each.cells, strict=True), strict=True))
                    adds &= key in self._counts and self._agrees(self._counts[key], new)
                    self._counts.setdefault(key, {}).update(new)
        again = known.intersection(counted.starts)
        for key in self._counts.keys() - seen:
            adds &= not any(any(self._counts[key].get(day, ())) for day in again)
            self._counts[key].update(dict.fromkeys(counted.starts, _NOBODY))
        self._starts = known.union(counted.starts)
        self._counts_from = counted.counts_from
        return adds

    def _agrees(
        self, old: Mapping[Day, tuple[int, ...]], new: Mapping[Day, tuple[int, ...]]
    ) -> bool:
        return all(
            cells == old.get(day, _NOBODY) for day, cells in new.items() if day in self._starts
        )


_NOBODY = (0,) * len(CELLS)


def _has_data(audit: _Told) -> bool:
    """True if an outcome is known."""
    return any(
        any(map(any, (each.tp, each.fp, each.fn, each.tn)))
        for grouping in audit.evidence.groupings
        if grouping.grouping == OVERALL
        for each in grouping.groups
    )


def _conclusions(
    trial: Trial, where: Mapping[object, Position]
) -> Iterator[tuple[About, Conclusion]]:
    """What the findings of one audit about disparities conclude."""
    tables = trial.tables
    for part in trial.parts:
        yield from _about_part(tables, part, where)
    broken = [case for case in trial.searched if where[case].state is State.FAIL]
    for case in broken:
        yield from _about_part(tables, Part(case.rule, case.grouping, (case,)), where)
    others = [case for case in trial.searched if where[case].state is not State.FAIL]
    if others:
        verdict, at_gate = of_the_rest(others, where)
        whole = SUBGROUP_RULE, others[0].rule.metric.name, None, None
        yield whole, Conclusion(verdict, at_gate.value)


def _about_part(
    tables: Tables, part: Part, where: Mapping[object, Position]
) -> Iterator[tuple[About, Conclusion]]:
    if part.lacks_reference:
        whole = part.rule.id, part.rule.metric.name, part.grouping, None
        yield whole, Conclusion(Verdict.INCONCLUSIVE, AtGate.BLOCK.value)
    for each in rulings(tables, part, where):
        yield about_case(each.case), Conclusion(each.verdict, each.at_gate.value)


def _compared(record: AuditRecord, becomes: Mapping[About, Conclusion]) -> Iterator[Change]:
    """What changed of an audit: of each finding, and of its verdict."""
    was = {
        about(each): Conclusion(each.verdict, each.at_gate)
        for each in record.findings
        if each.kind == "disparity"
    }
    for key in sorted(was.keys() | becomes.keys(), key=str):
        if was.get(key) != becomes.get(key):
            yield Change(record, key, was.get(key), becomes.get(key))
    found = [each for each in record.findings if each.kind != "disparity"]
    found += [_finding(key, each) for key, each in becomes.items()]
    before, after = _whole(record.verdict, record.findings), _whole(verdict_over(found), found)
    if before != after:
        yield Change(record, None, before, after)


def _finding(key: About, found: Conclusion) -> Finding:
    rule, metric, grouping, group = key
    return Finding.model_validate(
        {
            "rule": rule,
            "kind": "disparity",
            "metric": metric,
            "attribute": grouping,
            "group": group,
            "verdict": found.verdict,
            "at_gate": found.at_gate,
            "sentence": "",
        }
    )


def _whole(verdict: Verdict, findings: Iterable[Finding]) -> Conclusion:
    order = [each.value for each in AtGate]  # allow, review, block
    return Conclusion(verdict, max((each.at_gate for each in findings), key=order.index))
