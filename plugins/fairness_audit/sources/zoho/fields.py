"""Zoho CRM's field types into Arrow's.

=================================  =======================================================
boolean                            bool
integer, bigint                    int64
double, percent                    double
currency                           string: Zoho rounds by the field's own settings
date                               date32
datetime                           timestamp[us, UTC]
anything else, ids among it        string (an id has 64 bits: no double holds it)
=================================  =======================================================
"""

from collections.abc import Iterable, Mapping
from typing import Any

import pyarrow as pa

from fairness_audit.sources import Field

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


def fields_of(answer: Iterable[Mapping[str, Any]]) -> dict[str, Field]:
    """Every field of a module; the id is one, though Zoho does not list it."""
    found = {ID: Field("id", pa.string(), readable=True)}
    for each in answer:
        kind = str(each["data_type"])
        readable = kind not in _UNREADABLE and each.get("visible", True) is not False
        found[str(each["api_name"])] = Field(kind, _TYPES.get(kind, pa.string()), readable)
    return found
