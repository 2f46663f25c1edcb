"""Failures that are on record: they stand for their version, whatever is asked since.

A failure is lifted by later decisions alone, or waived by two people. Corrections of what was
counted then, another policy or another name of a rule do not lift it.
"""

from collections.abc import Iterable, Iterator, Mapping
from datetime import date

from fairness_audit.records.finding import Finding, Verdict
from fairness_audit.records.signed.audit import AuditRecord
from fairness_audit.steps.judge.cases import Case

About = tuple[str, str | None, str | None, str | None]
"""A rule, its metric, a grouping and a group: whom a group is compared with may change."""


def failures_on_record(earlier: Iterable[AuditRecord]) -> Mapping[About, tuple[date, ...]]:
    """The first days of the units that brought a failure, by what failed; sorted."""
    found: dict[About, set[date]] = {}
    for record in earlier:
        for finding in record.findings:
            if _failed(finding) and finding.evidence.since is not None:
                found.setdefault(about(finding), set()).add(finding.evidence.since)
    return {key: tuple(sorted(days)) for key, days in found.items()}


def failures_of(
    cases: Iterable[Case], on_record: Mapping[About, tuple[date, ...]]
) -> Mapping[object, tuple[date, ...]]:
    """Those of the cases that are judged now."""
    found: dict[object, tuple[date, ...]] = {}
    for case in cases:
        if days := on_record.get(case_about(case), ()):
            found[case] = days
    return found


def orphaned_failures(earlier: Iterable[AuditRecord], cases: Iterable[Case]) -> Iterator[Finding]:
    """The newest finding of each failure that no rule of the policy asks about any more."""
    asked = {case_about(case) for case in cases}
    newest: dict[About, Finding] = {}
    for record in earlier:
        for finding in record.findings:
            if finding.kind == "disparity" and about(finding) not in asked:
                newest[about(finding)] = finding
    for finding in newest.values():
        if _failed(finding) and finding.evidence.since is not None:
            said = finding.sentence.removesuffix(_MORE)
            yield finding.model_copy(update={"sentence": f"{said}{_MORE}"})


_MORE = (
    " No rule of the policy asks about it any more; the failure stands until two people waive it."
)


def _failed(finding: Finding) -> bool:
    return finding.kind == "disparity" and finding.verdict is Verdict.FAIL


def about(finding: Finding) -> About:
    """What a finding is about."""
    return finding.rule, finding.metric, finding.attribute, finding.group


def case_about(case: Case) -> About:
    """What the findings of a case are about."""
    return case.rule.id, case.rule.metric.name, case.grouping, case.group
