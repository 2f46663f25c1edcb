"""Findings about the data: what the Great Expectations suites found, as the audit weighs it."""

from collections import Counter
from collections.abc import Iterator
from typing import Literal

from fairness_audit.policy.model import AuditPolicy
from fairness_audit.records.finding import Finding, Verdict
from fairness_audit.records.validation import Check, CheckSeverity, ValidationReport
from fairness_audit.steps.judge.proxies import caution_of
from fairness_audit.text import one_line_sentence

AtGate = Literal["allow", "review", "block"]

Kind = Literal["quality", "representation", "label_balance"]

_NAMES: dict[Kind, str] = {
    "quality": "data quality",
    "representation": "representation",
    "label_balance": "label balance",
}


def check_findings(report: ValidationReport, policy: AuditPolicy) -> Iterator[Finding]:
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
    for check in report.checks:
        if not check.passed and check.severity is not CheckSeverity.INFO:
            yield _cautioned(_failed(check), policy)
    yield from _passed(report)


def _failed(check: Check) -> Finding:
    verdict, at_gate = _weight(check)
    return Finding(
        rule=check.expectation,
        kind=check.kind,
        verdict=verdict,
        at_gate=at_gate,
        attribute=check.attribute,
        group=check.group,
        sentence=one_line_sentence(check.sentence),
    )


def _cautioned(finding: Finding, policy: AuditPolicy) -> Finding:
    """Too few of an inferred group are a warning: the inference may be what lost them."""
    caution = caution_of(policy, finding.attribute or "")
    if finding.verdict is not Verdict.FAIL or caution is None:
        return finding
    said = f"{caution.clause[0].upper()}{caution.clause[1:]}."
    return finding.model_copy(
        update={
            "verdict": Verdict.WARN,
            "at_gate": "review",
            "sentence": f"{finding.sentence} {said}",
        }
    )


def _weight(check: Check) -> tuple[Verdict, AtGate]:
    """How a failed check counts: bad data mean that nobody can tell, biased data are a failure."""
    if check.severity is CheckSeverity.WARNING:
        return Verdict.WARN, "allow"
    if check.kind == "quality":
        return Verdict.INCONCLUSIVE, "block"
    return Verdict.FAIL, "block"


def _passed(report: ValidationReport) -> Iterator[Finding]:
    passed = Counter[str](check.kind for check in report.checks if check.passed)
    for kind, name in _NAMES.items():
        if count := passed[kind]:
            yield Finding(
                rule=kind,
                kind=kind,
                verdict=Verdict.PASS,
                at_gate="allow",
                sentence=f"{count} check{'s' if count > 1 else ''} of {name} passed.",
            )
