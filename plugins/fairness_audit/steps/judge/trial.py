"""Everything that one audit tests, in two families: what may block, and what only warns."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from fairness_audit.policy.model import AtGate, AuditPolicy, Rule, Severity
from fairness_audit.records.validation import ValidationReport
from fairness_audit.statistics.proportions import Proportions
from fairness_audit.statistics.sequential import Limit, OneShare, Pair
from fairness_audit.steps.judge.cases import Case, Part, parts_of, subgroups
from fairness_audit.steps.judge.family import (
    Position,
    not_lifted_by_corrections,
    positions,
    positions_after,
)
from fairness_audit.steps.judge.gaps import GapCase, estimates_of, gap_cases
from fairness_audit.steps.judge.ground import ground_of
from fairness_audit.steps.judge.pairs import beside_of, pairs_of
from fairness_audit.steps.judge.proxies import caution_of
from fairness_audit.steps.judge.questions import Question, may_block, pairs_about, questions
from fairness_audit.steps.judge.standing import About, OnRecord, about_tested, failures_of
from fairness_audit.steps.judge.tables import Tables, Until

Family = Mapping[object, list[Pair]]
"""The pairs of every case and question that are tested together."""


@dataclass(frozen=True)
class Trial:
    """What is tested: every group under every rule, all subgroups, gaps, and what suites ask."""

    tables: Tables
    parts: tuple[Part, ...]
    searched: tuple[Case, ...]
    gaps: tuple[GapCase, ...]
    blocking: Family
    warning: Family

    @classmethod
    def of(cls, tables: Tables, rules: Iterable[Rule], validation: ValidationReport) -> "Trial":
        """The trial of these rules, and of what the suites and the audit itself ask."""
        policy, evidence = tables.policy, tables.evidence
        parts = tuple(parts_of(policy, rules, evidence))
        searched = subgroups(policy, evidence)
        blocking: dict[object, list[Pair]] = {}
        warning: dict[object, list[Pair]] = {}
        for case in (*(case for part in parts for case in part.cases), *searched):
            family = blocking if _may_block(policy, case) else warning
            family[case] = _pairs(tables, case)
        gaps = tuple(gap_cases(policy, evidence))
        for gap in gaps:
            warning[gap] = [estimates_of(tables, gap)]
        for question in questions(policy, tables, validation):
            family = blocking if may_block(policy, question) else warning
            family[question] = _pairs(tables, question)
        return cls(tables, parts, searched, gaps, blocking, warning)

    @property
    def cases(self) -> list[Case]:
        """Every group under every rule."""
        return [*(case for part in self.parts for case in part.cases), *self.searched]

    @property
    def hypotheses(self) -> int:
        """How many hypotheses are tested of which each may block."""
        return sides_of(self.blocking)

    def waits_for(self, tested: object) -> bool:
        """True if the gate lets nothing through while it is open."""
        if not isinstance(tested, Case) or tested.rule.inconclusive is AtGate.ALLOW:
            return False
        return not self.tables.is_smaller_than_waited_for(tested.grouping, tested.group)

    def positions(self, on_record: OnRecord) -> dict[object, Position]:
        """Where everything stands; ``on_record`` are the failures of earlier audits."""

        def asked(trial: Trial) -> list[dict[object, Position]]:
            return [trial._positions(on_record)]

        (found,) = self._not_lifted_by_corrections(asked, on_record)
        return found

    def positions_after(
        self, counts: Sequence[int], on_record: OnRecord
    ) -> list[dict[object, Position]]:
        """Where everything stood after each of these numbers of units, without intervals."""

        def asked(trial: Trial) -> list[dict[object, Position]]:
            return trial._positions_after(counts, on_record)

        return self._not_lifted_by_corrections(asked, on_record)

    def _not_lifted_by_corrections(
        self, asked: Callable[["Trial"], list[dict[object, Position]]], on_record: OnRecord
    ) -> list[dict[object, Position]]:
        now, evidence = asked(self), self.tables.evidence
        failed = failures_of([*self.blocking, *self.warning], on_record)
        if not failed or not evidence.amendments:
            return now
        first = asked(self._by(Tables(self.tables.policy, evidence.as_first_counted)))
        return [
            not_lifted_by_corrections(*each, failed, evidence.starts)
            for each in zip(now, first, strict=True)
        ]

    def _positions(self, on_record: OnRecord) -> dict[object, Position]:
        evidence, alpha = self.tables.evidence, self.tables.policy.error_rate.alpha
        found: dict[object, Position] = {}
        for family in (self.blocking, self.warning):
            found |= positions(
                family,
                evidence.starts,
                unit=evidence.unit,
                alpha=float(alpha),
                failed=failures_of(family, on_record),
                set_aside=self._not_waited_for(family),
            )
        return found

    def _positions_after(
        self, counts: Sequence[int], on_record: OnRecord
    ) -> list[dict[object, Position]]:
        evidence, alpha = self.tables.evidence, self.tables.policy.error_rate.alpha
        found: list[dict[object, Position]] = [{} for _ in counts]
        then = [self.after(count) for count in counts]
        for family in (self.blocking, self.warning):
            after = positions_after(
                counts,
                family,
                evidence.starts,
                unit=evidence.unit,
                alpha=float(alpha),
                failed=failures_of(family, on_record),
                set_aside=[each._not_waited_for(family) for each in then],
            )
            for whole, part in zip(found, after, strict=True):
                whole |= part
        return found

    def _by(self, tables: Tables) -> "Trial":
        """The very same questions, of other counts."""
        blocking, warning = (
            {tested: _pairs(tables, tested, pairs) for tested, pairs in family.items()}
            for family in (self.blocking, self.warning)
        )
        return replace(self, tables=tables, blocking=blocking, warning=warning)

    def after(self, units: int) -> "Trial":
        """The same questions, with what was counted after so many units."""
        return replace(self, tables=Until(self.tables, units))

    def beside_silent(self, hypotheses: int) -> "Trial":
        """The trial with so many hypotheses more that may block, and of which nothing is known."""
        nobody = [0] * len(self.tables.evidence.starts)
        nothing = OneShare(Limit("ratio", low=1.0), Proportions.of(nobody, nobody), 0.5)
        silent: dict[object, list[Pair]] = {
            ("silent", nth): [nothing] for nth in range(hypotheses)
        }
        return replace(self, blocking={**self.blocking, **silent})

    def family_of(self, case: Case) -> Family:
        """What is tested together with a case."""
        return self.blocking if case in self.blocking else self.warning

    def _not_waited_for(self, family: Family) -> dict[object, list[int]]:
        """Which of the groups that one is compared with hold up no verdict about it.

        They have too few decisions to say anything, or fewer than the gate waits for.
        """
        least = self.tables.policy.min_group_size
        return {
            case: [
                at
                for at, other in enumerate(case.others)
                if beside_of(self.tables, case)[at].other.decisions < least
                or self.tables.is_smaller_than_waited_for(case.grouping, other)
            ]
            for case in family
            if isinstance(case, Case)
        }

    def answered(self, where: Mapping[object, Position]) -> set[About]:
        """What is judged by enough decisions, and may fail."""
        found = (
            about_tested(tested) for tested in self.blocking if self._is_judged(tested, where)
        )
        return {each for each in found if each is not None}

    def _is_judged(self, tested: object, where: Mapping[object, Position]) -> bool:
        if not isinstance(tested, Case):
            return bool(self.tables.evidence.starts)
        position = where[tested]
        beside = beside_of(self.tables, tested)[position.pair]
        return ground_of(
            position.state, beside.fewest, min_group_size=self.tables.policy.min_group_size
        ).is_judged


def sides_of(family: Family) -> int:
    """The hypotheses of a family: the sides of its pairs."""
    return sum(len(pair.limit.sides) for pairs in family.values() for pair in pairs)


def _pairs(tables: Tables, tested: object, unknown: Sequence[Pair] = ()) -> list[Pair]:
    """The evidence about what is tested; of what has none what is given."""
    if isinstance(tested, Case):
        return pairs_of(tables, tested)
    return pairs_about(tables, tested) if isinstance(tested, Question) else list(unknown)


def _may_block(policy: AuditPolicy, case: Case) -> bool:
    return case.rule.severity is Severity.FAIL and caution_of(policy, case.grouping) is None
