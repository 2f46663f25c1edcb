"""Closed calendar units: the portions in which evidence is counted.

A unit is a day or a week of the calendar, in UTC, that lies wholly inside the window of an audit.
Where units begin is nobody's choice, so that whoever asks cannot choose the portions.
"""

from datetime import UTC, date, datetime, time, timedelta
from typing import Literal

Unit = Literal["day", "week"]
"""A day from midnight, or a week from Monday 00:00 (ISO 8601)."""

Day = date
"""A day of the calendar, in UTC."""

_LENGTH: dict[Unit, timedelta] = {"day": timedelta(days=1), "week": timedelta(days=7)}


def length(unit: Unit) -> timedelta:
    """How long a unit is."""
    return _LENGTH[unit]


def opening(start: date) -> datetime:
    """The first moment of the unit that starts on a day."""
    return datetime.combine(start, time(), UTC)


def last_day(unit: Unit, start: Day) -> Day:
    """The last day of the unit that starts on a day."""
    return later(start + length(unit), days=-1)


def later(day: Day, *, days: int) -> Day:
    """The day so many days on."""
    return day + timedelta(days=days)


def next_quarter(day: Day) -> Day:
    """The first day of a quarter of a year that is that day or later."""
    if day.day == 1 and day.month % 3 == 1:
        return day
    years, month = divmod(day.month - (day.month - 1) % 3 + 2, 12)
    return date(day.year + years, month + 1, 1)


def first_day(unit: Unit, moment: datetime) -> date:
    """The first day of the unit that a moment lies in."""
    day = moment.astimezone(UTC).date()
    return day if unit == "day" else day - timedelta(days=day.weekday())


def closed_units(unit: Unit, start: datetime, end: datetime) -> tuple[date, ...]:
    """The first days of all units inside the half-open window from ``start`` to ``end``."""
    first, step = first_day(unit, start), length(unit)
    if opening(first) < start:
        first += step
    return units_between(unit, first, first_day(unit, end))


def units_between(unit: Unit, first: date, end: date) -> tuple[date, ...]:
    """The first days of the units from the one that starts on ``first`` to before ``end``."""
    step = length(unit)
    return tuple(first + i * step for i in range(max(0, (end - first) // step)))
