"""`fairness-audit calibrate`, on a run of the sample CRM that an installation keeps."""

import csv
import io
import json
import shutil
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from fairness_audit.cli import printing
from fairness_audit.cli.app import app
from fairness_audit.demo.crm import generate
from fairness_audit.demo.recipe import Recipe
from fairness_audit.files import write_bytes
from fairness_audit.installation import Installation
from fairness_audit.ledger.evidence import EvidenceStore
from fairness_audit.ledger.keys import public_pem
from fairness_audit.records.population import Population
from fairness_audit.replay.calibration import calibrate as machinery
from fairness_audit.replay.calibration.run import PastRun
from fairness_audit.settings import Settings
from fairness_audit.steps.extract.manifest import read_manifest, sealed
from fairness_audit.steps.measure import measure
from tests import CHECKOUT
from tests.builders.fakes import FakeRegistry
from tests.builders.point_shares import by_point_shares
from tests.builders.published import SIGNER, a_ledger, appended
from tests.builders.sample_audits import (
    SQL,
    assembled,
    loaded_policy,
    policy_of,
    sample_snapshot,
    sample_tables,
)

MODEL, RUN = "lead_scoring", "manual__2026-06-29"


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run of 4,000 leads in an installation's folder, and a record of it in the ledger."""
    state = tmp_path_factory.mktemp("state")
    folder = state / "runs" / MODEL / RUN
    crm = sample_tables(generate(Recipe(4_000)))
    snapshot = sealed(sample_snapshot(policy_of(MODEL), crm, folder / "snapshot"))
    population = assembled(snapshot, "2", folder)
    measured = measure(policy_of(MODEL), population, sql=SQL, folder=folder)
    assert measured.evidence is not None
    write_bytes(state / "keys" / "trusted" / "key.pem", public_pem(SIGNER.public_key))
    write_bytes(state / "keys" / "subject.key", b"k" * 32, mode=0o600)
    appended(
        a_ledger(state),
        snapshot_digest=snapshot.digest,
        population_digest=population.digest,
        model_version="2",
        evidence_digest=EvidenceStore(state / "evidence").keep(measured.evidence.read_bytes()),
    )
    return state


@pytest.fixture
def run(made: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder of the run, in a copy of all of it."""
    state = shutil.copytree(made, tmp_path / "state")
    monkeypatch.setenv("FAIRNESS_AUDIT_HOME", str(CHECKOUT))
    monkeypatch.setenv("FAIRNESS_AUDIT_STATE", str(state))
    for name in ("HEADS", "LEDGER"):
        monkeypatch.delenv(f"FAIRNESS_AUDIT_{name}", raising=False)
    return state / "runs" / MODEL / RUN


def calibrate(*words: object) -> Result:
    return CliRunner().invoke(app, ["calibrate", *map(str, words), "--runs", "20"])


def record_of(run: Path) -> str:
    (entry,) = a_ledger(run.parents[2]).all()
    return entry.record_id


def test_a_table_of_eighty_columns_says_it_all(run: Path) -> None:
    result = calibrate(run)
    assert result.exit_code == 0, result.output
    lines = result.stdout.splitlines()
    assert max(map(len, lines)) <= 80
    said = " ".join(result.stdout.split())
    assert said.startswith(
        "lead_scoring version 2, 26 weeks: 20 shuffles of who is of which groups (seed 1),"
    )
    assert "false blocks: 0.0 % (0.0 to 16.8); the policy promises at most 5.0 %" in said
    for name in ("rule four_fifths", "rule equal_opportunity", "representation", "polarity"):
        assert name in said
    assert "gender F 0.6" in said
    assert "age_band" in said


def test_a_run_is_found_by_folder_id_and_record_and_made_again_from_its_snapshot(
    run: Path,
) -> None:
    asked = [calibrate(each, "--format", "json") for each in (run, run.name, record_of(run)[:12])]
    (run / "population.parquet").unlink()
    asked += [calibrate(each, "--format", "json") for each in (run, record_of(run))]
    assert [each.exit_code for each in asked] == [0] * 5, [each.output for each in asked]
    assert len({each.stdout for each in asked[:3]}) == 1
    # Of the snapshot alone the newest version is audited; a record says which it was.
    assert asked[4].stdout == asked[0].stdout


def test_rows_tell_of_shuffles_and_never_of_people(run: Path) -> None:
    rows = json.loads(calibrate(run, "--format", "json").stdout)
    table = list(csv.DictReader(io.StringIO(calibrate(run, "--format", "csv").stdout)))
    assert len(table) == len(rows)
    whole, *others = rows
    assert whole["about"] == "shuffled"
    assert whole["bound"] == 0.05
    assert whole["passed"] + whole["inconclusive"] + whole["failed"] == pytest.approx(1)
    assert {each["about"] for each in others} == {"path", "harm"}
    assert sum(each["hypotheses"] or 0 for each in others) == whole["hypotheses"]
    counts = {key for row in rows for key, value in row.items() if isinstance(value, int)}
    assert counts <= {"runs", "seed", "hypotheses", "broken", "false_blocks", "passed",
                      "inconclusive", "failed", "share", "low", "high"}  # fmt: skip


def test_a_population_that_was_changed_is_not_the_record_s(run: Path) -> None:
    before = calibrate(record_of(run), "--format", "json").stdout
    shutil.copy(run / "group_counts.parquet", run / "population.parquet")
    assert calibrate(record_of(run), "--format", "json").stdout == before
    result = calibrate(run)
    assert result.exit_code == 2
    assert "is no population" in result.stderr


def test_too_many_false_blocks_refute_the_policy(
    run: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    broken = partial(machinery.calibrate, trial=by_point_shares)
    monkeypatch.setattr(machinery, "calibrate", broken)
    result = calibrate(run, "--format", "csv")
    assert result.exit_code == 1
    assert "the policy's alpha is refuted: were at most 5.0 %" in result.stderr
    rows = list(csv.DictReader(io.StringIO(result.stdout)))
    too_many = {row["path"] for row in rows if row["about"] != "harm" and beyond(row)}
    assert too_many == {"", "representation"}


def beyond(row: dict[str, str]) -> bool:
    """Whether the interval of its false blocks lies above what the policy promises."""
    return float(row["low"]) > 0.05


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("no_such_run", "nor is it the id of a run, the newest are manual__2026-06-29"),
        ("no/such/folder", "no such folder of a run"),
    ],
)
def test_what_is_no_run_is_told_with_those_there_are(run: Path, name: str, said: str) -> None:
    result = calibrate(name)
    assert result.exit_code == 2
    assert said in result.stderr


def test_an_id_of_two_runs_must_be_told_apart(run: Path) -> None:
    shutil.copytree(run, run.parents[1] / "offer_targeting" / RUN)
    result = calibrate(RUN)
    assert result.exit_code == 2
    assert "2 runs have this id" in result.stderr


def test_long_work_says_how_far_it_is(run: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(printing, "PROGRESS_SECONDS", 0.0)
    result = calibrate(run, "--format", "json")
    assert "20 of 100 shuffles judged" in result.stderr
    assert json.loads(result.stdout)


def test_a_candidate_is_taken_before_the_decisions_it_stands_for(run: Path) -> None:
    past = PastRun(run, read_manifest(run / "snapshot"))
    shutil.copy(run / "population.parquet", run / "candidate.parquet")
    found: Population = past.population(None, None, run)  # type: ignore[arg-type]
    assert found.path.name == "candidate.parquet"
    assert found.rows > 0


def test_what_trained_the_version_is_asked_where_the_run_does_not_say(run: Path) -> None:
    settings = Settings.from_environment()
    registry: Any = FakeRegistry({(MODEL, "2"): "0" * 64})
    registry.trained["2"] = since = datetime(2026, 1, 1, tzinfo=UTC)
    opened = Installation(settings, registry=registry)
    past, loaded = PastRun(run, read_manifest(run / "snapshot")), loaded_policy(MODEL)
    assert past.counts_from(opened, loaded, "2") is None
    (run / "evidence.json").unlink()
    assert past.counts_from(opened, loaded, "2") == since
