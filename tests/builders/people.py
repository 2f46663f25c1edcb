"""Decisions about people, several about each, whose truth is known."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from fairness_audit.policy.metrics import SELECTION_RATE
from fairness_audit.statistics.proportions import Floats
from fairness_audit.steps.measure.counting.counts import Counts
from fairness_audit.steps.measure.counting.people import Products
from fairness_audit.steps.measure.figures import estimates
from fairness_audit.steps.measure.figures.columns import shares_of
from fairness_audit.steps.measure.figures.estimates import Shares
from fairness_audit.steps.measure.figures.pairs import Side

ALPHA, CONFIDENCE = 0.05, 0.95
_SELECTED, _NOT_SELECTED = 4, 5


@dataclass(frozen=True)
class Design:
    """Two groups with the same rate; ``alike`` is the correlation of decisions about one person.

    Everybody is decided about ``decisions`` times, or ``unevenly`` once to nearly twice as often.
    """

    persons: int
    others: int
    decisions: int
    alike: float
    rate: float
    unevenly: bool = False

    def __str__(self) -> str:
        each = f"{self.decisions}{' (uneven)' if self.unevenly else ''}"
        return f"{self.persons} v {self.others}, {each} each, ICC {self.alike}, rate {self.rate}"


@dataclass(frozen=True)
class Held:
    """Shares of the runs: tests that reject equal rates, and intervals that hold the truth."""

    rejected: float
    rate: float
    difference: float
    ratio: float


def simulated(design: Design, runs: int) -> Held:
    """Two groups drawn so often, measured as `measure` does it."""
    draw = np.random.default_rng(20_261_128)
    own = _shares(design, design.persons, draw, runs)
    other = _shares(design, design.others, draw, runs)
    together = estimates.contrast(own, other, other, np.zeros(runs, dtype=bool))
    return Held(
        rejected=float((together.p_value < ALPHA).mean()),
        rate=_held(estimates.rates(own, CONFIDENCE), design.rate),
        difference=_held(estimates.differences(together, CONFIDENCE), 0.0),
        ratio=_held(estimates.ratios(together, CONFIDENCE), 1.0, or_none=True),
    )


def ignored(design: Design, runs: int) -> float:
    """How often equal rates are rejected where every decision is taken for somebody else's."""
    draw = np.random.default_rng(20_261_128)
    sides = []
    for persons in (design.persons, design.others):
        selected, decisions = _drawn(design, persons, draw, runs)
        n = decisions.sum(axis=1)
        sides.append(Shares(selected.sum(axis=1), n, n))
    own, other = sides
    found = estimates.contrast(own, other, other, np.zeros(runs, dtype=bool))
    return float((found.p_value < ALPHA).mean())


def _shares(design: Design, persons: int, draw: np.random.Generator, runs: int) -> Shares:
    """The selection rates of one group, a run for each entry."""
    selected, decisions = _drawn(design, persons, draw, runs)
    cells = np.zeros((runs, persons, 6))
    cells[..., _SELECTED], cells[..., _NOT_SELECTED] = selected, decisions - selected
    products = Products(
        np.einsum("rpi,rpj->rij", cells, cells), np.full(runs, float(persons)), CONFIDENCE
    )
    counts = Counts.from_cells(cells.sum(axis=1))
    return shares_of(SELECTION_RATE, Side(counts, counts, counts.n, products))


def _drawn(
    design: Design, persons: int, draw: np.random.Generator, runs: int
) -> tuple[Floats, Floats]:
    shape = (runs, persons)
    decisions = np.full(shape, design.decisions)
    if design.unevenly:
        decisions = draw.integers(1, 2 * design.decisions, shape)
    inclined = draw.beta if design.alike < 1 else None
    if inclined is None:
        chance = (draw.random(shape) < design.rate).astype(float)
    else:
        size = 1 / design.alike - 1
        chance = inclined(design.rate * size, (1 - design.rate) * size, shape)
    return draw.binomial(decisions, chance).astype(float), decisions.astype(float)


def _held(found: estimates.Estimates, truth: float, *, or_none: bool = False) -> float:
    """``or_none``: an interval that is not given, of a ratio to 0, holds everything."""
    outside = (found.low > truth) | (found.high < truth)
    if not or_none:
        outside |= np.isnan(found.low)
    return float(1 - outside.mean())


Simulated = Callable[[Design, int], Held]
EACH = (1, 2, 4, 8, 26)
ALIKE = (0.3, 1.0)
