"""Salesforce's field types into Arrow's, and what its ids look like.

=================================  =======================================================
boolean                            bool
int                                int64
double, percent                    double
currency                           decimal128(precision, scale)
date                               date32
datetime                           timestamp[us, UTC]
id, reference                      string of 18 characters, also where 15 are sent
anything else                      string
=================================  =======================================================

Compound fields (address, location) and files (base64) cannot leave by Bulk API; their parts can.
"""

from collections.abc import Mapping
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from fairness_audit.sources import Field

_TYPES = {
    "boolean": pa.bool_(),
    "int": pa.int64(),
    "double": pa.float64(),
    "percent": pa.float64(),
    "date": pa.date32(),
    "datetime": pa.timestamp("us", tz="UTC"),
}
_IDS = frozenset({"id", "reference"})
_UNREADABLE = frozenset({"address", "location", "base64"})
_LARGEST_DECIMAL = 38
_SHORT, _LONG = 15, 18
_SUFFIX = "ABCDEFGHIJKLMNOPQRSTUVWXYZ012345"


def fields_of(described: Mapping[str, Any]) -> dict[str, Field]:
    """Every field of a describe answer; compound ones are there, but cannot be read."""
    compound = {
        each.get("compoundFieldName") for each in described["fields"] if each["name"] != "Name"
    } - {"Name"}
    return {
        each["name"]: Field(
            _source_type(each),
            _arrow_type(each),
            each["type"] not in _UNREADABLE and each["name"] not in compound,
        )
        for each in described["fields"]
    }


def ids_among(described: Mapping[str, Any]) -> frozenset[str]:
    """The fields that hold ids."""
    return frozenset(each["name"] for each in described["fields"] if each["type"] in _IDS)


def _arrow_type(field: Mapping[str, Any]) -> pa.DataType:
    if field["type"] == "currency":
        precision, scale = int(field.get("precision") or 18), int(field.get("scale") or 2)
        return pa.decimal128(precision, scale) if precision <= _LARGEST_DECIMAL else pa.string()
    return _TYPES.get(field["type"], pa.string())


def _source_type(field: Mapping[str, Any]) -> str:
    size = {
        "currency": f"({field.get('precision')}, {field.get('scale')})",
        "double": f"({field.get('precision')}, {field.get('scale')})",
        "string": f"({field.get('length')})",
    }
    return f"{field['type']}{size.get(field['type'], '')}"


def long_id(given: str) -> str:
    """The 18 characters of an id, of which 15 may be given.

    The last three say which of the 15 are capitals, five to a character, so that ids differ also
    where case is lost.
    """
    if len(given) != _SHORT:
        return given
    suffix = ""
    for part in (given[:5], given[5:10], given[10:]):
        bits = sum(1 << place for place, char in enumerate(part) if "A" <= char <= "Z")
        suffix += _SUFFIX[bits]
    return given + suffix


def long_ids(column: pa.Array) -> pa.Array:
    """A column of ids, all of them with 18 characters."""
    if pc.all(pc.equal(pc.utf8_length(column), _LONG)).as_py() is not False:
        return column
    return pa.array([None if each is None else long_id(each) for each in column.to_pylist()])
