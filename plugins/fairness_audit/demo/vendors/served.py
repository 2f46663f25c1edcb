"""What a vendor's API serves: objects with the vendor's field names, and their rows."""

import threading
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime
from typing import Any

import pyarrow as pa

Record = dict[str, Any]


@dataclass(frozen=True)
class ServedField:
    """A field by its API name and the vendor's type of it."""

    name: str
    kind: str
    is_hidden: bool = False  # from the integration user, by field-level security
    length: int = 255
    precision: int = 18
    scale: int = 2


@dataclass
class ServedObject:
    """An object, its fields, and its rows as records by field name."""

    name: str
    fields: tuple[ServedField, ...]
    records: list[Record] = field(default_factory=list)
    is_for_bulk: bool = True
    is_forbidden: bool = False

    @classmethod
    def of(cls, name: str, fields: Iterable[ServedField], table: pa.Table) -> "ServedObject":
        """An object whose rows are a table with a column per field."""
        return cls(name, tuple(fields), table.to_pylist())

    @property
    def visible(self) -> dict[str, ServedField]:
        """The fields that the integration user may see."""
        return {each.name: each for each in self.fields if not each.is_hidden}

    def hide(self, name: str) -> None:
        """Take a field away from the integration user."""
        self.fields = tuple(
            replace(each, is_hidden=True) if each.name == name else each for each in self.fields
        )


@dataclass
class Company:
    """All objects of one tenant, and a lock around what changes while they are served."""

    objects: dict[str, ServedObject]
    page_rows: int = 2000
    day_limit: int = 100_000
    requests: int = 0
    lock: threading.RLock = field(default_factory=threading.RLock)

    def __iter__(self) -> Iterator[ServedObject]:
        return iter(self.objects.values())


def moment(value: datetime, *, zone: str = "Z", digits: int = 3) -> str:
    """A moment as vendors write it: 2026-01-31T09:30:00.000Z; UTC."""
    whole = value.astimezone(UTC)
    fraction = f".{whole.microsecond // 1000:03}" if digits else ""
    return f"{whole:%Y-%m-%dT%H:%M:%S}{fraction}{zone}"


def as_text(value: Any, *, zone: str = "Z", digits: int = 3) -> str:
    """A value as a cell of CSV; NULL is empty."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, datetime):
        return moment(value, zone=zone, digits=digits)
    if isinstance(value, date):
        return value.isoformat()
    return str(value)


def as_json(value: Any, *, zone: str = "Z", digits: int = 3) -> Any:
    """A value as JSON holds it."""
    if isinstance(value, datetime | date):
        return as_text(value, zone=zone, digits=digits)
    if value is None or isinstance(value, bool | int | float | str):
        return value
    return float(value)


def matching(
    records: Iterable[Record], limits: Mapping[tuple[str, str], datetime]
) -> list[Record]:
    """The records within limits such as ``{("CreatedDate", "<="): moment}``; NULL never is."""
    return [each for each in records if all(_holds(each, *limit) for limit in limits.items())]


def _holds(record: Record, limit: tuple[str, str], bound: datetime) -> bool:
    name, operator = limit
    value = record[name]
    if not isinstance(value, datetime):
        return False
    if operator == ">=":
        return value >= bound
    return value < bound if operator == "<" else value <= bound
