"""Audits as an operator runs them: by the console script, killed, doubled, with things down."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from fairness_audit.demo.services import CONNECTION
from fairness_audit.registry.mlflow import MlflowRegistry
from tests.conftest import fresh_database
from tests.e2e.installation import AS_OF, Installation

LEADS = 20_000
STEPS = ["extract", "assemble", "validate", "measure", "judge", "publish"]


@pytest.fixture(scope="module")
def installation(
    postgres_server: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Installation]:
    with fresh_database(postgres_server) as uri:
        state = tmp_path_factory.mktemp("installation")
        yield Installation.holding_the_sample(state, uri, LEADS)


@pytest.fixture(scope="module")
def audited(installation: Installation) -> tuple[int, str]:
    """Version 1 of lead scoring, audited once."""
    return installation.call("run", "lead_scoring", "--version", "1", *AS_OF)


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


def test_the_gate_command_agrees(installation: Installation, audited: tuple[int, str]) -> None:
    ask = ("gate", "--model", "lead_scoring", "--version")
    code, output = installation.call(*ask, "1", "--format", "json")
    answer = json.loads(output)
    assert (code, answer["decision"], answer["certain"]) == (1, "block", True)
    code, output = installation.call(*ask, "2")
    assert (code, "there is no audit record" in output) == (1, True)
    code, output = installation.call(*ask, "99")
    assert (code, "99" in output) == (2, True)


def test_records_verify_from_their_files(
    installation: Installation, audited: tuple[int, str]
) -> None:
    code, output = installation.call("verify")
    assert code == 0, output
    (name,) = installation.records()
    (file,) = installation.settings.records.rglob(name)
    assert installation.call("verify", str(file))[0] == 0
    forged = installation.state / "forged.json"
    forged.write_bytes(file.read_bytes().replace(b'"payload": "', b'"payload": "QQ', 1)[:-9])
    code, output = installation.call("verify", str(forged))
    assert (code, str(forged) in output) == (1, True)


def test_killed_between_any_two_steps_a_rerun_gives_the_same_record(
    installation: Installation, audited: tuple[int, str]
) -> None:
    before = installation.records()
    assert len(before) == 1
    for step in STEPS:
        installation.audit_killed_after(step, "lead_scoring", "--version", "1", *AS_OF)
    code, output = installation.call("run", "lead_scoring", "--version", "1", *AS_OF)
    assert code == 1, output
    assert installation.records() == before
    assert installation.call("verify")[0] == 0


def test_two_runs_at_once_give_one_record(installation: Installation) -> None:
    asked = ("run", "offer_targeting", "--version", "1", *AS_OF)
    runs = [installation.start(*asked) for _ in range(2)]
    outputs = [run.communicate(timeout=120)[0] for run in runs]
    assert [run.returncode for run in runs] == [0, 0], "\n".join(outputs)
    mine = [name for name in installation.settings.records.rglob("*.json")
            if "offer_targeting" in name.parts]  # fmt: skip
    assert len(mine) == 1
    assert installation.call("verify")[0] == 0


def test_without_a_version_the_newest_in_the_score_log_is_audited(
    installation: Installation,
) -> None:
    code, output = installation.call("run", "offer_targeting", *AS_OF)
    assert code == 1, output
    assert "version 2" in output
    assert "Belmar" in output


def test_a_source_that_is_down_ends_the_run_without_a_record(
    installation: Installation, tmp_path: Path
) -> None:
    before = installation.records()
    nobody = {"conn_type": "postgres", "host": str(tmp_path), "login": "x", "password": "s3cr3t"}
    broken = Installation(
        installation.state, installation.environment | {CONNECTION: json.dumps(nobody)}
    )
    code, output = broken.call("run", "lead_scoring", "--version", "2", *AS_OF)
    assert code == 2, output
    words = " ".join(output.replace("│", " ").split())
    assert "extract failed" in words
    assert "no decision" in words
    assert "s3cr3t" not in output
    assert "s3cr3t" not in (installation.state / "logs" / "lead_scoring.log").read_text()
    assert installation.records() == before


def test_a_model_without_policy_is_named(installation: Installation) -> None:
    code, output = installation.call("run", "shoe_size")
    assert code == 2
    assert "no policy for 'shoe_size'" in output
    assert "lead_scoring, offer_targeting" in output
