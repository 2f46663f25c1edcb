"""What people are shown when they are asked, in Markdown.

Airflow shows Markdown with tables and links, and leaves HTML out.
"""

from collections.abc import Iterable, Iterator, Mapping

from fairness_audit.policy.model import AuditPolicy
from fairness_audit.records.finding import Finding
from fairness_audit.records.signed.audit import Counts
from fairness_audit.review.answer import Answer
from fairness_audit.review.case import Case
from fairness_audit.review.plot import intervals
from fairness_audit.steps.gate.people import Standing
from fairness_audit.steps.gate.waiting import wait_of
from fairness_audit.text import markdown_safe


def question(case: Case, policy: AuditPolicy, links: Mapping[str, str]) -> str:
    """What the first person is shown: findings, numbers, the policy's bounds, what can be done."""
    record = case.record
    return _joined(
        [
            f"**{markdown_safe(record.model)} version {markdown_safe(record.model_version)}**,"
            f" audited as of {record.logical_date:%Y-%m-%d}: **{record.verdict.value}**."
            f" {_audited(record.counts)} of {record.window_start:%Y-%m-%d} to"
            f" {record.window_end:%Y-%m-%d}.",
            *_list("What waits for a decision", case.standings, "review", is_open=True),
            *_list("What blocks the version", case.standings, "block", is_open=True),
            *_list("What was let through before", case.standings, None, is_open=False),
            "### The numbers",
            intervals(each.finding for each in case.standings),
            _numbers([each.finding for each in case.standings]),
            "### What the policy asks",
            _bounds(policy, {each.finding.rule for each in case.standings}),
            "### What you can do",
            "\n".join(f"- {line}" for line in _proposals(case, policy)),
            _links(links),
            f"Record `{record.record_id[:12]}`, valid until {record.expires:%Y-%m-%d}.",
        ]
    )


def _audited(counts: Counts) -> str:
    """`1,240 decisions`, or no number where it would give a small one away."""
    return "Decisions" if counts.audited is None else f"{counts.audited:,} decisions"


def second_question(first: Answer, case: Case, links: Mapping[str, str]) -> str:
    """What every further person is shown: what is proposed, by whom, and why."""
    chosen = [each.finding for each in case.standings if each.finding.id in first.findings]
    proposed = [
        f"**{markdown_safe(first.person.label)}** proposes to **{first.choice}**, and says:"
        f" {markdown_safe(first.reason)}"
    ]
    if first.choice == "waive":
        proposed.append(
            f"In place of the bound: {markdown_safe(first.compensating_control or '')}"
            f" {markdown_safe(first.owner or '')} answers for it. The waiver ends {first.days}"
            " days after the last of you agreed."
        )
    return _joined(
        [
            *proposed,
            "### What it is about",
            "\n".join(_line(finding) for finding in chosen),
            intervals(chosen),
            _numbers(chosen),
            "Your answer counts only if you are somebody else. To refuse rejects the findings.",
            _links(links),
            f"Record `{first.record_id[:12]}`.",
        ]
    )


def _list(
    title: str, standings: Iterable[Standing], at_gate: str | None, *, is_open: bool
) -> Iterator[str]:
    found = [
        each
        for each in standings
        if each.open is is_open and (at_gate is None or each.finding.at_gate == at_gate)
    ]
    if found:
        yield f"### {title}"
        yield "\n".join(
            _line(each.finding) + ("" if is_open else f" *{markdown_safe(each.says)}*")
            for each in found
        )


def _line(finding: Finding) -> str:
    return f"- {markdown_safe(finding.sentence)} ({markdown_safe(finding.id)})"


def _numbers(findings: Iterable[Finding]) -> str:
    """A table of the evidence: what was measured, how sure that is, and what it was held to."""
    rows = [
        "| finding | value | 95 % interval | bound | counted | reference |",
        "|---|---|---|---|---|---|",
    ]
    for finding in findings:
        seen = finding.evidence
        about = [finding.metric or finding.rule, finding.attribute or "", finding.group or ""]
        interval = f"{_number(seen.low)} to {_number(seen.high)}" if seen.low is not None else "–"
        cells = [
            markdown_safe(" ".join(part for part in about if part)),
            _number(seen.value),
            interval,
            (seen.threshold or "–"),
            _counted(seen.numerator, seen.denominator),
            _counted(seen.reference_numerator, seen.reference_denominator),
        ]
        rows.append("| " + " | ".join(cells) + " |")
    return "\n".join(rows)


def _bounds(policy: AuditPolicy, rules: set[str]) -> str:
    rows = [
        "| rule | compares | bound | a breach | too little evidence |",
        "|---|---|---|---|---|",
    ]
    for rule in policy.rules:
        if rule.id in rules:
            rows.append(
                f"| {rule.id.replace('_', ' ')} | {rule.metric.name.replace('_', ' ')},"
                f" {rule.compare.value} to {rule.against.value} | {rule.threshold} |"
                f" {rule.severity.value} | {rule.inconclusive.value} |"
            )
    if len(rows) == 2:
        return "The findings come from checks of the data, which have no bound of a rule."
    return "\n".join(rows)


def _proposals(case: Case, policy: AuditPolicy) -> Iterator[str]:
    review = policy.review
    if case.waiting:
        people = f"{review.approvals} people are" if review.approvals > 1 else "One person is"
        yield (
            "**Approve** what the evidence and your knowledge of the business make acceptable."
            f" {people} needed. It holds for {review.waiver_max_days} days, in later audits of"
            " these files under this policy too, and lets no failure through that they find."
        )
        wait = wait_of(policy, case.record, case.standings)
        if wait is not None:
            yield f"Or wait: this version {markdown_safe(wait.until)}. Until then it stays out."
        yield from _waiting_of_before(case)
    yield "**Reject** to hold the findings against this version, also if they were let through."
    if case.blocking:
        yield (
            "**Waive** a failure only with something in its place that protects the people"
            f" concerned. Two people are needed; it ends after {review.waiver_max_days} days at"
            " most, or when the failure is lifted, and the finding stays in the record."
        )


def _waiting_of_before(case: Case) -> Iterator[str]:
    """How many decisions settle what is open, as records say of before evidence was counted."""
    seen = [each.finding.evidence.n_needed for each in case.standings if each.open]
    if needed := [each for each in seen if each is not None]:
        yield (
            f"Or wait: an audit with {max(needed):,} decisions per group would settle all"
            " that can be counted. Until then reject, or leave it: the version stays out."
        )


def _links(links: Mapping[str, str]) -> str:
    return " · ".join(f"[{name}]({address})" for name, address in links.items())


def _counted(numerator: object, denominator: object) -> str:
    if numerator is None or denominator is None:
        return "–"
    return f"{numerator:,} of {denominator:,}"


def _number(value: float | None) -> str:
    return "–" if value is None else f"{value:.3g}"


def _joined(parts: Iterable[str]) -> str:
    return "\n\n".join(part for part in parts if part)
