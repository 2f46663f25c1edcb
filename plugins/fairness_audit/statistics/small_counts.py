"""Which numbers of people may be told: none under a smallest, nor one that others give away.

What is left out of a whole that is known can be worked out by subtraction, so that a number goes
with what is left of each whole that it is a part of, and of a table so many more are withheld that
those withheld are together no small number either (complementary suppression: Hundepool et al.,
"Statistical Disclosure Control", 2012, 4.3).
"""

from collections.abc import Collection, Hashable, Mapping, Sequence
from fractions import Fraction
from typing import TypeVar

Key = TypeVar("Key", bound=Hashable)


def may_be_told(count: float, least: int) -> bool:
    """True of nobody, and of ``least`` people or more."""
    return count == 0 or count >= least


def told(count: int, *wholes: int, least: int) -> int | None:
    """A number of people; None where it, or what is left of one of ``wholes``, is too small."""
    parts = (count, *(whole - count for whole in wholes))
    return count if all(may_be_told(each, least) for each in parts) else None


STEPS = 20
"""A share of which no small number may be told is told in so many steps: five points each."""


def percent_told(part: int, whole: int, least: int) -> str:
    """A share in whole per cent; `5 to 10 %` where it, or what is left, is of too few people.

    A dash where it is of nobody. From whole per cents of a few hundred one could work them out.
    """
    if not whole:
        return "–"
    if told(part, whole, least=least) is None:
        low, high = (100 * end // STEPS for end in _step(part, whole))
        if not low:
            return f"less than {high} %"
        return f"more than {low} %" if high == 100 else f"{low} to {high} %"
    return "less than 1 %" if 0 < 100 * part < whole else f"{100 * part / whole:.0f} %"


def share_told(part: int, whole: int, least: int) -> Fraction:
    """A share; rounded down to a step where `percent_told` tells no more."""
    if told(part, whole, least=least) is None:
        return Fraction(_step(part, whole)[0], STEPS)
    return Fraction(part, whole)


def _step(part: int, whole: int) -> tuple[int, int]:
    low = min(STEPS * part // whole, STEPS - 1)
    return low, low + 1


def share_below(part: int, whole: int) -> Fraction:
    """The lowest step under which a share lies, in (0, 1]; 1 also of everybody, and of nobody."""
    return Fraction(_step(part, whole)[1], STEPS) if whole else Fraction(1)


def withheld(parts: Mapping[Key, Sequence[float]], least: int) -> frozenset[Key]:
    """Which parts of a whole must not be told, so that no small number of people is.

    Args:
        parts: the cells of each part; the sums over all parts are known.
        least: the smallest number of people that may be told.

    Returns:
        Those with a cell that is too small and, the smallest first, so many others that each cell
        of all of them together is large enough, or that nothing is told.
    """
    hidden = {key for key, cells in parts.items() if not _all_told(cells, least)}
    others = sorted(parts.keys() - hidden, key=lambda key: (sum(parts[key]), str(key)))
    while hidden and others and not _all_told(_together(parts, hidden), least):
        hidden.add(others.pop(0))
    return frozenset(hidden)


def _together(parts: Mapping[Key, Sequence[float]], some: Collection[Key]) -> list[float]:
    return [sum(cells) for cells in zip(*(parts[key] for key in some), strict=True)]


def _all_told(cells: Sequence[float], least: int) -> bool:
    return all(may_be_told(each, least) for each in cells)
