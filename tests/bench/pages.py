"""The tables of measurements that the pages of docs/ show."""

from collections.abc import Iterable, Sequence
from pathlib import Path

_DOCS = Path(__file__).resolve().parents[2] / "docs"


def show(name: str, head: Sequence[str], lines: Iterable[Sequence[str]]) -> None:
    """Put a table between the marks of its name, on the page that has them."""
    begin, end = f"<!-- make bench: {name} -->", "<!-- end -->"
    rows = [head, ["---"] * len(head), *lines]
    table = "\n".join("| " + " | ".join(row) + " |" for row in rows)
    pages = [page for page in _DOCS.glob("*.md") if begin in page.read_text(encoding="utf-8")]
    if len(pages) != 1:
        raise ValueError(f"{len(pages)} pages of {_DOCS} have a line {begin}; one must")
    (page,) = pages
    before, _, rest = page.read_text(encoding="utf-8").partition(begin)
    _, _, after = rest.partition(end)
    page.write_text(f"{before}{begin}\n{table}\n{end}{after}", encoding="utf-8")
