"""Zoho CRM's field types into Arrow's.

=================================  =======================================================
boolean                            bool
integer                            int64
double, percent                    double
currency                           string: Zoho rounds by the field's own settings
date                               date32
datetime                           timestamp[us, UTC]
anything else, ids and bigint too  string (an id has 64 bits: no double holds it)
=================================  =======================================================
"""

import re
from collections.abc import Iterable

import pyarrow as pa

from fairness_audit.sources import Field
from fairness_audit.sources.web.answers import Shape, Word

ID = "id"

_TYPES = {
    "boolean": pa.bool_(),
    "integer": pa.int64(),
    "double": pa.float64(),
    "percent": pa.float64(),
    "date": pa.date32(),
    "datetime": pa.timestamp("us", tz="UTC"),
}
_UNREADABLE = frozenset({"subform", "fileupload", "imageupload", "profileimage"})


_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_]*")


class DescribedField(Shape):
    """A field as the settings API has it."""

    api_name: str
    data_type: Word
    visible: bool = True


class Described(Shape):
    """The fields of a module."""

    fields: list[DescribedField]


def fields_of(described: Iterable[DescribedField]) -> dict[str, Field]:
    """Every field of a module; the id is one, though Zoho does not list it."""
    found = {ID: Field("id", pa.string(), readable=True)}
    for each in described:
        kind = each.data_type
        readable = (
            each.visible
            and kind not in _UNREADABLE
            and _NAME.fullmatch(each.api_name) is not None  # it becomes a part of queries
        )
        found[each.api_name] = Field(kind, _TYPES.get(kind, pa.string()), readable)
    return found
