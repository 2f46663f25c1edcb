"""Which group is compared with what.

Group names are compared as they are in the data; the unknown group is part of the rest and of the
overall, but is not itself compared, nor a reference, nor the best.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Protocol

import numpy as np

from fairness_audit.policy.metrics import Rate
from fairness_audit.policy.model import Against
from fairness_audit.records.measurement import OVERALL
from fairness_audit.statistics.clustering import SubjectSums
from fairness_audit.statistics.confusion import ConfusionTable, Count
from fairness_audit.statistics.effective_counts import (
    effective_trials,
    equally_weighted,
    even_persons,
    of_few_persons,
)
from fairness_audit.statistics.proportions import Floats, quotient
from fairness_audit.steps.measure.counting.counts import Counts
from fairness_audit.steps.measure.counting.groups import Groups, Positions
from fairness_audit.steps.measure.counting.people import Products
from fairness_audit.steps.measure.counting.plan import Plan

REST = "rest"
"""Name of everybody not in the group, as the reference of a disparity."""


class Fraction(Protocol):
    """A share of some decisions about a group: a rate, or another sum of cells over another."""

    @property
    def numerator(self) -> Callable[[ConfusionTable], Count]:
        """Part of the denominator."""

    @property
    def denominator(self) -> Callable[[ConfusionTable], Count]:
        """The decisions that count."""


@dataclass(frozen=True)
class Side:
    """One side of some comparisons: counts, squared weights and decisions, an entry for each.

    Without weights ``squares`` is ``counts`` itself, and all is done once. ``products`` are of the
    subjects, where some are decided about several times.
    """

    counts: Counts
    squares: Counts
    rows: Floats
    products: Products | None = None

    @classmethod
    def every(cls, groups: Groups) -> "Side":
        """All groups, in their order."""
        own = None if groups.people is None else groups.people.own
        return cls(groups.counts, groups.squares, groups.rows, own)

    @classmethod
    def of(cls, groups: Groups, positions: Positions) -> "Side":
        """The groups at these positions."""
        counts = groups.counts.take(positions)
        squares = groups.squares.take(positions) if groups.is_weighted else counts
        own = None if groups.people is None else groups.people.own.at(positions)
        return cls(counts, squares, groups.rows[positions], own)

    @classmethod
    def all_of(cls, groups: Groups, times: int) -> "Side":
        """Everybody, as often as asked for."""
        everyone = np.zeros(times, dtype=np.intp)
        total = np.full(times, groups.rows.sum())
        counts = groups.overall.take(everyone)
        squares = groups.squares.total().take(everyone) if groups.is_weighted else counts
        products = None if groups.people is None else groups.people.everybody.at(everyone)
        return cls(counts, squares, total, products)

    @classmethod
    def rest_of(cls, groups: Groups, positions: Positions) -> "Side":
        """Of each group at these positions, everybody else."""
        rest = cls.all_of(groups, len(positions))._without(cls.of(groups, positions))
        if groups.people is None:
            return rest
        return replace(rest, products=groups.people.rest.at(positions))

    @classmethod
    def joined(cls, sides: Sequence["Side"]) -> "Side":
        """The entries of all sides, one after the other."""
        counts = Counts.joined([each.counts for each in sides])
        squares = counts
        if any(each.squares is not each.counts for each in sides):
            squares = Counts.joined([each.squares for each in sides])
        rows = np.concatenate([np.zeros(0), *(each.rows for each in sides)])
        products = [each.products for each in sides if each.products is not None]
        return cls(counts, squares, rows, Products.joined(products) if products else None)

    def at(self, positions: Positions) -> "Side":
        """Some of the entries."""
        counts = self.counts.take(positions)
        squares = self.squares.take(positions) if self.squares is not self.counts else counts
        products = None if self.products is None else self.products.at(positions)
        return Side(counts, squares, self.rows[positions], products)

    @property
    def sizes(self) -> Floats:
        """How many subjects each entry has: decisions, unless some are about the same."""
        return self.rows if self.products is None else self.products.subjects

    def _without(self, part: "Side") -> "Side":
        """What is left of each entry when a part of it is taken away, whoever it is about."""
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
    size = independent_size(rate, Side.every(groups))
    eligible = [int(i) for i in groups.known if size[i] >= plan.min_group_size]
    if not eligible and plan.small_if_need_be:
        eligible = [int(i) for i in groups.known if size[i] > 0]
    return max(eligible, key=lambda i: (merit[i], denominator[i], -i), default=None)


def independent_size(rate: Fraction, side: Side) -> Floats:
    """Of how many of equal weight a rate is: of persons, if some are decided about often."""
    if side.products is None:
        return _equally_weighted(rate, side)
    denominator = np.asarray(rate.denominator(side.counts), dtype=np.float64)
    return even_persons(denominator, _of_subjects(rate, side.products))


def effective_size(rate: Fraction, side: Side) -> Floats:
    """How many independent, equally weighted decisions a rate is worth."""
    if side.products is None:
        return _equally_weighted(rate, side)
    successes, trials = _fraction(rate, side.counts)
    return effective_trials(successes, trials, _of_subjects(rate, side.products))


def size_for_intervals(rate: Fraction, side: Side) -> Floats:
    """The effective size, less what it costs that it was estimated from few persons."""
    effective = effective_size(rate, side)
    if side.products is None:
        return effective
    trials = np.asarray(rate.denominator(side.counts), dtype=np.float64)
    subjects = _of_subjects(rate, side.products)
    return of_few_persons(effective, trials, subjects, side.products.confidence)


def _of_subjects(rate: Fraction, products: Products) -> SubjectSums:
    """What a rate counts is a sum of cells, so its sums over subjects are sums of products."""
    successes, trials = _fraction(rate, Counts.from_cells(np.eye(6)))
    return SubjectSums(
        *(
            np.einsum("i,gij,j->g", one, products.cells, other)
            for one, other in ((trials, trials), (trials, successes), (successes, successes))
        )
    )


def _fraction(rate: Fraction, counts: Counts) -> tuple[Floats, Floats]:
    return (
        np.asarray(rate.numerator(counts), dtype=np.float64),
        np.asarray(rate.denominator(counts), dtype=np.float64),
    )


def _equally_weighted(rate: Fraction, side: Side) -> Floats:
    denominator = np.asarray(rate.denominator(side.counts), dtype=np.float64)
    if side.counts is side.squares:
        return denominator
    return equally_weighted(denominator, rate.denominator(side.squares))


def with_rest(groups: Groups) -> Iterator[Pairs]:
    """Every known group against everybody not in it."""
    group, rest = Side.of(groups, groups.known), Side.rest_of(groups, groups.known)
    yield _pairs(groups, Against.REST, REST, group, rest, rest)


def with_overall(groups: Groups) -> Iterator[Pairs]:
    """Every known group against everybody, itself included."""
    group = Side.of(groups, groups.known)
    everyone = Side.all_of(groups, len(groups.known))
    rest = Side.rest_of(groups, groups.known)
    yield _pairs(groups, Against.OVERALL, OVERALL, group, everyone, rest)


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
