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

import re
from typing import Self

import pyarrow as pa
import pyarrow.compute as pc
from pydantic import Field as Named
from pydantic import model_validator

from fairness_audit.sources import Field
from fairness_audit.sources.web.answers import Shape, Whole, Word

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


_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_]*")


class DescribedField(Shape):
    """A field as describe has it; of ``precision`` digits ``scale`` are behind the point."""

    name: str
    type: Word
    length: Whole = 0
    precision: Whole = 0
    scale: Whole = 0
    part_of: str | None = Named(default=None, alias="compoundFieldName")

    @model_validator(mode="after")
    def _money_has_digits(self) -> Self:
        if self.type == "currency" and self.precision == 0:
            raise ValueError("money without its digits")
        return self


class Described(Shape):
    """An object as describe has it."""

    queryable: bool = True
    fields: list[DescribedField]


def fields_of(described: Described) -> dict[str, Field]:
    """Every field of a describe answer; compound ones are there, but cannot be read."""
    compound = {each.part_of for each in described.fields if each.name != "Name"}
    unreadable = compound - {"Name"}
    return {
        each.name: Field(
            _source_type(each),
            _arrow_type(each),
            readable=each.type not in _UNREADABLE
            and each.name not in unreadable
            and _NAME.fullmatch(each.name) is not None,  # it becomes a part of queries
        )
        for each in described.fields
    }


def ids_among(described: Described) -> frozenset[str]:
    """The fields that hold ids."""
    return frozenset(each.name for each in described.fields if each.type in _IDS)


def _arrow_type(field: DescribedField) -> pa.DataType:
    if field.type != "currency":
        return _TYPES.get(field.type, pa.string())
    digits = max(field.precision, field.scale)
    return pa.decimal128(digits, field.scale) if digits <= _LARGEST_DECIMAL else pa.string()


def _source_type(field: DescribedField) -> str:
    size = {
        "currency": f"({field.precision}, {field.scale})",
        "double": f"({field.precision}, {field.scale})",
        "string": f"({field.length})",
    }
    return f"{field.type}{size.get(field.type, '')}"


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
