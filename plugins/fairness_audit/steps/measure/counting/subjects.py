"""What several decisions about one person have in common, summed over the persons of each group.

A matrix of persons by units, per cell of a confusion table, times itself: the cost grows with the
persons who have several decisions, and with the square of the units.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from fairness_audit.policy.metrics import Rate
from fairness_audit.records.evidence import CELLS
from fairness_audit.records.subject_sums import PairSums, Whole
from fairness_audit.statistics.confusion import ConfusionTable
from fairness_audit.statistics.proportions import Floats
from fairness_audit.steps.measure.counting.by_unit import People
from fairness_audit.steps.measure.counting.codes import Codes, cells_of

Numbers = NDArray[np.integer[Any]]
Matrix = NDArray[np.floating[Any]]

_BLOCK = 1 << 23
"""Numbers in one matrix of persons by units and cells: 32 MB."""
_PASS = 1 << 25
"""Numbers that are summed in one pass over the persons: 256 MB."""
_EXACT = 1 << 24
"""Up to here single floats are exact."""
_ROWS = 24
"""Subjects that are multiplied at a time."""
_FEW = 4
"""Subjects of one combination of attributes."""


class Decisions(NamedTuple):
    """Decisions, subject by subject: an entry each, ``subject`` counting up from 0."""

    subject: Numbers
    who: Numbers
    unit: Numbers
    cell: Numbers

    @classmethod
    def repeated(cls, batches: Iterable[pa.RecordBatch], people: People) -> "Decisions":
        """Those about subjects who have several, of what subject_decisions.sql gives."""
        parts = list(_numbered(batches, people))
        if not parts:
            return cls(*(np.zeros(0, dtype=np.int64) for _ in range(4)))
        each = cls(*(np.concatenate(column) for column in zip(*parts, strict=True)))
        return each.about(np.flatnonzero(np.bincount(each.subject) > 1))

    @property
    def ahead(self) -> Numbers:
        """Where the decisions about each subject begin."""
        return np.flatnonzero(np.diff(self.subject, prepend=-1))

    def about(self, subjects: Numbers) -> "Decisions":
        """Those about some subjects, who are counted anew in the order given."""
        ahead = self.ahead
        lengths = np.diff(ahead, append=len(self.subject))[subjects]
        before = np.cumsum(lengths) - lengths
        rows = np.repeat(ahead[subjects] - before, lengths) + np.arange(lengths.sum())
        subject = np.repeat(np.arange(len(subjects)), lengths)
        return Decisions(subject, self.who[rows], self.unit[rows], self.cell[rows])

    @property
    def steady(self) -> NDArray[np.bool_]:
        """By subject, whether all decisions found them in the same groups."""
        changed = self.who != self.who[self.ahead][self.subject]
        found = np.ones(len(self.ahead), dtype=bool)
        found[self.subject[changed]] = False
        return found


@dataclass(frozen=True)
class Kinds:
    """The cells that rates tell apart: ``of`` says the kind of each cell, -1 for none.

    ``parts`` and ``wholes`` say by rate which kinds its numerator and denominator are made of.
    """

    of: Codes
    parts: Floats
    wholes: Floats

    @classmethod
    def told_apart(cls, rates: Sequence[Rate], occurring: NDArray[np.bool_]) -> "Kinds":
        """Cells that no rate counts, or that do not occur, are of no kind."""
        by_cell = np.array([rate.cells for rate in rates], dtype=np.int64).swapaxes(0, 1)
        counts = occurring & by_cell.any(axis=(1, 2))
        kinds, place = np.unique(by_cell[counts], axis=0, return_inverse=True)
        of = np.full(len(by_cell), -1)
        of[counts] = place.reshape(-1)
        return cls(of, kinds[..., 0].T.astype(np.float64), kinds[..., 1].T.astype(np.float64))

    @property
    def count(self) -> int:
        """How many there are."""
        found: int = self.parts.shape[1]
        return found


class Grouped(NamedTuple):
    """A grouping whose sums are wanted.

    ``codes`` is the group of each combination of attributes, ``counts`` all decisions about the
    groups: groups by cells by units.
    """

    codes: Codes
    rates: tuple[Rate, ...]
    counts: Whole


def subject_pairs(
    decisions: Decisions, wanted: Sequence[Grouped]
) -> Iterator[list[dict[str, PairSums]]]:
    """By grouping, group and rate the pairs of units in which a subject has several decisions.

    As many groupings at a time as fit into memory, each time over all subjects.
    """
    occurring = np.bincount(decisions.cell, minlength=len(CELLS)) > 0
    together, apart = _by_combination(decisions)
    waiting = list(wanted)
    while waiting:
        several: list[Moments] = []
        room = _PASS
        while waiting and (not several or room > 0):
            several.append(Moments(waiting.pop(0), occurring))
            room -= several[-1].size
        most = max(1, _BLOCK // max(each.width for each in several))
        for subjects, add in ((together, _add_together), (apart, _add_apart)):
            for first in range(0, len(subjects), most):
                add(decisions.about(subjects[first : first + most]), several)
        for each in several:
            yield each.pairs()


def _by_combination(decisions: Decisions) -> tuple[Numbers, Numbers]:
    """The subjects who are summed by combination of attributes, in that order, and the others.

    What is summed by combination once is only added up in every grouping. Whose groups changed
    cannot be; nor is it worth it where most combinations are of a few subjects.
    """
    steady = decisions.steady
    who = decisions.who[decisions.ahead]
    subjects = np.flatnonzero(steady)
    if len(subjects) < _FEW * len(np.unique(who[subjects])):
        return subjects[:0], np.arange(len(steady))
    return subjects[np.argsort(who[subjects], kind="stable")], np.flatnonzero(~steady)


def _add_together(block: Decisions, several: Sequence["Moments"]) -> None:
    """Add subjects who come in the order of their combinations, and keep to them."""
    who = block.who[block.ahead]
    edges = np.flatnonzero(np.diff(who, prepend=-1)).tolist()
    for alike in _alike(several):
        matrix = alike[0].matrix_of(block, len(who))
        for begin, end in pairwise([*edges, len(who)]):
            summed = Sums.of(matrix[begin:end])
            for each in alike:
                each.add(int(each.codes[who[begin]]), summed)


def _add_apart(block: Decisions, several: Sequence["Moments"]) -> None:
    """Add subjects grouping by grouping; one who changed groups counts in each."""
    for alike in _alike(several):
        matrix = alike[0].matrix_of(block, len(block.ahead))
        for each in alike:
            code = each.codes[block.who]
            own = code[block.ahead]
            moved = np.zeros(len(own), dtype=bool)
            moved[block.subject[code != own[block.subject]]] = True
            each.add_all(matrix[~moved], own[~moved])
            if moved.any():
                rows = moved[block.subject]
                groups = len(each.counts)
                parts, place = np.unique(
                    block.subject[rows] * groups + code[rows], return_inverse=True
                )
                again = Decisions(place, block.who[rows], block.unit[rows], block.cell[rows])
                each.add_all(each.matrix_of(again, len(parts)), parts % groups)


def _alike(several: Sequence["Moments"]) -> Iterator[list["Moments"]]:
    """Those that tell the same cells apart: one matrix serves them."""
    by_kinds: dict[bytes, list[Moments]] = {}
    for each in several:
        by_kinds.setdefault(each.kinds.of.tobytes(), []).append(each)
    yield from by_kinds.values()


class Sums(NamedTuple):
    """Sums over subjects of what they have by kind and unit, and of products of two of these."""

    first: Floats
    second: Matrix

    @classmethod
    def of(cls, matrix: Matrix) -> "Sums":
        """Over the rows of a matrix; exact."""
        is_exact = len(matrix) * float(matrix.max()) ** 2 < _EXACT
        exact = matrix if is_exact else matrix.astype(np.float64)
        return cls(matrix.sum(axis=0, dtype=np.float64), _squared(exact))


def _squared(matrix: Matrix) -> Matrix:
    """Its transpose times itself, some rows at a time.

    So few at a time are multiplied by one thread; several that wait for a core of a busy machine
    take thirty times as long.
    """
    sliced = len(matrix) // _ROWS * _ROWS
    slices = matrix[:sliced].reshape(-1, _ROWS, matrix.shape[1])
    squares: Matrix = np.matmul(slices.transpose(0, 2, 1), slices).sum(axis=0)
    rest = matrix[sliced:]
    squares += rest.T @ rest
    return squares


class Moments:
    """The sums over the subjects of each group of one grouping."""

    def __init__(self, grouped: Grouped, occurring: NDArray[np.bool_]) -> None:
        self.codes, self.rates, self.counts = grouped
        self.kinds = Kinds.told_apart(self.rates, occurring)
        groups, _, self._units = self.counts.shape
        self.width = self.kinds.count * self._units
        self._second = np.zeros((groups, self.width, self.width))
        self._first = np.zeros((groups, self.width))

    @property
    def size(self) -> int:
        """How many numbers they are."""
        return self._second.size

    def matrix_of(self, block: Decisions, subjects: int) -> Matrix:
        """How many decisions each subject has, by kind and unit."""
        kind = self.kinds.of[block.cell]
        place = (block.subject * self.width + kind * self._units + block.unit)[kind >= 0]
        counts = np.bincount(place, minlength=subjects * self.width)
        return counts.astype(np.float32).reshape(subjects, self.width)

    def add_all(self, matrix: Matrix, code: Numbers) -> None:
        """Add subjects, a row each, of the groups that ``code`` says."""
        order = np.argsort(code, kind="stable")
        edges = np.searchsorted(code[order], np.arange(len(self.counts) + 1))
        for group, (begin, end) in enumerate(pairwise(edges.tolist())):
            if begin < end:
                self.add(group, Sums.of(matrix[order[begin:end]]))

    def add(self, group: int, summed: Sums) -> None:
        """Add what is summed to a group."""
        self._first[group] += summed.first
        self._second[group] += summed.second

    def pairs(self) -> list[dict[str, PairSums]]:
        """By group and rate the pairs of units whose sums do not follow from the counts."""
        return [dict(self._of(group)) for group in range(len(self.counts))]

    def _of(self, group: int) -> Iterator[tuple[str, PairSums]]:
        shape = (self.kinds.count, self._units)
        first = self._first[group].reshape(shape)
        second = self._second[group].reshape(shape + shape)
        table = ConfusionTable(*self.counts[group])
        for rate, part, whole in zip(self.rates, self.kinds.parts, self.kinds.wholes, strict=True):
            of_whole, of_part = np.tensordot(whole, second, 1), np.tensordot(part, second, 1)
            mm = np.einsum("uiv,i->uv", of_whole, whole) - np.diag(whole @ first)
            my = np.einsum("uiv,i->uv", of_whole, part) - np.diag(part @ first)
            yy = np.einsum("uiv,i->uv", of_part, part) - np.diag(part @ first)
            u, v = np.nonzero(np.triu((mm != 0) | (yy != 0) | (my != 0) | (my.T != 0)))
            if len(u):
                mm += np.diag(rate.denominator(table))
                my += np.diag(rate.numerator(table))
                yy += np.diag(rate.numerator(table))
                columns = (u, v, mm[u, v], yy[u, v], my[u, v], my[v, u])
                whole_numbers = (tuple(each.astype(np.int64).tolist()) for each in columns)
                yield (
                    rate.name,
                    PairSums(**dict(zip(PairSums.model_fields, whole_numbers, strict=True))),
                )


def _numbered(batches: Iterable[pa.RecordBatch], people: People) -> Iterator[Decisions]:
    """The batches as numbers, small ones."""
    last, number = None, -1
    for batch in batches:
        if not batch.num_rows:
            continue
        subject = batch["subject"].to_numpy()
        new = np.empty(len(subject), dtype=bool)
        new[0] = last is None or subject[0] != last
        np.not_equal(subject[1:], subject[:-1], out=new[1:])
        numbers = number + np.cumsum(new)
        last, number = subject[-1], int(numbers[-1])
        table = pa.Table.from_batches([batch])
        yield Decisions(
            numbers.astype(np.int32),
            people.at(batch["who"].to_numpy()).astype(np.int32),
            batch["unit"].to_numpy().astype(np.int32),
            cells_of(table).astype(np.int8),
        )
