"""When things happen in the sample. Nothing here reads a clock: every run sees the same days."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import numpy as np

TODAY = datetime(2026, 6, 29, tzinfo=UTC)
"""A Monday; nothing in the sample is later. The logical date of the demo's audits."""


@dataclass(frozen=True)
class Timeline:
    """The days of one audited model, as its policy states them."""

    window_days: int
    maturity_days: int
    history_days: int

    @property
    def window_end(self) -> datetime:
        """End of the audited decisions: later ones have no mature outcome yet."""
        return TODAY - timedelta(days=self.maturity_days)

    @property
    def window_start(self) -> datetime:
        """Start of the audited decisions, when both versions began to score."""
        return self.window_end - timedelta(days=self.window_days)

    @property
    def training_end(self) -> datetime:
        """What was decided before this had a mature outcome when the window started."""
        return self.window_start - timedelta(days=self.maturity_days)

    @property
    def history_start(self) -> datetime:
        """The first day of the sample."""
        return self.window_start - timedelta(days=self.history_days)


LEAD_TIMELINE = Timeline(window_days=182, maturity_days=56, history_days=364)
OFFER_TIMELINE = Timeline(window_days=182, maturity_days=28, history_days=210)


def moment(when: datetime) -> np.datetime64:
    """A point in time as numpy holds it: microseconds in UTC, without a zone."""
    return np.datetime64(when.astimezone(UTC).replace(tzinfo=None), "us")
