"""What verbs answer about an installation, to a person and to a program."""

import csv
import io
import json
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from fairness_audit.cli.app import app
from fairness_audit.records.signed.audit import GateDecision
from tests.pure.cli.conftest import AUDITS


def asked(words: str, code: int = 0) -> str:
    result = CliRunner().invoke(app, words.split(), env={"COLUMNS": "80"})
    assert result.exit_code == code, result.output
    wide = [line for line in result.stdout.splitlines() if len(line) > 80]
    assert "--format" in words or all(len(line.split()) <= 2 for line in wide)  # a path
    return result.stdout


def as_json(words: str, code: int = 0) -> Any:
    return json.loads(asked(f"{words} --format json", code))


@pytest.mark.usefixtures("installed")
def test_verify_lists_every_record() -> None:
    lines = asked("verify").splitlines()
    assert lines[0].split() == ["no.", "model", "version", "as", "of", "outcome", "record"]
    assert [line.split()[0] for line in lines[2 : 2 + AUDITS]] == [
        "1",
        "2",
        "3",
        "4",
        "5",
        "6",
        "7",
    ]
    assert lines[-1] == f"{AUDITS} records, all genuine, none missing"
    rows = list(csv.DictReader(io.StringIO(asked("verify --format csv"))))
    found = as_json("verify")
    assert [each["record_id"] for each in rows] == [each["record_id"] for each in found]
    assert found[0]["logical_date"] == "2026-06-29T00:00:00+00:00"


def test_verify_reads_one_file(installed: Path) -> None:
    file = next((installed / "records").rglob("*.json"))
    assert asked(f"verify {file}").splitlines()[-1] == "1 record, genuine"
    assert "name a record, or all of them" in CliRunner().invoke(
        app, ["verify", str(file), "--ledger"]
    ).stderr  # fmt: skip


def test_verify_tells_what_is_wrong_beside_what_is_right(installed: Path) -> None:
    last = max((installed / "records").rglob("*.json"), key=lambda file: file.stat().st_mtime)
    last.unlink()
    result = CliRunner().invoke(app, ["verify", "--format", "json"])
    assert result.exit_code == 1
    assert len(json.loads(result.stdout)) == AUDITS - 1
    assert "fairness-audit: " in result.stderr


@pytest.mark.usefixtures("installed")
def test_the_ledgers_status() -> None:
    said = as_json("ledger status")
    assert (said["records"], said["missing_triggers"]) == (AUDITS, [])
    assert said["newest"] == as_json("verify")[-1]["record_id"]
    assert f"{AUDITS} records, all genuine, none missing" in asked("ledger status")


@pytest.mark.usefixtures("installed")
def test_the_gate_answers_both_in_one_decision() -> None:
    words = "gate --model lead_scoring --version 9"
    decision = GateDecision.model_validate(as_json(words, code=1))
    assert asked(words, code=1).splitlines() == [
        "block: lead_scoring version 9",
        f"  - {decision.reasons[0]}",
    ]


def test_files_to_be_served_are_answered_likewise(installed: Path) -> None:
    (installed / "model").mkdir()
    (installed / "model" / "MLmodel").write_text("flavors: {}")
    words = f"verify-serving {installed / 'model'} --model lead_scoring --version 1"
    decision = GateDecision.model_validate(as_json(words, code=1))
    assert "the model's files are not those that were audited" in decision.reasons[0]


@pytest.mark.usefixtures("installed")
def test_no_waiver_is_an_empty_list() -> None:
    assert asked("waivers") == "no waivers\n"
    assert as_json("waivers") == []
    assert asked("waivers --format csv").startswith("model,model_version,finding,")


def test_the_policies_are_counted() -> None:
    found = as_json("check")
    assert [each["model"] for each in found] == ["lead_scoring", "offer_targeting"]
    lines = asked("check").splitlines()
    assert lines[0] == (
        f"lead_scoring: {found[0]['rules']} rules over {found[0]['groupings']} groupings,"
        f" digest {found[0]['digest'][:12]}"
    )
