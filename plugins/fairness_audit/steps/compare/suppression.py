"""Small groups are left out, and with them what they could be worked out from."""

from collections.abc import Iterator, Sequence
from itertools import groupby

from fairness_audit.records.comparison import GroupChange


def suppressed(groups: Sequence[GroupChange], smallest: int) -> Iterator[GroupChange]:
    """The groups, those with fewer subjects than ``smallest`` without their figures.

    Everybody's figures are known, so those of all that are left out can be worked out together:
    of an attribute the next larger groups are left out too, until these are ``smallest`` subjects.
    """
    for _, alike in groupby(groups, key=lambda each: each.attribute):
        of_attribute = list(alike)
        hidden = _hidden(of_attribute, smallest)
        for each in of_attribute:
            yield _size_alone(each) if each.group in hidden else each


def _hidden(of_attribute: Sequence[GroupChange], smallest: int) -> set[str]:
    hidden: set[str] = set()
    together = 0
    for each in sorted(of_attribute, key=lambda each: (each.subjects, each.group)):
        if each.subjects >= smallest and (not hidden or together >= smallest):
            break
        hidden.add(each.group)
        together += each.subjects
    return hidden


def _size_alone(group: GroupChange) -> GroupChange:
    return GroupChange(attribute=group.attribute, group=group.group, subjects=group.subjects)
