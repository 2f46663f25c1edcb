"""The confusion table of a group: what every rate of it counts."""

from dataclasses import dataclass
from typing import Any

Count = Any
"""A whole number, or a column of them: an array of any shape, one entry per group."""


@dataclass(frozen=True, slots=True)
class ConfusionTable:
    """How many decisions about a group fall into each of six disjoint cells.

    Four cells hold the decisions whose outcome is known (*labelled*), by decision and outcome; the
    other two hold those whose outcome is not. In a weighted population they are sums of weights.
    """

    tp: Count = 0  # selected, outcome true
    fp: Count = 0  # selected, outcome false
    fn: Count = 0  # not selected, outcome true
    tn: Count = 0  # not selected, outcome false
    selected_unlabelled: Count = 0
    not_selected_unlabelled: Count = 0

    @property
    def selected(self) -> Count:
        """All decisions to select, labelled or not."""
        return self.tp + self.fp + self.selected_unlabelled

    @property
    def not_selected(self) -> Count:
        """All decisions not to select, labelled or not."""
        return self.fn + self.tn + self.not_selected_unlabelled

    @property
    def labelled_selected(self) -> Count:
        """Decisions to select whose outcome is known."""
        return self.tp + self.fp

    @property
    def labelled_not_selected(self) -> Count:
        """Decisions not to select whose outcome is known."""
        return self.fn + self.tn

    @property
    def n(self) -> Count:
        """All decisions."""
        return self.selected + self.not_selected

    @property
    def labelled(self) -> Count:
        """Decisions whose outcome is known."""
        return self.tp + self.fp + self.fn + self.tn

    @property
    def positives(self) -> Count:
        """Decisions whose outcome is true."""
        return self.tp + self.fn

    @property
    def negatives(self) -> Count:
        """Decisions whose outcome is false."""
        return self.fp + self.tn
