"""Builders: the groups of one grouping, from counts per group."""

from collections.abc import Mapping

import numpy as np

from fairness_audit.steps.measure.counting.counts import Counts
from fairness_audit.steps.measure.counting.groups import Groups


def groups_of(
    counts: Mapping[str, Counts], reference: str | None = None, attribute: str = "gender"
) -> Groups:
    """Groups in the order given; every decision has the weight 1."""
    columns = Counts.from_cells(np.array([each.cells() for each in counts.values()]))
    return Groups(attribute, tuple(counts), columns, columns, columns, reference)


def total_of(counts: Mapping[object, Counts]) -> Counts:
    """All groups together."""
    return sum(counts.values(), start=Counts())
