"""`measure --probability`: groups that are known by probabilities alone."""

import json
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from fairness_audit.cli.app import app
from tests.builders.measured_files import a_file

ETHNICITY = ("--probability", "ethnicity:A=pa,B=pb")
WORDS = ("--selected", "called", *ETHNICITY)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    shares = [i / 100 for i in range(1, 100) for _ in range(4)]
    return a_file(
        tmp_path,
        {
            "pa": shares,
            "pb": [f"{1 - share:.6f}" for share in shares],
            "called": [int(i // 4 % 4 < 1 + 2 * share) for i, share in enumerate(shares)],
            "y": [i % 2 for i in range(len(shares))],
            "id": [f"p{i // 4}" for i in range(len(shares))],
            "g": ["f" if i % 3 else "m" for i in range(len(shares))],
        },
    )


def asked(*words: object) -> Result:
    return CliRunner().invoke(app, ["measure", *map(str, words)])


def figures(*words: object) -> list[dict[str, Any]]:
    result = asked(*words, "--format", "json")
    assert result.exit_code == 0, result.output
    found: list[dict[str, Any]] = json.loads(result.stdout)
    return found


def one(found: list[dict[str, Any]], metric: str, group: str = "A") -> dict[str, Any]:
    (result,) = [each for each in found if (each["metric"], each["group"]) == (metric, group)]
    return result


def test_both_estimates_stand_beside_each_other(file: Path) -> None:
    found = figures(file, *WORDS)
    weighted = one(found, "selection_rate_by_probability")
    alone = one(found, "selection_rate_of_most_probable")
    assert weighted["attribute"] == "ethnicity"
    assert weighted["value"] == pytest.approx(weighted["numerator"] / weighted["denominator"])
    assert weighted["denominator"] == pytest.approx(198)
    assert weighted["low"] < weighted["value"] < weighted["high"]
    assert (alone["denominator"], alone["low"], alone["high"]) == (196, None, None)
    gap = one(found, "selection_rate_by_probability_difference")
    assert gap["reference"] == "rest"
    assert one(found, "selection_rate_of_most_probable_difference")["value"] > gap["value"] > 0


def test_a_reference_group_is_compared_with(file: Path) -> None:
    found = figures(file, *WORDS, "--reference", "ethnicity=A")
    gap = one(found, "selection_rate_by_probability_difference", "B")
    assert gap["reference"] == "A"
    assert not [
        each
        for each in found
        if each["metric"] == "selection_rate_by_probability_difference" and each["group"] == "A"
    ]


def test_attributes_that_are_known_are_measured_as_without(file: Path) -> None:
    together = figures(file, *WORDS, "--attr", "g", "--outcome", "y")
    without = figures(file, "--selected", "called", "--attr", "g", "--outcome", "y")
    assert [each for each in together if each["attribute"] != "ethnicity"] == without


def test_what_is_known_of_people_widens_the_intervals(file: Path) -> None:
    by_row = one(figures(file, *WORDS), "selection_rate_by_probability")
    alike = one(figures(file, *WORDS, "--subject", "id"), "selection_rate_by_probability")
    assert alike["value"] == by_row["value"]
    assert alike["high"] - alike["low"] > by_row["high"] - by_row["low"]
    assert alike["method"] == "linearised, by subject"


def test_the_summary_names_the_bias_and_fits_eighty_columns(file: Path) -> None:
    result = asked(file, *WORDS, "--attr", "g", "--outcome", "y")
    assert result.exit_code == 0, result.output
    said = " ".join(result.stdout.split())
    assert "ethnicity, selection rate, compared with everybody else" in said
    assert "biased, and mostly exaggerated (Chen et al. 2019, arXiv:1811.11154)" in said
    assert "support a warning, and no verdict" in said
    assert max(map(len, result.stdout.splitlines())) <= 80


def test_groups_of_few_expected_rows_are_marked(file: Path) -> None:
    """Of 396 rows 198 are to be expected in each group."""
    assert "(few)" not in asked(file, *WORDS).stdout
    assert "A (few) " in asked(file, *WORDS, "--min-group-size", 199).stdout


WRONG = {
    "no number": ({"pa": ["x", 0.5], "pb": [0.5, 0.5]}, "column 'pa', row 1: is no probability"),
    "empty": ({"pa": [0.5, 0.5], "pb": [0.5, ""]}, "column 'pb', row 2: is no probability"),
    "above one": ({"pa": [0.5, 1.5], "pb": [0.5, -0.5]}, "column 'pa', row 2: is no probability"),
    "not whole": ({"pa": [0.5, 0.7], "pb": [0.5, 0.2]}, "row 2: the probabilities of ethnicity"),
    "too far": ({"pa": [0.5, 0.5], "pb": [0.5, 0.500002]}, "(pa, pb) do not sum to 1"),
}


@pytest.mark.parametrize("case", WRONG)
def test_rows_that_are_no_probabilities_are_named_and_not_told(tmp_path: Path, case: str) -> None:
    columns, says = WRONG[case]
    file = a_file(tmp_path, {**columns, "called": [0, 1]})
    result = asked(file, *WORDS)
    said = " ".join(result.output.split())
    assert result.exit_code == 2
    assert says in said
    assert str(file) in said.replace(" ", "")
    assert not any(value in said for value in ("1.5", "0.7", "0.500002"))


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("--probability", "ethnicity"), "write ATTRIBUTE:GROUP=COLUMN,GROUP=COLUMN"),
        (("--probability", "ethnicity:A=pa"), "write ATTRIBUTE:GROUP=COLUMN,GROUP=COLUMN"),
        (("--probability", "ethnicity:A=pa,B="), "write ATTRIBUTE:GROUP=COLUMN,GROUP=COLUMN"),
        (("--probability", "ethnicity:A=pa,A=pb"), "name each group and each column once"),
        (("--probability", "ethnicity:A=pa,B=pa"), "name each group and each column once"),
        (("--probability", "g:A=pa,B=pb", "--attr", "g"), "g is an attribute already"),
        ((*ETHNICITY, *ETHNICITY), "ethnicity is an attribute already"),
        ((*ETHNICITY, "--reference", "ethnicity=C"), "no such group (there are A, B)"),
        ((*ETHNICITY, "--weight", "y"), "--probability and --weight"),
        (("--probability", "ethnicity:A=pa,B=pz"), "no column 'pz'"),
        ((), "Name a protected attribute with --attr or --probability"),
    ],
)
def test_what_is_said_wrongly_is_refused(file: Path, words: tuple[str, ...], says: str) -> None:
    result = asked(file, "--selected", "called", *words)
    assert result.exit_code == 2
    assert says in " ".join(result.output.split())
