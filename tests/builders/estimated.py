"""Pairs of which only an estimate and its standard error are known, with a known truth."""

from collections.abc import Callable
from statistics import NormalDist

import numpy as np
from numpy.typing import NDArray

from fairness_audit.statistics.sequential import Estimates, Limit

Floats = NDArray[np.float64]
Asked = Callable[[Limit], Estimates]


def _areas(
    random: np.random.Generator, shape: tuple[int, int], sizes: tuple[int, int], area: float
) -> tuple[Floats, Floats]:
    """Areas under curves of normal scores, with DeLong's variance."""
    positives, negatives = sizes
    shift = NormalDist().inv_cdf(area) * 2**0.5
    above = random.normal(shift, 1, (*shape, positives, 1)).astype(np.float32)
    below = random.normal(0, 1, (*shape, 1, negatives)).astype(np.float32)
    wins = above > below
    of_positive, of_negative = wins.mean(axis=-1), wins.mean(axis=-2)
    variance = (
        of_positive.var(axis=-1, ddof=1) / positives + of_negative.var(axis=-1, ddof=1) / negatives
    )
    return of_positive.mean(axis=-1), variance


def area_gaps(
    random: np.random.Generator,
    runs: int,
    units: int,
    group: tuple[int, int],
    reference: tuple[int, int],
    gap: float,
    area: float = 0.75,
) -> Asked:
    """The group's area lies this much below the reference's; sizes are positives, negatives."""
    own, own_variance = _areas(random, (runs, units), group, area - gap)
    other, other_variance = _areas(random, (runs, units), reference, area)
    size = np.full((1, units), 1 / (1 / group[0] + 1 / reference[0]))
    return lambda limit: Estimates(limit, own - other, own_variance + other_variance, size)


def rate_gaps(
    random: np.random.Generator,
    runs: int,
    units: int,
    sizes: tuple[int, int],
    rates: tuple[float, float],
) -> Asked:
    """A difference of rates, told as an estimate: its variance goes with its value."""
    own, other = (
        random.binomial(n, rate, (runs, units)) / n for n, rate in zip(sizes, rates, strict=True)
    )
    variance = own * (1 - own) / sizes[0] + other * (1 - other) / sizes[1]
    size = np.full((1, units), 1 / (1 / sizes[0] + 1 / sizes[1]))
    return lambda limit: Estimates(limit, own - other, variance, size)


def exposure_gaps(random: np.random.Generator, runs: int, units: int, rows: int) -> Asked:
    """First or third of a list, of exposure 1 or 1/2: .6 against .75 in the mean, as log ratio."""
    first = (random.random((runs, units, rows)) < share for share in (0.2, 0.5))
    own, other = (np.where(each, 1.0, 0.5) for each in first)
    value = np.log(own.mean(axis=-1) / other.mean(axis=-1))
    variance = sum(_of_mean(each) / each.mean(axis=-1) ** 2 for each in (own, other))
    return _of_size(value, variance, rows / 2)


def value_gaps(random: np.random.Generator, runs: int, units: int, rows: int) -> Asked:
    """Very skewed values (lognormal, of spread 1), of which the group's lie a half lower."""
    own, other = (random.lognormal(0, 1, (runs, units, rows)) for _ in range(2))
    value = own.mean(axis=-1) - 0.5 - other.mean(axis=-1)
    return _of_size(value, _of_mean(own) + _of_mean(other), rows / 2)


def _of_mean(rows: Floats) -> Floats:
    """The squared standard error of a mean."""
    return np.asarray(rows.var(axis=-1, ddof=1) / rows.shape[-1])


def _of_size(value: Floats, variance: Floats | int, size: float) -> Asked:
    sizes = np.full(value.shape, size)
    return lambda limit: Estimates(limit, value, np.asarray(variance), sizes)
