"""How far a long reading has come: a line in the log now and then."""

import logging
import time

log = logging.getLogger(__name__)

_SECONDS = 5.0


class Progress:
    """Rows and pages of one object, with the rate and the time that is left."""

    def __init__(self, label: str, total: int, done: int = 0) -> None:
        self._label, self._total, self._rows, self._pages = label, total, done, 0
        self._first = done
        self._began = self._told = time.monotonic()

    def add(self, rows: int) -> None:
        """A page was read."""
        self._rows += rows
        self._pages += 1
        now = time.monotonic()
        if now - self._told < _SECONDS:
            return
        self._told = now
        rate = (self._rows - self._first) / (now - self._began)
        left = f", about {max(self._total - self._rows, 0) / rate:.0f} s left" if rate else ""
        log.info(
            "%s: %s of %s rows in %s pages, %s rows/s%s",
            self._label,
            f"{self._rows:,}",
            f"{self._total:,}",
            f"{self._pages:,}",
            f"{rate:,.0f}",
            left,
        )
