"""Gaps that are estimates: areas, means, shares within strata; each beside the reference group.

Estimates are taken unit by unit and weighed as all evidence is, but by a normal approximation, so
that a breach warns. Decisions about one person count as one, whatever they have in common: a
variance is multiplied by how many decisions somebody who is decided about has had by then, in the
mean (Kish's factor for a correlation of 1, Survey Sampling, 1965), which no outcome can move.
"""

import math
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from fractions import Fraction

import numpy as np

from fairness_audit.policy.gaps import STANDARDISED, Gap
from fairness_audit.policy.metrics import BASE_RATE, SELECTION_RATE
from fairness_audit.policy.model import AtGate, AuditPolicy, GapRule, Severity
from fairness_audit.records.counted_units import Group, Place
from fairness_audit.records.finding import Evidence, Finding, grouping_name
from fairness_audit.records.version_evidence import Estimated, VersionEvidence
from fairness_audit.statistics import stratified
from fairness_audit.statistics.proportions import Floats, quotient
from fairness_audit.statistics.sequential import Estimates, Limit
from fairness_audit.steps.judge import wording
from fairness_audit.steps.judge.cases import known
from fairness_audit.steps.judge.family import Position
from fairness_audit.steps.judge.ground import Ground, ground_of, verdict_of
from fairness_audit.steps.judge.tables import Tables
from fairness_audit.text import one_line


@dataclass(frozen=True)
class GapCase:
    """One group under one rule over estimates, beside the reference group."""

    rule: GapRule
    grouping: str
    group: str
    reference: str


def gap_cases(policy: AuditPolicy, evidence: VersionEvidence) -> Iterator[GapCase]:
    """Every such rule, for every group of every grouping it is about that can be compared."""
    for rule in policy.gaps:
        for grouping in policy.attributes if rule.attributes is None else rule.attributes:
            groups, reference = known(evidence, grouping), policy.reference_of(grouping)
            if reference in groups:
                for group in groups:
                    if group != reference:
                        yield GapCase(rule, grouping, group, reference)


def estimates_of(tables: Tables, case: GapCase) -> Estimates:
    """The evidence about a gap; of a ratio on the log scale."""
    bound = float(case.rule.threshold)
    if case.rule.metric.compare == "ratio":
        bound = -math.log(bound)
    value, variance, size = _gap(tables, case)
    return Estimates(Limit("difference", -bound, bound), value, variance, size)


def gap_findings(
    tables: Tables, cases: Iterable[GapCase], positions: Mapping[object, Position]
) -> Iterator[Finding]:
    """One finding a case."""
    for case in cases:
        yield _Told(tables, case, positions[case]).finding()


def _gap(tables: Tables, case: GapCase) -> Estimated:
    gap, names = case.rule.metric, (case.group, case.reference)
    if case.rule.within is not None:
        return _within_strata(tables, case, case.rule.within)
    own, other = (_estimated(tables, case, name) for name in names)
    size = quotient(own.size * other.size, own.size + other.size)
    if gap is STANDARDISED:
        return _standardised(own, other, size)
    if gap.compare == "difference":
        return Estimated(own.value - other.value, own.variance + other.variance, size)
    positive = (own.value > 0) & (other.value > 0)
    a, b = (np.where(positive, each.value, np.nan) for each in (own, other))
    return Estimated(np.log(a / b), own.variance / a**2 + other.variance / b**2, size)


def _standardised(own: Estimated, other: Estimated, size: Floats) -> Estimated:
    """Over the pooled standard deviation of the unit; variance after Hedges & Olkin (1985)."""
    freedom = own.size + other.size - 2
    spread = (own.size - 1) * own.size * own.variance + (
        (other.size - 1) * other.size * other.variance
    )
    pooled = np.sqrt(quotient(spread, freedom))
    value = quotient(own.value - other.value, pooled)
    variance = quotient(own.variance + other.variance, pooled**2)
    return Estimated(value, variance + quotient(value**2, 2 * freedom), size)


def _within_strata(tables: Tables, case: GapCase, stratum: str) -> Estimated:
    """The logarithm of the ratio common to the strata, unit by unit."""
    place, evidence = Place(case.grouping, stratum), tables.evidence
    of_stratum = {group.value for group in evidence.groups(place)}
    cells: list[list[Floats]] = [[], [], [], []]
    for part in sorted(each for each in of_stratum if each is not None):
        for at, name in enumerate((case.group, case.reference)):
            counts = evidence.counts(place, Group(name, part))
            good, bad = counts.selected, counts.not_selected
            if not tables.policy.selected_is_favourable:
                good, bad = bad, good
            cells[2 * at].append(np.asarray(good, dtype=np.float64))
            cells[2 * at + 1].append(np.asarray(bad, dtype=np.float64))
    units = len(evidence.starts)
    columns = (np.array(each).T if each else np.zeros((units, 0)) for each in cells)
    strata = stratified.Tables(*columns)
    ratio = stratified.risk_ratio(strata)
    value = np.log(np.where(ratio > 0, ratio, np.nan))
    repeats = np.maximum(*(_repeats(tables, case, name) for name in (case.group, case.reference)))
    variance = stratified.risk_ratio_error(strata) ** 2 * repeats
    own, other = strata.a + strata.b, strata.c + strata.d
    return Estimated(value, variance, strata.over_n(own * other).sum(axis=-1) / repeats)


def _estimated(tables: Tables, case: GapCase, name: str) -> Estimated:
    figure = case.rule.metric.figure
    if figure is None:
        raise ValueError(f"{case.rule.metric.name} is made of counts within strata")
    value, variance, size = tables.evidence.figure(Place(case.grouping), Group(name), figure)
    repeats = _repeats(tables, case, name)
    return Estimated(value, variance * repeats, size / repeats)


def _size(tables: Tables, case: GapCase, name: str) -> int:
    """How much there is of a group that counts: decisions, as far as it is made of these."""
    figure = case.rule.metric.figure
    if figure is None:
        return tables.decisions_of(case.grouping, name)
    sizes = tables.evidence.figure(Place(case.grouping), Group(name), figure).size
    return math.floor(float(sizes.sum()))


def _repeats(tables: Tables, case: GapCase, name: str) -> Floats:
    """How many decisions, by each unit, somebody has had who is decided about; at least 1."""
    figure = case.rule.metric.figure
    rate = BASE_RATE if figure is not None and figure.is_of_outcomes else SELECTION_RATE
    products = tables.evidence.subjects(Place(case.grouping), Group(name), rate).decisions
    so_far = np.cumsum(np.cumsum(products, axis=0), axis=1).diagonal()
    decisions = np.cumsum(tables.of(rate, case.grouping, name).seen.trials)
    return np.maximum(1.0, np.nan_to_num(quotient(so_far, decisions)))


class _Told:
    """One case, and what its finding says."""

    def __init__(self, tables: Tables, case: GapCase, position: Position) -> None:
        self._tables, self._case, self._position = tables, case, position
        self._gap: Gap = case.rule.metric
        self._unscaled: Callable[[float], float] = (
            math.exp if self._gap.compare == "ratio" else float
        )
        fewest = min(_size(tables, case, name) for name in (case.group, case.reference))
        least = tables.policy.min_group_size
        self._ground = ground_of(position.state, fewest, min_group_size=least)

    def finding(self) -> Finding:
        """The finding: a warning at most, which holds nothing up."""
        case, evidence = self._case, self._evidence()
        return Finding(
            rule=case.rule.id,
            kind="disparity",
            verdict=verdict_of(self._ground, Severity.WARN),
            at_gate=AtGate.ALLOW.value,
            metric=case.rule.metric.name,
            attribute=case.grouping,
            group=case.group,
            reference=case.reference,
            sentence=self._sentence(evidence),
            evidence=evidence,
        )

    def _evidence(self) -> Evidence:
        where, threshold = self._position, str(self._case.rule.threshold)
        if not self._ground.is_judged:
            return Evidence(threshold=threshold)
        names = ("fail_evidence", "fail_needed", "pass_evidence", "pass_needed")
        value, low, high = (
            None if each is None else self._unscaled(each)
            for each in (where.value, where.low, where.high)
        )
        return Evidence(
            threshold=threshold,
            since=where.since,
            value=value,
            low=low,
            high=high,
            **{name: wording.three_digits(getattr(where, name)) for name in names},
        )

    def _sentence(self, evidence: Evidence) -> str:
        case = self._case
        group = f"Group {one_line(case.group)} ({grouping_name(case.grouping)})"
        if not self._ground.is_judged:
            return (
                f"{group} cannot be judged on its {self._called}: too few decisions count of it or"
                f" of group {one_line(case.reference)}."
            )
        return f"{group} {self._compared(evidence)}, {self._concluded(evidence)}."

    @property
    def _called(self) -> str:
        within = self._case.rule.within
        return f"{self._gap.called} within {within}" if within is not None else self._gap.called

    def _compared(self, evidence: Evidence) -> str:
        """`has a lower area under the curve than group M, by 0.07 (95 % interval …)`."""
        other, value = f"group {one_line(self._case.reference)}", evidence.value
        ends = [
            "−∞" if low else "∞" if end is None else self._figure(end)
            for end, low in ((evidence.low, evidence.low is None), (evidence.high, False))
        ]
        interval = f" (95 % interval {ends[0]} to {ends[1]})"
        if value is None:
            return f"has a {self._called} beyond compare with {other}"
        if self._gap.compare == "ratio":
            return f"has {self._figure(value)} times the {self._called} of {other}{interval}"
        size, word = self._figure(abs(value)), "higher" if value > 0 else "lower"
        by = f"{size}{self._gap.measured_in}"
        return f"has a {word} {self._called} than {other}, by {by}{interval}"

    def _concluded(self, evidence: Evidence) -> str:
        bound = self._case.rule.threshold
        limit = f"the limits of {bound} and {1 / bound}"
        if self._gap.compare == "difference":
            limit = f"the limit of {bound}"
        lies = "within" if self._is_within(evidence.value) else "beyond"
        match self._ground:
            case Ground.BREACH:
                rare = wording.once_in(evidence.fail_evidence)
                return f"{lies} {limit}; a model that keeps it would have shown this {rare}"
            case Ground.WITHIN:
                rare = wording.once_in(evidence.pass_evidence)
                return f"{lies} {limit}; a model that breaks it would have shown this {rare}"
            case _:
                return f"{lies} {limit}, which is not certain yet"

    def _is_within(self, value: float | None) -> bool:
        if value is None:
            return False
        bound = self._case.rule.threshold
        if self._gap.compare == "difference":
            return abs(value) <= bound
        return bound <= Fraction(value) <= 1 / bound

    def _figure(self, value: float) -> str:
        """Two digits more than the limit needs, and never so few that it looks like the limit."""
        bound = float(self._case.rule.threshold)
        if self._gap.compare == "ratio":
            nearest = min((bound, 1 / bound), key=lambda end: abs(end - value))
            return wording.apart_from(value, nearest, 2)
        digits = max(0, 1 - math.floor(math.log10(bound)))
        text = wording.apart_from(abs(value), bound, digits)
        return f"−{text}" if value < 0 else text
