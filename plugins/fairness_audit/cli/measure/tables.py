"""Results in tables: the headlines of every group, or every figure there is."""

import re
from collections.abc import Callable, Iterator, Sequence
from itertools import groupby
from typing import NamedTuple

from fairness_audit.cli.measure.figures import (
    Result,
    interval_of,
    is_everybody,
    number,
    percent,
    place_of,
    ratio,
)
from fairness_audit.cli.measure.headlines import Headline, size_of
from fairness_audit.cli.printing import Cell, say, table, width, wrapped
from fairness_audit.records.measurement import OVERALL

FEW = "(few)"
"""What marks a group of few people, or else rows."""

_GAP = 2
"""Blanks between two columns of a table."""
_LONGEST_NAME = 20
"""A longer group goes on below, where there is no more room."""
_LONGEST_METRIC = 30
"""A longer metric's name goes on below, where all its figures are listed."""


class _Column(NamedTuple):
    """A figure of every group: what it is called, and the cell of each."""

    heading: str
    cells: dict[str | None, tuple[str, str]]

    @property
    def width(self) -> int:
        """Of its longest cell, and the longest word of its heading."""
        words = [*self.heading.split(), *(line for cell in self.cells.values() for line in cell)]
        return max(map(len, words))

    @property
    def lines(self) -> tuple[str, ...]:
        """The heading, no wider than what stands below it."""
        return tuple(wrapped(self.heading, self.width))


def print_headlines(
    found: Sequence[Result],
    headings: Sequence[Headline],
    references: dict[str, str],
    smallest: int,
) -> bool:
    """Print, per attribute and stratum, a row per group; False if there was nothing to print.

    Groups of fewer people, or else rows, than ``smallest`` are marked.
    """
    printed = False
    blocks = dict.fromkeys(
        (each["attribute"], place_of(each)[0]) for each in found if not is_everybody(each)
    )
    for attribute, place in blocks:
        within = [
            each
            for each in found
            if is_everybody(each) or each["attribute"] == attribute
            if place_of(each)[0] == place
        ]
        columns = list(_columns(within, headings, attribute in references))
        if columns:
            _print_block(attribute, place, within, columns, references, smallest)
            printed = True
    return printed


def _columns(
    found: Sequence[Result], headings: Sequence[Headline], has_reference: bool
) -> Iterator[_Column]:
    for heading in headings:
        parts = dict.fromkeys(place_of(e)[1] for e in found if e["metric"] == heading.figure)
        for part in parts:
            show = share_cell if heading.is_share else _plain
            yield _column(found, heading.figure, part, show)
            if heading.compares:
                show = _plain if heading.is_difference else _ratio
                column = _column(found, heading.compared_by(has_reference), part, show)
                if column.cells:
                    yield column


def _column(
    found: Sequence[Result], metric: str, part: str, show: Callable[[Result], tuple[str, str]]
) -> _Column:
    heading = " ".join(filter(None, (metric.replace("_", " "), part)))
    of_it = [each for each in found if each["metric"] == metric and place_of(each)[1] == part]
    return _Column(heading, {_row_of(each): show(each) for each in of_it})


def _row_of(result: Result) -> str | None:
    """The group that a result is about; None of everybody."""
    return None if result["group"] == OVERALL else str(result["group"])


def _print_block(
    attribute: str,
    place: str,
    found: Sequence[Result],
    columns: Sequence[_Column],
    references: dict[str, str],
    smallest: int,
) -> None:
    sizes = {_row_of(each): _sizes(each) for each in reversed(found)}
    sized = _SIZES[: len(next(iter(sizes.values())))]
    people = {_row_of(each): size_of(each) for each in reversed(found)}
    names = {
        row: f"{row}{f' {FEW}' * (people[row] < smallest)}"
        for row in dict.fromkeys(_row_of(each) for each in found)
        if row is not None
    } | {None: "everybody"}
    say()
    against = f", compared with {references[attribute]}" if attribute in references else ""
    say(f"{attribute}{f', {place}' if place else ''}{against}")
    longest = min(max(map(len, names.values())), _LONGEST_NAME)
    taken = sum(
        _GAP + max(len(name), *(len(each[i]) for each in sizes.values()))
        for i, name in enumerate(sized)
    )
    for some in _that_fit(columns, width() - longest - taken):
        say()
        table(
            ("group", *sized, *(column.lines for column in some)),
            [
                (
                    name,
                    *sizes[group],
                    *(column.cells.get(group, ("", "")) for column in some),
                )
                for group, name in names.items()
            ],
            right=range(1, len(some) + len(sized) + 1),
        )


_SIZES = ("rows", "subjects", "worth")


def _sizes(result: Result) -> tuple[str, ...]:
    """The rows of a group and, if known, its subjects and what their decisions are worth."""
    if result.get("subjects") is None:
        return (f"{result['n']:,}",)
    worth = result["n_effective"]
    return f"{result['n']:,}", f"{result['subjects']:,}", "" if worth is None else f"{worth:,.0f}"


def _that_fit(columns: Sequence[_Column], room: int) -> Iterator[list[_Column]]:
    """As many columns beside each other as there is room for, but one at least."""
    some: list[_Column] = []
    for column in columns:
        if some and sum(each.width + _GAP for each in [*some, column]) > room:
            yield some
            some = []
        some.append(column)
    yield some


def share_cell(result: Result) -> tuple[str, str]:
    """A share, and below it its interval."""
    if result["value"] is None:
        return ("undefined", "")
    low, high = result["low"], result["high"]
    if low is None or high is None:
        return (percent(result["value"]), "")
    digits = 0 if high >= 0.1 else 1
    return (percent(result["value"]), f"{low * 100:.{digits}f}–{high * 100:.{digits}f}")


def _ratio(result: Result) -> tuple[str, str]:
    return ("undefined", "") if result["value"] is None else _of(result, ratio)


def _plain(result: Result) -> tuple[str, str]:
    return ("undefined", "") if result["value"] is None else _of(result, number)


def _of(result: Result, show: Callable[[float], str]) -> tuple[str, str]:
    interval = interval_of(result, show)
    is_signed = "-" in interval
    return (show(result["value"]), interval if is_signed else interval.replace(" to ", "–"))


def print_every_figure(found: Sequence[Result]) -> None:
    """Print one table per attribute and stratum, with a row per figure and group."""

    def block(each: Result) -> tuple[str, str]:
        return (each["attribute"], each["stratum"] or "")

    for (attribute, stratum), within in groupby(sorted(found, key=block), key=block):
        say()
        say(f"{attribute}{f', {stratum}' if stratum else ''}")
        say()
        table(
            ("figure and group", "rows", "value", "interval", "p"),
            list(_figures(list(within))),
            right={1, 2, 4},
        )


def _figures(found: Sequence[Result]) -> Iterator[tuple[Cell, ...]]:
    before = None
    for each in found:
        if each["metric"] != before:
            code = f" ({each['code']})" if each["code"] else ""
            yield (_in_parts(f"{each['metric']}{code}"), "", "", "", "")
        before = each["metric"]
        against = f" / {each['reference']}" if each["reference"] else ""
        p_value = each["p_value"]
        yield (
            f"  {each['group']}{against}",
            f"{each['n']:,}",
            "undefined" if each["value"] is None else f"{each['value']:.4g}",
            interval_of(each, lambda end: f"{end:.3g}"),
            "" if p_value is None else f"{p_value:.2g}",
        )


def _in_parts(name: str) -> tuple[str, ...]:
    """A long name in lines that end after one of its words."""
    lines = [""]
    for word in re.findall(r"[^_ ]+[_ ]?", name):
        if len(lines[-1]) + len(word) > _LONGEST_METRIC:
            lines.append("  ")
        lines[-1] += word
    return tuple(line.rstrip(" ") for line in lines)
