"""The counts every rate metric is made of."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Self


@dataclass(frozen=True, slots=True)
class Counts:
    """How many decisions about one group fall into each of six disjoint cells.

    Four cells of the confusion matrix hold the decisions whose outcome is known (*labelled*); the
    other two hold those whose outcome is not. Counts of disjoint groups add up,
    and a group's counts can be taken from those of a whole that contains it.
    """

    tp: int = 0  # selected, outcome true
    fp: int = 0  # selected, outcome false
    fn: int = 0  # not selected, outcome true
    tn: int = 0  # not selected, outcome false
    selected_unlabelled: int = 0
    not_selected_unlabelled: int = 0

    @classmethod
    def of(cls, *, outcome: bool | None, selected: bool, n: int) -> Self:
        """The counts of ``n`` decisions that all went the same way."""
        return cls(**{_CELLS[outcome, selected]: n})

    @classmethod
    def total(cls, parts: Iterable["Counts"]) -> "Counts":
        """The counts of several disjoint groups taken together."""
        return sum(parts, start=Counts())

    def __add__(self, other: "Counts") -> "Counts":
        return Counts(
            self.tp + other.tp,
            self.fp + other.fp,
            self.fn + other.fn,
            self.tn + other.tn,
            self.selected_unlabelled + other.selected_unlabelled,
            self.not_selected_unlabelled + other.not_selected_unlabelled,
        )

    def __sub__(self, part: "Counts") -> "Counts":
        return Counts(
            self.tp - part.tp,
            self.fp - part.fp,
            self.fn - part.fn,
            self.tn - part.tn,
            self.selected_unlabelled - part.selected_unlabelled,
            self.not_selected_unlabelled - part.not_selected_unlabelled,
        )

    @property
    def selected(self) -> int:
        """All decisions to select, labelled or not."""
        return self.tp + self.fp + self.selected_unlabelled

    @property
    def not_selected(self) -> int:
        """All decisions not to select, labelled or not."""
        return self.fn + self.tn + self.not_selected_unlabelled

    @property
    def n(self) -> int:
        """All decisions."""
        return self.selected + self.not_selected

    @property
    def labelled(self) -> int:
        """Decisions whose outcome is known."""
        return self.tp + self.fp + self.fn + self.tn

    @property
    def positives(self) -> int:
        """Decisions whose outcome is true."""
        return self.tp + self.fn

    @property
    def negatives(self) -> int:
        """Decisions whose outcome is false."""
        return self.fp + self.tn


_CELLS: dict[tuple[bool | None, bool], str] = {
    (True, True): "tp",
    (False, True): "fp",
    (True, False): "fn",
    (False, False): "tn",
    (None, True): "selected_unlabelled",
    (None, False): "not_selected_unlabelled",
}
