"""DuckDB's types into Arrow's, nothing damaged on the way.

==============================  ==================================================================
boolean, integers to 64 bits    the same; NaN and infinity of floats are kept
varchar, blob                   string, binary
date                            date32
timestamp, also _s and _ms      timestamp[us]
timestamp_ns                    timestamp[ns]
timestamp with time zone        timestamp[us, UTC]
timestamptz_ns                  timestamp[ns, UTC]: what pandas writes
decimal(p, s)                   decimal128(p, s)
list, array, struct, map, …     string: JSON
anything else                   string: DuckDB's own spelling (hugeint, uuid, enum, time, …)
==============================  ==================================================================

Infinite dates and timestamps are values that no Arrow type can hold: they are counted.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime

import pyarrow as pa
from duckdb import ConstantExpression, Expression, FunctionExpression
from duckdb.sqltypes import DuckDBPyType

from fairness_audit.sources import Window


def _itself(column: Expression) -> Expression:
    return column


def _spelled(column: Expression) -> Expression:
    return column.cast("VARCHAR")


def _as_json(column: Expression) -> Expression:
    return FunctionExpression("to_json", column).cast("VARCHAR")


def _as_timestamp(column: Expression) -> Expression:
    # NULL where DuckDB has no such timestamp: a day of the year 5,000,000.
    return column.try_cast("TIMESTAMP")


@dataclass(frozen=True)
class Reading:
    """How one column is selected; ``moment`` makes a timestamp of it, if it is one."""

    arrow_type: pa.DataType
    expression: Callable[[Expression], Expression] = _itself
    moment: Callable[[Expression], Expression] | None = None


_TEXT = Reading(pa.string(), _spelled)
_JSON = Reading(pa.string(), _as_json)

_READINGS = {
    "boolean": Reading(pa.bool_()),
    "tinyint": Reading(pa.int8()),
    "smallint": Reading(pa.int16()),
    "integer": Reading(pa.int32()),
    "bigint": Reading(pa.int64()),
    "utinyint": Reading(pa.uint8()),
    "usmallint": Reading(pa.uint16()),
    "uinteger": Reading(pa.uint32()),
    "ubigint": Reading(pa.uint64()),
    "float": Reading(pa.float32()),
    "double": Reading(pa.float64()),
    "blob": Reading(pa.binary()),
    "date": Reading(pa.date32(), moment=_as_timestamp),
    "timestamp": Reading(pa.timestamp("us"), moment=_itself),
    "timestamp_s": Reading(pa.timestamp("us"), _as_timestamp, _as_timestamp),
    "timestamp_ms": Reading(pa.timestamp("us"), _as_timestamp, _as_timestamp),
    "timestamp_ns": Reading(pa.timestamp("ns"), moment=_itself),
    "timestamp with time zone": Reading(pa.timestamp("us", tz="UTC"), moment=_itself),
    "timestamptz_ns": Reading(pa.timestamp("ns", tz="UTC"), moment=_itself),
    **dict.fromkeys(("list", "array", "struct", "map", "union"), _JSON),
}


def reading_of(kind: DuckDBPyType) -> Reading:
    """How a column of this type is read."""
    if kind.id == "decimal":
        precision, scale = (number for _, number in kind.children)
        return Reading(pa.decimal128(precision, scale))
    return _READINGS.get(kind.id, _TEXT)


def is_fit(moment: Expression, reading: Reading) -> Expression:
    """The condition that a date or timestamp is finite."""
    if reading.arrow_type == pa.timestamp("ns", tz="UTC"):
        moment = moment.cast("TIMESTAMPTZ")  # of nanoseconds with a zone DuckDB cannot tell it
    return FunctionExpression("isfinite", moment)


def is_within(moment: Expression, reading: Reading, window: Window) -> Expression:
    """The condition that a date or timestamp lies in the window."""
    start, end = (_bound(each, reading.arrow_type) for each in (window.start, window.end))
    return (moment >= start) & (moment < end)


def _bound(moment: datetime, arrow_type: pa.DataType) -> Expression:
    aware = moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)
    has_zone = getattr(arrow_type, "tz", None) is not None
    bound = ConstantExpression(aware if has_zone else aware.replace(tzinfo=None))
    if getattr(arrow_type, "unit", None) != "ns":
        return bound
    # Else DuckDB rounds nanoseconds up, into the next window, or refuses to compare.
    return bound.cast("TIMESTAMPTZ_NS" if has_zone else "TIMESTAMP_NS")
