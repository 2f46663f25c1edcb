"""`fairness-audit snapshot prune` as typed at a prompt: what goes, what stays, and why."""

import os
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from fairness_audit.cli.app import app


@pytest.fixture
def runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Two runs of 40 and 400 days and a young one of lead scoring, an old one of targeting."""
    monkeypatch.setenv("FAIRNESS_AUDIT_HOME", str(tmp_path))
    monkeypatch.setenv("FAIRNESS_AUDIT_STATE", str(tmp_path))
    for needed in ("expectations", "sql"):
        (tmp_path / needed).mkdir()
    for name, days in (("lead_scoring/a", 400), ("lead_scoring/b", 40), ("lead_scoring/c", 2)):
        a_run(tmp_path / "runs" / name, days)
    a_run(tmp_path / "runs" / "offer_targeting" / "a", 900)
    return tmp_path / "runs"


def a_run(folder: Path, days: int) -> None:
    (folder / "snapshot").mkdir(parents=True)
    (folder / "snapshot" / "lead.parquet").write_bytes(b"people")
    made = (datetime.now(UTC) - timedelta(days=days, hours=1)).timestamp()
    os.utime(folder, (made, made))


def prune(*words: str) -> Result:
    return CliRunner().invoke(app, ["snapshot", "prune", *words])


def there(runs: Path) -> set[str]:
    return {str(folder.relative_to(runs)) for folder in runs.glob("*/*")}


def test_what_is_too_old_goes_but_for_the_newest_of_each_model(runs: Path) -> None:
    result = prune("--older-than", "30")
    assert (result.exit_code, result.stderr) == (0, "")
    assert there(runs) == {"lead_scoring/c", "offer_targeting/a"}
    assert result.stdout.splitlines() == [
        "deleted lead_scoring/a: 400 days old",
        "deleted lead_scoring/b: 40 days old",
        "kept lead_scoring/c: the newest of its model",
        "kept offer_targeting/a: the newest of its model",
        "deleted 2 runs; their records stay, and cannot be replayed without them",
    ]


def test_a_dry_run_says_it_and_deletes_nothing(runs: Path) -> None:
    before = there(runs)
    result = prune("--older-than", "90", "--dry-run")
    assert result.exit_code == 0
    assert there(runs) == before
    assert result.stdout.splitlines()[:2] == [
        "would delete lead_scoring/a: 400 days old",
        "kept lead_scoring/b: 40 days old",
    ]
    assert "would delete 1 runs" in result.stdout


def test_the_days_must_be_given_and_be_days(runs: Path) -> None:
    before = there(runs)
    for words in ((), ("--older-than", "0"), ("--older-than", "-1"), ("--older-than", "x")):
        assert prune(*words).exit_code == 2
    assert there(runs) == before


def test_without_a_folder_of_runs_nothing_can_be_told(
    runs: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FAIRNESS_AUDIT_STATE", str(tmp_path / "nowhere"))
    result = prune("--older-than", "30")
    assert result.exit_code == 2
    assert "there are no runs (set FAIRNESS_AUDIT_STATE" in result.stderr


def test_a_run_that_cannot_be_deleted_is_named(runs: Path) -> None:
    """Where it should be moved out of the way a file is in it."""
    (runs / "lead_scoring" / ".deleted-b").write_bytes(b"")
    result = prune("--older-than", "30")
    assert result.exit_code == 2
    assert "lead_scoring/b: Not a directory (let this user delete it; 1 runs" in result.stderr
    assert "lead_scoring/b" in there(runs)


def test_help_says_what_stays() -> None:
    result = prune("--help")
    assert result.exit_code == 0
    assert "newest run of each model stays" in " ".join(result.stdout.split())
