"""What a fresh interpreter has loaded behind an import."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests import CHECKOUT

HEAVY = "pandas numpy pyarrow duckdb great_expectations fairlearn sklearn mlflow scipy sqlalchemy"
"""What a DAG file must not load: it is parsed every few seconds."""


@pytest.mark.parametrize(
    ("loaded", "allowed"),
    [
        ("fairness_audit.policy.load, fairness_audit.policy.schema, fairness_audit.settings", []),
        ("fairness_audit.installation", []),
        ("fairness_audit.steps.judge, fairness_audit.records.finding", ["numpy"]),  # for intervals
    ],
)
def test_what_is_pure_loads_nothing_heavy(loaded: str, allowed: list[str], tmp_path: Path) -> None:
    assert heavy_after(f"import {loaded}", tmp_path) <= set(allowed)


def test_verifying_loads_neither_airflow_nor_a_database(tmp_path: Path) -> None:
    loaded = loaded_after("import fairness_audit.ledger.verify", tmp_path)
    assert not loaded & {"airflow", "sqlalchemy", "pandas", "mlflow", "duckdb"}


def test_parsing_the_dags_loads_nothing_heavy_beyond_airflow(tmp_path: Path) -> None:
    """The libraries of a task are loaded when it runs."""
    airflow = "import airflow.sdk; from airflow.sdk import DAG, Asset, Param, TriggerRule, task"
    dags = [f"runpy.run_path({str(path)!r})" for path in (CHECKOUT / "dags").glob("*.py")]
    parsed = "\n".join([airflow, "import runpy", *dags])
    assert heavy_after(parsed, tmp_path) - heavy_after(airflow, tmp_path) == set()


def heavy_after(statements: str, airflow_home: Path) -> set[str]:
    """The heavy libraries that a fresh interpreter has loaded after these statements."""
    return loaded_after(statements, airflow_home) & set(HEAVY.split())


def loaded_after(statements: str, airflow_home: Path) -> set[str]:
    """What a fresh interpreter has loaded after these statements."""
    asked = "import sys\nprint(*sys.modules)"
    changes = {"PYTHONPATH": str(CHECKOUT / "plugins"), "AIRFLOW_HOME": str(airflow_home)}
    done = subprocess.run(
        [sys.executable, "-c", f"{statements}\n{asked}"],
        capture_output=True,
        text=True,
        check=False,
        env=os.environ | changes | {"FAIRNESS_AUDIT_HOME": str(CHECKOUT)},
    )
    assert done.returncode == 0, done.stderr
    return set(done.stdout.splitlines()[-1].split())
