"""SQLite's declared types into Arrow's; a value of another type than declared is unfit.

==============================  ==================================================================
BOOL…                           bool: 0 and 1
DATE                            date32: 2026-01-31
DATETIME, TIMESTAMP…            timestamp[us]: 2026-01-31 12:00:00.000001, also with T; what has
                                an offset, or Z, is turned into UTC
…INT…                           int64
…CHAR…, …CLOB…, …TEXT…          string
…BLOB…                          binary
…REAL…, …FLOA…, …DOUB…          double
NUMERIC…, DECIMAL…, NUMBER…     double: SQLite keeps nothing better; an integer that no double
                                holds is unfit
anything else                   string: text as it is, integers and reals as SQLite spells them
==============================  ==================================================================

SQLite takes any value in any column: text among integers is counted, and never made a NULL.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any

import pyarrow as pa

_MOMENT = re.compile(
    r"\d{4}-\d\d-\d\d[ T]\d\d:\d\d(:\d\d(\.\d{1,6})?)?(Z|[+-]\d\d:\d\d)?", re.ASCII
)
_DAY = re.compile(r"\d{4}-\d\d-\d\d", re.ASCII)
_EXACT = 2**53


class UnfitError(ValueError):
    """A value that the Arrow type of its column cannot hold; it is not repeated."""


@dataclass(frozen=True)
class NotText:
    """In place of a text that is not UTF-8."""


def text_of(content: bytes) -> "str | NotText":
    """The text SQLite keeps, which may be any bytes."""
    try:
        return content.decode()
    except UnicodeDecodeError:
        return NotText()


@dataclass(frozen=True)
class Reading:
    """The Arrow type of a column, and what makes a value of it."""

    arrow_type: pa.DataType
    take: Callable[[Any], Any]

    def of(self, value: Any) -> Any:
        """The value for Arrow.

        Raises:
            UnfitError: when it is of another type than the column declares.
        """
        return None if value is None else self.take(value)


def _only(kind: type) -> Callable[[Any], Any]:
    def take(value: Any) -> Any:
        if type(value) is not kind:
            raise UnfitError
        return value

    return take


def _boolean(value: Any) -> bool:
    if type(value) is not int or value not in (0, 1):
        raise UnfitError
    return bool(value)


def _double(value: Any) -> float:
    if type(value) is float or (type(value) is int and abs(value) <= _EXACT):
        return float(value)
    raise UnfitError


def _spelled(value: Any) -> str:
    if type(value) in (int, float):
        return repr(value)
    if type(value) is not str:
        raise UnfitError
    return value


def _day(value: Any) -> date:
    if type(value) is not str or not _DAY.fullmatch(value):
        raise UnfitError
    try:
        return date.fromisoformat(value)
    except ValueError:
        raise UnfitError from None


def _moment(value: Any) -> datetime:
    if type(value) is not str or not (_MOMENT.fullmatch(value) or _DAY.fullmatch(value)):
        raise UnfitError
    try:
        moment = datetime.fromisoformat(value)
        return moment.astimezone(UTC).replace(tzinfo=None) if moment.tzinfo else moment
    except (ValueError, OverflowError):
        raise UnfitError from None


_INTEGER = Reading(pa.int64(), _only(int))
_TEXT = Reading(pa.string(), _only(str))
_BYTES = Reading(pa.binary(), _only(bytes))
_DOUBLE = Reading(pa.float64(), _double)
_SPELLED = Reading(pa.string(), _spelled)

# The first that the declared type holds; the last four are SQLite's own rules.
_BY_NAME = (
    (r"BOOL", Reading(pa.bool_(), _boolean)),
    (r"DATE$", Reading(pa.date32(), _day)),
    (r"DATETIME|TIMESTAMP", Reading(pa.timestamp("us"), _moment)),
    (r"NUMERIC|DECIMAL|NUMBER", _DOUBLE),
    (r".*INT", _INTEGER),
    (r".*(CHAR|CLOB|TEXT)", _TEXT),
    (r".*BLOB", _BYTES),
    (r".*(REAL|FLOA|DOUB)", _DOUBLE),
)


def reading_of(declared: str) -> Reading:
    """How a column is read, by the type in its CREATE TABLE."""
    kind = declared.strip().upper()
    return next((reading for name, reading in _BY_NAME if re.match(name, kind)), _SPELLED)
