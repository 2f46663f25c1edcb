"""Whom a candidate selects, as the policy says, by its scores alone."""

from fractions import Fraction
from typing import NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from fairness_audit.policy.candidate import Selects
from fairness_audit.steps.score.scores import Floats


class Selection(NamedTuple):
    """Who is selected, and what became of those who have the very score of the last selected.

    ``cut`` is that score, None where nobody is selected; of the ``tied`` that have it
    ``tied_selected`` are selected.
    """

    selected: NDArray[np.bool_]
    cut: float | None
    tied: int
    tied_selected: int


def select(selects: Selects, scores: Floats, population: pa.Table) -> Selection:
    """Apply the policy's rule to every row.

    A share of n rows is rounded down to whole rows. Among equal scores at the cut the order of
    the subjects' pseudonyms decides: it is the same every time, and knows nothing of a group.
    """
    if selects.score_at_least is not None:
        return _selection(scores, scores >= not_below(selects.score_at_least))
    share = selects.top_share or Fraction(0)
    best = int(share * len(scores))  # a fraction times a whole number is exact
    ranked = pc.sort_indices(
        pa.table(
            {
                "score": scores,
                "subject": population["subject_id"],
                "decision": population["decision_id"],
            }
        ),
        sort_keys=[("score", "descending"), ("subject", "ascending"), ("decision", "ascending")],
    )
    selected = np.zeros(len(scores), dtype=np.bool_)
    selected[ranked.to_numpy()[:best]] = True
    return _selection(scores, selected)


def not_below(threshold: Fraction) -> float:
    """The smallest double that is no less than a fraction, so that comparing is exact."""
    nearest = float(threshold)
    return nearest if Fraction(nearest) >= threshold else float(np.nextafter(nearest, np.inf))


def _selection(scores: Floats, selected: NDArray[np.bool_]) -> Selection:
    if not selected.any():
        return Selection(selected, None, 0, 0)
    cut = float(scores[selected].min())
    tied = scores == cut
    return Selection(selected, cut, int(tied.sum()), int((tied & selected).sum()))
