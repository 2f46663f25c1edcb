"""Of how many the audit knows the groups, and whence."""

from collections.abc import Iterable
from math import floor

from fairness_audit.policy.base import UNKNOWN
from fairness_audit.policy.metrics import SELECTION_RATE
from fairness_audit.policy.model import AuditPolicy
from fairness_audit.records.finding import AttributeSource
from fairness_audit.records.measurement import Measurement
from fairness_audit.statistics.small_counts import share_told


def sources_of(
    policy: AuditPolicy, measurements: Iterable[Measurement]
) -> dict[str, AttributeSource]:
    """Provenance and coverage of every attribute of the policy.

    The selection rate has a denominator of every row, so its groups count the whole population.
    The coverage is rounded down, since all its digits would tell of how many it is a share.
    """
    rows = dict.fromkeys(policy.attributes, 0)
    known = dict.fromkeys(policy.attributes, 0)
    for each in measurements:
        is_rate = each.comparison is None and each.stratum is None
        if each.metric == SELECTION_RATE.name and is_rate and each.attribute in rows:
            rows[each.attribute] += each.n
            known[each.attribute] += 0 if each.group == UNKNOWN else each.n
    return {
        name: AttributeSource(
            provenance=attribute.provenance,
            coverage=_coverage(known[name], rows[name], policy.min_group_size),
        )
        for name, attribute in policy.attributes.items()
    }


def _coverage(known: int, rows: int, least: int) -> float | None:
    return floor(100 * share_told(known, rows, least)) / 100 if rows else None
