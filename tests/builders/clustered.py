"""Groups of persons who are decided about several times, drawn with a known correlation."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from fairness_audit.statistics.clustering import SubjectSums, lagged_factor
from fairness_audit.statistics.proportions import Proportions

Floats = NDArray[np.float64]


def propensities(
    random: np.random.Generator, rate: float, correlation: float, shape: tuple[int, ...]
) -> Floats:
    """Each person's own rate: a beta distribution with this mean, so that two decisions about one
    person have this correlation; at 1 each person is always decided about alike."""
    if correlation == 0:
        return np.full(shape, rate)
    if correlation == 1:
        return (random.random(shape) < rate).astype(float)
    size = 1 / correlation - 1
    return random.beta(rate * size, (1 - rate) * size, shape)


class Cell:
    """The decisions of one group by unit, with the sums over its persons: (runs, units, ...)."""

    def __init__(self, k: Floats, n: Floats, sums: SubjectSums) -> None:
        self.k, self.n, self.sums = k, n, sums

    def effective(self) -> Proportions:
        """Counts divided by the lagged factor."""
        factor = lagged_factor(self.k, self.n, self.sums)
        return Proportions(self.k / factor, self.n / factor)

    def raw(self) -> Proportions:
        """Counts, as if each decision were about somebody else."""
        return Proportions(self.k, self.n)


def sums_of(decisions: NDArray[Any], successes: NDArray[Any]) -> Cell:
    """Of persons and what became of each: both are (persons, units)."""
    m, y = decisions.astype(float), successes.astype(float)
    return Cell(y.sum(axis=0), m.sum(axis=0), SubjectSums(m.T @ m, m.T @ y, y.T @ y))


def same_week(
    random: np.random.Generator,
    runs: int,
    units: int,
    persons: int,
    times: int,
    rate: float,
    correlation: float,
) -> Cell:
    """Other persons each week, each decided about so many times in it."""
    own = propensities(random, rate, correlation, (runs, units, persons))
    y = random.binomial(times, own).astype(float)
    n = np.full((1, units), float(persons * times))
    k = y.sum(-1)
    return Cell(k, n, SubjectSums.within_units(n * times, k * times, (y * y).sum(-1)))


def following_weeks(
    random: np.random.Generator,
    runs: int,
    units: int,
    newcomers: int,
    times: int,
    rate: float,
    correlation: float,
) -> Cell:
    """So many new persons each week, decided about once in each of the following weeks."""
    cohorts = units + times - 1
    own = propensities(random, rate, correlation, (runs, cohorts, newcomers))
    y = (random.random((runs, cohorts, newcomers, times)) < own[..., None]).astype(float)
    products = np.einsum("rcpi,rcpj->rcij", y, y)
    totals = y.sum(2)
    mm = np.zeros((1, cohorts + times, cohorts + times))
    my, yy = (np.zeros((runs, cohorts + times, cohorts + times)) for _ in range(2))
    at = np.arange(cohorts)
    for i in range(times):
        for j in range(times):
            mm[:, at + i, at + j] += newcomers
            my[:, at + i, at + j] += totals[..., j]
            yy[:, at + i, at + j] += products[..., i, j]
    # The first weeks, in which fewer are there, are left out.
    kept = slice(times - 1, times - 1 + units)
    sums = SubjectSums(*(each[:, kept, kept] for each in (mm, my, yy)))
    diagonal = [np.diagonal(each, axis1=-2, axis2=-1) for each in sums]
    return Cell(diagonal[2], diagonal[0], sums)


def panel(
    random: np.random.Generator,
    runs: int,
    units: int,
    persons: int,
    rate: float,
    correlation: float,
) -> Cell:
    """The same persons each week, once each."""
    own = propensities(random, rate, correlation, (runs, persons))
    y = (random.random((runs, units, persons)) < own[:, None, :]).astype(np.float32)
    yy = np.matmul(y, np.swapaxes(y, 1, 2)).astype(float)
    k = y.sum(-1).astype(float)
    n = np.full((1, units), float(persons))
    mm = np.full((1, units, units), float(persons))
    my = np.broadcast_to(k[:, None, :], yy.shape)
    return Cell(k, n, SubjectSums(mm, my, yy))
