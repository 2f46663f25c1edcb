"""What suites and the audit itself ask about shares of people, beside the policy's rules.

Each is judged by the same evidence and in the same families as the rules are.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction

from fairness_audit.policy.metrics import (
    BASE_RATE,
    FALSE_POSITIVE_RATE,
    SELECTION_RATE,
    TRUE_POSITIVE_RATE,
)
from fairness_audit.policy.model import AuditPolicy
from fairness_audit.records.validation import Check, CheckSeverity, ValidationReport
from fairness_audit.statistics.sequential import Limit, OneShare, Pair, TwoRates
from fairness_audit.steps.judge.proxies import caution_of
from fairness_audit.steps.judge.tables import Tables

ALIKE = Limit("ratio", 4 / 5, 5 / 4)
"""Those of unknown group are selected as often as the known where the ratio lies within."""


POLARITY_RULE = "polarity"


@dataclass(frozen=True)
class Polarity:
    """Are those with a positive outcome selected at least as often as the others?"""


@dataclass(frozen=True)
class AtRandom:
    """Are those whose attribute is not known selected as often as those whose is?"""

    attribute: str


@dataclass(frozen=True)
class OfShare:
    """A check of a suite that holds a share or rate of people to a limit."""

    check: Check


Question = Polarity | AtRandom | OfShare


def questions(policy: AuditPolicy, tables: Tables, report: ValidationReport) -> Iterator[Question]:
    """Everything asked besides the rules; what has no outcomes or nobody unknown is not asked."""
    rates = (TRUE_POSITIVE_RATE, FALSE_POSITIVE_RATE)
    if all(tables.everybody(rate).decisions for rate in rates):
        yield Polarity()
    for name in policy.attributes:
        if policy.assumes_at_random(name) and tables.unknown(SELECTION_RATE, name).decisions:
            yield AtRandom(name)
    for check in report.checks:
        if check.severity is not CheckSeverity.INFO and _may_be_broken(check):
            yield OfShare(check)


def _may_be_broken(check: Check) -> bool:
    """True of a limit of a share, unless nobody or everybody must be known: that is no share."""
    return check.limit is not None and (check.group is not None or 0 < Fraction(check.limit) < 1)


def may_block(policy: AuditPolicy, question: Question) -> bool:
    """True if a failure of it blocks."""
    if isinstance(question, OfShare):
        check = question.check
        is_inferred = caution_of(policy, check.attribute or "") is not None
        return check.severity is CheckSeverity.CRITICAL and not is_inferred
    return isinstance(question, Polarity)


def pairs_about(tables: Tables, question: Question) -> list[Pair]:
    """The evidence about a question."""
    match question:
        case Polarity():
            positive = tables.everybody(TRUE_POSITIVE_RATE)
            negative = tables.everybody(FALSE_POSITIVE_RATE)
            expected = tables.expected(SELECTION_RATE)
            return [TwoRates(Limit("ratio", low=1.0), positive.worth, negative.worth, expected)]
        case AtRandom(attribute):
            unknown = tables.unknown(SELECTION_RATE, attribute)
            known = tables.everybody(SELECTION_RATE).less(unknown)
            expected = tables.expected(SELECTION_RATE)
            return [TwoRates(ALIKE, unknown.worth, known.worth, expected)]
        case OfShare(check):
            return [_about_share(tables, check)]


def _about_share(tables: Tables, check: Check) -> Pair:
    attribute, limit = check.attribute or "", Fraction(check.limit or 0)
    if check.group is None:
        return OneShare(Limit("ratio", low=1.0), tables.known_among_all(attribute), float(limit))
    if check.stated is not None:
        return OneShare(
            Limit("ratio", low=float(limit)),
            tables.among_known(attribute, check.group),
            float(Fraction(check.stated)),
        )
    # Its distance from all groups together, as one from all others of them.
    own = tables.of(BASE_RATE, attribute, check.group)
    known = tables.everybody(BASE_RATE).less(tables.unknown(BASE_RATE, attribute))
    others = 1 - own.decisions / known.decisions if known.decisions else 1.0
    distance = min(float(limit) / others, 0.999) if others else 0.999
    return TwoRates(
        Limit("difference", -distance, distance),
        own.worth,
        known.less(own).worth,
        tables.expected(BASE_RATE),
    )
