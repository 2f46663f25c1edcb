"""Whether a rate is no longer what it was: each against its own earlier audits."""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from fairness_audit.policy.metrics import NAMES, Rate, metric_named
from fairness_audit.policy.model import AuditPolicy
from fairness_audit.records.finding import Evidence, Finding, Verdict
from fairness_audit.records.history import History
from fairness_audit.statistics.change_point import CONFIDENCE, Change, change_point
from fairness_audit.statistics.family import holm
from fairness_audit.steps.judge.wording import grouping_name, p_value, percent
from fairness_audit.text import one_line

RULE = "drift"
FEWEST_AUDITS = 6
"""A rate needs so many earlier audits before it can be said to have changed."""


class _Rate(NamedTuple):
    """Whose rate of what; two rules about the same rate follow it once."""

    metric: Rate
    grouping: str
    group: str | None
    whose: str


class _Seen(NamedTuple):
    """A rate as one audit saw it."""

    date: str
    version: str
    numerator: int
    denominator: int


_Followed = dict[_Rate, list[_Seen]]


def drift_findings(
    policy: AuditPolicy,
    disparities: Sequence[Finding],
    history: History,
    *,
    model_version: str,
) -> list[Finding]:
    """One warning for each rate behind a disparity that changed at some time in its history.

    The rate of a group and that of what it is compared with are two histories. All that are long
    enough are tested as one family (Holm) at the policy's alpha, so that a steady model gets a
    warning in at most that share of its audits. A change is no failure: the rate may have become
    fairer, or the customers others. It blocks nothing, and so spends nothing of the error budget.

    Args:
        policy: says which groups are large enough, and alpha.
        disparities: the findings of this audit about disparities.
        history: the earlier audits that can be compared with it.
        model_version: the audited version.
    """
    followed = {
        rate: seen
        for rate, seen in _followed(policy, disparities, history, model_version).items()
        if len(seen) > FEWEST_AUDITS
    }
    changes = [_change(seen) for seen in followed.values()]
    adjusted = holm([change.p_value for change in changes])
    return [
        _finding(rate, seen, change, p)
        for (rate, seen), change, p in zip(followed.items(), changes, adjusted, strict=True)
        if p < policy.error_rate.alpha
    ]


def _followed(
    policy: AuditPolicy, disparities: Sequence[Finding], history: History, model_version: str
) -> _Followed:
    """The history of every rate that this audit saw, oldest first, this audit's last."""
    audits = [
        (f"{record.logical_date:%Y-%m-%d}", record.model_version, record.findings)
        for record in history.comparable
    ]
    audits.append((f"{history.logical_date:%Y-%m-%d}", model_version, tuple(disparities)))
    followed: _Followed = {}
    now: dict[_Rate, tuple[int, int]] = {}
    for date, version, findings in audits:
        now = {rate: counts for each in findings for rate, counts in _rates(policy, each)}
        for rate, counts in now.items():
            followed.setdefault(rate, []).append(_Seen(date, version, *counts))
    return {rate: seen for rate, seen in followed.items() if rate in now}


def _rates(policy: AuditPolicy, finding: Finding) -> Iterator[tuple[_Rate, tuple[int, int]]]:
    """Both rates of a disparity, if they are counts of groups that are large enough.

    Sums of weights are left out: the test is one of counts.
    """
    if finding.kind != "disparity" or finding.metric not in NAMES:
        return
    said = finding.evidence
    metric = metric_named(finding.metric)
    if policy.selected_is_favourable:
        metric = metric.if_selected_is_favourable or metric
    group, reference = finding.group or "", finding.reference or ""
    others = {"rest": f"everybody but group {one_line(group)}", "overall": "everybody"}
    sides = (
        (group, said.numerator, said.denominator, f"group {one_line(group)}"),
        (
            None if reference in others else reference,
            said.reference_numerator,
            said.reference_denominator,
            others.get(reference, f"group {one_line(reference)}"),
        ),
    )
    for name, numerator, denominator, whose in sides:
        if (
            isinstance(numerator, int)
            and isinstance(denominator, int)
            and denominator >= policy.min_group_size
        ):
            yield _Rate(metric, finding.attribute or "", name, whose), (numerator, denominator)


def _change(seen: Sequence[_Seen]) -> Change:
    return change_point([each.numerator for each in seen], [each.denominator for each in seen])


def _finding(
    rate: _Rate,
    seen: Sequence[_Seen],
    change: Change,
    p_adjusted: float,
) -> Finding:
    before, after = seen[: change.first], seen[change.first :]
    old, new = _pooled(before), _pooled(after)
    name = rate.metric.phrase.called
    whose = f"{rate.whose} ({grouping_name(rate.grouping)})"
    return Finding(
        rule=RULE,
        kind="drift",
        verdict=Verdict.WARN,
        at_gate="allow",
        metric=rate.metric.name,
        attribute=rate.grouping,
        group=rate.group,
        sentence=(
            f"The {name} of {whose} changed with the audit of {seen[change.first].date}"
            f" ({100 * CONFIDENCE:.4g} % interval {seen[change.low].date} to"
            f" {seen[change.high].date}): {percent(old[0] / old[1])} in {_audits(before)},"
            f" {percent(new[0] / new[1])} in {_audits(after)}; chance does not explain it"
            f" (adjusted {p_value(p_adjusted)})."
        ),
        evidence=Evidence(
            value=new[0] / new[1] - old[0] / old[1],
            p_value=change.p_value,
            p_adjusted=p_adjusted,
            numerator=new[0],
            denominator=new[1],
            reference_numerator=old[0],
            reference_denominator=old[1],
        ),
    )


def _pooled(seen: Sequence[_Seen]) -> tuple[int, int]:
    return sum(each.numerator for each in seen), sum(each.denominator for each in seen)


def _audits(seen: Sequence[_Seen]) -> str:
    """`4 audits of versions 1, 2`."""
    versions = list(dict.fromkeys(each.version for each in seen))
    audits = f"{len(seen)} audit{'s' if len(seen) > 1 else ''}"
    return f"{audits} of version{'s' if len(versions) > 1 else ''} {one_line(', '.join(versions))}"
