"""The DAG in which people decide: how it is wired, and what its questions refuse."""

import shutil
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from fairness_audit.pipeline import local as local_airflow
from fairness_audit.pipeline import questions
from fairness_audit.records.finding import Judgement, Verdict
from tests import CHECKOUT
from tests.builders.gated import Gated, before_the_gate
from tests.builders.published import MODEL, WAITS, a_loaded_policy, published
from tests.builders.reviewed import a_policy_of, an_event
from tests.servers.airflow_database import known_dags


@pytest.fixture(scope="module")
def dag(airflow_database: None) -> Any:
    from airflow.dag_processing.dagbag import DagBag

    bag = DagBag(CHECKOUT / "dags" / "review_audit.py")
    assert bag.import_errors == {}
    return bag.dags["review_audit"]


def test_nothing_is_published_or_promoted_before_everybody_answered(dag: Any) -> None:
    assert set(dag.task_ids) == {
        "gather",
        "decide",
        "more_people",
        "confirm",
        "publish_review",
        "show_waivers",
        "gate",
    }
    assert dag.get_task("show_waivers").downstream_task_ids == set()
    assert dag.get_task("gate").upstream_task_ids >= {"publish_review"}
    before = dag.get_task("publish_review").get_flat_relative_ids(upstream=True)
    assert before == {"gather", "decide", "more_people", "confirm"}
    assert dag.get_task("gate").trigger_rule == "all_success"
    # The one that was not asked is no reason to stop; the one that failed is.
    assert dag.get_task("publish_review").trigger_rule == "none_failed"
    assert not dag.is_paused_upon_creation
    assert dag.schedule is None


def test_no_question_has_an_answer_of_its_own(dag: Any) -> None:
    """A default would be taken when time is up, and nobody would have answered."""
    decide = dag.get_task("decide")
    assert decide.defaults is None
    assert dag.get_task("confirm").partial_kwargs.get("defaults") is None
    assert decide.template_fields == ("model", "record")  # texts hold names from the CRM


def test_where_everybody_is_an_administrator_nothing_is_decided(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    from airflow.sdk.exceptions import AirflowFailException

    monkeypatch.setenv("AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_ALL_ADMINS", "True")
    with pytest.raises(AirflowFailException, match="nobody would know who answered"):
        questions.refuse_nameless()
    monkeypatch.setenv("AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_ALL_ADMINS", "False")
    questions.refuse_nameless()


@pytest.mark.parametrize(
    ("event", "kind", "says"),
    [
        ({"error": "…", "error_type": "timeout"}, "timed out", "nobody answered within 7 hours"),
        ({"error": "…", "error_type": "unknown"}, "not counted", "could not be answered"),
        (an_event(by=None), "not counted", "nobody answered"),
    ],
)
def test_what_decides_nothing_fails_the_task_and_is_told(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    event: dict[str, Any],
    kind: str,
    says: str,
) -> None:
    from airflow.sdk.exceptions import AirflowFailException

    from fairness_audit.errors import ReviewError

    (tmp_path / "sql").mkdir()
    a_policy_of(tmp_path, timeout_hours=7)
    monkeypatch.setenv("FAIRNESS_AUDIT_HOME", str(tmp_path))
    question = questions.Decide(task_id="decide", model="lead_scoring", record="0" * 64)
    run = {"ti": SimpleNamespace(dag_id="review_audit", run_id="r", task_id="decide")}

    def read() -> Any:
        raise ReviewError("nobody answered: an answer that no person gave counts as nothing")

    with pytest.raises(AirflowFailException, match=says) as caught:
        question.counted(run, event, read)
    (notice,) = caught.value.notices  # type: ignore[attr-defined]
    assert notice.kind == kind
    assert says in notice.text
    assert "the version stays as it was" in notice.text


GATE = f"""
from airflow.sdk import DAG
from fairness_audit.pipeline.audit import gate

with DAG("waits", params={{"model_version": "3", "as_of": None}}):
    gate("lead_scoring", {before_the_gate("3")})
"""


@pytest.mark.filterwarnings("ignore")  # Airflow's own, of a whole run
def test_an_audit_that_waits_starts_one_review_however_often_it_is_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, dag: Any
) -> None:
    from airflow.models.dagrun import DagRun
    from airflow.utils.session import create_session
    from sqlalchemy import select

    gated = Gated.made(tmp_path / "state")
    for name, value in gated.variables.items():
        monkeypatch.setenv(name, value)
    record = published(
        a_loaded_policy(gated.folder),
        gated.folder,
        version="3",
        artifact_digest=gated.registry.artifact_digest(MODEL, "3"),
        now=datetime.now(UTC),
        judgement=Judgement(verdict=Verdict.INCONCLUSIVE, findings=(WAITS,)),
    )
    dags = tmp_path / "dags"
    dags.mkdir()
    shutil.copy(CHECKOUT / "dags" / "review_audit.py", dags)
    file = dags / "waits.py"
    file.write_text(GATE)
    known_dags(dags)

    for _ in range(2):
        ended = local_airflow.run("waits", file, {}, tmp_path / "waits.log")
        assert (ended.succeeded, ended.failed_step) == (False, "gate")
        assert str(ended.error).startswith("blocked: waits for a review by responsible-ai: ")
    with create_session() as session:
        asked = select(DagRun).where(DagRun.dag_id == "review_audit")
        (run,) = session.scalars(asked)
        assert run.run_id == f"review__{record.record_id}"
        assert run.conf == {"model": MODEL, "record": record.record_id}
    assert gated.registry.alias_target(MODEL, "champion") is None
