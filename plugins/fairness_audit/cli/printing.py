"""The one way to print: words and tables at the terminal's width, JSON, or CSV.

A name is never cut: it goes on in the next line. What comes from data is shown without the
control characters that could rewrite a terminal.
"""

import csv
import json
import re
import shutil
import sys
import time
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from enum import StrEnum
from textwrap import wrap
from typing import TYPE_CHECKING, Annotated, Any, TextIO

import typer

from fairness_audit.text import csv_safe, one_line

if TYPE_CHECKING:
    from pydantic import BaseModel

PROGRESS_SECONDS = 3.0
"""Between two words on how far something is."""

# What JSON may hold as it is, and a terminal obeys or shows turned round.
_UNSHOWN = re.compile(
    "[\x7f-\x9f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff\ud800-\udfff]"
)

_STYLES = {
    **dict.fromkeys(("pass", "allow", "better"), "green"),
    **dict.fromkeys(("warn", "inconclusive"), "yellow"),
    **dict.fromkeys(("fail", "block", "worse"), "red"),
}
"""A cell that holds one of these words alone is coloured, where there are colours."""


class Format(StrEnum):
    """How an answer is printed."""

    TABLE = "table"
    JSON = "json"
    CSV = "csv"


def _format(*forms: Format) -> Any:
    """The option `--format` of a verb that can print in these forms."""

    def parsed(given: str) -> Format:
        if given == "text":  # what `table` was called before
            return Format.TABLE
        if given not in forms:
            raise typer.BadParameter(f"{given!r} is not one of {', '.join(forms)}.")
        return Format(given)

    return typer.Option(
        "--format",
        parser=parsed,
        metavar="|".join(forms),
        help="How to print the answer.",
        autocompletion=lambda: list(forms),
    )


Printed = Annotated[Format, _format(Format.TABLE, Format.JSON)]
"""Of a verb whose answer is one thing."""

RowsPrinted = Annotated[Format, _format(Format.TABLE, Format.JSON, Format.CSV)]
"""Of a verb whose answer has rows."""


def width() -> int:
    """Columns of the terminal; 80 where there is none."""
    return shutil.get_terminal_size((80, 24)).columns


def wrapped(text: str, columns: int, *, hang: int = 0) -> list[str]:
    """Lines of at most so many columns, but for names that are longer; the later ones hang."""
    # Spaces at the beginning are kept, and those that align something, in a line that fits.
    if len(text) <= columns:
        return [text]
    return wrap(
        text,
        columns,
        subsequent_indent=" " * hang,
        break_long_words=False,
        break_on_hyphens=False,
    )


def say(text: str = "", *, hang: int = 0, file: TextIO | None = None) -> None:
    """Print a paragraph. A line break in it counts only if it is ours: pass several texts."""
    for line in wrapped(safe(text), width(), hang=hang):
        typer.echo(line, file=file)


def point_to(label: str, place: object) -> None:
    """Say where something is, in one line however long it is: it will be copied."""
    typer.echo(f"{label}  {safe(str(place))}")


def complain(text: str) -> None:
    """Say on the error output what is wrong; each complaint in one line, where it is logged."""
    for line in text.split("\n"):
        said = f"fairness-audit: {safe(line)}"
        for part in wrapped(said, width(), hang=2) if sys.stderr.isatty() else [said]:
            typer.echo(part, err=True)


class Progress:
    """Says now and then on the error output how far it is: ``20 of 100 shuffles judged``."""

    def __init__(self, what: str) -> None:
        self._what, self._told = what, time.monotonic()

    def __call__(self, done: int, of: int) -> None:
        """So many are done."""
        now = time.monotonic()
        if now - self._told >= PROGRESS_SECONDS and done < of:
            self._told = now
            say(f"{done:,} of {of:,} {self._what}", file=sys.stderr)


def safe(text: str) -> str:
    """Text on one line, whole, and without what could rewrite a terminal."""
    return one_line(text, len(text) + 1)


def show(
    content: "BaseModel | Mapping[str, Any]", form: Format, in_words: Callable[[], None]
) -> None:
    """Print an answer that is one thing: in words, or as JSON."""
    if form is Format.JSON:
        _json(_plain(content))
    else:
        in_words()


def show_rows(
    rows: "Sequence[BaseModel | Mapping[str, Any]]",
    form: Format,
    in_words: Callable[[], None],
    *,
    keys: Iterable[str] = (),
) -> None:
    """Print an answer of rows: in words, as JSON, or as CSV with a header.

    ``keys`` are the columns, for where there may be no row.
    """
    if form is Format.TABLE:
        in_words()
        return
    found = [_plain(row) for row in rows]
    if form is Format.JSON:
        _json(found)
        return
    columns = list(keys) or list(found[0] if found else ())
    writer = csv.DictWriter(sys.stdout, columns, lineterminator="\n")
    writer.writerow({key: csv_safe(key) for key in columns})
    writer.writerows({key: _cell(value) for key, value in row.items()} for row in found)


Cell = str | tuple[str, ...]
"""What stands in a table; a tuple has lines of its own."""


def table(
    headings: Sequence[Cell],
    rows: Iterable[Sequence[Cell]],
    *,
    right: Collection[int] = (),
    apart: bool = False,
    file: TextIO | None = None,
) -> None:
    """Print a table whose long cells go on below.

    Columns of ``right`` end at the same place. Rows of many lines are read better ``apart``.
    """
    from rich.box import SIMPLE_HEAD
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    shown = Table(
        box=SIMPLE_HEAD,
        padding=(0, 1, 0, 0),  # and the blank that divides: two between columns
        pad_edge=False,
        show_edge=False,
        header_style="",
        leading=int(apart),
    )
    listed = list(rows)
    for number, heading in enumerate(headings):
        cells = [_lines(row[number]) for row in listed]
        is_right = number in right  # a number is never broken
        shown.add_column(
            Text(_lines(heading)),
            justify="right" if is_right else "left",
            overflow="fold",
            min_width=max((len(part) for cell in cells for part in cell.split("\n")), default=0)
            if is_right
            else None,
        )
    for row in listed:
        shown.add_row(*(Text(_lines(cell), _style(cell)) for cell in row))
    console = Console(file=file, width=width(), highlight=False)
    with console.capture() as capture:
        console.print(shown)
    for line in capture.get().splitlines():
        typer.echo(line.rstrip(), file=file)


def _lines(cell: Cell) -> str:
    return safe(cell) if isinstance(cell, str) else "\n".join(map(safe, cell))


def _style(cell: Cell) -> str:
    return _STYLES.get(cell, "") if isinstance(cell, str) else ""


def _plain(content: "BaseModel | Mapping[str, Any]") -> Mapping[str, Any]:
    return content if isinstance(content, Mapping) else content.model_dump(mode="json")


def _json(content: Any) -> None:
    said = json.dumps(content, ensure_ascii=False, allow_nan=False, indent=2)
    typer.echo(_UNSHOWN.sub(lambda found: json.dumps(found[0])[1:-1], said))


def _cell(value: Any) -> Any:
    if isinstance(value, list | tuple):
        value = "; ".join(map(str, value))
    elif isinstance(value, dict):
        value = json.dumps(value, ensure_ascii=False)
    return csv_safe(value) if isinstance(value, str) else value
