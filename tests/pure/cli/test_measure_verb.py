"""`fairness-audit measure` and `metrics` as typed at a prompt."""

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from fairness_audit.cli.app import app
from fairness_audit.steps.measure.counting.plan import Compat
from tests.builders.measured_files import a_file

KEYS = "metric code attribute group reference stratum numerator denominator value low high"


@pytest.fixture
def given(tmp_path: Path) -> Path:
    return a_file(
        tmp_path,
        {"g": list("abab") * 5, "y": [0, 1, 1, 0] * 5, "p": [0, 1, 0, 1] * 5, "s": [0.1] * 20},
    )


def asked(*words: object) -> Result:
    return CliRunner().invoke(app, [str(word) for word in words])


def test_json_is_a_list_of_objects_with_the_documented_keys(given: Path) -> None:
    result = asked("measure", given, "--outcome", "y", "--selected", "p", "--attr", "g",
                   "--format", "json")  # fmt: skip
    assert result.exit_code == 0
    found = json.loads(result.stdout)
    assert all(list(each) == [*KEYS.split(), "p_value", "n", "method"] for each in found)


@pytest.mark.parametrize("name", ["TPR", "true_positive_rate"])
def test_one_metric_is_asked_for_by_name_or_code(given: Path, name: str) -> None:
    result = asked("measure", given, "--outcome", "y", "--selected", "p", "--attr", "g",
                   "--metric", name, "--format", "json")  # fmt: skip
    assert {each["metric"] for each in json.loads(result.stdout)} == {"true_positive_rate"}


def test_a_table_fits_eighty_columns(given: Path) -> None:
    result = asked("measure", given, "--outcome", "y", "--selected", "p", "--attr", "g")
    assert result.exit_code == 0
    assert max(map(len, result.stdout.splitlines())) <= 80


def test_parquet_gives_what_csv_gives(given: Path, tmp_path: Path) -> None:
    import pandas as pd

    parquet = tmp_path / "given.parquet"
    pd.read_csv(given).to_parquet(parquet)
    words = ["--outcome", "y", "--selected", "p", "--attr", "g", "--format", "csv"]
    assert asked("measure", parquet, *words).stdout == asked("measure", given, *words).stdout


def test_windows_line_ends_byte_order_mark_and_cells_of_several_lines(tmp_path: Path) -> None:
    path = tmp_path / "odd.csv"
    path.write_bytes('\ufeffg,p\r\n"a\nb",1\r\n"a\nb",0\r\n007,1\r\n,1\r\n'.encode())
    result = asked("measure", path, "--selected", "p", "--attr", "g", "--metric", "SR",
                   "--format", "json")  # fmt: skip
    found = {each["group"]: (each["numerator"], each["denominator"])
             for each in json.loads(result.stdout)}  # fmt: skip
    assert found == {"overall": (3, 4), "a\nb": (1, 2), "007": (1, 1), "unknown": (1, 1)}


REFUSALS = {
    "absent column": (
        ["--selected", "q", "--attr", "g"],
        "no column 'q' (it has g, y, p, s)",
    ),
    "absent attribute": (["--selected", "p", "--attr", "z"], "no column 'z'"),
    "absent reference": (
        ["--selected", "p", "--attr", "g", "--reference", "g=Z"],
        "no group 'Z' of g to compare with (there are a, b)",
    ),
    "reference of nothing": (
        ["--selected", "p", "--attr", "g", "--reference", "h=a"],
        "--reference h=a: write ATTRIBUTE=GROUP, with one of g",
    ),
    "not binary": (["--selected", "s", "--attr", "g"], "column 's': 20 rows are not binary"),
    "outcome not binary": (
        ["--selected", "p", "--outcome", "g", "--attr", "g"],
        "column 'g': 20 rows are not binary",
    ),
    "nothing to measure": (["--attr", "g"], "nothing to measure: name a column"),
    "unknown metric": (
        ["--selected", "p", "--attr", "g", "--metric", "XYZ"],
        "--metric XYZ: no such metric",
    ),
    "intersection of one": (
        ["--selected", "p", "--attr", "g", "--intersect", "g"],
        "--intersect g: name two or more different attributes",
    ),
}


@pytest.mark.parametrize("case", REFUSALS)
def test_what_cannot_be_measured_is_refused_in_one_line(given: Path, case: str) -> None:
    words, said = REFUSALS[case]
    result = asked("measure", given, *words)
    assert (result.exit_code, result.stdout) == (2, "")
    assert result.stderr.count("\n") == 1
    assert said in result.stderr


@pytest.mark.parametrize("score", ["nan", "inf", "-Infinity", "high", "1e400"])
def test_scores_that_are_no_numbers_are_refused_and_not_repeated(
    tmp_path: Path, score: str
) -> None:
    path = a_file(tmp_path, {"g": "ab", "p": [0, 1], "s": [0.5, score]})
    result = asked("measure", path, "--selected", "p", "--score", "s", "--attr", "g")
    assert result.exit_code == 2
    assert "column 's': 1 rows are not finite numbers" in result.stderr
    assert f"{score}" not in result.stderr.replace("NaN and infinity are refused", "")


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("", "is empty"),
        ("g,p\n", "holds no row"),
        ("g,p\na,1\nb\n", "row 3, the header counted, has 1 cells and the header 2"),
        ("g,g\na,1\n", "columns are named twice: 'g', columns 1 and 2"),
        ("g,p\na,\nb,1\n", "column 'p': 1 rows are empty"),
    ],
)
def test_files_that_are_not_whole_are_refused(tmp_path: Path, content: str, said: str) -> None:
    path = tmp_path / "given.csv"
    path.write_text(content)
    result = asked("measure", path, "--selected", "p", "--attr", "g")
    assert result.exit_code == 2
    assert said in result.stderr
    assert result.stderr.count("\n") == 1


@pytest.mark.parametrize("system", list(Compat))
def test_every_system_whose_conventions_can_be_followed_is_named_by_the_help(
    given: Path, system: Compat
) -> None:
    assert system in asked("measure", "--help").stdout
    words = ["--selected", "p", "--attr", "g", "--format", "json"]
    assert asked("measure", given, *words, "--compat", system).exit_code == 0


def test_another_system_is_refused(given: Path) -> None:
    result = asked("measure", given, "--selected", "p", "--attr", "g", "--compat", "spss")
    assert result.exit_code == 2
    assert f"--compat spss: name one of {', '.join(Compat)}" in result.stderr


def test_table_was_called_text_before(given: Path) -> None:
    words = ["measure", given, "--selected", "p", "--attr", "g", "--format"]
    assert asked(*words, "text").stdout == asked(*words, "table").stdout
    assert asked(*words, "yaml").exit_code == 2


def test_an_absent_file_is_named(tmp_path: Path) -> None:
    result = asked("measure", tmp_path / "nope.csv", "--selected", "p", "--attr", "g")
    assert result.exit_code == 2
    assert "nope.csv: no such file" in result.stderr


def test_the_catalogue_is_listed_with_ranges_and_sources() -> None:
    listed = json.loads(asked("metrics", "--format", "json").stdout)
    assert {"metric", "code", "meaning", "low", "high", "no_disparity", "needs", "source"} <= set(
        listed[0]
    )
    codes = "CI DPL KL JS LP TVD KS CDDL DPPL DI DCA DCR RD SD DAR DRR AD TE CDDPL GE"
    assert set(codes.split()) <= {each["code"] for each in listed}
    assert "chance that a true outcome" in asked("metrics", "--metric", "AUC").stdout
