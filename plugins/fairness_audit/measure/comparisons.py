"""Which group is compared with what.

Group names are compared as they are in the data; the unknown group is part of the rest and of the
overall, but is not itself compared, nor a reference, nor the best.
"""

from collections.abc import Iterator
from typing import NamedTuple

from fairness_audit.measure.catalogue import Rate
from fairness_audit.measure.counts import Counts
from fairness_audit.measure.groups import Groups
from fairness_audit.policy.model import Against, AuditPolicy
from fairness_audit.records.measurement import OVERALL

REST = "rest"
"""Name of everybody not in the group, as the reference of a disparity."""


class Share(NamedTuple):
    """A rate as its two counts."""

    numerator: int
    denominator: int


class Comparison(NamedTuple):
    """One group's rate against another's.

    ``tested`` is the independent sample behind the interval and the test: the reference itself,
    or the rest where the reference is the overall, of which the group is a part.
    """

    rate: Rate
    attribute: str
    group: str
    stratum: str | None
    against: Against
    reference: str
    share: Share
    reference_share: Share
    tested: Share
    n: int
    reference_n: int


def share_of(rate: Rate, counts: Counts) -> Share:
    """The rate of a group with these counts."""
    return Share(rate.numerator(counts), rate.denominator(counts))


def with_reference(groups: Groups, rate: Rate) -> Iterator[Comparison]:
    """Every other known group against the reference group, if the data have it."""
    if groups.reference in groups.known:
        yield from _with_group(groups, rate, Against.REFERENCE, groups.reference)


def with_best(groups: Groups, rate: Rate, policy: AuditPolicy) -> Iterator[Comparison]:
    """Every other known group against the best one, if one is large enough."""
    best = best_group(groups, rate, policy)
    if best is not None:
        yield from _with_group(groups, rate, Against.BEST, best)


def best_group(groups: Groups, rate: Rate, policy: AuditPolicy) -> str | None:
    """The known group with the most favourable rate, if any denominator is large enough.

    Only groups with a denominator of ``min_group_size`` or more count, for a tiny group's rate may
    be extreme by chance. Of equal rates the larger denominator wins, then the first name.
    """
    shares = {name: share_of(rate, counts) for name, counts in sorted(groups.known.items())}
    eligible = [
        name for name, share in shares.items() if share.denominator >= policy.min_group_size
    ]
    sign = 1 if rate.higher_is_better(policy.selected_is_favourable) else -1

    def merit(name: str) -> tuple[float, int]:
        numerator, denominator = shares[name]
        return sign * numerator / denominator, denominator

    return max(eligible, key=merit, default=None)


def with_rest(groups: Groups, rate: Rate) -> Iterator[Comparison]:
    """Every known group against everybody not in it."""
    for name, counts in groups.known.items():
        others = groups.overall - counts
        share = share_of(rate, others)
        yield _comparison(groups, rate, name, Against.REST, REST, others, share)


def with_overall(groups: Groups, rate: Rate) -> Iterator[Comparison]:
    """Every known group against everybody, itself included."""
    for name, counts in groups.known.items():
        rest = share_of(rate, groups.overall - counts)
        yield _comparison(groups, rate, name, Against.OVERALL, OVERALL, groups.overall, rest)


def _with_group(
    groups: Groups, rate: Rate, against: Against, reference: str
) -> Iterator[Comparison]:
    counts = groups.counts[reference]
    share = share_of(rate, counts)
    for name in groups.known:
        if name != reference:
            yield _comparison(groups, rate, name, against, reference, counts, share)


def _comparison(
    groups: Groups,
    rate: Rate,
    name: str,
    against: Against,
    reference: str,
    reference_counts: Counts,
    tested: Share,
) -> Comparison:
    counts = groups.counts[name]
    return Comparison(
        rate=rate,
        attribute=groups.attribute,
        group=name,
        stratum=groups.stratum,
        against=against,
        reference=reference,
        share=share_of(rate, counts),
        reference_share=share_of(rate, reference_counts),
        tested=tested,
        n=counts.n,
        reference_n=reference_counts.n,
    )
