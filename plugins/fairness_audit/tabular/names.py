"""Names of columns, each of which must mean one of them."""

from collections.abc import Sequence
from pathlib import Path

from fairness_audit.errors import TabularError


def named_once(path: Path, names: Sequence[str], *, in_any_case: bool = False) -> None:
    """Refuse a name that two columns have; with ``in_any_case`` however its letters are written.

    Raises:
        TabularError: names both.
    """
    seen: dict[str, int] = {}
    for place, name in enumerate(names):
        first = seen.setdefault(name.casefold() if in_any_case else name, place)
        if first == place:
            continue
        where = f"columns {first + 1} and {place + 1}"
        if names[first] == name:
            raise TabularError(f"{path}: columns are named twice: {name!r}, {where} (rename one)")
        raise TabularError(
            f"{path}: columns differ in the case of letters alone: {names[first]!r} and {name!r},"
            f" {where} (rename one)"
        )
