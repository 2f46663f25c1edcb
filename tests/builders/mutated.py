"""What strangers put in the place of a value: of a plain document, in one place something else."""

import copy
from collections.abc import Iterator
from typing import Any

from hypothesis import strategies as st

Place = tuple[str | int, ...]

ODD: list[Any] = [
    None, True, False, 0, -1, 2**53, 2**63, 2**64, 10**400, -(10**400), 1e308, 0.1, "", " ",
    "x", "-", "=", "\x00", "\n", "é", "\u202e", "x" * 5_000, "1/0", "0/0", "9" * 400, "1e999",
    "nan", "Infinity", [], {}, [[]], [{}], [None], {"": None}, {"x": {"x": {"x": []}}},
    "0001-01-01T00:00:00+23:59", "9999-12-31T23:59:59-23:59", "0001-01-01", "9999-12-31",
    "2026-13-45", "2026-02-30T25:61:61Z", "24:00", "P1D", "2026-06-29T00:00:00",
]  # fmt: skip
"""Values that readers fall over: too large, of another type, no moment of any calendar."""


def places(document: Any, inside: Place = ()) -> Iterator[Place]:
    """Every place of a document, itself among them."""
    yield inside
    if isinstance(document, dict):
        for key, value in document.items():
            yield from places(value, (*inside, key))
    elif isinstance(document, list):
        for index, value in enumerate(document):
            yield from places(value, (*inside, index))


def put(document: Any, place: Place, value: Any) -> Any:
    """A copy of the document with the value in that place."""
    if not place:
        return value
    changed = copy.deepcopy(document)
    inside = changed
    for part in place[:-1]:
        inside = inside[part]
    inside[place[-1]] = value
    return changed


def mutations(document: Any) -> st.SearchStrategy[Any]:
    """The document, with one to three of its places another value, gone, or under another name."""
    one = st.tuples(st.sampled_from([*places(document)]), st.sampled_from(ODD))

    def mutated(changes: list[tuple[Place, Any]]) -> Any:
        changed = document
        # The deeper ones first: their places are there still.
        for place, value in sorted(changes, key=lambda each: -len(each[0])):
            changed = put(changed, place, value)
        return changed

    return st.lists(one, min_size=1, max_size=3, unique_by=lambda each: each[0]).map(mutated)
