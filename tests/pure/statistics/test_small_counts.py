"""Which numbers of people may be told: by hand, and that no sum of what is withheld is small."""

from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fairness_audit.statistics.small_counts import may_be_told, share_below, told, withheld


@pytest.mark.parametrize(
    ("count", "wholes", "expected"),
    [
        (0, (), 0),
        (99, (), None),
        (100, (), 100),
        (939, (1000,), None),  # 61 are left
        (900, (1000,), 900),
        (1000, (1000,), 1000),
        (900, (900, 961), None),
    ],
)
def test_a_number_is_told_with_what_is_left(
    count: int, wholes: tuple[int, ...], expected: int | None
) -> None:
    assert told(count, *wholes, least=100) == expected


def test_what_is_withheld_takes_the_next_larger_with_it() -> None:
    assert withheld({"F": (500, 0), "M": (400, 0), "X": (61, 0)}, 100) == {"M", "X"}
    assert withheld({"F": (500, 0), "M": (400, 0), "X": (61, 0), "Y": (67, 0)}, 100) == {"X", "Y"}
    assert withheld({"F": (500, 300), "M": (400, 100)}, 100) == frozenset()
    assert withheld({"F": (61,)}, 100) == {"F"}
    assert withheld({}, 100) == frozenset()


@pytest.mark.parametrize(
    ("part", "whole", "expected"),
    [(0, 90, "1/20"), (4, 90, "1/20"), (5, 90, "1/10"), (1, 20, "1/10"), (89, 90, "1"),
     (90, 90, "1"), (0, 0, "1")],
)  # fmt: skip
def test_a_share_lies_under_the_next_twentieth(part: int, whole: int, expected: str) -> None:
    assert share_below(part, whole) == Fraction(expected)


PARTS = st.dictionaries(st.integers(), st.tuples(*[st.integers(0, 40)] * 3), max_size=7)


@given(PARTS, st.integers(1, 20))
@settings(max_examples=200, deadline=None)
def test_neither_a_part_nor_the_rest_of_them_is_small(
    parts: dict[int, tuple[int, int, int]], least: int
) -> None:
    hidden = withheld(parts, least)
    for key in parts.keys() - hidden:
        assert all(may_be_told(cell, least) for cell in parts[key])
    if hidden != set(parts):
        for cell in range(3):
            assert may_be_told(sum(parts[key][cell] for key in hidden), least)
