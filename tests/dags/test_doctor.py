"""`fairness-audit doctor` finds what would stop an audit, and says what to do."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from typer.testing import CliRunner

from fairness_audit.cli.app import app
from fairness_audit.files import write_bytes
from fairness_audit.ledger.keys import create_keys
from fairness_audit.settings import Settings
from tests.builders.gated import Gated
from tests.builders.published import MODEL, a_loaded_policy
from tests.servers.airflow_database import known_dags

Examine = Callable[[], dict[str, list[tuple[str, str]]]]


@pytest.fixture
def examine(gated: Gated, airflow_database: None) -> tuple[Gated, Examine]:
    create_keys(Settings.from_environment())

    def examined() -> dict[str, list[tuple[str, str]]]:
        shown = CliRunner().invoke(app, ["doctor", "--format", "json"])
        found: dict[str, list[tuple[str, str]]] = {}
        for each in json.loads(shown.stdout):
            found.setdefault(each["about"], []).append((each["state"], each["says"]))
        is_bad = any(state == "bad" for about in found.values() for state, _ in about)
        assert shown.exit_code == int(is_bad)
        return found

    return gated, examined


def test_what_is_as_it_must_be_is_said(examine: tuple[Gated, Examine]) -> None:
    found = examine[1]()
    for about in ("packages", "keys", "clock"):
        assert found[about] == [("good", "as it must be")]
    assert found["policies"] == [("good", f"1 can be read: {MODEL}")]
    assert found["registry"][0][0] == "look"  # a file, where nothing can refuse
    assert "can rewrite the ledger" in found["heads"][0][1]


def test_what_is_not_is_named_with_its_cure(examine: tuple[Gated, Examine]) -> None:
    gated, examined = examine
    write_bytes(gated.folder / "expectations" / "broken" / "policy.yaml", b"model: [")
    for key in (gated.folder / "keys" / "trusted").iterdir():
        key.unlink()
    found = examined()
    assert found["policy broken"][0][0] == "bad"
    ((state, says),) = found["keys"]
    assert (state, "holds no key" in says or "trusted" in says) == ("bad", True)
    ((state, says),) = found[f"source of {MODEL}"]
    assert (state, "Airflow has no connection" in says) == ("bad", True)
    assert any((state == "bad" and "does not know" in says) or "knows none" in says
               for state, says in found["airflow"])  # fmt: skip


def test_a_paused_audit_is_told(examine: tuple[Gated, Examine], tmp_path: Path) -> None:
    from airflow.models.dag import DagModel
    from airflow.utils.session import create_session
    from sqlalchemy import update

    gated, examined = examine
    a_loaded_policy(gated.folder)
    file = tmp_path / "dags.py"
    names = [f"audit_{MODEL}", "audit_candidate", "keep_ledger", "review_audit"]
    file.write_text(
        f"from airflow.sdk import DAG\nfor name in {names}:\n    globals()[name] = DAG(name)\n"
    )
    known_dags(file)
    with create_session() as session:
        paused = update(DagModel).where(DagModel.dag_id.in_(names))
        session.execute(paused.values(is_paused=False))
    assert examined()["airflow"] == [("good", "as it must be")]
    with create_session() as session:
        session.execute(paused.where(DagModel.dag_id == "keep_ledger").values(is_paused=True))
    ((state, says),) = examined()["airflow"]
    assert (state, "airflow dags unpause keep_ledger" in says) == ("look", True)
