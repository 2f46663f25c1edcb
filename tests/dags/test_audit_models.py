"""The DAG file: one DAG per policy, cheap to parse, and no way around publish and gate."""

import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests import CHECKOUT
from tests.builders.domain import policy_content

DAG_FILE = CHECKOUT / "dags" / "audit_models.py"
STEPS = ["extract", "assemble", "validate", "measure", "judge", "publish", "gate"]


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An installation with five valid policies."""
    (tmp_path / "sql").mkdir()
    monkeypatch.setenv("FAIRNESS_AUDIT_HOME", str(tmp_path))
    for number in range(5):
        write_policy(tmp_path, f"model_{number}")
    return tmp_path


def write_policy(home: Path, model: str, **changes: Any) -> Path:
    file = home / "expectations" / model / "policy.yaml"
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(yaml.safe_dump(policy_content(model=model, **changes)))
    return file


def dags() -> dict[str, Any]:
    from airflow.dag_processing.dagbag import DagBag

    bag = DagBag(DAG_FILE)
    assert bag.import_errors == {}
    return bag.dags


def upstream_of(dag: Any, task_id: str) -> set[str]:
    return {task.task_id for task in dag.get_task(task_id).get_flat_relatives(upstream=True)}


def test_one_dag_per_policy(home: Path) -> None:
    assert sorted(dags()) == [f"audit_model_{number}" for number in range(5)]


def test_the_shipped_policies_are_audited(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FAIRNESS_AUDIT_HOME", str(CHECKOUT))
    assert sorted(dags()) == ["audit_lead_scoring", "audit_offer_targeting"]


def test_the_gate_is_behind_every_step(home: Path) -> None:
    dag = dags()["audit_model_0"]
    assert [task.task_id for task in dag.topological_sort()] == STEPS
    assert upstream_of(dag, "gate") == set(STEPS) - {"gate"}
    assert upstream_of(dag, "judge") == {"extract", "assemble", "validate", "measure"}


def test_publish_runs_whatever_happened_and_gate_only_after_a_record(home: Path) -> None:
    dag = dags()["audit_model_0"]
    assert dag.get_task("publish").trigger_rule == "all_done"
    assert dag.get_task("gate").trigger_rule == "all_success"


def test_what_the_policy_says_is_what_airflow_is_told(home: Path) -> None:
    write_policy(home, "model_0", schedule={"cron": "15 3 * * 2"}, description="Who is called.")
    dag = dags()["audit_model_0"]
    assert dag.timetable.expression == "15 3 * * 2"
    assert (dag.description, dag.catchup, dag.max_active_runs) == ("Who is called.", False, 1)
    assert set(dag.params) == {"model_version", "as_of", "rollback"}


def test_an_asset_can_schedule_an_audit(home: Path) -> None:
    write_policy(home, "model_0", schedule={"asset": "crm_loaded"})
    dag = dags()["audit_model_0"]
    assert [asset.name for asset, in_use in [(dag.timetable.asset_condition, True)]] == [
        "crm_loaded"
    ]


def test_the_docs_of_dag_and_tasks_come_from_docstrings(home: Path) -> None:
    dag = dags()["audit_model_0"]
    assert "**Run by hand:**" in dag.doc_md
    for task in dag.tasks:
        assert "**If it fails:**" in (task.doc_md or "") or task.task_id == "judge"


def test_a_broken_policy_is_one_failing_dag_and_hides_no_other(home: Path) -> None:
    broken = home / "expectations" / "model_3" / "policy.yaml"
    broken.write_text("model: [")
    found = dags()
    assert sorted(found) == [f"audit_model_{number}" for number in range(5)]
    dag = found["audit_model_3"]
    assert [task.task_id for task in dag.tasks] == ["refuse"]
    assert f"{broken}:1" in dag.doc_md
    assert "invalid-policy" in dag.tags


def test_a_broken_policy_ends_failed_with_its_faults(home: Path, airflow_database: None) -> None:
    from airflow.sdk.exceptions import AirflowFailException

    write_policy(home, "model_3", favourable="perhaps")
    refuse = dags()["audit_model_3"].get_task("refuse")
    with pytest.raises(AirflowFailException, match="favourable: Input should be 'selected'"):
        refuse.python_callable(*refuse.op_args)


@pytest.fixture
def parse_report(home: Path) -> dict[str, float]:
    """Seconds to execute the DAG file, and which heavy libraries that loaded."""
    program = (
        "import time, sys, runpy\n"
        "import airflow.sdk, pydantic, yaml\n"
        "heavy = {'pandas', 'duckdb', 'pyarrow', 'great_expectations', 'fairlearn', 'mlflow',"
        " 'sqlalchemy', 'scipy'} - set(sys.modules)\n"
        "since = time.process_time()\n"
        f"runpy.run_path({str(DAG_FILE)!r})\n"
        "print('seconds', time.process_time() - since)\n"
        "for name in sorted(heavy & set(sys.modules)): print(name, 1)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program],
        env=os.environ | {"PYTHONPATH": str(CHECKOUT / "plugins")},
        capture_output=True,
        text=True,
        check=True,
    )
    lines = [line.split() for line in done.stdout.splitlines()]
    return {parts[0]: float(parts[1]) for parts in lines if len(parts) == 2}


def test_parsing_five_policies_is_cheap_and_loads_nothing_heavy(
    parse_report: dict[str, float],
) -> None:
    # Processor seconds, not wall time; measured about 0.25.
    assert parse_report.pop("seconds") < 1
    assert parse_report == {}


def test_airflow_does_not_run_the_package_as_plugins() -> None:
    ignored = (CHECKOUT / "plugins" / ".airflowignore").read_text().split()
    assert "fairness_audit" in " ".join(ignored)


def test_the_dag_file_is_found_from_a_copy_of_the_dags_folder(home: Path, tmp_path: Path) -> None:
    copied = shutil.copytree(CHECKOUT / "dags", tmp_path / "elsewhere")
    from airflow.dag_processing.dagbag import DagBag

    assert len(DagBag(copied / "audit_models.py").dags) == 5
