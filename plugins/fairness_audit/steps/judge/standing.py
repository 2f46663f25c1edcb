"""Failures that are on record: they stand for their version, whatever is asked since.

A failure is lifted by later decisions alone, or waived by two people. Corrections of what was
counted then, another policy or another name of a rule do not lift it.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping

from fairness_audit.policy.model import AuditPolicy
from fairness_audit.policy.units import Day
from fairness_audit.records.finding import Finding, Verdict
from fairness_audit.records.signed.audit import AuditRecord
from fairness_audit.steps.judge.cases import SUBGROUP_RULE, Case
from fairness_audit.steps.judge.family import Failure

About = tuple[str, str | None, str | None, str | None]
"""A rule, its metric, a grouping and a group: whom a group is compared with may change."""

OnRecord = Mapping[About, tuple[tuple[Day, str | None], ...]]
"""Failures by what failed: the unit after which later ones alone lift it, and against whom."""


def failures_on_record(
    earlier: Iterable[AuditRecord], rests_on: str, amended: Collection[Day]
) -> OnRecord:
    """Every failure of a version that its records hold, oldest first.

    Under the method that it was found by, units after the one that brought it may lift it, whoever
    looked at them by then. Where another method asks otherwise, or counts were corrected, only
    units may that were not there when it was found: neither what is asked nor what is corrected is
    a way to turn round what is known.

    Args:
        earlier: the audits of the version before this one.
        rests_on: digest of the method by which is judged now.
        amended: the first days of units that were counted otherwise once.
    """
    found: dict[About, dict[Day, tuple[Day, str | None]]] = {}
    for record in earlier:
        for finding in filter(_failed, record.findings):
            since = finding.evidence.since
            if since is None:
                continue
            last = (record.basis and record.basis.last) or since
            is_as_then = record.rests_on == rests_on and not any(
                since <= day <= last for day in amended
            )
            until = since if is_as_then else last
            found.setdefault(about(finding), {}).setdefault(since, (until, finding.reference))
    return {key: tuple(each.values()) for key, each in found.items()}


def failures_of(
    cases: Iterable[Case], on_record: OnRecord
) -> Mapping[object, tuple[Failure, ...]]:
    """Those of the cases that are judged now.

    Of the pair with the group it was compared with, or of all where that is none of them.
    """
    found = {
        case: tuple(
            Failure(since, case.others.index(other) if other in case.others else None)
            for since, other in on_record.get(about_case(case), ())
        )
        for case in cases
    }
    return {case: failures for case, failures in found.items() if failures}


def standing_failures(
    earlier: Iterable[AuditRecord], policy: AuditPolicy, answered: Collection[About]
) -> Iterator[Finding]:
    """The newest finding of each failure that this audit finds nothing about which could lift it.

    Args:
        earlier: the audits of the version before this one.
        policy: what is asked now.
        answered: what this audit judges and what may fail in it.
    """
    newest: dict[About, Finding] = {}
    for record in earlier:
        for finding in record.findings:
            if finding.kind == "disparity" and not _failed(finding):
                newest[about(finding)] = finding
        # A failure that stood in a record stood whatever else the record says of the same group.
        newest |= {about(finding): finding for finding in filter(_failed, record.findings)}
    rules = {rule.id for rule in policy.rules}
    rules |= {SUBGROUP_RULE} if policy.subgroup_search else set()
    for key, finding in newest.items():
        if _failed(finding) and key not in answered:
            why, evidence = _UNANSWERED, finding.evidence
            if finding.rule not in rules:
                why, evidence = _UNASKED, evidence.model_copy(update={"pass_needed": None})
            said = finding.sentence.removesuffix(_UNANSWERED).removesuffix(_UNASKED)
            update = {"sentence": f"{said}{why}", "evidence": evidence}
            yield finding.model_copy(update=update)


_UNASKED = (
    " No rule of the policy asks about it any more; the failure stands until two people waive it."
)
_UNANSWERED = (
    " By this audit it could not fail nor pass; the failure stands until one can tell, or two"
    " people waive it."
)


def _failed(finding: Finding) -> bool:
    """True of a failure that was found by closed units, as all are since there are any."""
    return (
        finding.kind == "disparity"
        and finding.verdict is Verdict.FAIL
        and finding.evidence.since is not None
    )


def about(finding: Finding) -> About:
    """What a finding is about."""
    return finding.rule, finding.metric, finding.attribute, finding.group


def about_case(case: Case) -> About:
    """What findings of a case are about."""
    return case.rule.id, case.rule.metric.name, case.grouping, case.group
