"""Records of a JSON answer as a batch of exactly the types that were asked for."""

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pyarrow as pa

from fairness_audit.sources.web.transport import Transient

Get = Callable[[Mapping[str, Any], str], Any]


def rows_of(
    records: Sequence[Mapping[str, Any]],
    types: Mapping[str, pa.DataType],
    get: Get = lambda record, name: record[name],
) -> pa.RecordBatch:
    """The records in their order.

    Raises:
        Transient: a record lacks a field, or a value does not fit the field's type.
    """
    try:
        columns = [
            pa.array([_value(get(record, name), kind) for record in records], kind)
            for name, kind in types.items()
        ]
    except (KeyError, ValueError, TypeError, ArithmeticError, pa.ArrowException):
        # Without its cause, which quotes the value.
        raise Transient("a record that lacks a field, or holds what the field cannot") from None
    return pa.RecordBatch.from_arrays(columns, schema=pa.schema(list(types.items())))


def _value(given: Any, kind: pa.DataType) -> Any:
    """A JSON value, or a text that stands for one; empty text is NULL where no text is due."""
    if given is None or (given == "" and not pa.types.is_string(kind)):
        return None
    if pa.types.is_timestamp(kind):
        return moment_of(str(given))
    if pa.types.is_date(kind):
        return date.fromisoformat(str(given)[:10])
    if pa.types.is_decimal(kind):
        return Decimal(str(given)).quantize(Decimal(1).scaleb(-kind.scale))
    if pa.types.is_boolean(kind):
        return _truth(given)
    if pa.types.is_integer(kind):
        return int(given)
    if pa.types.is_floating(kind):
        return float(given)
    if isinstance(given, dict):  # a lookup: {"id": …, "name": …}
        return str(given["id"])
    if isinstance(given, list):
        return ";".join(map(str, given))
    return str(given) or None


def _truth(given: Any) -> bool:
    found = {"true": True, "false": False}.get(str(given).lower())
    if found is None:
        raise ValueError("neither true nor false")
    return found


def moment_of(text: str) -> datetime:
    """A moment with its zone: 2026-01-31T09:30:00.000+0000, …Z, …+01:00."""
    found = datetime.fromisoformat(text)
    if found.tzinfo is None:
        raise ValueError("a moment without a zone")
    return found.astimezone(UTC)
