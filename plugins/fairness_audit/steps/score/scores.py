"""Read what the child gave. Whoever wrote it is not trusted: nothing in it is interpreted.

Two numbers of eight bytes per row, so the file's size alone says whether it can be the answer. A
Parquet footer may lie about how much is behind it, and its reader is much code to show a stranger.
"""

import os
import stat
from fractions import Fraction
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from fairness_audit.errors import ScoringError

Floats = NDArray[np.float64]

_RECORD = np.dtype([("row", "<i8"), ("score", "<f8")])


def read_scores(file: Path, rows: int, bounds: tuple[Fraction, Fraction]) -> Floats:
    """One finite score within ``bounds`` per row, in the order of the rows.

    Raises:
        ScoringError: when the file holds anything else.
    """
    content = _content(file, rows * _RECORD.itemsize)
    records = np.frombuffer(content, dtype=_RECORD)
    if not np.array_equal(records["row"], np.arange(rows)):
        raise ScoringError("the artifact gave its scores in another order than the rows")
    scores = records["score"].copy()
    if not np.isfinite(scores).all():
        raise ScoringError(
            "the artifact gave scores that are no numbers (let the model give a finite score for"
            " every row)"
        )
    low, high = (float(each) for each in bounds)
    if ((scores < low) | (scores > high)).any():
        raise ScoringError(
            f"the artifact gave scores outside [{bounds[0]}, {bounds[1]}]"
            " (let the model give probabilities, or declare candidate.score_range in the policy)"
        )
    return scores


def _content(file: Path, size: int) -> bytes:
    """The bytes of a plain file of exactly this size; a link is not followed."""
    try:
        opened = os.open(file, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    except OSError as error:
        raise ScoringError("the artifact gave no scores") from error
    with os.fdopen(opened, "rb") as scores:
        found = os.fstat(opened)
        if not stat.S_ISREG(found.st_mode) or found.st_size != size:
            raise ScoringError(
                f"the artifact gave {found.st_size} bytes of scores, not the {size} of one score"
                " per row"
            )
        return scores.read(size)
