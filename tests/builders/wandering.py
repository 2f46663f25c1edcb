"""Two groups whose rates wander together, and gaps that are steady or change."""

import numpy as np
from numpy.typing import NDArray

from fairness_audit.statistics.proportions import Proportions
from tests.builders.lives import Sizes, binomial

Floats = NDArray[np.float64]


def wander(
    random: np.random.Generator, runs: int, units: int, deviation: float, memory: float
) -> Floats:
    """A stationary series of this standard deviation; each unit keeps so much of the last."""
    found = random.normal(0, deviation, (runs, units))
    for unit in range(1, units):
        found[:, unit] = memory * found[:, unit - 1] + np.sqrt(1 - memory**2) * found[:, unit]
    return found


def wandering_groups(
    random: np.random.Generator,
    runs: int,
    units: int,
    sizes: Sizes,
    rate: float,
    ratio: float | Floats,
    *,
    deviation: float = 0.0,
    memory: float = 0.0,
    adding: bool = True,
) -> tuple[Proportions, Proportions]:
    """What wanders is added to both rates, or multiplies both."""
    common = wander(random, runs, units, deviation, memory)
    alone = rate * np.asarray(ratio), np.asarray(rate)
    rates = [each + common if adding else each * np.exp(common) for each in alone]
    group, reference = (
        binomial(random, n, np.clip(each, 0.01, 0.99), runs, units)
        for n, each in zip(sizes, rates, strict=True)
    )
    return group, reference
