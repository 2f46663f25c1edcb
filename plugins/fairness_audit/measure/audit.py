"""From the fine group counts to the measurements."""

from collections.abc import Iterable, Iterator

import pyarrow as pa
import pyarrow.compute as pc

from fairness_audit.measure import estimates
from fairness_audit.measure.catalogue import RATES, SELECTION_RATE, favourable_share
from fairness_audit.measure.comparisons import (
    Comparison,
    share_of,
    with_best,
    with_overall,
    with_reference,
    with_rest,
)
from fairness_audit.measure.groups import Groups, everybody, groupings, strata
from fairness_audit.measure.table import GroupRate, disparities_table, rates_table
from fairness_audit.policy.model import AuditPolicy, Metric
from fairness_audit.policy.model import Comparison as Kind


def measurements(cells: pa.Table, policy: AuditPolicy, confidence: float) -> Iterator[pa.Table]:
    """The rates of every group, then their differences, then their ratios."""
    whole, by_group = [everybody(cells)], list(groupings(cells, policy))
    by_stratum = list(strata(cells, policy))
    rates = list(_rates([*whole, *by_group, *by_stratum]))
    yield rates_table(rates, estimates.rates([each.share for each in rates], confidence))

    compared = [*_compared(by_group, policy), *_compared_within(by_stratum, policy)]
    contrast = estimates.contrast(compared)
    differences = estimates.differences(contrast, confidence)
    # The impact ratio is a ratio by definition; its difference is the selection rate's.
    is_difference = pc.field("metric") != Metric.IMPACT_RATIO.value
    yield disparities_table(compared, Kind.DIFFERENCE, differences).filter(is_difference)
    yield disparities_table(compared, Kind.RATIO, estimates.ratios(contrast, confidence))


def _rates(all_groups: Iterable[Groups]) -> Iterator[GroupRate]:
    for groups in all_groups:
        for rate in RATES:
            for name, counts in groups.counts.items():
                share = share_of(rate, counts)
                yield GroupRate(rate, groups.attribute, name, groups.stratum, share, counts.n)


def _compared(all_groups: Iterable[Groups], policy: AuditPolicy) -> Iterator[Comparison]:
    for groups in all_groups:
        for rate in (*RATES, favourable_share(policy.selected_is_favourable)):
            yield from with_reference(groups, rate)
            yield from with_best(groups, rate, policy)
            yield from with_rest(groups, rate)
            yield from with_overall(groups, rate)


def _compared_within(strata: Iterable[Groups], policy: AuditPolicy) -> Iterator[Comparison]:
    """Within strata only selection is compared, and only with the reference group."""
    for groups in strata:
        for rate in (SELECTION_RATE, favourable_share(policy.selected_is_favourable)):
            yield from with_reference(groups, rate)
