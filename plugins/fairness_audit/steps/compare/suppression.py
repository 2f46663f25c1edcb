"""Small groups are left out, and with them what they could be worked out from."""

from collections.abc import Iterator, Mapping
from itertools import groupby

from fairness_audit.records.comparison import GroupChange
from fairness_audit.statistics.small_counts import withheld

Cells = tuple[int, int, int, int]
"""Subjects whom both select, only the candidate, only the other, neither."""


def suppressed(groups: Mapping[GroupChange, Cells], least: int) -> Iterator[GroupChange]:
    """The groups without what would tell a number of people under ``least``.

    Everybody's figures are known, so those of all that are left out can be worked out together:
    of an attribute the next larger groups are left out too, until these are enough. A group that
    is large enough loses its counts alone where one of them is too small.
    """
    for _, alike in groupby(groups.items(), key=lambda each: each[0].attribute):
        cells = dict(alike)
        small = withheld({each: (sum(some),) for each, some in cells.items()}, least)
        uncounted = withheld(cells, least) | small
        is_intersection = any("*" in each.attribute for each in cells)
        for each in cells:
            if each in small:
                yield GroupChange(attribute=each.attribute, group=each.group)
            elif each in uncounted or (uncounted and is_intersection):
                yield each.model_copy(update=dict.fromkeys(_COUNTS))
            else:
                yield each


_COUNTS = ("subjects", "selected_before", "selected_after", "gained", "lost")
