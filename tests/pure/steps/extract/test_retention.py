"""Old runs go, the newest of each model stays."""

import os
from datetime import timedelta
from pathlib import Path

from fairness_audit.steps.extract.retention import delete_runs
from tests.builders.published import NOW


def a_run(folder: Path, days_old: float) -> Path:
    (folder / "snapshot").mkdir(parents=True)
    (folder / "snapshot" / "lead.parquet").write_bytes(b"people")
    made = (NOW - timedelta(days=days_old)).timestamp()
    os.utime(folder, (made, made))
    return folder


def test_only_what_is_too_old_is_deleted(tmp_path: Path) -> None:
    old, young = (
        a_run(tmp_path / "lead_scoring" / "a", 31),
        a_run(tmp_path / "lead_scoring" / "b", 29),
    )
    assert delete_runs(tmp_path, keep_days=30, now=NOW) == (old,)
    assert not old.exists()
    assert (young / "snapshot" / "lead.parquet").exists()
    assert [each.name for each in (tmp_path / "lead_scoring").iterdir()] == ["b"]


def test_the_newest_of_each_model_stays(tmp_path: Path) -> None:
    runs = [a_run(tmp_path / model / "a", 400) for model in ("lead_scoring", "offer_targeting")]
    older = a_run(tmp_path / "lead_scoring" / "older", 401)
    assert delete_runs(tmp_path, keep_days=30, now=NOW) == (older,)
    assert all(run.exists() for run in runs)


def test_without_runs_there_is_nothing_to_delete(tmp_path: Path) -> None:
    assert delete_runs(tmp_path / "absent", keep_days=1, now=NOW) == ()
