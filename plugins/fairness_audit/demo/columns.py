"""Columns of the sample in numpy, and their Arrow form."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Any, Self

import numpy as np
import numpy.typing as npt
import pyarrow as pa

Bools = npt.NDArray[np.bool_]
Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
Times = npt.NDArray[np.datetime64]

NULL = -1
MINUTE = np.timedelta64(1, "m")
DAY = np.timedelta64(1, "D")


def generator(seed: int, part: str) -> np.random.Generator:
    """Random numbers of one part of the sample, unmoved by changes to the other parts."""
    return np.random.default_rng([seed, *part.encode()])


def happens(rng: np.random.Generator, share: float, size: int) -> Bools:
    """True with probability ``share``, ``size`` times."""
    return rng.random(size) < share


def without_some(rng: np.random.Generator, good: Bools, among: Bools, share: float) -> Bools:
    """The good labels, less a share of those among these rows: how a bias is planted."""
    return good & ~(among & happens(rng, share, len(good)))


@dataclass(frozen=True)
class Words:
    """A text column of few distinct words: a code per row, ``NULL`` where there is none."""

    codes: npt.NDArray[np.int16]
    words: tuple[str, ...]

    @classmethod
    def draw(cls, rng: np.random.Generator, shares: Mapping[str, float], size: int) -> "Words":
        """Draw words with these relative frequencies."""
        weights = np.array(list(shares.values()))
        limits = np.cumsum(weights / weights.sum())[:-1]
        codes = np.searchsorted(limits, rng.random(size), side="right")
        return cls(codes.astype(np.int16), tuple(shares))

    @classmethod
    def draw_by(
        cls, rng: np.random.Generator, given: "Words", shares: Mapping[str, Mapping[str, float]]
    ) -> "Words":
        """Draw words whose frequencies depend on another column's word."""
        words = tuple(dict.fromkeys(word for row in shares.values() for word in row))
        codes = np.full(len(given), NULL, dtype=np.int16)
        for condition, row in shares.items():
            rows = np.flatnonzero(given.among(condition))
            drawn = cls.draw(rng, {word: row.get(word, 0.0) for word in words}, len(rows))
            codes[rows] = drawn.codes
        return cls(codes, words)

    @classmethod
    def even(cls, rng: np.random.Generator, words: Sequence[str], size: int) -> "Words":
        """Draw words that are all equally frequent."""
        return cls(rng.integers(len(words), size=size, dtype=np.int16), tuple(words))

    def __len__(self) -> int:
        return len(self.codes)

    def among(self, *words: str) -> Bools:
        """True where the word is one of these."""
        wanted = [self.words.index(word) for word in words]
        return np.isin(self.codes, wanted)

    def values(self, of: Mapping[str, float], missing: float = 0.0) -> Floats:
        """A number for each row by its word; ``missing`` for NULL."""
        table = np.array([of[word] for word in self.words] + [missing])
        return table[self.codes]

    def take(self, rows: Ints) -> "Words":
        """The column at these rows."""
        return Words(self.codes[rows], self.words)

    def without(self, rows: Bools) -> "Words":
        """The column with NULL at these rows."""
        return Words(np.where(rows, np.int16(NULL), self.codes), self.words)

    def spelled(self, spelling: Mapping[str, str]) -> "Words":
        """The same column in other words."""
        return Words(self.codes, tuple(spelling[word] for word in self.words))

    def joined(self, below: "Words") -> "Words":
        """This column with another of the same words below it."""
        return Words(np.concatenate([self.codes, below.codes]), self.words)

    def objects(self) -> npt.NDArray[np.object_]:
        """Python strings, None for NULL, as scikit-learn takes them."""
        return np.array([*self.words, None], dtype=object)[self.codes]

    def text(self) -> pa.Array:
        """An Arrow string array."""
        codes = pa.array(self.codes, mask=self.codes == NULL)
        return pa.array(self.words, pa.string()).take(codes)


@dataclass(frozen=True)
class Rows:
    """Base of a table in numpy: every field is a column (or a table) of the same length."""

    def take(self, rows: Ints) -> Self:
        """The table at these rows; a row may be taken more than once."""
        return type(self)(
            *(
                column.take(rows) if isinstance(column, Words | Rows) else column[rows]
                for column in self._columns()
            )
        )

    def joined(self, below: Self) -> Self:
        """This table with another below it."""
        return type(self)(
            *(
                above.joined(under)
                if isinstance(above, Words | Rows)
                else np.concatenate([above, under])
                for above, under in zip(self._columns(), below._columns(), strict=True)
            )
        )

    def _columns(self) -> list[Any]:
        return [getattr(self, each.name) for each in fields(self)]


def with_gaps(rng: np.random.Generator, values: Floats, share: float) -> Floats:
    """The numbers with a share of them not filled in."""
    return np.where(happens(rng, share, len(values)), np.nan, values)


def timestamps(times: Times) -> pa.Array:
    """UTC timestamps; NaT becomes NULL."""
    return pa.array(times.astype("datetime64[us]")).cast(pa.timestamp("us", "UTC"))


def nullable(values: npt.NDArray[Any], null: Bools, kind: pa.DataType | None = None) -> pa.Array:
    """An Arrow array that is NULL at the rows ``null``."""
    return pa.array(values, type=kind, mask=null)


def numbers(values: Floats, kind: pa.DataType) -> pa.Array:
    """Whole numbers held as floats; NaN becomes NULL."""
    missing = np.isnan(values)
    return nullable(np.where(missing, 0, values).astype(np.int64), missing).cast(kind)
