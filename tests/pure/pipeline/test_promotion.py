"""The gate in a task: decided and done while nobody publishes, with the files read before."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from airflow.sdk.exceptions import AirflowFailException

from fairness_audit.ledger.ledger import Ledger
from fairness_audit.pipeline import promotion
from fairness_audit.pipeline.promotion import _decided
from fairness_audit.policy.load import load_policy
from fairness_audit.records.signed.audit import GateDecision
from tests.builders.fakes import FakeRegistry
from tests.builders.installed import Installed
from tests.builders.published import (
    BASIS,
    FAILED,
    LOGICAL_DATE,
    MODEL,
    STANDS,
    WAITS,
    a_finding,
    a_ledger,
    appended,
    digest,
)


class Meanwhile(FakeRegistry):
    """A registry in which reading a version takes so long that somebody publishes meanwhile."""

    def __init__(self, ledger: Ledger, **published: Any) -> None:
        super().__init__({(MODEL, "1"): digest("artifact 1")})
        self._ledger, self._published = ledger, published

    def artifact_digest(self, model: str, version: str) -> str:
        if not self.read:
            appended(self._ledger, **self._published)
        return super().artifact_digest(model, version)


@pytest.fixture
def installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Installed:
    """Version 1 passed again, just now."""
    made, now = Installed(tmp_path, monkeypatch), datetime.now(UTC)
    valid = {"issued": now, "expires": now + timedelta(days=35)}
    policy = {"policy_digest": load_policy(made.policy).digest}
    appended(a_ledger(tmp_path), **policy, **valid, **day(1))
    return made


def day(number: int) -> dict[str, Any]:
    return {"logical_date": LOGICAL_DATE + timedelta(days=number)}


def decided(installed: Installed, *, promotes: bool = True) -> GateDecision:
    run: Any = SimpleNamespace(
        settings=installed.settings,
        installation=installed.opened,
        loaded=load_policy(installed.policy),
        promotes=promotes,
    )
    return _decided(run, "1")


def test_others_publish_while_the_files_are_read(installed: Installed, tmp_path: Path) -> None:
    installed.registry = Meanwhile(a_ledger(tmp_path), model="offer_targeting")
    assert decided(installed).decision == "allow"
    assert installed.registry.promotions == [(MODEL, "1", "champion")]
    assert installed.registry.read[0] == "1"


def test_a_failure_that_is_published_while_the_files_are_read_counts(
    installed: Installed, tmp_path: Path
) -> None:
    failure = {"verdict": "fail", "findings": [FAILED]} | day(2)
    installed.registry = Meanwhile(a_ledger(tmp_path), **failure)
    assert any(FAILED.sentence in reason for reason in decided(installed).reasons)
    assert installed.registry.promotions == []


def test_the_same_failure_is_told_once_however_often_it_is_audited(
    installed: Installed, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(promotion, "get_current_context", lambda: {"ti": TASK})
    policy = {"policy_digest": load_policy(installed.policy).digest, "basis": BASIS}
    failure = {"verdict": "fail", "findings": [STANDS]} | policy
    assert told(installed) == ()  # it passes
    fail(tmp_path, 2, **failure)
    (first,) = told(installed)
    assert first.kind == "blocked"
    assert STANDS.sentence.removesuffix(".") in first.text
    fail(tmp_path, 3, **failure)
    assert told(installed) == ()
    (after_a_review,) = told(installed, reviewed=True)
    assert after_a_review.kind == "blocked"
    fail(tmp_path, 4, **failure | {"findings": [STANDS, a_finding("fail", "block", group="X")]})
    assert [each.kind for each in told(installed)] == ["blocked"]


def test_no_review_is_started_that_leaves_a_failure_in_the_way(
    installed: Installed, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(promotion, "get_current_context", lambda: {"ti": TASK})
    monkeypatch.setattr(promotion, "_review_of", lambda decision: "https://airflow.example")
    policy = {"policy_digest": load_policy(installed.policy).digest, "basis": BASIS}
    fail(tmp_path, 2, verdict="inconclusive", findings=[WAITS], **policy)
    assert [each.kind for each in told(installed)] == ["waits"]
    fail(tmp_path, 1, verdict="fail", findings=[STANDS], audited="candidate", **policy)
    assert [each.kind for each in told(installed)] == ["blocked"]


TASK = SimpleNamespace(dag_id="audit_lead_scoring", run_id="r", task_id="gate")


def fail(folder: Path, number: int, **published: Any) -> None:
    now = datetime.now(UTC)
    valid = {"issued": now, "expires": now + timedelta(days=35)}
    appended(a_ledger(folder), **published | valid | day(number))


def told(installed: Installed, *, reviewed: bool = False) -> tuple[Any, ...]:
    """What people are told when the gate is asked in a task."""
    run: Any = SimpleNamespace(
        settings=installed.settings,
        installation=installed.opened,
        loaded=load_policy(installed.policy),
        promotes=True,
    )
    try:
        promotion.promote(run, "1", reviewed=reviewed)
    except AirflowFailException as error:
        return getattr(error, "notices", ())
    return ()


def test_what_must_not_be_promoted_is_only_answered(installed: Installed) -> None:
    assert decided(installed, promotes=False).decision == "allow"
    assert installed.registry.promotions == []
