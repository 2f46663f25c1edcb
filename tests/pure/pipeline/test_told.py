"""What was told on one night is not told on the next: only when it changes, or after a week."""

from datetime import date, timedelta
from pathlib import Path

import pytest

from fairness_audit.pipeline.nightly import _Alarm, _of
from fairness_audit.pipeline.notify.told import ToldBefore

MONDAY = date(2026, 6, 22)


def night(file: Path, after: int, **found: str) -> set[str]:
    """What people are told so many days after Monday, if that is found."""
    before = ToldBefore(file, MONDAY + timedelta(days=after))
    news = {about for about, what in found.items() if before.day(about, what) is None}
    before.keep(found)
    return news


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "told" / "production.json"


def test_what_stands_is_told_once_a_week(file: Path) -> None:
    told = [day for day in range(22) if night(file, day, model="fails")]
    assert told == [0, 7, 14, 21]


def test_what_changes_is_told_at_once(file: Path) -> None:
    assert night(file, 0, model="fails", other="late") == {"model", "other"}
    assert night(file, 1, model="expired", other="late") == {"model"}
    assert night(file, 2, model="expired", other="late", third="fails") == {"third"}
    assert night(file, 7, model="expired", other="late", third="fails") == {"other"}


def test_what_was_over_and_comes_back_is_told_again(file: Path) -> None:
    assert night(file, 0, model="fails")
    assert not night(file, 1)
    assert night(file, 2, model="fails")


@pytest.mark.parametrize("content", [b"", b"[]", b'{"model": {"what": "fails"}}'])
def test_where_nobody_knows_what_was_told_it_is_told(file: Path, content: bytes) -> None:
    night(file, 0, model="fails")
    file.write_bytes(content)
    assert night(file, 1, model="fails") == {"model"}


def test_a_log_says_when_people_were_told(file: Path, caplog: pytest.LogCaptureFixture) -> None:
    night(file, 0, model="fails")
    night(file, 3, model="fails")
    alarm = _Alarm("late", "lead_scoring", "model", "fails", "it is late")
    said = ["it is late (told on 2026-06-22)"]
    assert _of([alarm], ToldBefore(file, MONDAY + timedelta(days=4))) == (said, [])
    assert caplog.messages == said
