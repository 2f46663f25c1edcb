"""Markdown as GitHub reads it: tables, code, headings and the anchors that it gives them."""

import re
from collections.abc import Iterable, Iterator, Sequence

_DROPPED = re.compile(r"[^\w\- ]")


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> Iterator[str]:
    """The lines of a table, and an empty one."""
    for cells in (head, ["---"] * len(head), *rows):
        yield "| " + " | ".join(cells) + " |"
    yield ""


def code(text: str) -> str:
    """Text as it is written in a file or on a command line."""
    return f"`{text}`"


def cell(text: str) -> str:
    """Prose for one cell: in one line, and no `|` in it ends the cell."""
    return " ".join(text.replace("``", "`").split()).replace("|", r"\|")


def link(text: str, heading: str) -> str:
    """A link to a heading of the same page."""
    return f"[{text}](#{anchor(heading)})"


def anchor(heading: str) -> str:
    """What GitHub calls a heading in an address; the first of its name."""
    return _DROPPED.sub("", heading.strip().lower()).replace(" ", "-")
