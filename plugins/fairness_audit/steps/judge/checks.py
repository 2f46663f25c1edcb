"""Findings about the data: what the Great Expectations suites found, as the audit weighs it.

A check of a share or rate of people says what these rows show; its verdict comes from the evidence
of all units, as that of a rule does. Any other check finds what is broken: no test, and never
three-valued.
"""

from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Literal

from fairness_audit.policy.model import AuditPolicy
from fairness_audit.records.finding import Evidence, Finding, Verdict
from fairness_audit.records.validation import Check, CheckSeverity, ValidationReport
from fairness_audit.statistics.course import State
from fairness_audit.steps.judge.family import Position
from fairness_audit.steps.judge.proxies import caution_of
from fairness_audit.steps.judge.questions import OfShare
from fairness_audit.steps.judge.wording import stands
from fairness_audit.text import one_line_sentence

AtGate = Literal["allow", "review", "block"]

Kind = Literal["quality", "representation", "label_balance"]

_NAMES: dict[Kind, str] = {
    "quality": "data quality",
    "representation": "representation",
    "label_balance": "label balance",
}


def check_findings(
    report: ValidationReport, policy: AuditPolicy, positions: Mapping[object, Position]
) -> Iterator[Finding]:
    """One finding per check that did not pass, and one per kind for all those that did.

    A failed check of severity *info* stays in the Data Docs. A report without any check is no
    validation, and blocks.
    """
    if not report.checks:
        yield Finding(
            rule="validation",
            kind="quality",
            verdict=Verdict.INCONCLUSIVE,
            at_gate="block",
            sentence="The data were not checked: the validation report holds no check.",
        )
    passed = Counter[Kind]()
    for check in report.checks:
        position = positions.get(OfShare(check))
        if position.state is State.PASS if position else check.passed:
            passed[check.kind] += 1
        elif check.severity is not CheckSeverity.INFO:
            yield _judged(check, position, policy) if position else _failed(check)
    yield from _passed(passed)


def _failed(check: Check) -> Finding:
    """Bad data: nobody can tell, which a warning only says."""
    warns = check.severity is CheckSeverity.WARNING
    return _finding(
        check,
        Verdict.WARN if warns else Verdict.INCONCLUSIVE,
        "allow" if warns else "block",
        one_line_sentence(check.sentence),
    )


def _judged(check: Check, position: Position, policy: AuditPolicy) -> Finding:
    """A share of people beyond its limit is a failure; one that is not yet told holds nothing up.

    Too few of an inferred group are a warning: the inference may be what lost them.
    """
    said = one_line_sentence(check.sentence)
    evidence = position.evidence
    if position.state is not State.FAIL:
        doubt = "Whether the limit is kept is not certain yet."
        return _finding(check, Verdict.INCONCLUSIVE, "allow", f"{said} {doubt}")
    if position.is_shown:
        said += f" The limit {'was' if check.passed else 'is'} broken: chance does not explain it"
    else:
        said += " The limit was broken, by what was asked and counted then"
    caution = caution_of(policy, check.attribute or "")
    if check.severity is CheckSeverity.WARNING:
        return _finding(check, Verdict.WARN, "allow", f"{said}.", evidence)
    if caution is None:
        said += stands(evidence)
        return _finding(check, Verdict.FAIL, "block", f"{said}.", evidence)
    why = f"{caution.clause[0].upper()}{caution.clause[1:]}."
    return _finding(check, Verdict.WARN, "review", f"{said}. {why}", evidence)


def _finding(
    check: Check,
    verdict: Verdict,
    at_gate: AtGate,
    sentence: str,
    evidence: Evidence | None = None,
) -> Finding:
    return Finding(
        rule=check.expectation,
        kind=check.kind,
        verdict=verdict,
        at_gate=at_gate,
        attribute=check.attribute,
        group=check.group,
        sentence=sentence,
        evidence=evidence or Evidence(),
    )


def _passed(passed: Counter[Kind]) -> Iterator[Finding]:
    for kind, name in _NAMES.items():
        if count := passed[kind]:
            yield Finding(
                rule=kind,
                kind=kind,
                verdict=Verdict.PASS,
                at_gate="allow",
                sentence=f"{count} check{'s' if count > 1 else ''} of {name} passed.",
            )
