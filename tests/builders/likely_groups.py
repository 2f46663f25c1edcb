"""Decisions about people whose group is known by its probability alone; the truth is known."""

from dataclasses import dataclass

import numpy as np

from fairness_audit.policy.metrics import SELECTION_RATE
from fairness_audit.statistics.expected_groups import Expected, Share, difference, ratio
from fairness_audit.statistics.proportions import Floats
from fairness_audit.steps.measure.counting.counts import Counts

CONFIDENCE = 0.95
_SELECTED, _NOT_SELECTED = 4, 5
_ONE_EACH = Counts.from_cells(np.eye(6))


@dataclass(frozen=True)
class Places:
    """People of places, each with its share of a group A, all others being B.

    The rate of being selected rises with A's share: ``least`` where there are none, ``least`` plus
    ``rise`` where all are. Given the place it has nothing to do with the group. ``decisions``
    about a person are all alike.
    """

    persons: int
    least: float
    rise: float
    decisions: int = 1

    def __str__(self) -> str:
        return f"{self.persons} persons, {self.least} to {self.least + self.rise}"

    def truth(self) -> tuple[float, float]:
        """The rates of A and B; A's share is uniform from .05 to .95."""
        share = np.linspace(0.05, 0.95, 20_001)
        rate = self.least + self.rise * share
        others = 1 - share
        return float((share * rate).sum() / share.sum()), float(
            (others * rate).sum() / others.sum()
        )


@dataclass(frozen=True)
class Found:
    """Shares of the runs whose intervals hold the truth, and mean differences of A and B."""

    rate: float
    difference: float
    ratio: float
    weighted: float
    most_probable: float
    true: float


def expected_of(
    probabilities: Floats, selected: Floats, subject: Floats | None = None
) -> Expected:
    """Of rows with a probability of each group (rows, groups) and a decision each."""
    rows, size = probabilities.shape
    who = np.arange(rows) if subject is None else subject
    each = np.zeros((int(who.max()) + 1, size, 6))
    cell = np.where(selected > 0, _SELECTED, _NOT_SELECTED)
    np.add.at(each, (who[:, None], np.arange(size), cell[:, None]), probabilities)
    return Expected(each.sum(axis=0), np.einsum("sgi,shj->gihj", each, each))


def selection(expected: Expected, *groups: int) -> Share:
    """The selection rate of these groups together."""
    taken = np.zeros(expected.size)
    taken[list(groups)] = 1
    numerator, denominator = (
        np.asarray(part(_ONE_EACH), dtype=np.float64)
        for part in (SELECTION_RATE.numerator, SELECTION_RATE.denominator)
    )
    return expected.share(taken, numerator, denominator)


def simulated(places: Places, runs: int) -> Found:
    """So many samples, measured as `measure --probability` does it."""
    draw = np.random.default_rng(20_261_130)
    own, other = places.truth()
    held, gaps = np.zeros(3), np.zeros(2)
    for _ in range(runs):
        share = draw.uniform(0.05, 0.95, places.persons)
        chosen = (draw.random(places.persons) < places.least + places.rise * share).astype(float)
        who = np.repeat(np.arange(places.persons), places.decisions)
        probabilities = np.column_stack([share, 1 - share])[who]
        expected = expected_of(probabilities, chosen[who], who)
        a, b = selection(expected, 0), selection(expected, 1)
        low, high = a.interval(CONFIDENCE)
        gap, times = difference(a, b, CONFIDENCE), ratio(a, b, CONFIDENCE)
        held += (
            low[0] <= own <= high[0],
            gap.low <= own - other <= gap.high,
            not (times.low > own / other or times.high < own / other),
        )
        likely = share > 0.5
        gaps += gap.value, chosen[likely].mean() - chosen[~likely].mean()
    return Found(*held / runs, *gaps / runs, true=own - other)
