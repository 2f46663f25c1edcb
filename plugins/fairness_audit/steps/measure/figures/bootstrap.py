"""Resamples of group counts, for metrics whose interval has no closed form.

A multinomial resample of the cells equals a resample of the rows (Efron & Tibshirani, "An
Introduction to the Bootstrap" (1993), section 13.3, for counts), so its cost does not grow with
the rows. In a weighted population it is rows, too, that are drawn: a unit of weight is nobody. The
seed is fixed and each grouping has a stream of its own: the same counts give the same intervals,
whatever else is measured and whatever the unit of weight.
"""

import zlib

import numpy as np

from fairness_audit.statistics.proportions import Floats, Interval, quotient
from fairness_audit.steps.measure.counting.counts import Counts
from fairness_audit.steps.measure.counting.groups import Sums
from fairness_audit.steps.measure.counting.people import Subjects

_SEED = 20_230_517
_MOST_UNDEFINED = 0.05


def resampled(sums: Sums, name: str, resamples: int, people: Subjects | None = None) -> Counts:
    """Resamples of all groups of a grouping together, on a new first axis.

    ``name`` is the grouping's (and stratum's), which picks the random stream; the last axis of
    ``sums`` holds the cells. Where some are decided about several times, it is ``people`` who are
    drawn.
    """
    rows = sums.rows
    total = rows.sum()
    random = np.random.default_rng([_SEED, zlib.crc32(name.encode())])
    if people is not None:
        return Counts.from_cells(people.resampled(resamples, random))
    if total < 1:
        return Counts.from_cells(np.zeros((resamples, *rows.shape)))
    drawn = random.multinomial(round(total), rows.ravel() / total, size=resamples)
    again = drawn.reshape(resamples, *rows.shape).astype(np.float64)
    if sums.is_weighted:
        again = _weighed(again, sums, random)
    return Counts.from_cells(again)


def _weighed(drawn: Floats, sums: Sums, random: np.random.Generator) -> Floats:
    """The weight of so many rows, drawn with replacement from those of each cell.

    The rows' own weights are not kept, but their mean and variance are, so the sum's are known
    exactly. Its distribution is taken to be the log-normal one of that mean and variance, as sums
    of positive amounts nearly are (Fenton, IRE Transactions on Communications Systems 8 (1960),
    57-67), and which is never below 0.
    """
    mean = np.nan_to_num(quotient(sums.weight, sums.rows))
    relative = np.nan_to_num(quotient(sums.rows * sums.squares, sums.weight**2)) - 1
    spread = np.log1p(np.nan_to_num(quotient(np.maximum(relative, 0.0), drawn)))
    noise = random.standard_normal(drawn.shape)
    return drawn * mean * np.exp(np.sqrt(spread) * noise - spread / 2)


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
