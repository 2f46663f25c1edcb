"""Until when a version waits, because of whom, and the one thing that can be done about it.

Where nothing is held against a version but what is not yet known, the judge has found of each
such finding when it will be settled, if all groups are in truth treated alike. The last decides.
"""

from collections.abc import Sequence
from fractions import Fraction
from typing import NamedTuple

from fairness_audit.policy.model import AuditPolicy
from fairness_audit.policy.units import Day, later
from fairness_audit.records.finding import Finding, group_name
from fairness_audit.records.signed.audit import AuditRecord
from fairness_audit.steps.gate.people import Standing

LEAST_SHARE = Fraction(1, 10)
"""Groups under a larger share are never proposed to be left out of what the gate waits for."""


class Wait(NamedTuple):
    """Since a version waits: until when, because of whom, and what can be done about it.

    ``until`` is `passes not before 2029-06-28, because of group X (gender): …`.
    """

    until: str
    step: str

    def __str__(self) -> str:
        return f"{self.until}; next: {self.step}"


def wait_of(policy: AuditPolicy, audit: AuditRecord, found: Sequence[Standing]) -> Wait | None:
    """None where something blocks, people have rejected it, or no evidence will settle it."""
    waiting = [each for each in found if each.open]
    if not waiting or not all(_is_settled_by_evidence(each) for each in waiting):
        return None
    findings = [each.finding for each in waiting]
    last = max(findings, key=_settled)
    who = group_name(last.group or "?", last.attribute or "?")
    by = last.evidence.settled_by
    if by is not None:
        why = f"{last.rule} is not settled for it sooner, if it is in truth treated alike"
    else:
        from fairness_audit.statistics.outlook import YEARS  # only who waits loads numpy

        by = later(audit.logical_date.date(), days=365 * YEARS)
        why = (
            f"three years are not enough to settle {last.rule} for it, even if it is in truth"
            " treated alike"
        )
    return Wait(
        f"passes not before {by:%Y-%m-%d}, because of {who}: at these sizes {why}",
        _next(policy, audit, findings),
    )


def _is_settled_by_evidence(standing: Standing) -> bool:
    is_rejected = standing.review is not None and standing.review.decision == "reject"
    return not is_rejected and standing.finding.evidence.settled_with is not None


def _settled(finding: Finding) -> tuple[bool, Day, float, Fraction]:
    """What is settled last has the greatest: the day, else how unlikely, else how small."""
    seen = finding.evidence
    is_never = seen.settled_by is None
    return is_never, seen.settled_by or Day.max, -(seen.settled_with or 0.0), -_share(finding)


def _share(finding: Finding) -> Fraction:
    return Fraction(finding.evidence.share_below or 1)


def _next(policy: AuditPolicy, audit: AuditRecord, findings: Sequence[Finding]) -> str:
    """People decide; or the policy, where small groups alone would hold it up for ever."""
    never = [_share(each) for each in findings if each.evidence.settled_by is None]
    if never and max(never) <= LEAST_SHARE:
        return (
            f"set smallest_share: {max(never)} under gate in"
            f" expectations/{policy.model}/policy.yaml, and the gate waits for no group as small"
        )
    return (
        f"{policy.review.owner} decides under Required Actions in Airflow (DAG review_audit,"
        f" record {audit.record_id[:12]})"
    )
