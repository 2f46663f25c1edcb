"""Candidates as an operator audits them: real models, a real CRM, the console script.

The first audit runs the script as a process of its own. What follows calls it in this process,
which has loaded Airflow then; all of it is over one installation.
"""

import json
import shutil
from collections.abc import Iterator

import pytest

from fairness_audit.installation import Installation as Opened
from fairness_audit.records.comparison import Comparison
from fairness_audit.records.signed.audit import AuditRecord
from fairness_audit.records.signed.dsse import unverified_record
from fairness_audit.registry.artifact import folder_digest
from fairness_audit.registry.mlflow import MlflowRegistry
from fairness_audit.steps.score import landlock
from tests.e2e.installation import AS_OF, Call, Installation
from tests.servers.postgres import fresh_database

pytestmark = [
    pytest.mark.filterwarnings("ignore"),  # Airflow's and MLflow's own
    pytest.mark.skipif(landlock.version() < 1, reason="this kernel cannot confine a process"),
]

LEADS = 36_000
STEPS = ["extract", "assemble", "score", "validate", "measure", "judge", "compare", "publish"]


@pytest.fixture(scope="module")
def installation(
    postgres_server: str, airflow_database: None, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Installation]:
    with fresh_database(postgres_server) as uri:
        state = tmp_path_factory.mktemp("installation")
        yield Installation.holding_the_sample(state, uri, LEADS)


@pytest.fixture(scope="module")
def blocked(installation: Installation) -> tuple[int, str]:
    """Version 1 of lead scoring, which learnt whom salespeople rated hot."""
    return installation.call("candidate", "lead_scoring", "1", *AS_OF)


@pytest.fixture(scope="module")
def call(installation: Installation) -> Iterator[Call]:
    with installation.here() as called:
        yield called


@pytest.fixture(scope="module")
def allowed(installation: Installation, blocked: tuple[int, str], call: Call) -> tuple[int, str]:
    """Version 2, put in the place of version 1, which is in production."""
    registry = MlflowRegistry(installation.settings.registry_url)
    registry.promote("lead_scoring", "1", "champion")
    return call("candidate", "lead_scoring", "2", "--no-promote", *AS_OF)


def record_of(installation: Installation, version: str) -> AuditRecord:
    (record,) = (
        record
        for entry in Opened(installation.settings).ledger.all()
        if (record := unverified_record(entry.envelope)).model_version == version
    )
    assert isinstance(record, AuditRecord)
    return record


def comparison_of(installation: Installation, version: str) -> Comparison:
    found = installation.state.glob("runs/lead_scoring/*/comparison.json")
    said = [Comparison.model_validate_json(path.read_bytes()) for path in found]
    (of_version,) = (each for each in said if each.model_version == version)
    return of_version


def test_a_candidate_that_treats_women_worse_is_blocked(
    installation: Installation, blocked: tuple[int, str]
) -> None:
    code, output = blocked
    assert code == 1, output
    assert "Group F (gender)" in " ".join(output.split())
    seen = [line.split()[0] for line in output.splitlines() if line.startswith("  ")]
    assert sorted(step for step in seen if step in STEPS) == sorted(STEPS)
    registry = MlflowRegistry(installation.settings.registry_url)
    assert registry.alias_target("lead_scoring", "champion") != "1"


def test_a_fair_candidate_is_allowed_and_left_where_it_is_if_so_asked(
    installation: Installation, allowed: tuple[int, str]
) -> None:
    code, output = allowed
    assert code == 0, output
    registry = MlflowRegistry(installation.settings.registry_url)
    assert registry.alias_target("lead_scoring", "champion") == "1"


def test_the_table_says_who_wins_and_who_loses(
    installation: Installation, allowed: tuple[int, str]
) -> None:
    groups = {
        (each.attribute, each.group): each for each in comparison_of(installation, "2").groups
    }
    women, men = groups["gender", "F"], groups["gender", "M"]
    assert (women.change, men.change) == ("better", "worse")
    assert (women.low or 0) > 0
    words = " ".join(allowed[1].split())
    assert "what changes with version 2" in words
    assert "gender: F" in words


def test_the_record_says_that_it_is_about_a_candidate(
    installation: Installation, allowed: tuple[int, str], call: Call
) -> None:
    record = record_of(installation, "2")
    registry = MlflowRegistry(installation.settings.registry_url)
    assert record.audited == "candidate"
    assert record.artifact_digest == registry.artifact_digest("lead_scoring", "2")
    said = record.simulation
    assert said is not None
    assert said.against == "1"
    assert set(said.confinement) >= {"seccomp", "landlock"}
    counts = record.counts
    assert None not in (counts.selected, counts.audited)
    assert counts.selected == (counts.audited or 0) * 2 // 5
    assert call("verify")[0] == 0


def test_the_gate_command_takes_the_candidates_record(
    installation: Installation, allowed: tuple[int, str], call: Call
) -> None:
    ask = ("gate", "--model", "lead_scoring", "--format", "json", "--version")
    for version, decision in (("1", "block"), ("2", "allow")):
        code, output = call(*ask, version)
        answer = json.loads(output)
        assert answer["decision"] == decision
        assert answer["record_id"] == record_of(installation, version).record_id
        assert code == (0 if decision == "allow" else 1)


def test_a_second_audit_gives_the_same_record(
    installation: Installation, allowed: tuple[int, str], call: Call
) -> None:
    before = installation.records()
    code, output = call("candidate", "lead_scoring", "2", "--no-promote", *AS_OF)
    assert code == 0, output
    assert installation.records() == before


def test_a_replay_scores_again_and_gives_the_same_to_the_byte(
    installation: Installation, allowed: tuple[int, str], call: Call
) -> None:
    record = record_of(installation, "2")
    code, output = call("replay", record.record_id)
    assert code == 0, output
    same = "the same measurements, findings and report, to the byte"
    assert same in " ".join(output.split())


def test_a_candidate_is_recalled_by_scoring_what_the_crm_holds_now(
    installation: Installation, allowed: tuple[int, str], call: Call
) -> None:
    code, output = call("recall", "lead_scoring", "--format", "json")
    assert code == 0, output
    (found,) = json.loads(output)
    assert found["record_id"] == record_of(installation, "2").record_id
    assert (found["verdict_then"], found["verdict_now"]) == ("pass", "pass")


def test_a_replay_takes_no_files_but_those_that_scored(
    installation: Installation, allowed: tuple[int, str], call: Call
) -> None:
    """Those of version 1 are kept once; changed by a byte, or gone, nothing scores again."""
    record = record_of(installation, "1")
    kept = [
        artifact
        for artifact in installation.state.glob("runs/lead_scoring/*/candidate/artifact")
        if folder_digest(artifact) == record.artifact_digest
    ]
    (artifact,) = kept
    with (artifact / "MLmodel").open("ab") as file:
        file.write(b"\n")
    code, output = call("replay", record.record_id)
    assert (code, "no run keeps the files" in output) == (2, True)
    shutil.rmtree(artifact)
    assert call("replay", record.record_id)[0] == 2


def test_the_decisions_of_the_same_version_make_another_record(
    installation: Installation, allowed: tuple[int, str], call: Call
) -> None:
    simulated = record_of(installation, "2").record_id
    call("run", "lead_scoring", "--version", "2", *AS_OF)
    ids = {
        record.record_id: record
        for entry in Opened(installation.settings).ledger.all()
        if (record := unverified_record(entry.envelope)).model_version == "2"
    }
    assert len(ids) == 2
    (other,) = (each for name, each in ids.items() if name != simulated)
    assert isinstance(other, AuditRecord)
    assert (other.audited, other.simulation) == ("decisions", None)
    gate = ("gate", "--model", "lead_scoring", "--format", "json", "--version", "2")
    assert json.loads(call(*gate)[1])["record_id"] == other.record_id  # the newest


def test_a_version_that_is_not_there_and_a_model_without_policy_are_named(call: Call) -> None:
    code, output = call("candidate", "lead_scoring", "99", *AS_OF)
    assert (code, "99" in output) == (2, True)
    code, output = call("candidate", "shoe_size", "1")
    assert (code, "no model 'shoe_size'" in output) == (2, True)
