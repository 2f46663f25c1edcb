"""How many decisions have each score, per group and outcome."""

from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from fairness_audit.policy.base import UNKNOWN
from fairness_audit.statistics.proportions import Floats


@dataclass(frozen=True)
class Histogram:
    """Counts by group, outcome (false, true, not known) and score, lowest score first.

    ``step`` is the width of a bin, 0 where every score has its own.
    """

    names: tuple[str, ...]
    scores: Floats
    counts: Floats
    step: float

    @classmethod
    def of(cls, table: pa.Table, groups: list[str], grid: float) -> "Histogram":
        """From the result of `score_counts.sql`."""
        names = sorted(set(groups), key=lambda name: (name == UNKNOWN, name))
        position = {name: i for i, name in enumerate(names)}
        scores, place = np.unique(table["score"].to_numpy(), return_inverse=True)
        outcome = np.array(
            [2 if each is None else int(each) for each in table["outcome"].to_pylist()],
            dtype=np.intp,
        )
        counts = np.zeros((len(names), 3, len(scores)))
        group = np.array([position[name] for name in groups], dtype=np.intp)
        np.add.at(counts, (group, outcome, place), table["n"].to_numpy())
        step = 1 / grid if grid else 0.0
        return cls(tuple(names), scores + step / 2, counts, step)
