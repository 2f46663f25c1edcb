"""`fairness-audit check --against`: what edits since a revision mean for the records."""

import json
import shutil
import subprocess
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from fairness_audit.cli.app import app
from tests import CHECKOUT

STATEMENT = "sql/population/lead_scoring.sql"


def git(folder: Path, *arguments: str) -> None:
    told = ("-c", "user.name=ada", "-c", "user.email=ada@example.org")
    subprocess.run(["git", *told, *arguments], cwd=folder, check=True, capture_output=True)


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder within a repository that holds the shipped policies and all that they name."""
    home = tmp_path / "audits"
    for name in ("expectations", "sql"):
        shutil.copytree(CHECKOUT / name, home / name)
    git(tmp_path, "init", "-b", "main")
    git(tmp_path, "add", ".")
    git(tmp_path, "commit", "-m", "all")
    monkeypatch.setenv("FAIRNESS_AUDIT_HOME", str(home))
    monkeypatch.setenv("FAIRNESS_AUDIT_STATE", str(tmp_path / "state"))
    return home


def against(revision: str, *more: str) -> Result:
    return CliRunner().invoke(app, ["check", "--against", revision, *more])


def test_nothing_edited_and_what_is_only_run(home: Path) -> None:
    shown = against("main")
    assert (shown.exit_code, shown.output) == (
        0, "lead_scoring: unchanged\noffer_targeting: unchanged\n",
    )  # fmt: skip
    policy = home / "expectations" / "lead_scoring" / "policy.yaml"
    policy.write_text(policy.read_text().replace("cron: ", "cron: 1", 1))
    shown = against("HEAD")
    assert shown.exit_code == 0, shown.output
    assert "lead_scoring: no new audit: how it is run has changed" in shown.output


def test_an_edited_statement_needs_a_new_audit_of_its_model_alone(home: Path) -> None:
    (home / STATEMENT).write_text((home / STATEMENT).read_text() + "\n-- another\n")
    shown = against("main", "--format", "json")
    assert shown.exit_code == 1, shown.output
    assert json.loads(shown.stdout) == [
        {"model": "lead_scoring", "means": "audit again", "changed": f"{STATEMENT} has changed"},
        {"model": "offer_targeting", "means": "unchanged", "changed": ""},
    ]


@pytest.mark.parametrize("revision", ["nowhere", "--output=/tmp/x", "main:sql", ""])
def test_what_is_no_revision_is_named(home: Path, revision: str) -> None:
    shown = CliRunner().invoke(app, ["check", f"--against={revision}"])
    assert shown.exit_code == 2
    assert f"--against {revision}: " in shown.stderr
