"""`fairness-audit snapshot show`, `verify` and `diff` as typed at a prompt."""

import json
import os
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from typer.testing import CliRunner, Result

from fairness_audit.cli.app import app
from fairness_audit.records.snapshot import Column, Snapshot
from fairness_audit.steps.extract.manifest import MANIFEST, read_manifest, read_snapshot, sealed
from tests.builders.domain import a_policy
from tests.builders.snapshots import a_snapshot

CANARY = "canary-of-a-row"
LEADS = {
    "Lead ID": pa.array([1, 2, 3, 4], pa.int64()),
    "name": pa.array(["a", CANARY, None, "d"]),
    "score": pa.array([0.5, float("nan"), 0.25, None]),
}


def taken(folder: Path, keys: dict[str, str | None] | None = None, **objects: Any) -> Snapshot:
    """A snapshot as extract writes it, of one table per object."""
    tables = {name: pa.table(columns) for name, columns in objects.items()}
    found = a_snapshot(a_policy(), folder, tables)
    described = {
        name: stored.model_copy(
            update={
                "key": (keys or {}).get(name, "Lead ID"),
                "columns": tuple(
                    Column(name=f.name, source_type=f"source {f.type}", arrow_type=str(f.type))
                    for f in tables[name].schema
                ),
            }
        )
        for name, stored in found.objects.items()
    }
    return sealed(found.model_copy(update={"objects": described}))


def asked(*words: object) -> Result:
    return CliRunner().invoke(app, ["snapshot", *(str(word) for word in words)])


def difference(tmp_path: Path, before: Any, after: Any, **keys: Any) -> tuple[int, Any]:
    """The exit code, and what is said of the object `lead`."""
    taken(tmp_path / "a", keys.get("keys_before"), lead=before)
    taken(tmp_path / "b", keys.get("keys_after"), lead=after)
    result = asked("diff", tmp_path / "a", tmp_path / "b", "--format", "json")
    assert CANARY not in result.output
    return result.exit_code, json.loads(result.stdout)["objects"]["lead"]


# --- show ---------------------------------------------------------------------------------------


def test_show_fits_eighty_columns_and_says_it_all(tmp_path: Path) -> None:
    snapshot = taken(tmp_path, lead=LEADS | {"n" * 90: pa.array([1, 2, 3, 4])})
    result = asked("show", tmp_path)
    assert result.exit_code == 0
    assert max(map(len, result.stdout.splitlines())) <= 80
    for said in (
        snapshot.digest, "lead_scoring", "lead: lead", "4 at source", "4 written, 0 repeated",
        snapshot.objects["lead"].sha256[:12], "source int64", "Lead ID", "taken at",
    ):  # fmt: skip
        assert said in result.stdout, said
    assert CANARY not in result.stdout


def test_show_gives_the_manifest_as_json(tmp_path: Path) -> None:
    snapshot = taken(tmp_path / "snapshot", lead=LEADS)
    result = asked("show", tmp_path, "--format", "json")  # the folder of the run will do
    assert Snapshot.model_validate_json(result.stdout) == snapshot


@pytest.mark.parametrize("words", [["show"], ["verify"], ["rebuild"], ["diff", "."]])
def test_where_there_is_no_snapshot_the_newest_runs_are_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, words: list[str]
) -> None:
    monkeypatch.setenv("FAIRNESS_AUDIT_STATE", str(tmp_path))
    result = asked(*words, tmp_path / "nowhere")
    assert result.exit_code == 2
    assert "there is no snapshot (" in result.stderr
    assert "has none either; make one by an audit: fairness-audit run MODEL" in result.stderr
    for number in range(6):
        folder = tmp_path / "runs" / "lead_scoring" / f"run{number}" / "snapshot"
        taken(folder, lead=LEADS)
        os.utime(folder / MANIFEST, (number, number))
    said = asked(*words, tmp_path / "nowhere").stderr
    newest = ", ".join(f"lead_scoring/run{number}" for number in (5, 4, 3, 2, 1))
    assert f"the newest under {tmp_path / 'runs'} are {newest} and 1 more" in said


def test_a_manifest_of_before_there_were_keys_still_verifies(tmp_path: Path) -> None:
    snapshot = taken(tmp_path, {"lead": None}, lead=LEADS)
    assert "key" not in json.loads((tmp_path / MANIFEST).read_text())["objects"]["lead"]
    assert read_snapshot(tmp_path) == snapshot
    assert "not in the manifest" in asked("show", tmp_path).stdout


# --- verify -------------------------------------------------------------------------------------


def test_an_intact_snapshot_verifies(tmp_path: Path) -> None:
    taken(tmp_path, lead=LEADS)
    result = asked("verify", tmp_path)
    assert (result.exit_code, result.stderr) == (0, "")


def rewritten(folder: Path, **changes: Any) -> None:
    """Another file in the place of the object, with or without a manifest that fits it."""
    pq.write_table(pa.table({**LEADS, **changes}), folder / "lead.parquet")


def resealed(folder: Path, **changes: Any) -> None:
    """A manifest that says something else, with a digest that fits what it says."""
    snapshot = read_manifest(folder)
    lead = snapshot.objects["lead"].model_copy(update=changes)
    sealed(snapshot.model_copy(update={"objects": {"lead": lead}}))


@pytest.mark.parametrize(
    ("change", "faults"),
    [
        (lambda f: (f / "lead.parquet").unlink(), ["lead.parquet: is missing"]),
        (
            lambda f: (f / "lead.parquet").write_bytes(b"PAR1"),
            ["has SHA-256", "is not readable as Parquet"],
        ),
        (lambda f: rewritten(f, name=["x"] * 4), ["lead.parquet: has SHA-256"]),
        (
            lambda f: rewritten(f, score=["x"] * 4, extra=[1] * 4),
            ["has SHA-256", "column 'extra' is not in", "'score' is string, and in the manifest"],
        ),
        (lambda f: resealed(f, rows_written=5), ["has 4 rows, and the manifest 5"]),
        (lambda f: resealed(f, columns=()), ["'Lead ID' is not in", "'name' is", "'score' is"]),
        (lambda f: resealed(f, file="../lead.parquet"), ["the file is '../lead.parquet'"]),
        (lambda f: (f / "more.parquet").touch(), ["more.parquet: is not in the manifest"]),
        (lambda f: (f / MANIFEST).write_text("{"), ["manifest.json: is not what extract wrote"]),
        (
            lambda f: (f / MANIFEST).write_text(
                (f / MANIFEST).read_text().replace("lead_scoring", "lead_scorinG")
            ),
            ["manifest.json: is not what extract wrote"],
        ),
    ],
)
def test_every_fault_is_named(
    tmp_path: Path, change: Callable[[Path], object], faults: list[str]
) -> None:
    taken(tmp_path, lead=LEADS)
    change(tmp_path)
    result = asked("verify", tmp_path)
    assert result.exit_code == 1
    lines = result.stderr.splitlines()
    assert len(lines) == len(faults)
    assert all(any(fault in line for line in lines) for fault in faults)
    assert CANARY not in result.output


# --- diff ---------------------------------------------------------------------------------------


def test_the_same_rows_are_equal(tmp_path: Path) -> None:
    code, lead = difference(tmp_path, LEADS, LEADS)
    assert code == 0
    assert lead["status"] == "equal"
    assert lead["rows"] == {"only_in_a": 0, "only_in_b": 0, "in_both": 4, "changed": 0}


def test_the_order_of_the_rows_is_no_difference(tmp_path: Path) -> None:
    turned = {name: column.take(pa.array([3, 2, 1, 0])) for name, column in LEADS.items()}
    assert difference(tmp_path, LEADS, turned)[0] == 0


def test_rows_are_matched_by_key_and_counted_per_column(tmp_path: Path) -> None:
    after = {
        "Lead ID": pa.array([2, 3, 4, 5, 6], pa.int64()),
        "name": pa.array([None, "c", "d", "e", "f"]),
        "score": pa.array([float("nan"), 0.25, 0.5, 0.5, 0.5]),
    }
    code, lead = difference(tmp_path, LEADS, after)
    assert code == 1
    assert lead["status"] == "different"
    assert lead["rows"] == {"only_in_a": 1, "only_in_b": 2, "in_both": 3, "changed": 3}
    assert lead["changed"] == {"name": 2, "score": 1}


def test_columns_that_come_go_and_change_are_named(tmp_path: Path) -> None:
    after = {
        "Lead ID": LEADS["Lead ID"],
        "score": pa.array([Decimal("0.5")] * 4),
        "pair_0": pa.array(["x"] * 4),
    }
    code, lead = difference(tmp_path, LEADS, after)
    assert code == 1
    assert (lead["appeared"], lead["vanished"]) == (["pair_0"], ["name"])
    assert lead["retyped"]["score"] == {
        "was": "source double as double",
        "became": "source decimal128(1, 1) as decimal128(1, 1)",
    }
    assert lead["rows"]["changed"] == 0
    assert lead["changed"] == {}


def test_a_key_of_another_type_still_matches(tmp_path: Path) -> None:
    after = LEADS | {"Lead ID": pa.array(["1", "2", "3", "x"])}
    _, lead = difference(tmp_path, LEADS, after)
    assert lead["rows"] == {"only_in_a": 1, "only_in_b": 1, "in_both": 3, "changed": 0}


@pytest.mark.parametrize("side", ["keys_before", "keys_after"])
def test_without_a_key_only_the_file_is_compared(tmp_path: Path, side: str) -> None:
    after = LEADS | {"name": pa.array(["a", "b", "c", "d"])}
    code, lead = difference(tmp_path, LEADS, after, **{side: {"lead": None}})
    assert (code, lead["status"], lead["rows"]) == (1, "without_key", None)


def test_names_may_be_anything_and_values_of_any_type(tmp_path: Path) -> None:
    nested = pa.array([[1], None, [1, 2], []], pa.list_(pa.int64()))
    before = LEADS | {'row_key"; DROP': nested, "in_before": pa.array([True, None, False, True])}
    other = pa.array([[1], [], [1, 2], []], pa.list_(pa.int64()))
    _, lead = difference(tmp_path, before, before | {'row_key"; DROP': other})
    assert lead["changed"] == {"name": 0, "score": 0, 'row_key"; DROP': 1, "in_before": 0}
    assert lead["rows"]["changed"] == 1


def test_objects_in_one_alone_are_named_and_a_table_says_it_in_words(tmp_path: Path) -> None:
    taken(tmp_path / "a", lead=LEADS, old=LEADS)
    after = LEADS | {"name": pa.array(["a", "b", None, "d"])}
    after |= {"score": pa.array([1, 2, 3, 4]), "new": pa.array([1, 2, 3, 4])}
    taken(tmp_path / "b", lead=after, new=LEADS)
    result = asked("diff", tmp_path / "a", tmp_path / "b")
    assert result.exit_code == 1
    lines = result.stdout.splitlines()
    assert {"old: only in A", "new: only in B", "lead: different"} <= set(lines)
    assert "  of them changed    1" in lines
    assert any(line.split() == ["name", "1", "changed"] for line in lines)
    assert {"  column new appeared", "  column score has another type"} <= set(lines)
    assert max(map(len, lines)) <= 80
    assert CANARY not in result.output


def test_a_snapshot_that_was_tampered_with_is_not_compared(tmp_path: Path) -> None:
    taken(tmp_path / "a", lead=LEADS)
    taken(tmp_path / "b", lead=LEADS)
    rewritten(tmp_path / "b", name=["x"] * 4)
    result = asked("diff", tmp_path / "a", tmp_path / "b")
    assert result.exit_code == 2
    assert "is not what extract wrote" in result.stderr


def test_nothing_is_left_in_the_folders(tmp_path: Path) -> None:
    difference(tmp_path, LEADS, LEADS | {"name": pa.array(["a", "b", "c", "d"])})
    for side in "ab":
        assert {path.name for path in (tmp_path / side).iterdir()} == {MANIFEST, "lead.parquet"}
