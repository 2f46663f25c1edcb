"""How many decisions have each score, per group and outcome."""

from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from fairness_audit.policy.base import UNKNOWN
from fairness_audit.statistics.proportions import Floats
from fairness_audit.steps.measure.counting.groups import Sums

_LARGEST_WHOLE = 2**53
"""Beyond it a double is not every whole number."""


@dataclass(frozen=True)
class Histogram:
    """By group, outcome (false, true, not known) and score, lowest first: how many decisions.

    ``sums`` are their weights, the squares of these, and their number. ``step`` is the width of a
    bin, 0 where every score has its own. ``scores`` are counted from ``origin`` on.
    """

    names: tuple[str, ...]
    scores: Floats
    sums: Sums
    step: float
    origin: float = 0.0

    @classmethod
    def of(
        cls, table: pa.Table, groups: list[str], grid: float, origin: float = 0.0
    ) -> "Histogram":
        """From the result of `score_counts.sql` or `weighted_score_counts.sql`."""
        names = sorted(set(groups), key=lambda name: (name == UNKNOWN, name))
        position = {name: i for i, name in enumerate(names)}
        scores, place = np.unique(table["score"].to_numpy(), return_inverse=True)
        outcome = np.array(
            [2 if each is None else int(each) for each in table["outcome"].to_pylist()],
            dtype=np.intp,
        )
        group = np.array([position[name] for name in groups], dtype=np.intp)

        def placed(column: str) -> Floats:
            counts = np.zeros((len(names), 3, len(scores)))
            np.add.at(counts, (group, outcome, place), table[column].to_numpy())
            return counts

        rows = placed("n")
        sums = Sums(rows, rows, rows)
        if "weight" in table.column_names:
            sums = Sums(placed("weight"), placed("weight_squared"), rows)
        step = 1 / grid if grid else 0.0
        return cls(tuple(names), scores + step / 2, sums, step, origin)


def origin_of(lowest: float, highest: float) -> float:
    """From where scores are counted: large whole ones from the lowest, lest two become one."""
    is_whole = isinstance(lowest, int) and max(abs(lowest), abs(highest)) >= _LARGEST_WHOLE
    return lowest if is_whole and highest - lowest < _LARGEST_WHOLE else 0.0
