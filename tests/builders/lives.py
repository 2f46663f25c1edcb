"""Lives of model versions whose true disparities are known, and what their course made of them."""

from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from fairness_audit.statistics.course import Course, Event, State, course
from fairness_audit.statistics.proportions import Proportions
from fairness_audit.statistics.sequential import FailsOn, Limit, OneShare, Pair, TwoRates

Floats = NDArray[np.float64]
Family = Callable[[np.random.Generator, int], Sequence[Pair]]

FOUR_FIFTHS = Limit("ratio", 4 / 5, 5 / 4)
ONE_SIDED = Limit("ratio", 4 / 5)
TEN_POINTS = Limit("difference", -1 / 10, 1 / 10)
CHUNK = 250
"""Runs at a time: they fit the processor's cache."""


class Sizes(NamedTuple):
    """Rows of a unit: of the group, and of its reference."""

    group: int
    reference: int


def binomial(
    random: np.random.Generator, n: float | Floats, rate: float | Floats, runs: int, units: int
) -> Proportions:
    """Counts of one group; sizes and rates may differ from unit to unit."""
    trials = np.broadcast_to(np.asarray(n, dtype=float), (1, units))
    return Proportions(
        random.binomial(trials.astype(np.int64), rate, (runs, units)).astype(float), trials
    )


def two_rates(
    random: np.random.Generator,
    runs: int,
    units: int,
    sizes: tuple[float | Floats, float | Floats],
    rates: tuple[float | Floats, float | Floats],
    limit: Limit = FOUR_FIFTHS,
    fails_on: FailsOn = FailsOn.LIMIT,
    expected: float | None = 0.4,
) -> TwoRates:
    """A group and its reference with these true rates, of all units or of each."""
    group, reference = (
        binomial(random, n, rate, runs, units) for n, rate in zip(sizes, rates, strict=True)
    )
    return TwoRates(limit, group, reference, expected, fails_on)


def family(
    units: int,
    sizes: Sizes,
    rate: float,
    disparity: float | Floats,
    pairs: int,
    limit: Limit = FOUR_FIFTHS,
) -> Family:
    """One pair with this disparity among fair ones; of a change, one disparity per unit."""
    own = rate * np.asarray(disparity) if limit.scale == "ratio" else rate + np.asarray(disparity)

    def drawn(random: np.random.Generator, runs: int) -> list[TwoRates]:
        return [
            two_rates(random, runs, units, sizes, (of_group, rate), limit, expected=rate)
            for of_group in [own, *[rate] * (pairs - 1)]
        ]

    return drawn


def share(units: int, n: int, stated: float, ratio: float) -> Family:
    """A group's share of everybody, beside the stated one."""

    def drawn(random: np.random.Generator, runs: int) -> list[OneShare]:
        return [OneShare(FOUR_FIFTHS, binomial(random, n, stated * ratio, runs, units), stated)]

    return drawn


class Lives(NamedTuple):
    """By run, unit and pair: whether it failed, or came to pass, at that unit; and its state."""

    failed: NDArray[np.bool_]
    passed: NDArray[np.bool_]
    state: NDArray[np.int8]

    def false_fails(self, units: int | None = None) -> float:
        """The share of runs in which any pair failed in the first so many units."""
        return float(self.failed[:, :units].any(axis=(1, 2)).mean())

    def false_passes(self, units: int | None = None) -> float:
        """The share of runs in which the first pair passed."""
        return float(self.passed[:, :units, 0].any(axis=1).mean())

    def decided(self, state: State, share: float, since: int = 0) -> int | None:
        """How many units after ``since`` this share of runs has the first pair in a state."""
        there = np.sort(self._wait(state, since))
        at = there[int(np.ceil(share * len(there))) - 1]
        return None if at > self.state.shape[1] else int(at)

    def decided_within(self, state: State, units: int, since: int = 0) -> float:
        """The share of runs in which the first pair comes to a state within so many units."""
        return float((self._wait(state, since) <= units).mean())

    def _wait(self, state: State, since: int) -> NDArray[np.int64]:
        there = self.state[:, since:, 0] == state
        return np.where(there.any(axis=1), there.argmax(axis=1) + 1, there.shape[1] * 10 + 100)


def live(drawn: Family, runs: int, units_per_year: int, seed: int = 1) -> Lives:
    """So many lives of a family, from a fixed seed."""
    random = np.random.default_rng(seed)
    found = []
    for begun in range(0, runs, CHUNK):
        each: Course = course(
            drawn(random, min(CHUNK, runs - begun)), units_per_year=units_per_year
        )
        found.append((each.event == Event.FAILED, each.event == Event.PASSED, each.state))
    return Lives(*(np.concatenate(column) for column in zip(*found, strict=True)))
