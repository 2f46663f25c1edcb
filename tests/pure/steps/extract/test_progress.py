"""A long reading says how far it has come, now and then."""

import logging

import pytest

from fairness_audit.steps.extract import progress
from fairness_audit.steps.extract.progress import Progress


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """A clock that stands still until it is moved."""
    now = [100.0]
    monkeypatch.setattr(progress.time, "monotonic", lambda: now[0])
    return now


def test_rows_pages_rate_and_the_time_left(
    clock: list[float], caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    told = Progress("object lead (Lead)", 10_000)
    for second in range(1, 13):
        clock[0] = 100.0 + second
        told.add(500)
    assert caplog.messages == [
        "object lead (Lead): 2,500 of 10,000 rows in 5 pages, 500 rows/s, about 15 s left",
        "object lead (Lead): 5,000 of 10,000 rows in 10 pages, 500 rows/s, about 10 s left",
    ]


def test_rows_of_an_earlier_attempt_are_counted_but_not_timed(
    clock: list[float], caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    told = Progress("object lead (Lead)", 10_000, done=8_000)
    clock[0] = 110.0
    told.add(1_000)
    assert caplog.messages == [
        "object lead (Lead): 9,000 of 10,000 rows in 1 pages, 100 rows/s, about 10 s left"
    ]


def test_a_short_reading_says_nothing(
    clock: list[float], caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    told = Progress("object lead (Lead)", 100)
    clock[0] = 101.0
    told.add(100)
    assert caplog.messages == []
