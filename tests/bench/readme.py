"""The tables of measurements that the README shows."""

from collections.abc import Iterable, Sequence
from pathlib import Path

_README = Path(__file__).resolve().parents[2] / "README.md"


def show(name: str, head: Sequence[str], lines: Iterable[Sequence[str]]) -> None:
    """Put a table between the marks of its name."""
    begin, end = f"<!-- make bench: {name} -->", "<!-- end -->"
    rows = [head, ["---"] * len(head), *lines]
    table = "\n".join("| " + " | ".join(row) + " |" for row in rows)
    before, mark, rest = _README.read_text(encoding="utf-8").partition(begin)
    _, _, after = rest.partition(end)
    if not mark:
        raise ValueError(f"the README has no line {begin}")
    _README.write_text(f"{before}{begin}\n{table}\n{end}{after}", encoding="utf-8")
