"""Records of a JSON answer as a batch of exactly the types that were asked for."""

import math
import re
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, date, datetime, time
from decimal import Context, Decimal
from typing import Any

import pyarrow as pa

from fairness_audit.sources.web.answers import Transient

Get = Callable[[Mapping[str, Any], str], Any]

_DAY = len("2026-01-31")
_LARGEST = 2**63
_NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d{1,3})?", re.ASCII)
_EXACT = Context(prec=400)


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
        return moment_of(given)
    if pa.types.is_date(kind):
        return _day(given)
    if pa.types.is_boolean(kind):
        return _truth(given)
    if pa.types.is_string(kind):
        return _text(given) or None
    number = _number(given)
    if pa.types.is_decimal(kind):
        return _rescaled(number, kind.scale)
    if pa.types.is_integer(kind):
        return _whole(number)
    return _double(number)


def _text(given: Any) -> str:
    """A text, or what JSON has in its place: a lookup by its id, choices side by side."""
    if isinstance(given, str):
        return given
    if isinstance(given, bool):
        return "true" if given else "false"
    if isinstance(given, int | Decimal):
        return str(given)
    if isinstance(given, dict):  # {"id": …, "name": …}
        return _text(given["id"])
    if isinstance(given, list):
        return ";".join(map(_text, given))
    raise TypeError("no text")


def _number(given: Any) -> Decimal:
    if isinstance(given, bool) or not isinstance(given, str | int | Decimal):
        raise TypeError("no number")
    if isinstance(given, str) and not _NUMBER.fullmatch(given):
        raise ValueError("no number")
    return Decimal(given)


def _rescaled(number: Decimal, scale: int) -> Decimal:
    """The number with so many digits behind the point: those it has, and no others."""
    rescaled = number.quantize(Decimal(1).scaleb(-scale), context=_EXACT)
    if rescaled != number:
        raise ValueError("more digits than the field declares")
    return rescaled


def _whole(number: Decimal) -> int:
    if abs(number) > _LARGEST or number != number.to_integral_value():
        raise ValueError("no whole number of 64 bits")
    return int(number)


def _double(number: Decimal) -> float:
    double = float(number)
    if math.isinf(double):
        raise ValueError("a number larger than any double")
    return double


def _truth(given: Any) -> bool:
    if isinstance(given, bool):
        return given
    found = {"true": True, "false": False}.get(_text(given).lower())
    if found is None:
        raise ValueError("neither true nor false")
    return found


def _day(given: Any) -> date:
    """A day, or the midnight that it begins with."""
    if len(_text(given)) == _DAY:
        return date.fromisoformat(given)
    moment = datetime.fromisoformat(given)
    if moment.time() != time.min:
        raise ValueError("a moment within a day")
    return moment.date()


def moment_of(text: Any) -> datetime:
    """A moment with its zone: 2026-01-31T09:30:00.000+0000, …Z, …+01:00."""
    found = datetime.fromisoformat(text)
    if found.tzinfo is None:
        raise ValueError("a moment without a zone")
    return found.astimezone(UTC)
