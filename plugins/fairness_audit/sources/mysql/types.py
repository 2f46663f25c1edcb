"""The types of MySQL and MariaDB into Arrow's, nothing damaged on the way.

==============================  ==================================================================
tinyint … bigint                int8 … int64 (mediumint: int32); unsigned: uint8 … uint64
boolean                         int8: the server keeps it as tinyint(1), and lets it hold 2
float, double                   the same
decimal(p, s), p up to 38       decimal128(p, s)
longer decimal                  string: what reads the files has no decimal type that long
char, varchar, text             string; char(n) without its padding, as the server compares it
binary, varbinary, blob         binary
geometry, vector                binary, as the server stores it
date                            date32
datetime                        timestamp[us]
timestamp                       timestamp[us, UTC]
bit(n)                          string: n digits 0 and 1
anything else                   string: the server's own spelling (enum, set, json, time, year, …)
==============================  ==================================================================

Zero dates ('0000-00-00'), dates with a zero in them and days that no calendar has are values that
no Arrow type can hold: they are counted, and never taken for NULL. So is text that is none of its
column's character set, or has no place in Unicode, which the server would give as question marks.
"""

from collections.abc import Callable
from dataclasses import dataclass

import pyarrow as pa
from sqlalchemy import CHAR, and_, cast, func, literal_column

from fairness_audit.sources.quoting import Column

_LARGEST_DECIMAL = 38
# Those of which every text arrives as it is, or fails to be read as UTF-8.
_IN_UNICODE = {"utf8mb4", "utf8mb3", "utf8", "utf16", "utf16le", "utf32", "ucs2", "latin1"}


def _itself(column: Column) -> Column:
    return column


def _as_text(column: Column) -> Column:
    return cast(column, CHAR())


def _as_double(column: Column) -> Column:
    # A float is spelled with six digits, and needs nine; as a double it is spelled with all.
    return column + literal_column("0e0")


@dataclass(frozen=True)
class Reading:
    """How one column is selected; ``fit`` is the condition that a value arrives undamaged."""

    arrow_type: pa.DataType
    expression: Callable[[Column], Column] = _itself
    fit: Callable[[Column], Column] | None = None

    @property
    def is_text(self) -> bool:
        """True if the values arrive as text, and so are sorted as text."""
        return bool(pa.types.is_string(self.arrow_type))


def is_a_day(column: Column) -> Column:
    """The condition that a date, datetime or timestamp is a day of the calendar."""
    days = func.dayofmonth(func.last_day(column))
    return and_(column >= "0001-01-01", func.dayofmonth(column).between(1, days))


def _is_in_unicode(column: Column) -> Column:
    # What the server cannot turn into the connection's UTF-8 becomes a question mark.
    return _without_marks(column) == _without_marks(_as_text(column))


def _without_marks(column: Column) -> Column:
    return func.char_length(func.replace(column, "?", ""))


_TEXT = Reading(pa.string())
_OTHER_TEXT = Reading(pa.string(), fit=_is_in_unicode)
_SPELLED = Reading(pa.string(), _as_text)
_BYTES = Reading(pa.binary())

_READINGS = {
    "float": Reading(pa.float32(), _as_double),
    "double": Reading(pa.float64(), _as_double),
    "date": Reading(pa.date32(), fit=is_a_day),
    "datetime": Reading(pa.timestamp("us"), fit=is_a_day),
    "timestamp": Reading(pa.timestamp("us", tz="UTC"), fit=is_a_day),
    **dict.fromkeys(("char", "varchar", "tinytext", "text", "mediumtext", "longtext"), _TEXT),
    **dict.fromkeys(
        (
            "binary",
            "varbinary",
            "tinyblob",
            "blob",
            "mediumblob",
            "longblob",
            "vector",
            "geometry",
            "point",
            "linestring",
            "polygon",
            "multipoint",
            "multilinestring",
            "multipolygon",
            "geometrycollection",
            "geomcollection",
        ),
        _BYTES,
    ),
}

_INTEGERS = {
    "tinyint": (pa.int8(), pa.uint8()),
    "smallint": (pa.int16(), pa.uint16()),
    "mediumint": (pa.int32(), pa.uint32()),
    "int": (pa.int32(), pa.uint32()),
    "bigint": (pa.int64(), pa.uint64()),
}


def reading_of(
    data_type: str,
    column_type: str,
    digits: int | None,
    scale: int | None,
    charset: str | None,
) -> Reading:
    """How a column is read, by what ``information_schema.COLUMNS`` says of it."""
    kind = data_type.lower()
    if kind in _INTEGERS:
        signed, unsigned = _INTEGERS[kind]
        return Reading(unsigned if "unsigned" in column_type.lower() else signed)
    if kind == "decimal" and digits is not None and scale is not None:
        return Reading(pa.decimal128(digits, scale)) if digits <= _LARGEST_DECIMAL else _SPELLED
    if kind == "bit" and digits is not None:
        return Reading(pa.string(), lambda column: func.lpad(func.bin(column + 0), digits, "0"))
    reading = _READINGS.get(kind, _SPELLED)
    return _OTHER_TEXT if reading is _TEXT and charset not in _IN_UNICODE else reading
