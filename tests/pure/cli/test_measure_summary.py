"""What `fairness-audit measure` says to a person, on numbers that can be checked by hand."""

import re
from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest
from typer.testing import CliRunner

from fairness_audit.cli.app import app
from tests.builders.measured_files import a_file

LONG = "Dari or Pashto (Afghanistan and Pakistan)"
Squares = Mapping[str, Sequence[int]]
"""Of each group: true and selected, true and not, false and selected, false and not."""

CALLED: Squares = {"women": (40, 60, 20, 80), "men": (60, 40, 60, 40), LONG: (3, 2, 0, 0)}
"""60 of 200 women are called, and 120 of 200 men; of the last five 3."""


def a_called_file(folder: Path, groups: Squares = CALLED) -> Path:
    rows = [
        (group, outcome, selected)
        for group, counts in groups.items()
        for (outcome, selected), times in zip(
            ((1, 1), (1, 0), (0, 1), (0, 0)), counts, strict=True
        )
        for _ in range(times)
    ]
    return a_file(folder, dict(zip(("g", "y", "p"), zip(*rows, strict=True), strict=True)))


def told(file: Path, *words: str, columns: int = 80) -> str:
    command = ["measure", str(file), "--attr", "g", *words]
    result = CliRunner().invoke(app, command, env={"COLUMNS": str(columns)})
    assert result.exit_code == 0, result.stderr
    assert max(map(len, result.stdout.splitlines())) <= columns
    return result.stdout


def sentences(said: str) -> str:
    """What stands before the first table, each sentence in one line."""
    opening = re.split(r"\n\ng(?:, compared with \w+)?\n", said)[0]
    return opening.partition("\n\n")[2].replace("\n  ", " ").strip()


SELECTED, BOTH = ("--selected", "p"), ("--selected", "p", "--outcome", "y")


def test_it_opens_with_the_worst_disparity_its_interval_and_both_sizes(tmp_path: Path) -> None:
    said = told(a_called_file(tmp_path), *SELECTED)
    assert said.startswith("given.csv: 405 rows\nselected  p: true in 45.2%\n\ng: women are sel")
    assert sentences(said) == (
        "g: women are selected 0.50 times as often as everybody else (95% interval 0.39 to 0.64):"
        " 60 of 200 (30.0%) against 123 of 205 (60.0%)."
    )


def test_a_reference_is_what_it_is_compared_with(tmp_path: Path) -> None:
    said = sentences(told(a_called_file(tmp_path), *SELECTED, "--reference", "g=women"))
    assert said.startswith("g: men are selected 2.00 times as often as women (95% interval 1.57")
    assert said.endswith("120 of 200 (60.0%) against 60 of 200 (30.0%).")


def test_the_parts_of_the_columns_are_told_first(tmp_path: Path) -> None:
    outcomes = ["", 1, 0, 1] * 10
    columns = {"g": list("ab") * 20, "p": [0, 1, 1, 1] * 10, "y": outcomes, "w": [0.5, 1.5] * 20}
    file = a_file(tmp_path, columns)
    assert told(file, *BOTH).splitlines()[:3] == [
        "given.csv: 40 rows",
        "selected  p: true in 75.0%",
        "outcome   y: true in 66.7% of the 30 rows where it is known",
    ]
    assert told(file, *BOTH, "--weight", "w").splitlines()[1:4] == [
        "selected  p: true in 87.5% of the weight",
        "outcome   y: true in 85.7% of the known weight",
        "weight    w",
    ]


def test_errors_are_told_where_they_are_worse_than_the_selection(tmp_path: Path) -> None:
    even = {"women": (50, 50, 50, 50), "men": (90, 10, 50, 50)}
    said = sentences(told(a_called_file(tmp_path, even), *BOTH))
    assert said.startswith(
        "g: women whose outcome is true are selected 0.56 times as often as everybody else"
    )
    assert said.endswith("50 of 100 (50.0%) against 90 of 100 (90.0%).")


def test_where_selection_is_bad_who_is_selected_wrongly_fares_worse(tmp_path: Path) -> None:
    wrongly = {"women": (50, 50, 50, 50), "men": (50, 50, 10, 90)}
    said = told(a_called_file(tmp_path, wrongly), *BOTH, "--favourable", "not_selected")
    assert sentences(said).startswith(
        "g: women whose outcome is false are selected 5.00 times as often as everybody else"
    )


def test_where_selection_is_bad_the_favourable_share_is_told(tmp_path: Path) -> None:
    said = told(a_called_file(tmp_path), *SELECTED, "--favourable", "not_selected")
    assert "selected  p: true in 45.2%; better is false" in said
    assert sentences(said).startswith("g: men go unselected 0.58 times as often as everybody")


def test_a_handful_does_not_hide_thousands(tmp_path: Path) -> None:
    """None of three is selected: the ratio is 0, and chance can explain it."""
    groups = {"women": (40, 160, 0, 0), "men": (60, 140, 0, 0), "x": (0, 3, 0, 0)}
    said = sentences(told(a_called_file(tmp_path, groups), *SELECTED))
    assert said.startswith("g: women are selected 0.68 times as often")
    assert "chance" not in said


def test_what_chance_can_explain_is_said_so(tmp_path: Path) -> None:
    groups = {"women": (15, 15, 0, 0), "men": (18, 12, 0, 0)}
    assert sentences(told(a_called_file(tmp_path, groups), *SELECTED)).endswith(
        "; chance can explain it."
    )


def test_a_small_group_is_marked_and_heads_nothing(tmp_path: Path) -> None:
    """Of 29 nobody is selected, which chance does not explain; of 30 it is told first."""
    groups = {"women": (90, 110, 0, 0), "men": (100, 100, 0, 0), "x": (0, 29, 0, 0)}
    file = a_called_file(tmp_path, groups)
    said = told(file, *SELECTED)
    assert "x are selected" not in said
    assert "x (few)" in said
    assert "women (few)" not in said
    larger = told(file, *SELECTED, "--min-group-size", "29")
    assert sentences(larger).startswith("g: x are selected 0.00 times as often")
    assert "(few)" not in larger
    only_small = told(file, *SELECTED, "--reference", "g=x")
    assert "times as often as x" not in only_small


@pytest.mark.parametrize("columns", [60, 80, 120])
def test_the_table_has_whole_names_sizes_figures_and_intervals(
    tmp_path: Path, columns: int
) -> None:
    said = told(a_called_file(tmp_path), *BOTH, columns=columns)
    table = said.partition("\ng\n")[2]
    words = table.split()
    assert all(word in words for word in LONG.split())
    women = next(line.split() for line in table.splitlines() if line.startswith("women"))
    assert women[:3] == ["women", "200", "30.0%"]
    assert {"24–37", "0.39–0.64"} <= set(words)  # Wilson of 60 of 200; the ratio's
    everybody = next(line.split() for line in table.splitlines() if line.startswith("everybody"))
    assert everybody[:3] == ["everybody", "405", "45.2%"]


def test_the_figures_of_the_table_are_those_a_person_asks_for(tmp_path: Path) -> None:
    head = told(a_called_file(tmp_path), *BOTH).partition("\ng\n")[2].partition("───")[0]
    for heading in ("selection", "impact", "base", "true", "false"):
        assert heading in head.split()


def test_small_and_unknown_groups_are_named_below(tmp_path: Path) -> None:
    said = told(a_called_file(tmp_path, {**CALLED, "": (10, 10, 0, 0)}), *SELECTED)
    below = " ".join(said.rpartition("everybody")[2].split())
    assert f"Fewer than 30 rows, which say little: {LONG} (5)." in below
    assert "unknown: rows without a value of g (20)." in below
    assert "Every figure: --all, or --format json." in below


def test_every_figure_is_listed_if_asked_for_each_with_its_whole_name(tmp_path: Path) -> None:
    file = a_called_file(tmp_path)
    said = told(file, *BOTH, "--all")
    assert "chance" not in said
    assert "selection_rate (SR)\n" in said
    assert "false_positive_rate_\n  difference_worst_to_overall\n" in said
    assert f"  {LONG.split()[0]}" in said
    ratio = said.partition("\nimpact_ratio_to_rest\n")[2].splitlines()[:6]
    women = next(line.split() for line in ratio if line.startswith("  women / rest"))
    # Katz: e to the power of ln 0.5 ± 1.96 √(1/60 - 1/200 + 1/123 - 1/205)
    assert women[3:8] == ["200", "0.5", "0.394", "to", "0.635"]


def test_a_metric_asked_for_is_listed_alone(tmp_path: Path) -> None:
    said = told(a_called_file(tmp_path), *BOTH, "--metric", "TPR")
    names = [line for line in said.splitlines() if "_" in line]
    assert names == ["true_positive_rate (TPR)"] * 2  # of everybody, and of each group


def test_strata_have_tables_of_their_own_and_no_sentence(tmp_path: Path) -> None:
    file = a_file(
        tmp_path,
        {"g": list("ab") * 20, "p": [0, 1, 1, 1] * 10, "s": ["north"] * 20 + ["south"] * 20},
    )
    said = told(file, *SELECTED, "--stratum", "s", "--min-group-size", "20")
    assert said.count("times as often") == 1
    assert "\ng, s=north\n" in said
    assert "\ng, s=south\n" in said


OTHERS = {
    "decision": ("b get silver 0.00 times as often as everybody else", "20 rows against 20."),
    "value": ("the mean value of a is 4 below that of everybody else", "(95% interval"),
    "rank": ("the exposure of", "times that of everybody else"),
    "score": ("score above everybody's median", "times as often as"),
}


@pytest.mark.parametrize("part", OTHERS)
def test_other_columns_have_headlines_of_their_own(tmp_path: Path, part: str) -> None:
    columns = {
        "decision": ["gold", "gold", "silver", "gold"] * 10,
        "value": [1, 5, 3, 7] * 10,
        "rank": [1, 2, 3, 4] * 10,
        "score": [0.1, 0.9, 0.2, 0.8] * 10,
    }
    file = a_file(tmp_path, {"g": list("abab") * 10, part: columns[part]})
    said = sentences(told(file, f"--{part}", part, "--min-group-size", "20"))
    assert all(each in said for each in OTHERS[part]), said
    assert said.count("g: ") == 1
