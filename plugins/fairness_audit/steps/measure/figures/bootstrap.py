"""Resamples of group counts, for metrics whose interval has no closed form.

A multinomial resample of the cells equals a resample of the rows (Efron & Tibshirani, "An
Introduction to the Bootstrap" (1993), section 13.3, for counts), so its cost does not grow with
the rows. The seed is fixed and each grouping has a stream of its own: the same counts give the
same intervals, whatever else is measured.
"""

import zlib
from collections.abc import Iterable

import numpy as np

from fairness_audit.statistics.proportions import Floats, Interval
from fairness_audit.steps.measure.counting.counts import Counts
from fairness_audit.steps.measure.counting.people import People

_SEED = 20_230_517
_MOST_UNDEFINED = 0.05


def resampled(counts: Counts, name: str, resamples: int, people: People | None = None) -> Counts:
    """Resamples of all groups of a grouping together, on a new first axis.

    ``name`` is the grouping's (and stratum's), which picks the random stream. Counts of weights
    are resampled as if each unit of weight were a decision, scaled to whole numbers. Where some
    are decided about several times, it is ``people`` who are drawn.
    """
    cells = counts.cells()
    total = cells.sum()
    random = np.random.default_rng([_SEED, zlib.crc32(name.encode())])
    if people is not None:
        return Counts.from_cells(people.resampled(resamples, random))
    if total < 1:
        return Counts.from_cells(np.zeros((resamples, *cells.shape)))
    drawn = random.multinomial(round(total), cells.ravel() / total, size=resamples)
    return Counts.from_cells(drawn.reshape(resamples, *cells.shape).astype(np.float64))


def percentile_interval(values: Floats, confidence: float) -> Interval:
    """The middle ``confidence`` of the resamples (first axis).

    NaN where more than a twentieth of the resamples are undefined.
    """
    kept = np.sort(values, axis=0)  # NaN last
    defined = np.isfinite(values).sum(axis=0)
    tail = (1 - confidence) / 2
    enough = defined >= (1 - _MOST_UNDEFINED) * len(values)
    return Interval(*(_at(kept, defined, enough, share) for share in (tail, 1 - tail)))


def _at(kept: Floats, defined: Floats, enough: Floats, share: float) -> Floats:
    place = np.clip(np.rint(share * (defined - 1)), 0, None).astype(np.intp)
    return np.where(enough, np.take_along_axis(kept, place[None], axis=0)[0], np.nan)


def stacked(parts: Iterable[Counts]) -> Counts:
    """Counts side by side, along a new axis before the groups."""
    return Counts.from_cells(np.stack([each.cells() for each in parts], axis=-3))
