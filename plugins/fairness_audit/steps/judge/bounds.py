"""What a disparity could be if everybody's group were known: best and worst case.

Rows of the unknown group may belong to any group. One more success raises a rate and one more
failure lowers it, whatever the rate is. So a group's rate is highest against another's if all
unknown successes are its own and all unknown failures are the other's, and lowest the other way
round; no other way to share them out lies outside these two (Manski, "Nonparametric bounds on
treatment effects", American Economic Review 80 (1990), 319-323). Everybody else and everybody
include the unknown already: there rows only move to the group.
"""

from collections.abc import Iterable, Mapping
from typing import NamedTuple

from fairness_audit.policy.base import UNKNOWN
from fairness_audit.policy.metrics import IMPACT_RATIO, NAMES, SELECTION_RATE
from fairness_audit.policy.model import Against, Comparison
from fairness_audit.records.measurement import Measurement
from fairness_audit.statistics.intervals import difference_interval, difference_to_overall
from fairness_audit.statistics.proportions import Interval, Proportions
from fairness_audit.statistics.ratio_intervals import ratio_interval, ratio_to_overall
from fairness_audit.statistics.significance import p_values
from fairness_audit.steps.judge.allowed_range import TwoRates
from fairness_audit.steps.judge.cases import Case


class UnknownRows(NamedTuple):
    """Decisions about people of unknown group: those the rate counts as a success, and not."""

    successes: int
    failures: int

    @property
    def n(self) -> int:
        """All of them."""
        return self.successes + self.failures


Unknowns = Mapping[tuple[str, str], UnknownRows]
"""The unknown rows of every metric and grouping."""


def unknowns(measurements: Iterable[Measurement], *, selected_is_favourable: bool) -> Unknowns:
    """What is measured of the unknown group of every grouping, as far as there is one."""
    found: dict[tuple[str, str], UnknownRows] = {}
    for each in measurements:
        is_rate = each.comparison is None and each.stratum is None and each.group == UNKNOWN
        if not is_rate or each.metric not in NAMES or not each.denominator:
            continue
        successes = round(each.numerator or 0)
        rows = UnknownRows(successes, round(each.denominator) - successes)
        found[each.metric, each.attribute] = rows
        if each.metric == SELECTION_RATE.name:
            share = rows if selected_is_favourable else UnknownRows(rows.failures, rows.successes)
            found[IMPACT_RATIO.name, each.attribute] = share
    return found


def ends(case: Case, rates: TwoRates, unknown: UnknownRows) -> tuple[TwoRates, TwoRates]:
    """The two rates where the group's is lowest against the other's, and where it is highest."""
    good, bad = unknown.successes, unknown.failures
    low = rates._replace(denominator=rates.denominator + bad)
    high = rates._replace(numerator=rates.numerator + good, denominator=rates.denominator + good)
    num, den = rates.reference_numerator, rates.reference_denominator
    if case.rule.against is Against.OVERALL:
        return low, high
    if case.rule.against is Against.REST:
        return (
            low._replace(reference_denominator=den - bad),
            high._replace(reference_numerator=num - good, reference_denominator=den - good),
        )
    return (
        low._replace(reference_numerator=num + good, reference_denominator=den + good),
        high._replace(reference_denominator=den + bad),
    )


def measured_as(case: Case, rates: TwoRates, confidence: float) -> Measurement | None:
    """The measurement of a case as it would be with these rates."""
    if case.measured is None:
        return None
    to_overall = case.rule.against is Against.OVERALL
    num, den = rates.reference_numerator, rates.reference_denominator
    if to_overall:  # the group is part of everybody; the rest is independent of it
        num, den = num - rates.numerator, den - rates.denominator
    own = Proportions.of([rates.numerator], [rates.denominator])
    other = Proportions.of([num], [den])
    interval = _interval(case.rule.compare, own, other, confidence, to_overall=to_overall)
    disparity = rates.disparity(case.rule.compare)
    p = float(p_values(own, other)[0])
    return case.measured.model_copy(
        update={
            "numerator": rates.numerator,
            "denominator": rates.denominator,
            "reference_numerator": rates.reference_numerator,
            "reference_denominator": rates.reference_denominator,
            "value": None if disparity is None else float(disparity[0] / disparity[1]),
            "low": float(interval.low[0]),
            "high": float(interval.high[0]),
            "p_value": p if p == p else None,
        }
    )


def _interval(
    compare: Comparison,
    own: Proportions,
    other: Proportions,
    confidence: float,
    *,
    to_overall: bool,
) -> Interval:
    if compare is Comparison.RATIO:
        ratio = ratio_interval(own, other, confidence)
        return ratio_to_overall(ratio, own, other) if to_overall else ratio
    difference = difference_interval(own, other, confidence)
    return difference_to_overall(difference, own, other) if to_overall else difference
