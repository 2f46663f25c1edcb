"""What people were told at night, so that they are not told every night what they know.

Who hears the same alarm every night stops listening. What stands is told once, again after a week,
and at once when it is something else. Where nobody knows what was told, it is told.
"""

from collections.abc import Mapping
from datetime import date, timedelta
from pathlib import Path

from pydantic import TypeAdapter

from fairness_audit.files import write_bytes
from fairness_audit.records.door import Door

AGAIN = timedelta(days=7)
"""After so long people are reminded of what still stands."""


class Told(Door):
    """What was told of one thing, in whatever words, and on which day."""

    what: str
    on: date


_CONTENT = TypeAdapter(dict[str, Told])


class ToldBefore:
    """What was told on earlier nights, by what it was about."""

    def __init__(self, file: Path, today: date) -> None:
        self._file, self._today = file, today
        try:
            self._told = _CONTENT.validate_json(file.read_bytes())
        except (OSError, ValueError):
            self._told = {}

    def day(self, about: str, what: str) -> date | None:
        """When people were told of this and need not be again; None where they are to be."""
        told = self._told.get(about)
        if told is None or told.what != what or told.on + AGAIN <= self._today:
            return None
        return told.on

    def keep(self, found: Mapping[str, str]) -> None:
        """Keep what tonight's people know; whatever was not found again is forgotten."""
        told = {
            about: Told(what=what, on=self.day(about, what) or self._today)
            for about, what in found.items()
        }
        write_bytes(self._file, _CONTENT.dump_json(told))
