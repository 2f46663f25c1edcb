"""What an operator does every day, in a whole Airflow on PostgreSQL: clear, back-fill, go back."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote, urlsplit

import psycopg
import pytest

from fairness_audit.demo.timeline import TODAY
from fairness_audit.files import write_bytes
from fairness_audit.registry.mlflow import MlflowRegistry
from tests import CHECKOUT
from tests.e2e.installation import Installation
from tests.servers.airflow_site import AirflowSite, airflow_site
from tests.servers.postgres import fresh_database

MODEL = "lead_scoring"
DAG = f"audit_{MODEL}"
LEADS = 60_000


@dataclass(frozen=True)
class Operated:
    """An installation whose audits a scheduler runs."""

    site: AirflowSite
    installation: Installation
    crm: str

    @property
    def champion(self) -> str | None:
        registry = MlflowRegistry(self.installation.settings.registry_url)
        return registry.alias_target(MODEL, "champion")

    def audit(self, version: str, **conf: Any) -> str:
        """Start an audit; the id of its run."""
        given = {"model_version": version, "as_of": TODAY.isoformat()} | conf
        return self.site.trigger(DAG, given)

    def clear(self, run: str, *tasks: str) -> None:
        """Clear tasks of a run, and what follows from them, as the page does."""
        body = {
            "dry_run": False,
            "dag_run_id": run,
            "task_ids": list(tasks),
            "include_downstream": True,
            "only_failed": False,
            "reset_dag_runs": True,
        }
        reply = self.site.ask("root", "POST", f"/api/v2/dags/{DAG}/clearTaskInstances", body)
        assert reply.status == 200, reply.text


@pytest.fixture(scope="module")
def operated(
    postgres_server: str, airflow_database: None, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Operated]:
    folder = tmp_path_factory.mktemp("operated")
    with fresh_database(postgres_server) as crm, fresh_database(postgres_server) as metadata:
        installation = Installation.holding_the_sample(folder / "state", crm, LEADS)
        address = urlsplit(metadata)._replace(scheme="postgresql+psycopg").geturl()
        environment = {
            name: value
            for name, value in installation.environment.items()
            if not name.startswith("AIRFLOW_HOME")
        } | {
            "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN": address,
            "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN_ASYNC": address,
            "AIRFLOW__CORE__EXECUTOR": "LocalExecutor",
            "AIRFLOW__CORE__DAGS_ARE_PAUSED_AT_CREATION": "False",
            # No audit but those that are started here; one of today would overtake them.
            "AIRFLOW__SCHEDULER__USE_JOB_SCHEDULE": "False",
        }
        with airflow_site(
            folder / "airflow", CHECKOUT / "dags", {"root": "admin"}, environment
        ) as site:
            yield Operated(site, installation, crm)


def renamed(crm: str, table: str, old: str, new: str) -> None:
    with psycopg.connect(crm) as connection:
        connection.execute(f"ALTER TABLE {table} RENAME COLUMN {old} TO {new}")


def test_a_failed_audit_is_cleared_and_ends(operated: Operated) -> None:
    renamed(operated.crm, "ml.score_log", "selected", "chosen")
    run = operated.audit("2")
    ended = operated.site.ended(DAG, run)
    assert (ended["run"], ended["extract"]) == ("failed", "failed"), ended
    assert "selected" in operated.site.log_of(run, "extract")

    renamed(operated.crm, "ml.score_log", "chosen", "selected")
    operated.clear(run, "extract")
    assert set(operated.site.ended(DAG, run).values()) == {"success"}
    assert operated.champion == "2"
    # One line says what a step gave; the judgement is not printed whole.
    log = operated.site.log_of(run, "judge")
    assert "findings, verdict pass" in log
    assert "Returned value was" not in log


def test_a_blocked_audit_is_cleared_and_ends_blocked_again(operated: Operated) -> None:
    run = operated.audit("1")
    for task in ("gate", "publish", "judge", "measure"):
        ended = operated.site.ended(DAG, run)
        assert (ended["run"], ended["publish"], ended["gate"]) == ("failed", "success", "failed")
        operated.clear(run, task)
    assert operated.site.ended(DAG, run)["gate"] == "failed"
    assert len(operated.installation.records()) == 2
    assert operated.champion == "2"


def test_a_backfill_moves_nothing(operated: Operated) -> None:
    before = operated.champion
    body = {
        "dag_id": DAG,
        "from_date": "2026-06-15T00:00:00Z",
        "to_date": "2026-06-23T00:00:00Z",
        "max_active_runs": 1,
    }
    reply = operated.site.ask("root", "POST", "/api/v2/backfills", body)
    assert reply.status == 200, reply.text
    runs = operated.site.ask("root", "GET", f"/api/v2/dags/{DAG}/dagRuns?run_type=backfill").json
    found = [each["dag_run_id"] for each in runs["dag_runs"] if each["run_type"] == "backfill"]
    assert found
    for run in found:
        ended = operated.site.ended(DAG, run)
        assert ended["publish"] == "success", ended
        assert ended["gate"] in ("skipped", "failed")
        assert (ended["run"] == "failed") is (ended["gate"] == "failed")
    assert operated.champion == before


def test_production_goes_back_where_a_person_says_why(operated: Operated) -> None:
    registry = MlflowRegistry(operated.installation.settings.registry_url)
    newer = operated.installation.state / "newer"
    write_bytes(newer / "MLmodel", b"version 3\n")
    newest = str(registry._client.create_model_version(MODEL, newer.as_uri()).version)
    registry.promote(MODEL, newest, "champion")
    run = operated.audit("2")
    assert operated.site.ended(DAG, run)["gate"] == "skipped"
    assert operated.champion == newest

    later = TODAY.replace(hour=23).isoformat()
    run = operated.audit("2", as_of=later, rollback="Version 3 answers too slowly.")
    assert operated.site.ended(DAG, run)["gate"] == "success"
    assert operated.champion == "2"
    with operated.installation.here() as call:
        code, output = call("verify")
    assert code == 0, output
    path = f"/api/v2/dags/{DAG}/dagRuns/{quote(run, safe='')}"
    assert operated.site.ask("root", "GET", path).json["triggering_user_name"] == "root"
