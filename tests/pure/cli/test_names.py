"""A name that nothing has is told with what there is, and with a cure."""

from pathlib import Path

import pytest
from typer.testing import CliRunner

from fairness_audit.cli.app import app
from fairness_audit.cli.names import existing_file, existing_folder, listed
from fairness_audit.errors import InputError
from tests.pure.cli.conftest import AUDITS


def refused(*words: object) -> str:
    """What a verb says, which must be one line and no answer."""
    result = CliRunner().invoke(app, [str(word) for word in words])
    assert (result.exit_code, result.stdout) == (2, "")
    assert result.stderr.count("\n") == 1
    return result.stderr


@pytest.mark.parametrize(
    "words",
    [
        "run nope",
        "candidate nope 1",
        "gate --model nope --version 1",
        "verify-serving . --model nope --version 1",
        "recall nope",
        "waivers --model nope",
    ],
)
def test_a_model(installed: Path, words: str) -> None:
    said = refused(*words.split())
    assert "no model 'nope': audited are lead_scoring (name one of them, or write " in said


@pytest.mark.parametrize("name", ["../lead_scoring", "lead_scoring/", "LEAD_SCORING", "", "*"])
def test_what_is_no_models_name(installed: Path, name: str) -> None:
    assert "audited are lead_scoring" in refused("gate", "--model", name, "--version", "1")


def test_a_record(installed: Path) -> None:
    said = refused("replay", "nope")
    assert "nope: no audit in the ledger (name a record's file, or 8 digits of its id" in said
    assert said.count("of lead_scoring version 1") == 5
    assert f"and {AUDITS - 5} more; `fairness-audit verify` lists all)" in said


def test_a_record_of_which_several_begin_so(installed: Path) -> None:
    said = refused("replay", "")
    assert f"{AUDITS} audits begin so (name one: " in said


def test_a_file_that_is_no_record(installed: Path) -> None:
    file = installed / "other.json"
    file.write_text("{}")
    result = CliRunner().invoke(app, ["replay", str(file)])
    assert result.exit_code == 1  # it is there, and is no record
    assert "not a DSSE envelope" in result.stderr


def test_a_record_where_there_is_none(installed: Path) -> None:
    (installed / "ledger.db").unlink()
    assert "there is no ledger yet" in refused("replay", "nope")


def test_a_records_file(installed: Path) -> None:
    said = refused("verify", installed / "nope.json")
    assert f"no such record file (name one of those under {installed / 'records'}; the" in said
    assert "newest are lead_scoring/" in said
    assert f"and {AUDITS - 5} more" in said


def test_a_run_of_a_replay(installed: Path) -> None:
    (installed / "runs").mkdir()
    said = refused("replay", "nope", "--run", installed / "runs" / "nope")
    assert f"no such folder of a run (name one that is there; {installed / 'runs'} has" in said


def test_a_policy_of_a_replay(installed: Path) -> None:
    folder = installed / "expectations" / "lead_scoring"
    said = refused("replay", "nope", "--policy", folder / "old.yaml")
    assert f"no such policy (name one that is there; {folder} has policy.yaml)" in said
    assert "is a folder (name a policy in it: policy.yaml)" in refused(
        "replay", "nope", "--policy", folder
    )


def test_files_to_be_served(installed: Path) -> None:
    words = ("--model", "lead_scoring", "--version", "1")
    said = refused("verify-serving", installed / "sql" / "nope", *words)
    assert f"no such folder (name one that is there; {installed / 'sql'} has the folders" in said
    said = refused("verify-serving", installed / "ledger.db", *words)
    assert "is a file (name the folder it is in)" in said


def test_a_file_to_be_measured(installed: Path) -> None:
    words = ("--attr", "g", "--selected", "p")
    said = refused("measure", installed / "nope.csv", *words)
    assert f"nope.csv: no such file (name one that is there; {installed} has no *.csv or" in said
    (installed / "leads.csv").touch()
    (installed / ".hidden.csv").touch()
    assert f"{installed} has leads.csv)" in refused("measure", installed / "nope.csv", *words)
    assert "is a folder (name a file in it: leads.csv)" in refused("measure", installed, *words)


def test_a_metric(installed: Path) -> None:
    said = refused("metrics", "--metric", "imapct_ratio")
    assert "`fairness-audit metrics` lists them; near are impact_ratio" in said


# --- what is said of what there is --------------------------------------------------------------


def test_a_long_list_is_told_by_its_first_names() -> None:
    assert listed([]) == "none"
    assert listed("ab") == "a, b"
    assert listed("abcdefg") == "a, b, c, d, e and 2 more"


def test_the_nearest_folder_that_is_there_is_named(tmp_path: Path) -> None:
    (tmp_path / "there").mkdir()
    with pytest.raises(InputError, match=f"{tmp_path} has the folders there"):
        existing_folder(tmp_path / "a" / "b" / "c")
    with pytest.raises(InputError, match=f"{tmp_path} has no "):
        existing_file(tmp_path / "a" / "b.csv", ("*.csv",))
