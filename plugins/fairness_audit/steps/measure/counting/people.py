"""Who the decisions are about, where some are decided about several times.

What varies from sample to sample is then who is in it: variances are of sums over subjects, and
resamples draw subjects. Both need only the kinds of subjects, with exactly the same decisions.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from fairness_audit.statistics.proportions import Floats
from fairness_audit.steps.measure.counting.codes import Codes, Combinations, cells_of
from fairness_audit.steps.measure.counting.plan import group_name

Places = NDArray[np.bool_]

_CELLS = 6
_AT_ONCE = 10_000_000
"""Numbers drawn at once: of so many resamples by so many kinds."""


@dataclass(frozen=True)
class Products:
    """Sums over subjects of the products of their counts, an entry for each group.

    ``cells`` has two last axes of six cells: entry (i, j) is the sum, over the subjects, of their
    decisions in cell i times those in cell j. ``subjects`` is how many there are, ``confidence``
    that of what is made of them.
    """

    cells: Floats
    subjects: Floats
    confidence: float

    def at(self, positions: Sequence[int] | Codes) -> "Products":
        """The products of some groups."""
        return Products(self.cells[positions], self.subjects[positions], self.confidence)

    @classmethod
    def joined(cls, parts: Sequence["Products"]) -> "Products":
        """The entries of all parts, one after the other; there must be one."""
        return cls(
            np.concatenate([each.cells for each in parts]),
            np.concatenate([each.subjects for each in parts]),
            parts[0].confidence,
        )


@dataclass(frozen=True)
class Subjects:
    """The subjects of one grouping: how many of each kind, and what a kind has in each group.

    ``kinds`` and ``groups`` say what an entry is about, ``cells`` how many decisions such a
    subject has in that group; ``times`` how many subjects are of each kind, ``places`` how many
    groups there are.
    """

    kinds: Codes
    groups: Codes
    cells: Floats
    times: Floats
    places: int
    confidence: float

    @cached_property
    def own(self) -> Products:
        """Of each group, the products within it."""
        subjects = _summed(self.groups, self.times[self.kinds], self.places)
        return Products(self._products(self.cells), subjects, self.confidence)

    @cached_property
    def everybody(self) -> Products:
        """Of all groups together, as one entry."""
        cells = np.einsum("k,ki,kj->ij", self.times, self._everywhere, self._everywhere)[None]
        return Products(cells, np.array([self.times.sum()]), self.confidence)

    @cached_property
    def with_everybody(self) -> Floats:
        """Of each group, the products of what subjects have in it with what they have in all."""
        return self._products(self._everywhere[self.kinds])

    @cached_property
    def rest(self) -> Products:
        """Of each group, the products of what subjects have in all others."""
        shared = self.with_everybody
        cells = self.everybody.cells - shared - np.swapaxes(shared, -1, -2) + self.own.cells
        only = np.bincount(self.kinds, minlength=len(self.times))[self.kinds] == 1
        inside = np.bincount(self.groups[only], self.times[self.kinds[only]], self.places)
        return Products(cells, self.everybody.subjects - inside, self.confidence)

    @property
    def in_several(self) -> int:
        """How many subjects have decisions in more than one group."""
        several = np.bincount(self.kinds, minlength=len(self.times)) > 1
        return int(self.times[several].sum())

    def resampled(self, resamples: int, random: np.random.Generator) -> Floats:
        """So many draws, with replacement, of as many subjects: resamples, groups and cells."""
        from scipy.sparse import csr_array

        times, columns, which = self._drawn_alike()
        place = (self.groups[which, None] * _CELLS + np.arange(_CELLS)).ravel()
        shape = (len(times), self.places * _CELLS)
        each = csr_array((self.cells[which].ravel(), (np.repeat(columns, _CELLS), place)), shape)
        total = times.sum()
        again = np.empty((resamples, self.places * _CELLS))
        step = max(1, _AT_ONCE // max(len(times), 1))
        for start in range(0, resamples, step):
            some = again[start : start + step]
            some[:] = random.multinomial(round(total), times / total, len(some)) @ each
        return again.reshape(resamples, self.places, _CELLS)

    def _drawn_alike(self) -> tuple[Floats, Codes, Codes]:
        """SubjectKinds that are one here: how many subjects each has, and its entries.

        At full detail kinds differ in more than this grouping looks at.
        """
        entries = np.bincount(self.kinds, minlength=len(self.times))[self.kinds]
        single = np.flatnonzero(entries == 1)
        signature = np.column_stack([self.groups[single], self.cells[single]])
        _, first, same = np.unique(signature, axis=0, return_index=True, return_inverse=True)
        alike = np.bincount(same.ravel(), self.times[self.kinds[single]], len(first))
        several = np.flatnonzero(entries > 1)
        kinds, others = np.unique(self.kinds[several], return_inverse=True)
        times = np.concatenate([alike, self.times[kinds]])
        columns = np.concatenate([np.arange(len(first)), len(first) + others])
        return times, columns, np.concatenate([single[first], several])

    @cached_property
    def _everywhere(self) -> Floats:
        """What a subject of each kind has in all groups."""
        total = np.zeros((len(self.times), _CELLS))
        np.add.at(total, self.kinds, self.cells)
        return total

    def _products(self, other: Floats) -> Floats:
        times = self.times[self.kinds]
        found = np.empty((self.places, _CELLS, _CELLS))
        for i in range(_CELLS):
            for j in range(_CELLS):
                product = times * self.cells[:, i] * other[:, j]
                found[:, i, j] = np.bincount(self.groups, product, self.places)
        return found


def _summed(place: Codes, amounts: Floats, places: int) -> Floats:
    """The amounts of every place."""
    return np.bincount(place, amounts, places).astype(np.float64)


class SubjectKinds:
    """The kinds of subjects of a population, as `subject_counts.sql` gives them."""

    def __init__(self, table: pa.Table, confidence: float) -> None:
        self._combinations, self._confidence = Combinations(table), confidence
        self._kind = table["kind"].to_numpy() - 1
        self._n = table["n"].to_numpy().astype(np.float64)
        self._cell = cells_of(table)
        self._times = np.zeros(int(self._kind.max(initial=-1)) + 1)
        self._times[self._kind] = table["subjects"].to_numpy()

    @property
    def subjects(self) -> int:
        """How many there are."""
        return int(self._times.sum())

    @property
    def most(self) -> int:
        """The most decisions about one of them."""
        return int(np.bincount(self._kind, self._n).max(initial=0))

    def within(
        self,
        columns: Sequence[str],
        names: Sequence[str],
        stratum: tuple[str, str] | None = None,
    ) -> Subjects:
        """The people in the groups ``names`` that the columns make; of one stratum alone, if any.

        ``stratum`` is its column and its value.
        """
        there = np.ones(len(self._kind), dtype=bool)
        if stratum is not None:
            codes, values = self._combinations.coded(stratum[0])
            there = codes == values.index(stratum[1])
        groups = self._groups(columns, names, there)
        kinds, kind = np.unique(self._kind[there], return_inverse=True)
        entries, entry = np.unique(kind * len(names) + groups, return_inverse=True)
        place = entry * _CELLS + self._cell[there]
        cells = _summed(place, self._n[there], len(entries) * _CELLS)
        return Subjects(
            kinds=entries // len(names),
            groups=entries % len(names),
            cells=cells.reshape(-1, _CELLS),
            times=self._times[kinds],
            places=len(names),
            confidence=self._confidence,
        )

    def _groups(self, columns: Sequence[str], names: Sequence[str], there: Places) -> Codes:
        """The position, in ``names``, of the group of every row that is there."""
        combined = self._combinations.of(columns)
        found, row = np.unique(combined.place[there], return_inverse=True)
        keys = combined.keys(found)
        position = {name: i for i, name in enumerate(names)}
        # Everybody together has no column, and one name.
        at = [position[group_name(key)] if key else 0 for key in keys]
        return np.array(at, dtype=np.int64)[row]
