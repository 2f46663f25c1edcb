"""Which group is compared with what.

Group names are compared as they are in the data; the unknown group is part of the rest and of the
overall, but is not itself compared, nor a reference, nor the best.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from fairness_audit.policy.metrics import Rate
from fairness_audit.policy.model import Against
from fairness_audit.records.measurement import OVERALL
from fairness_audit.statistics.proportions import Floats, quotient
from fairness_audit.steps.measure.counting.counts import Counts
from fairness_audit.steps.measure.counting.groups import Groups, Positions
from fairness_audit.steps.measure.counting.plan import Plan

REST = "rest"
"""Name of everybody not in the group, as the reference of a disparity."""


@dataclass(frozen=True)
class Side:
    """One side of some comparisons: counts, squared weights and decisions, an entry for each.

    Without weights ``squares`` is ``counts`` itself, and all is done once.
    """

    counts: Counts
    squares: Counts
    rows: Floats

    @classmethod
    def of(cls, groups: Groups, positions: Positions) -> "Side":
        """The groups at these positions."""
        counts = groups.counts.take(positions)
        squares = groups.squares.take(positions) if groups.is_weighted else counts
        return cls(counts, squares, groups.rows[positions])

    @classmethod
    def all_of(cls, groups: Groups, times: int) -> "Side":
        """Everybody, as often as asked for."""
        everyone = np.zeros(times, dtype=np.intp)
        total = np.full(times, groups.rows.sum())
        counts = groups.overall.take(everyone)
        squares = counts
        if groups.is_weighted:
            squares = groups.squares.total().take(everyone)
        return cls(counts, squares, total)

    @classmethod
    def joined(cls, sides: Sequence["Side"]) -> "Side":
        """The entries of all sides, one after the other."""
        counts = Counts.joined([each.counts for each in sides])
        squares = counts
        if any(each.squares is not each.counts for each in sides):
            squares = Counts.joined([each.squares for each in sides])
        return cls(counts, squares, np.concatenate([np.zeros(0), *(each.rows for each in sides)]))

    def without(self, part: "Side") -> "Side":
        """What is left of each entry when a part of it is taken away."""
        counts = self.counts - part.counts
        weighted = self.squares is not self.counts or part.squares is not part.counts
        squares = self.squares - part.squares if weighted else counts
        return Side(counts, squares, self.rows - part.rows)


@dataclass(frozen=True)
class Pairs:
    """Groups of one grouping, each beside what it is compared with.

    ``tested`` is the independent sample behind interval and test: the reference itself, or the
    rest where the reference is the overall, of which the group is a part.
    """

    attribute: str
    stratum: str | None
    against: Against
    names: tuple[str, ...]
    references: tuple[str, ...]
    group: Side
    reference: Side
    tested: Side


def with_reference(groups: Groups, *, itself: bool = False) -> Iterator[Pairs]:
    """Every other known group against the reference group, if the data have it.

    With ``itself`` the reference group is there too, compared with itself.
    """
    position = groups.reference_position
    if position is not None:
        yield _with_group(groups, position, Against.REFERENCE, itself=itself)


def with_best(groups: Groups, rate: Rate, plan: Plan, *, itself: bool = False) -> Iterator[Pairs]:
    """Every other known group against the best one, if one is large enough."""
    position = best_group(groups, rate, plan)
    if position is not None:
        yield _with_group(groups, position, Against.BEST, itself=itself)


def best_group(groups: Groups, rate: Rate, plan: Plan) -> int | None:
    """Where the known group with the most favourable rate stands, if one is large enough.

    Only groups with a denominator of ``min_group_size`` or more count, for a tiny group's rate may
    be extreme by chance. Of equal rates the larger denominator wins, then the first name.
    """
    sign = 1 if rate.higher_is_better(selected_is_favourable=plan.selected_is_favourable) else -1
    denominator = rate.denominator(groups.counts)
    merit = sign * quotient(rate.numerator(groups.counts), denominator)
    size = effective_size(rate, groups.counts, groups.squares)
    eligible = [int(i) for i in groups.known if size[i] >= plan.min_group_size]
    return max(eligible, key=lambda i: (merit[i], denominator[i], -i), default=None)


def effective_size(rate: Rate, counts: Counts, squares: Counts) -> Floats:
    """How many equally weighted decisions a rate is worth: (Σw)² / Σw², of its denominator.

    Kish, "Survey Sampling" (1965), section 11.7. Without weights it is the denominator, exactly.
    """
    denominator = np.asarray(rate.denominator(counts), dtype=np.float64)
    if counts is squares:
        return denominator
    squared = rate.denominator(squares)
    return np.where(
        denominator == squared, denominator, np.nan_to_num(quotient(denominator**2, squared))
    )


def with_rest(groups: Groups) -> Iterator[Pairs]:
    """Every known group against everybody not in it."""
    group = Side.of(groups, groups.known)
    rest = Side.all_of(groups, len(groups.known)).without(group)
    yield _pairs(groups, Against.REST, REST, group, rest, rest)


def with_overall(groups: Groups) -> Iterator[Pairs]:
    """Every known group against everybody, itself included."""
    group = Side.of(groups, groups.known)
    everyone = Side.all_of(groups, len(groups.known))
    yield _pairs(groups, Against.OVERALL, OVERALL, group, everyone, everyone.without(group))


def _pairs(
    groups: Groups, against: Against, reference: str, group: Side, other: Side, tested: Side
) -> Pairs:
    names = tuple(groups.names[i] for i in groups.known)
    references = (reference,) * len(names)
    return Pairs(
        groups.attribute, groups.stratum, against, names, references, group, other, tested
    )


def _with_group(groups: Groups, position: int, against: Against, *, itself: bool) -> Pairs:
    compared = np.array([i for i in groups.known if itself or i != position], dtype=np.intp)
    other = Side.of(groups, np.full(len(compared), position, dtype=np.intp))
    return Pairs(
        groups.attribute,
        groups.stratum,
        against,
        tuple(groups.names[i] for i in compared),
        (groups.names[position],) * len(compared),
        Side.of(groups, compared),
        other,
        other,
    )
