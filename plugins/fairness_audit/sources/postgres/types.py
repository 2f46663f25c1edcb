"""PostgreSQL's types into Arrow's, nothing damaged on the way.

==============================  ==================================================================
boolean, integers, floats       the same; NaN and infinity of floats are kept
text, varchar                   string; char(n) without its padding, as PostgreSQL compares it
bytea                           binary
date                            date32
timestamp                       timestamp[us]
timestamptz                     timestamp[us, UTC]
numeric(p, s), p up to 38       decimal128(p, s)
numeric, and longer numeric     string: no decimal type holds every value of it
array                           string: JSON
anything else                   string: PostgreSQL's own spelling (uuid, enum, jsonb, inet, …)
==============================  ==================================================================

A domain counts as the type it is made from. Values that the Arrow type cannot hold (infinite
dates and timestamps, NaN in a decimal) are counted before anything is read.
"""

from dataclasses import dataclass
from typing import LiteralString

import pyarrow as pa

_LARGEST_DECIMAL = 38
_MODIFIER_OFFSET = 4  # VARHDRSZ: PostgreSQL adds it to every type modifier


@dataclass(frozen=True)
class Reading:
    """How one column is selected, and what makes a value unfit for its Arrow type.

    ``{}`` stands for the quoted column. Where the driver has no faithful way for a type, its
    value travels as PostgreSQL spells it.
    """

    arrow_type: pa.DataType
    expression: LiteralString = "{}"
    unfit: LiteralString | None = None


_AS_TEXT = Reading(pa.string(), "CAST({} AS text)")
_AS_JSON = Reading(pa.string(), "CAST(to_json({}) AS text)")

# Arrow counts 64-bit microseconds from 1970; PostgreSQL goes on for 29 years after their end.
_TIMESTAMP_UNFIT: LiteralString = "({0} >= '294247-01-01' OR {0} = '-infinity')"

_NATIVE = {
    "bool": Reading(pa.bool_()),
    "int2": Reading(pa.int16()),
    "int4": Reading(pa.int32()),
    "int8": Reading(pa.int64()),
    "float4": Reading(pa.float32()),
    "float8": Reading(pa.float64()),
    "text": Reading(pa.string()),
    "varchar": Reading(pa.string()),
    "bytea": Reading(pa.binary()),
    "date": Reading(pa.date32(), unfit="(NOT isfinite({}))"),
    "timestamp": Reading(pa.timestamp("us"), unfit=_TIMESTAMP_UNFIT),
    "timestamptz": Reading(pa.timestamp("us", tz="UTC"), unfit=_TIMESTAMP_UNFIT),
    # A host without the /32 that a cast to text adds to it.
    "inet": Reading(pa.string(), "abbrev({})"),
    "array": _AS_JSON,
}


def reading_of(base_type: str, modifier: int) -> Reading:
    """How a column of this type is read; ``modifier`` is the catalogue's ``atttypmod``."""
    if base_type == "numeric" and modifier >= _MODIFIER_OFFSET:
        return _numeric(modifier - _MODIFIER_OFFSET)
    return _NATIVE.get(base_type, _AS_TEXT)


def _numeric(packed: int) -> Reading:
    precision, scale = packed >> 16, ((packed & 0x7FF) ^ 0x400) - 0x400  # scale has 11 signed bits
    if scale < 0:  # numeric(3, -2) holds 99900
        precision, scale = precision - scale, 0
    digits = max(precision, scale)  # numeric(2, 5) holds 0.00099
    if digits > _LARGEST_DECIMAL:
        return _AS_TEXT
    return Reading(pa.decimal128(digits, scale), _AS_TEXT.expression, "({} = 'NaN')")
