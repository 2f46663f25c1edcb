"""Failures that are on record: they stand for their version, whatever is asked since.

A failure is lifted by later decisions alone, or waived by two people. Corrections of what was
counted then, another policy or another name of a rule do not lift it.
"""

from collections.abc import Collection, Hashable, Iterable, Iterator, Mapping
from typing import TypeVar

from fairness_audit.policy.metrics import TRUE_POSITIVE_RATE
from fairness_audit.policy.units import Day
from fairness_audit.records.door import Moment
from fairness_audit.records.finding import Finding
from fairness_audit.records.signed.audit import AuditRecord
from fairness_audit.steps.judge.cases import Case
from fairness_audit.steps.judge.family import Failure
from fairness_audit.steps.judge.questions import POLARITY_RULE, OfShare, Polarity

Key = TypeVar("Key", bound=Hashable)
Found = TypeVar("Found")

About = tuple[str, str | None, str | None, str | None]
"""A rule, its metric, a grouping and a group: whom a group is compared with may change."""

OnRecord = Mapping[About, tuple[tuple[Day, str | None], ...]]
"""Failures by what failed: the unit after which later ones alone lift it, and against whom."""


def failures_on_record(earlier: Iterable[AuditRecord], rests_on: str) -> OnRecord:
    """Every failure of a version that its records hold, oldest first.

    Under the method that it was found by, units after the one that brought it may lift it, whoever
    looked at them by then. Where another method asks otherwise, only units may that were not there
    when it was found: what is asked is no way to turn round what is known.

    Args:
        earlier: the audits of the version before this one.
        rests_on: digest of the method by which is judged now.
    """
    found: dict[About, dict[Day, tuple[Day, str | None]]] = {}
    for record in earlier:
        for finding in record.findings:
            since = finding.evidence.since
            if since is None or not finding.stands:
                continue
            last = (record.basis and record.basis.last) or since
            until = since if record.rests_on == rests_on else last
            found.setdefault(about(finding), {}).setdefault(since, (until, finding.reference))
    return {key: tuple(each.values()) for key, each in found.items()}


def failures_of(
    tested: Iterable[object], on_record: OnRecord
) -> dict[object, tuple[Failure, ...]]:
    """Those of what is judged now.

    Of the pair with the group it was compared with, or of all where that is none of them.
    """
    found = {}
    for each in tested:
        others = each.others if isinstance(each, Case) else ()
        failures = on_record.get(key, ()) if (key := about_tested(each)) else ()
        if failures:
            found[each] = tuple(
                Failure(since, others.index(other) if other in others else None)
                for since, other in failures
            )
    return found


def standing_failures(
    earlier: Iterable[AuditRecord], asked: Collection[str], answered: Collection[About]
) -> Iterator[Finding]:
    """The newest finding of each failure that this audit finds nothing about which could lift it.

    Args:
        earlier: the audits of the version before this one.
        asked: the rules and checks there are now.
        answered: what this audit judges and what may fail in it.
    """
    failed = (
        (each.logical_date, {about(found): found for found in each.findings if found.stands})
        for each in earlier
    )
    for key, finding in not_lifted(failed).items():
        if key not in answered:
            why, evidence = _UNANSWERED, finding.evidence
            if finding.rule not in asked:
                why, evidence = _UNASKED, evidence.model_copy(update={"pass_needed": None})
            said = finding.sentence.removesuffix(_UNANSWERED).removesuffix(_UNASKED)
            update = {"sentence": f"{said}{why}", "evidence": evidence}
            yield finding.model_copy(update=update)


def not_lifted(audits: Iterable[tuple[Moment, Mapping[Key, Found]]]) -> dict[Key, Found]:
    """The newest of each failure that no audit lifted.

    A failure is in every audit after it, until one finds it lifted. One that was made later as of
    an earlier moment knows nothing of it, and lifts nothing by not having it.

    Args:
        audits: in the order of the ledger, as of when each was, and what failed in it.
    """
    standing: dict[Key, tuple[Moment, Found]] = {}
    for as_of, failed in audits:
        lifted = [key for key, (since, _) in standing.items() if since <= as_of]
        for key in set(lifted) - failed.keys():
            del standing[key]
        for key, found in failed.items():
            if key not in standing or standing[key][0] <= as_of:
                standing[key] = as_of, found
    return {key: found for key, (_, found) in standing.items()}


_UNASKED = (
    " No rule or check asks about it any more; the failure stands until two people waive it."
)
_UNANSWERED = (
    " By this audit it could not fail nor pass; the failure stands until one can tell, or two"
    " people waive it."
)


def about(finding: Finding) -> About:
    """What a finding is about."""
    return finding.rule, finding.metric, finding.attribute, finding.group


def about_case(case: Case) -> About:
    """What findings of a case are about."""
    return case.rule.id, case.rule.metric.name, case.grouping, case.group


def about_tested(tested: object) -> About | None:
    """What findings of something that is tested are about; None of what never fails an audit."""
    match tested:
        case Case():
            return about_case(tested)
        case Polarity():
            return POLARITY_RULE, TRUE_POSITIVE_RATE.name, None, None
        case OfShare(check):
            return check.expectation, None, check.attribute, check.group
    return None
