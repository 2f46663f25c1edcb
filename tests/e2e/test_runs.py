"""Audits as an operator runs them: by the console script, killed, doubled, with things down."""

import json
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from fairness_audit.demo.services import CONNECTION
from fairness_audit.registry.mlflow import MlflowRegistry
from tests.builders.shared_data import CHECKOUT
from tests.e2e.installation import AS_OF, Call, Installation
from tests.servers.console import Console, console
from tests.servers.postgres import fresh_database

pytestmark = pytest.mark.filterwarnings("ignore")  # Airflow's and MLflow's own

LEADS = 60_000
NIGHTS = """
import sys
from fairness_audit.pipeline import local as local_airflow
from fairness_audit.registry.mlflow import MlflowRegistry
from fairness_audit.settings import Settings

settings = Settings.from_environment()
local_airflow.prepare(settings)
from airflow.dag_processing.dagbag import DagBag

dag = DagBag(settings.home / "dags" / "keep_ledger.py").dags["keep_ledger"]
for task in dag.tasks:
    task.retries = 0


def night(number):
    run = dag.test()
    for each in run.get_task_instances():
        print("night", number, each.task_id, each.state)


night(1)
MlflowRegistry(settings.registry_url).promote("lead_scoring", "1", "champion")
next(settings.records.rglob("*.json")).unlink()
night(2)
MlflowRegistry(settings.registry_url).demote("lead_scoring", "1", "champion")
"""
STEPS = ["extract", "assemble", "validate", "measure", "judge", "publish"]


@pytest.fixture(scope="module")
def installation(
    postgres_server: str, airflow_database: None, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Installation]:
    with fresh_database(postgres_server) as uri:
        state = tmp_path_factory.mktemp("installation")
        yield Installation.holding_the_sample(state, uri, LEADS)


@pytest.fixture(scope="module")
def audited(installation: Installation) -> tuple[int, str]:
    """Version 1 of lead scoring, audited once by a process of its own."""
    return installation.call("run", "lead_scoring", "--version", "1", *AS_OF)


@pytest.fixture
def run_here(installation: Installation) -> Iterator[Call]:
    with installation.here() as called:
        yield called


@pytest.fixture(scope="module")
def copies(installation: Installation) -> Iterator[Console]:
    with console(installation.environment) as started:
        yield started


@pytest.fixture
def call(copies: Console) -> Call:
    return copies.call


def test_a_blocked_audit_exits_with_1_and_says_why(audited: tuple[int, str]) -> None:
    code, output = audited
    assert code == 1, output
    lines = [line.split()[:2] for line in output.splitlines()]
    assert [line[0] for line in lines if line and line[0] in [*STEPS, "gate"]][-2:] == [
        "publish",
        "gate",
    ]
    assert ["gate", "blocked"] in lines
    assert "Group F (gender)" in " ".join(output.split())
    assert max(map(len, output.splitlines()[:-3])) <= 80  # the last lines are paths


def test_the_alias_does_not_move_to_a_blocked_version(
    installation: Installation, audited: tuple[int, str]
) -> None:
    registry = MlflowRegistry(installation.settings.registry_url)
    assert registry.alias_target("lead_scoring", "champion") != "1"


def test_the_gate_command_agrees(
    installation: Installation, audited: tuple[int, str], call: Call
) -> None:
    ask = ("gate", "--model", "lead_scoring", "--version")
    code, output = call(*ask, "1", "--format", "json")
    answer = json.loads(output)
    assert (code, answer["decision"], answer["certain"]) == (1, "block", True)
    code, output = call(*ask, "2")
    assert (code, "there is no audit record" in output) == (1, True)
    code, output = call(*ask, "99")
    assert (code, "99" in output) == (1, True)


def test_records_verify_from_their_files(
    installation: Installation, audited: tuple[int, str], call: Call
) -> None:
    code, output = call("verify")
    assert code == 0, output
    (name,) = installation.records()
    (file,) = installation.settings.records.rglob(name)
    assert call("verify", str(file))[0] == 0
    forged = installation.state / "forged.json"
    forged.write_bytes(file.read_bytes().replace(b'"payload": "', b'"payload": "QQ', 1)[:-9])
    code, output = call("verify", str(forged))
    assert (code, str(forged) in output) == (1, True)


def test_killed_between_any_two_steps_a_rerun_gives_the_same_record(
    installation: Installation,
    audited: tuple[int, str],
    call: Call,
    copies: Console,
    run_here: Call,
) -> None:
    before = installation.records()
    assert len(before) == 1
    for step in STEPS:
        installation.audit_killed_after(step, copies, "lead_scoring", "--version", "1", *AS_OF)
    code, output = run_here("run", "lead_scoring", "--version", "1", *AS_OF)
    assert code == 1, output
    assert installation.records() == before
    assert call("verify")[0] == 0


def test_a_version_promoted_past_the_gate_and_a_missing_record_are_found_at_night(
    installation: Installation, audited: tuple[int, str], run_here: Call
) -> None:
    kept = installation.records()
    ended = subprocess.run(
        [sys.executable, "-c", NIGHTS],
        env=installation.environment,
        capture_output=True,
        text=True,
        timeout=120,
        check=True,
    )
    told = [line.split()[1:] for line in ended.stdout.splitlines() if line.startswith("night ")]
    assert sorted(told) == [
        ["1", "delete_old_runs", "success"],
        ["1", "find_late_audits", "failed"],  # the sample's today is long ago
        ["1", "replay_production", "success"],
        ["1", "show_waivers", "success"],
        ["1", "sweep_production", "success"],
        ["1", "verify_ledger", "success"],
        ["2", "delete_old_runs", "success"],
        ["2", "find_late_audits", "success"],  # as was told the night before
        ["2", "replay_production", "success"],
        ["2", "show_waivers", "success"],
        ["2", "sweep_production", "failed"],
        ["2", "verify_ledger", "failed"],
    ]
    said = ended.stdout + ended.stderr
    assert "the audit of lead_scoring that was due on" in said
    assert "lead_scoring version 1 is in production: four_fifths: Group F (gender)" in said
    # The audit, run again, writes the file anew from the ledger.
    assert run_here("run", "lead_scoring", "--version", "1", *AS_OF)[0] == 1
    assert installation.records() == kept


def test_two_runs_at_once_give_one_record(
    installation: Installation, call: Call, copies: Console
) -> None:
    asked = ("run", "offer_targeting", "--version", "1", *AS_OF)
    runs = [copies.start(*asked) for _ in range(2)]
    outputs = [run.communicate() for run in runs]
    assert [run.returncode for run in runs] == [0, 0], "\n".join(outputs)
    mine = [name for name in installation.settings.records.rglob("*.json")
            if "offer_targeting" in name.parts]  # fmt: skip
    assert len(mine) == 1
    assert call("verify")[0] == 0


def test_without_a_version_the_newest_in_the_score_log_is_audited(run_here: Call) -> None:
    code, output = run_here("run", "offer_targeting", *AS_OF)
    assert code == 1, output
    assert "version 2" in output
    assert "Belmar" in output


def test_a_source_that_is_down_ends_the_run_without_a_record(
    installation: Installation, copies: Console, tmp_path: Path
) -> None:
    before = installation.records()
    nobody = {"conn_type": "postgres", "host": str(tmp_path), "login": "x", "password": "s3cr3t"}
    asked = ("run", "lead_scoring", "--version", "2", *AS_OF)
    code, output = copies.call(*asked, **{CONNECTION: json.dumps(nobody)})
    assert code == 2, output
    words = " ".join(output.split())
    assert "extract failed" in words
    assert "no decision" in words
    assert "s3cr3t" not in output
    assert "s3cr3t" not in (installation.state / "logs" / "lead_scoring.log").read_text()
    assert installation.records() == before


def test_a_model_without_policy_is_named(call: Call) -> None:
    code, output = call("run", "shoe_size")
    assert code == 2
    assert "no model 'shoe_size': audited are lead_scoring, offer_targeting" in output


# --- looking back -----------------------------------------------------------------------------


def test_an_audit_made_again_gives_the_same_to_the_byte(
    installation: Installation, audited: tuple[int, str], call: Call
) -> None:
    """After all the runs above: the record, its snapshot and the code still agree."""
    (file,) = (each for each in installation.files().values() if "lead_scoring" in each.parts)
    for name in (str(file), file.stem.rpartition("-")[2]):
        code, output = call("replay", name)
        assert code == 0, output
        same = "the same measurements, findings and report, to the byte"
        assert same in " ".join(output.split())


def test_a_snapshot_that_was_edited_is_not_replayed(
    installation: Installation, audited: tuple[int, str], call: Call
) -> None:
    (file,) = (each for each in installation.files().values() if "lead_scoring" in each.parts)
    snapshots = installation.settings.runs.glob("lead_scoring/*/snapshot/opportunity.parquet")
    stored = sorted(snapshots)
    kept = [each.read_bytes() for each in stored]
    for each in stored:
        each.write_bytes(each.read_bytes() + b"x")
    code, output = call("replay", str(file))
    assert code == 2
    assert "opportunity.parquet: is not what extract wrote" in output
    for each, content in zip(stored, kept, strict=True):
        each.write_bytes(content)
    code, output = call("replay", "no-such-record")
    assert (code, "no audit in the ledger" in output) == (2, True)


CORRECTED = """
    UPDATE ml.score_log AS decision SET selected = FALSE
    FROM crm.contacts AS contact
    JOIN survey.self_identification AS answer
        ON contact.survey_respondent_id = answer.respondent_id
    WHERE decision.subject_id = contact.contact_id
    AND decision.model = 'offer_targeting' AND decision.model_version = '1'
    AND lower(answer.gender) IN ('female', 'f')
"""


def test_a_promotion_is_recalled_when_the_crm_is_corrected(
    installation: Installation, call: Call
) -> None:
    code, output = call("recall", "offer_targeting")
    assert code == 0, output
    assert "offer_targeting version 1, 2026-06-29, in production: still pass" in output

    # It turns out that these were never called: the log is corrected in the CRM.
    connection = json.loads(installation.environment[CONNECTION])
    with psycopg.connect(
        host=connection["host"], user=connection["login"], dbname=connection["schema"]
    ) as crm:
        assert crm.execute(CORRECTED).rowcount > 1000
    code, output = call("recall", "--format", "json")
    assert code == 1, output
    (found,) = json.loads(output)
    assert (found["model"], found["verdict_then"], found["verdict_now"]) == (
        "offer_targeting", "pass", "fail",
    )  # fmt: skip
    assert "F (gender)" in found["deciding"]
    code, output = call("recall", "--from", "snapshot")
    assert code == 0, output
    assert "1 promotions, 0 would be judged otherwise today" in output


# --- a method that changes -----------------------------------------------------------------------

GENDER = "self_identification.gender AS attr_gender"
HASHED = "CASE WHEN hash(decision_id) % 2 = 0 THEN 'F' ELSE 'M' END AS attr_gender"


def test_a_statement_that_changed_is_named_and_its_audits_are_made_again(
    installation: Installation, audited: tuple[int, str], copies: Console, tmp_path: Path
) -> None:
    """By the statements of then in a replay, and by those of now in a recount."""
    for folder in ("expectations", "sql", "dags"):
        shutil.copytree(CHECKOUT / folder, tmp_path / folder)
    statement = tmp_path / "sql" / "population" / "lead_scoring.sql"
    told = statement.read_text(encoding="utf-8")
    assert GENDER in told
    statement.write_text(told.replace(GENDER, HASHED), encoding="utf-8")
    here = {"FAIRNESS_AUDIT_HOME": str(tmp_path)}

    code, output = copies.call("gate", "--model", "lead_scoring", "--version", "1", **here)
    assert code == 1
    assert "sql/population/lead_scoring.sql has changed since the audit" in " ".join(
        output.split()
    )
    (file,) = (each for each in installation.files().values() if "lead_scoring" in each.parts)
    code, output = copies.call("replay", str(file), **here)
    assert code == 0, output

    code, output = copies.call("recount", "lead_scoring", **here)
    assert code == 0, output
    assert "1 of 1 audits were counted again" in output
    assert "0 of 0 audits" in copies.call("recount", "lead_scoring", **here)[1]
    code, output = copies.call("verify")
    assert code == 0, output
    code, output = copies.call("gate", "--model", "lead_scoring", "--version", "1")
    assert "sql/population/lead_scoring.sql has changed since the audit" in " ".join(
        output.split()
    )
    assert code == 1
