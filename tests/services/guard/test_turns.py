"""Whoever publishes waits for a promotion that is being decided, whatever the database."""

import threading
from datetime import timedelta
from pathlib import Path

import pytest

from fairness_audit.guard.guard import Promotion, Refused, promoting
from tests.builders.guarded_place import FILES, Place, promote
from tests.builders.published import FAILED, LOGICAL_DATE, MODEL


@pytest.mark.parametrize("address", ["sqlite", "postgresql"])
def test_nobody_publishes_between_the_decision_and_the_promotion(
    address: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest
) -> None:
    place = Place(tmp_path, monkeypatch)
    if address == "postgresql":
        place.kept_at(request.getfixturevalue("postgres_uri"))
    place.publish()
    later = {"logical_date": LOGICAL_DATE + timedelta(days=1)}
    failure = {"verdict": "fail", "findings": [FAILED]} | later
    waits = threading.Thread(target=place.publish, kwargs=failure)
    with promoting(Promotion(MODEL, "1", lambda: FILES, "champion")):
        waits.start()
        waits.join(timeout=0.5)
        assert waits.is_alive(), "a failure came in between"
    waits.join()
    with pytest.raises(Refused, match=FAILED.sentence):
        promote()
