"""A source that asks to be left alone: Airflow frees the slot, and asks again when it may."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import yaml

from fairness_audit.errors import SourceError
from fairness_audit.pipeline import local as local_airflow
from fairness_audit.sources import FrozenSource, RateLimited
from tests import CHECKOUT
from tests.builders.domain import policy_content

DAG_FILE = CHECKOUT / "dags" / "audit_models.py"
REST = timedelta(seconds=4)


class TiredSource:
    """Asks for rest the first time, and is down the second."""

    def __init__(self) -> None:
        self.asked: list[datetime] = []

    @contextmanager
    def frozen(self) -> Iterator[FrozenSource]:
        self.asked.append(datetime.now(UTC))
        if len(self.asked) == 1:
            raise RateLimited("vendor: asks for 4 s of rest", REST.total_seconds())
        raise SourceError("vendor: is down")
        yield


@pytest.fixture
def source(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> TiredSource:
    """The source of the one policy of an installation."""
    (tmp_path / "sql").mkdir()
    policy = tmp_path / "expectations" / "resting" / "policy.yaml"
    policy.parent.mkdir(parents=True)
    policy.write_text(yaml.safe_dump(policy_content(model="resting")))
    monkeypatch.setenv("FAIRNESS_AUDIT_HOME", str(tmp_path))
    tired = TiredSource()
    monkeypatch.setattr("fairness_audit.pipeline.audit.source_of", lambda loaded, settings: tired)
    return tired


@pytest.mark.filterwarnings("ignore")  # Airflow's own, of a whole run
def test_extract_rests_until_the_source_may_be_asked_again(
    source: TiredSource,
    airflow_database: None,
    tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
) -> None:
    from airflow.models.taskinstance import TaskInstance
    from airflow.models.taskreschedule import TaskReschedule
    from airflow.utils.session import create_session
    from sqlalchemy import select

    log = tmp_path / "logs" / "resting.log"
    log.parent.mkdir()
    ended = local_airflow.run("audit_resting", DAG_FILE, {}, log)

    assert not ended.succeeded
    first, second = source.asked
    assert second - first >= REST
    with create_session() as session:
        ((rested, state),) = session.execute(
            select(TaskReschedule, TaskInstance.state)
            .join(TaskInstance, TaskInstance.id == TaskReschedule.ti_id)
            .where(TaskInstance.run_id == ended.run_id, TaskInstance.task_id == "extract")
        )
        until = rested.reschedule_date
    assert state == "failed"
    assert timedelta(0) <= until - first - REST < timedelta(seconds=2)
    assert second >= until
    # What Airflow logs while no task may run names the state of each.
    assert "audit_resting.extract" in caplog.text
    assert "[up_for_reschedule]" in caplog.text
