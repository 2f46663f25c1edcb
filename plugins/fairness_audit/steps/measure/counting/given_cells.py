"""The cells of a file that was given, as text that means one thing.

A file says 1 or yes, N/A or nothing, 0,5 or 50 %. What each column means is decided once per
column, before a figure is made of it, and told where it was not said.
"""

import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import duckdb
import pyarrow as pa
from duckdb import (
    CaseExpression,
    ColumnExpression,
    ConstantExpression,
    Expression,
    FunctionExpression,
)
from duckdb.sqltypes import DuckDBPyType

from fairness_audit.engine.duckdb import statement
from fairness_audit.errors import InputError

Tell = Callable[[str], None]

_UNKNOWN = "|unknown|n/a|na|n.a.|#n/a|#na|<na>|null|nan|none|nat|nil|missing|not available|?|-|--"
UNKNOWN_WORDS = frozenset(_UNKNOWN.split("|"))
"""What people and programs write where they do not know, in small letters; the first is blank."""
# Spreadsheets write true and false in the language of their user.
_POSITIVE = ("1", "true", "t", "yes", "y", "wahr", "vrai", "verdadero", "vero", "waar")
_NEGATIVE = ("0", "false", "f", "no", "n", "falsch", "faux", "falso", "onwaar")
_BLANKS = " \t\r\n\v\f\u00a0"
_OFFSET = re.compile(r"([+-])(\d\d):?(\d\d)")

Reading = Callable[[Expression], Expression]
Counted = Mapping[str | None, int]
"""How many rows have each value of a column, as it is written."""


def plain(word: str) -> str:
    """A word as it is compared: without blanks around it, in small letters."""
    return word.strip(_BLANKS).lower()


def trimmed(cell: Expression) -> Expression:
    """A cell without the blanks around it."""
    return FunctionExpression("trim", cell, ConstantExpression(_BLANKS))


def is_one_of(cell: Expression, words: Iterable[str]) -> Expression:
    """The condition that a cell is one of the plain words."""
    listed = [ConstantExpression(word) for word in sorted(words)]
    if not listed:
        return ConstantExpression(False)
    return FunctionExpression("lower", trimmed(cell)).isin(*listed)


def text_of(name: str, kind: pa.DataType | None, stored: DuckDBPyType) -> Expression:
    """A column as text: bytes as the UTF-8 they are, moments by the clock of their own zone.

    ``kind`` is its type as Arrow knows it, ``stored`` as DuckDB does.
    """
    column = ColumnExpression(name)
    if stored.id == "blob":
        return FunctionExpression("decode", column)
    if kind is not None and pa.types.is_timestamp(kind) and kind.tz:
        return _by_own_clock(column.cast("TIMESTAMPTZ"), kind.tz)
    return column.cast("VARCHAR")


def _by_own_clock(moment: Expression, zone: str) -> Expression:
    utc = FunctionExpression("timezone", ConstantExpression("UTC"), moment)
    fixed = _OFFSET.fullmatch(zone)
    if fixed:
        minutes = int(fixed[2]) * 60 + int(fixed[3])
        ahead = ConstantExpression(-minutes if fixed[1] == "-" else minutes)
        local = utc + FunctionExpression("to_minutes", ahead)
    else:
        local = FunctionExpression("timezone", ConstantExpression(zone), moment)
        ahead = FunctionExpression("date_diff", ConstantExpression("minute"), utc, local)
    size = FunctionExpression("abs", ahead)
    hour = ConstantExpression(60)
    return CaseExpression(
        moment.isnotnull(),
        FunctionExpression(
            "format",
            ConstantExpression("{}{}{:02d}:{:02d}"),
            local.cast("VARCHAR"),
            CaseExpression(ahead < ConstantExpression(0), ConstantExpression("-")).otherwise(
                ConstantExpression("+")
            ),
            FunctionExpression("//", size, hour).cast("INTEGER"),
            (size % hour).cast("INTEGER"),
        ),
    )


@dataclass(frozen=True)
class Numbers:
    """How the numbers of one column are written."""

    filled: int
    percentages: int
    commas: int
    points: int
    thousands_by_comma: int
    thousands_by_point: int

    def reading(self, column: str, decimal: str | None, tell: Tell) -> Reading:
        """What makes of a cell a number that DuckDB reads.

        ``decimal`` is the decimal mark, if somebody said it.

        Raises:
            InputError: the column may mean two things.
        """
        if self.percentages not in (0, self.filled):
            raise InputError(
                f"column {column!r}: {self.percentages} of {self.filled} numbers are percentages"
                " (write all of them as percentages, or none)"
            )
        mark = decimal or self._mark(column, tell)
        other, marked, thousands = (
            (".", self.points, self.thousands_by_point)
            if mark == ","
            else (",", self.commas, self.thousands_by_comma)
        )
        if marked != thousands:
            raise InputError(
                f"column {column!r}: {marked - thousands} numbers hold {other!r}, and the decimal"
                f" mark is {mark!r} (say another with --decimal, or mend the file)"
            )
        if self.percentages:
            tell(f"{column}: percentages are read as shares")

        def number(cell: Expression) -> Expression:
            found = trimmed(cell)
            if marked:
                found = _replaced(found, other, "")
            if mark == ",":
                found = _replaced(found, ",", ".")
            if self.percentages:
                found = trimmed(_replaced(found, "%", ""))
                found = FunctionExpression("concat", found, ConstantExpression("e-2"))
                found = CaseExpression(trimmed(cell) != ConstantExpression(""), found)
            return found

        return number

    def _mark(self, column: str, tell: Tell) -> str:
        if not self.commas:
            return "."
        if self.points or self.commas == self.thousands_by_comma:
            raise InputError(
                f"column {column!r}: a comma there may be the decimal mark or divide thousands"
                " (say `--decimal ,` or `--decimal .`)"
            )
        tell(f"{column}: the comma is read as the decimal mark (--decimal . says otherwise)")
        return ","


def numbers_of(
    rows: duckdb.DuckDBPyRelation,
    column: Expression,
    connection: duckdb.DuckDBPyConnection,
    sql: Path,
) -> Numbers:
    """How the numbers of a column of text are written."""
    rows.select(trimmed(column).alias("cell")).create_view("cells", replace=True)
    return Numbers(*connection.sql(statement(sql / "measure" / "given_numbers.sql")).fetchall()[0])


def _replaced(cell: Expression, one: str, other: str) -> Expression:
    return FunctionExpression("replace", cell, ConstantExpression(one), ConstantExpression(other))


def truth(cell: Expression, positives: Sequence[str]) -> Expression:
    """A cell as true, false or NULL, where it is unknown; anything else stays.

    With ``positives`` each of these is true, and what else is known is false.
    """
    yes, no = ConstantExpression("true"), ConstantExpression("false")
    unknown = is_one_of(cell, UNKNOWN_WORDS)
    if positives:
        known = CaseExpression(is_one_of(cell, positives), yes)
        return known.when(unknown, ConstantExpression(None)).otherwise(no)
    number = _replaced(trimmed(cell), ",", ".").try_cast("DOUBLE")
    return (
        CaseExpression(unknown, ConstantExpression(None))
        .when(is_one_of(cell, _POSITIVE), yes)
        .when(is_one_of(cell, _NEGATIVE), no)
        .when(number == ConstantExpression(1), yes)
        .when(number == ConstantExpression(0), no)
        .otherwise(cell)
    )


def band(number: Expression, edges: Sequence[str]) -> Expression:
    """The band that a number lies in; from each edge on a new one begins."""
    value = number.try_cast("DOUBLE")
    bounds = [ConstantExpression(float(edge)) for edge in edges]
    names = [
        f"below {edges[0]}",
        *(f"{low} to below {high}" for low, high in pairwise(edges)),
    ]
    bands = CaseExpression(value.isnull(), number)
    for bound, name in zip(bounds, names, strict=True):
        bands = bands.when(value < bound, ConstantExpression(name))
    return bands.otherwise(ConstantExpression(f"{edges[-1]} and above"))


MANY = 25
"""More groups than these are a lot to compare."""
_LISTED = 5


def told_of_unknown(column: str, counts: Counted, unknown: Iterable[str]) -> Iterator[str]:
    """How many rows count as unknown that say so in a word: of which word how many."""
    folded = {each: n for each, n in counts.items() if each is None or plain(each) in unknown}
    said: Counter[str] = Counter()
    for each, n in folded.items():
        if each is not None and plain(each):
            said[each.strip(_BLANKS)] += n
    if not said:
        return
    listed = [f"{n:,} {word}" for word, n in said.items()]
    total = sum(folded.values())
    if empty := total - said.total():
        listed.append(f"{empty:,} empty")
    yield f"{column}: {total:,} unknown ({', '.join(listed)})"


def told_of_groups(column: str, counts: Counted, unknown: Iterable[str]) -> Iterator[str]:
    """What else is worth a word about the groups of a column."""
    groups = [each for each in counts if each is not None and plain(each) not in unknown]
    alike: dict[str, list[str]] = {}
    for each in groups:
        alike.setdefault(" ".join(each.split()).casefold(), []).append(each)
    twins = [" and ".join(map(repr, some)) for some in alike.values() if len(some) > 1]
    if twins:
        more = f", and {len(twins) - _LISTED:,} more" if len(twins) > _LISTED else ""
        yield (
            f"{column}: {', '.join(twins[:_LISTED])}{more} differ in case or blanks alone and"
            " count as different groups (write them alike if they are the same)"
        )
    if len(groups) > MANY:
        cure = " (--bins makes bands of numbers)" if all(map(_is_number, groups)) else ""
        yield f"{column}: {len(groups):,} groups are a lot to compare{cure}"


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True
