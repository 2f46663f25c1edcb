"""The nightly DAG: how Airflow parses it, and whom it tells what it found."""

import json
from pathlib import Path

import pytest

from fairness_audit.files import write_bytes
from fairness_audit.pipeline import local as local_airflow
from tests.builders.gated import Gated
from tests.builders.published import MODEL, a_loaded_policy
from tests.servers.airflow_database import known_dags
from tests.servers.listeners import chat

NIGHT = """
from airflow.sdk import DAG
from fairness_audit.pipeline.nightly import find_late_audits, sweep_production

with DAG("night"):
    sweep_production()
    find_late_audits()
"""


@pytest.mark.filterwarnings("ignore")  # Airflow's own, of a whole run
def test_what_is_found_at_night_is_told_once_and_a_broken_policy_hides_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, airflow_database: None
) -> None:
    gated = Gated.made(tmp_path / "state")
    # Hourly, so that the audits, which are of a day long ago, are late whenever this runs.
    schedule = {"cron": "@hourly", "deadline_hours": 1}
    a_loaded_policy(gated.folder, notify={"webhook": "chat"}, schedule=schedule)
    broken = gated.folder / "expectations" / "broken" / "policy.yaml"
    write_bytes(broken, b"model: broken\nwindow: long\nnotify: {webhook: chat}\n")
    gated.registry.promote(MODEL, "1", "champion")
    for name, value in gated.variables.items():
        monkeypatch.setenv(name, value)
    file = tmp_path / "night.py"
    file.write_text(NIGHT)
    known_dags(file)
    with chat() as heard:
        connection = {"conn_type": "http", "host": f"http://127.0.0.1:{heard.port}/hook"}
        monkeypatch.setenv("AIRFLOW_CONN_CHAT", json.dumps(connection))
        ended = local_airflow.run("night", file, {}, tmp_path / "night.log")
        first = sorted(text for _, text in heard.messages)
        next_night = local_airflow.run("night", file, {}, tmp_path / "next.log")
        everything = sorted(text for _, text in heard.messages)
    assert not ended.succeeded
    assert next_night.succeeded
    assert everything == first
    swept, late, late_broken, in_production = sorted(first, key=lambda text: "broken" in text)
    assert late_broken.startswith(
        "the policy of broken cannot be read, so nobody can tell whether its audit is late: "
    )
    assert "whether what is in production may be there: " in in_production
    assert str(broken) in in_production
    assert late.startswith(f"the audit of {MODEL} that was due on ")
    assert swept.startswith(f"{MODEL} version 1 is in production: ")
