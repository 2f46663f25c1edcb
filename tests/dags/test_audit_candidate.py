"""The DAG of candidates: no way around publish and gate, and what the webhook starts."""

import importlib.util
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from fastapi import FastAPI

from fairness_audit.pipeline.run import PROMOTIONS
from fairness_audit.web.mlflow_webhook import Registered
from tests import CHECKOUT
from tests.servers.airflow_database import known_dags
from tests.services.web.test_webhook import receiving

DAG_FILE = CHECKOUT / "dags" / "audit_candidate.py"
STEPS = [
    "extract", "assemble", "score", "validate", "measure", "judge", "compare", "publish", "gate",
]  # fmt: skip
DELIVERY = Registered("lead_scoring", "7", "2f1d7a3e-5b0c-4c7a-9a39-0c5a1f7d3b11")


@pytest.fixture
def dag() -> Any:
    from airflow.dag_processing.dagbag import DagBag

    bag = DagBag(DAG_FILE)
    assert bag.import_errors == {}
    assert list(bag.dags) == ["audit_candidate"]
    return bag.dags["audit_candidate"]


def test_every_step_is_behind_the_one_before(dag: Any) -> None:
    assert {task.task_id for task in dag.tasks} == set(STEPS)
    for task_id in STEPS[:-1]:
        behind = {task.task_id for task in dag.get_task(task_id).get_flat_relatives()}
        assert "gate" in behind
    before = dag.get_task("publish").get_flat_relatives(upstream=True)
    assert {task.task_id for task in before} == set(STEPS) - {"publish", "gate"}
    assert dag.get_task("publish").trigger_rule == "all_done"
    assert dag.get_task("gate").trigger_rule == "all_success"
    assert dag.get_task("gate").outlets == [PROMOTIONS]


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("model", None),
        ("model", "../../etc"),
        ("model", "{{ conn.crm.password }}"),
        ("version", None),
        ("version", "1; drop"),
        ("version", "latest"),
        ("version", 1),
        ("promote", "yes"),
    ],
)
def test_a_param_can_say_nothing_but_what_it_is_for(dag: Any, name: str, value: Any) -> None:
    from airflow.sdk.exceptions import ParamValidationError

    with pytest.raises(ParamValidationError):
        dag.params.get_param(name).resolve(value)


def test_what_is_meant_is_taken(dag: Any) -> None:
    assert dag.params.get_param("model").resolve("lead_scoring") == "lead_scoring"
    assert dag.params.get_param("version").resolve("12") == "12"
    assert dag.params.get_param("promote").resolve() is True


def test_the_docs_of_dag_and_tasks_come_from_docstrings(dag: Any) -> None:
    assert "**Run by hand:**" in dag.doc_md
    assert dag.schedule is None
    for task_id in STEPS:
        assert "**If it fails:**" in dag.get_task(task_id).doc_md


# --- the webhook, in Airflow --------------------------------------------------------------------


@pytest.fixture
def plugin() -> Any:
    """The plugin's file, as Airflow executes it."""
    spec = importlib.util.spec_from_file_location(
        "fairness_audit_plugin", CHECKOUT / "plugins" / "fairness_audit_plugin.py"
    )
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def known(dag: Any, airflow_database: None) -> None:
    """The DAG, in Airflow's database, as its scheduler knows it."""

    known_dags(DAG_FILE)


def runs() -> list[tuple[str, dict[str, Any]]]:
    from airflow.models.dagrun import DagRun
    from airflow.utils.session import create_session
    from sqlalchemy import select

    with create_session() as session:
        asked = select(DagRun).where(DagRun.run_id.startswith("webhook__"))
        return [(run.run_id, run.conf) for run in session.scalars(asked)]


@pytest.mark.filterwarnings("ignore")  # Airflow's own
def test_a_delivery_starts_one_run_that_promotes_nothing(
    plugin: Any, known: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FAIRNESS_AUDIT_HOME", str(CHECKOUT))
    run_id = f"webhook__lead_scoring__7__{DELIVERY.delivery}"
    assert plugin.audit_candidate(DELIVERY) == [run_id]
    assert plugin.audit_candidate(DELIVERY) == [run_id]
    conf = {"model": "lead_scoring", "version": "7", "promote": False}
    assert runs() == [(run_id, conf)]
    assert plugin.audit_candidate(Registered("somebody_elses", "7", "d" * 8)) == []


@pytest.fixture
def mounted(plugin: Any) -> Iterator[str]:
    """The plugin's applications, mounted in order as Airflow mounts them."""
    app = FastAPI()
    for each in plugin.FairnessAuditPlugin.fastapi_apps:
        app.mount(each["url_prefix"], each["app"])
    with receiving(app) as address:
        yield address


def test_the_webhook_wants_a_signature_and_no_login(
    mounted: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FAIRNESS_AUDIT_HOME", str(CHECKOUT))
    assert httpx.post(f"{mounted}/fairness/webhooks/mlflow").status_code == 503
    secret = tmp_path / "secret"
    secret.write_text("s" * 40)
    monkeypatch.setenv("FAIRNESS_AUDIT_HOOK_SECRET", str(secret))
    assert httpx.post(f"{mounted}/fairness/webhooks/mlflow").status_code == 401
    assert httpx.get(f"{mounted}/fairness/webhooks/mlflow").status_code == 405
    assert httpx.get(f"{mounted}/fairness/webhooks/docs").status_code == 404
