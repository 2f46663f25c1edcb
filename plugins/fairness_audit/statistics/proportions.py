"""Columns of proportions, and the intervals and quantiles over them."""

from collections.abc import Sequence
from statistics import NormalDist
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


class Proportions(NamedTuple):
    """A column of proportions, as successes out of trials.

    Counts are held as doubles, which are exact up to 2**53.
    """

    successes: Floats
    trials: Floats

    @classmethod
    def of(cls, successes: Sequence[int], trials: Sequence[int]) -> "Proportions":
        """Proportions from two columns of whole numbers."""
        return cls(np.array(successes, dtype=np.float64), np.array(trials, dtype=np.float64))

    def rows(self, chosen: NDArray[np.bool_]) -> "Proportions":
        """The chosen rows of the column."""
        return Proportions(self.successes[chosen], self.trials[chosen])

    @property
    def failures(self) -> Floats:
        """Trials that did not succeed."""
        return self.trials - self.successes

    @property
    def rate(self) -> Floats:
        """Successes / trials; NaN, meaning undefined, where there were no trials."""
        return quotient(self.successes, self.trials)


class Interval(NamedTuple):
    """A column of intervals; NaN where the quantity is undefined."""

    low: Floats
    high: Floats


def clarify_quotient(top: Floats, bottom: Floats) -> Floats:
    """0/0 = 0 and x/0 = ∞, as smclarify's common.divide has it."""
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where((top == 0) & (bottom == 0), 0.0, np.divide(top, bottom))


def quotient(numerator: Floats, denominator: Floats) -> Floats:
    """``numerator / denominator``; NaN, meaning undefined, where the denominator is zero."""
    undefined = np.full(np.broadcast(numerator, denominator).shape, np.nan)
    np.divide(numerator, denominator, out=undefined, where=denominator != 0)
    return undefined


def two_sided_quantile(confidence: float) -> float:
    """The z with ``confidence`` of the standard normal within ±z: 1.96 for 0.95."""
    if not 0 < confidence < 1:
        raise ValueError(f"confidence {confidence} must lie strictly between 0 and 1")
    return -NormalDist().inv_cdf((1 - confidence) / 2)
