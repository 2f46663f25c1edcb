"""An allowed promotion is an asset event that releases can wait for; a blocked one is none."""

import re
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from fairness_audit.pipeline import local as local_airflow
from fairness_audit.release import promotion_of
from tests import CHECKOUT
from tests.builders.gated import Gated, before_the_gate
from tests.servers.airflow_database import known_dags

PAGE = (CHECKOUT / "docs" / "gate.md").read_text(encoding="utf-8")
PROMOTIONS = f"""
from airflow.sdk import DAG
from fairness_audit.pipeline.audit import gate
from fairness_audit.release import promotion_of

for version in ("1", "2"):
    with DAG(f"promote_{{version}}", params={{"model_version": version, "as_of": None}}):
        promotes = gate.override(outlets=[promotion_of("lead_scoring")])
        population, record = {before_the_gate("")}
        promotes("lead_scoring", population | {{"model_version": version}}, record)

"""


def the_documented_release() -> str:
    """The DAG that docs/gate.md shows."""
    (program,) = re.findall(r"^```python\n(.+?)^```", PAGE, re.DOTALL | re.MULTILINE)
    return str(program)


@pytest.fixture
def dag_file(gated: Gated, airflow_database: None) -> Path:
    """The DAGs, known to Airflow's database as its scheduler knows them, and no event yet."""
    from airflow.models.asset import AssetEvent
    from airflow.models.dag import DagModel
    from airflow.utils.session import create_session
    from sqlalchemy import delete, update

    file = gated.folder / "releases.py"
    file.write_text(PROMOTIONS + the_documented_release())
    with create_session() as session:
        session.execute(delete(AssetEvent))  # of audits that other tests ran
    dags = known_dags(file)
    with create_session() as session:
        session.execute(update(DagModel).where(DagModel.dag_id.in_(dags)).values(is_paused=False))
    return file


def promoted(dag_file: Path, version: str, log: Path) -> local_airflow.Ended:
    return local_airflow.run(f"promote_{version}", dag_file, {}, log)


def events() -> list[dict[str, Any]]:
    """What every event of the asset says."""
    from airflow.models.asset import AssetEvent, AssetModel
    from airflow.utils.session import create_session
    from sqlalchemy import select

    with create_session() as session:
        asked = (
            select(AssetEvent)
            .join(AssetModel, AssetModel.id == AssetEvent.asset_id)
            .where(AssetModel.uri == "fairness-audit://models/lead_scoring/promoted")
            .order_by(AssetEvent.id)
        )
        return [dict(event.extra) for event in session.scalars(asked)]


def triggered() -> list[list[dict[str, Any]]]:
    """Have the scheduler make the runs that are due for an asset; what each release is told."""
    from airflow.jobs.job import Job
    from airflow.jobs.scheduler_job_runner import SchedulerJobRunner
    from airflow.models.dag import DagModel
    from airflow.models.dagrun import DagRun
    from airflow.utils.session import create_session
    from sqlalchemy import select

    with create_session() as session:
        due, by_asset = DagModel.dags_needing_dagruns(session)
        releases = [model for model in due.all() if model.dag_id in by_asset]
        scheduler = SchedulerJobRunner(Job())
        scheduler._create_dag_runs_asset_triggered(dag_models=releases, session=session)
        session.flush()
        runs = session.scalars(select(DagRun).where(DagRun.dag_id == "release"))
        return [[dict(event.extra) for event in run.consumed_asset_events] for run in runs]


@pytest.mark.filterwarnings("ignore")  # Airflow's own, of a whole run
def test_a_release_waits_for_what_the_gate_allows(
    gated: Gated, dag_file: Path, tmp_path: Path
) -> None:
    blocked = promoted(dag_file, "1", tmp_path / "blocked.log")
    assert (blocked.succeeded, blocked.failed_step) == (False, "gate")
    assert events() == []
    assert triggered() == []
    assert gated.registry.alias_target("lead_scoring", "champion") is None

    allowed = promoted(dag_file, "2", tmp_path / "allowed.log")
    assert allowed.succeeded, allowed.error
    (event,) = events()
    decision = allowed.given["gate"].model_dump(mode="json")
    assert event == {
        "model_version": "2",
        "artifact_digest": gated.registry.artifact_digest("lead_scoring", "2"),
        "record_id": decision["record_id"],
        "expires": decision["expires"],
    }
    assert gated.registry.alias_target("lead_scoring", "champion") == "2"
    assert triggered() == [[event]]
    assert triggered() == [[event]]  # one event makes one run


def test_the_documented_release_reads_what_was_allowed(
    dag_file: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    from airflow.dag_processing.dagbag import DagBag

    deploy = DagBag(dag_file).dags["release"].get_task("deploy")
    event = SimpleNamespace(extra={"model_version": "2", "artifact_digest": "ab"})
    deploy.python_callable({promotion_of("lead_scoring"): [event]})
    assert capsys.readouterr().out.splitlines()[-1] == "2 ab"


def test_the_gate_of_every_audit_tells_of_promotions_and_nothing_else_does(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    from airflow.dag_processing.dagbag import DagBag

    monkeypatch.setenv("FAIRNESS_AUDIT_HOME", str(CHECKOUT))
    dags = DagBag(CHECKOUT / "dags" / "audit_models.py").dags
    told = {
        (dag_id, task.task_id): task.outlets
        for dag_id, dag in dags.items()
        for task in dag.tasks
        if task.outlets
    }
    assert told == {
        (f"audit_{model}", "gate"): [promotion_of(model)]
        for model in ("lead_scoring", "offer_targeting")
    }
