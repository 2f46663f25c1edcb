"""Everything that one audit tests, and where each of it stands."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from fairness_audit.policy.model import AuditPolicy, Rule, Severity
from fairness_audit.records.signed.audit import AuditRecord
from fairness_audit.records.validation import ValidationReport
from fairness_audit.statistics.sequential import Pair
from fairness_audit.steps.judge.cases import Case, Part, parts_of, subgroups
from fairness_audit.steps.judge.family import Position, positions_after
from fairness_audit.steps.judge.pairs import pairs_of
from fairness_audit.steps.judge.proxies import caution_of
from fairness_audit.steps.judge.questions import Question, may_block, pairs_about, questions
from fairness_audit.steps.judge.standing import About, failures_of, failures_on_record
from fairness_audit.steps.judge.tables import Tables

Families = tuple[dict[object, list[Pair]], dict[object, list[Pair]]]
"""The pairs of all that may block, and of all that only warns."""


@dataclass(frozen=True)
class Trial:
    """Everything that is tested, and where each of it stands; ``hypotheses`` are what may block."""

    parts: tuple[Part, ...]
    searched: tuple[Case, ...]
    positions: Mapping[object, Position]
    families: Families

    @property
    def cases(self) -> list[Case]:
        """Every group under every rule."""
        return [*(case for part in self.parts for case in part.cases), *self.searched]

    @property
    def hypotheses(self) -> int:
        """How many hypotheses are tested whose refutation blocks."""
        return sides_of(self.families[0])

    def family_of(self, case: Case) -> dict[object, list[Pair]]:
        """What is tested together with a case."""
        return self.families[case not in self.families[0]]

    @classmethod
    def of(
        cls,
        tables: Tables,
        rules: Iterable[Rule],
        validation: ValidationReport,
        earlier: Sequence[AuditRecord],
    ) -> "Trial":
        """What may block is one family, and what only warns another."""
        return cls.after(
            [len(tables.evidence.starts)], tables, rules, validation, failures_on_record(earlier)
        )[0]

    @classmethod
    def after(
        cls,
        counts: Sequence[int],
        tables: Tables,
        rules: Iterable[Rule],
        validation: ValidationReport,
        on_record: Mapping[About, tuple[date, ...]],
    ) -> "list[Trial]":
        """The same after each of these numbers of units, while its questions stay the same."""
        policy, evidence = tables.policy, tables.evidence
        parts = tuple(parts_of(policy, rules, evidence))
        searched = subgroups(policy, evidence)
        families: Families = ({}, {})
        for case in (*(case for part in parts for case in part.cases), *searched):
            families[not _may_block(policy, case)][case] = pairs_of(tables, case)
        asked: list[Question] = list(questions(policy, tables, validation))
        for question in asked:
            families[not may_block(policy, question)][question] = pairs_about(tables, question)
        found: list[dict[object, Position]] = [{} for _ in counts]
        for family in families:
            cases = [each for each in family if isinstance(each, Case)]
            after = positions_after(
                counts,
                family,
                evidence.starts,
                unit=evidence.unit,
                alpha=float(policy.error_rate.alpha),
                failed=failures_of(cases, on_record),
            )
            for whole, part in zip(found, after, strict=True):
                whole |= part
        return [cls(parts, searched, each, families) for each in found]


def sides_of(family: Mapping[object, Sequence[Pair]]) -> int:
    """The hypotheses of a family: the sides of its pairs."""
    return sum(len(pair.limit.sides) for pairs in family.values() for pair in pairs)


def _may_block(policy: AuditPolicy, case: Case) -> bool:
    return case.rule.severity is Severity.FAIL and caution_of(policy, case.grouping) is None
