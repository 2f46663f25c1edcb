"""`measure --subject`: people are counted, not rows."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from fairness_audit.cli.app import app
from tests.builders.measured_files import a_file

WORDS = ("--selected", "p", "--outcome", "y", "--attr", "g")


def rows_of(times: int) -> list[tuple[str, str, int, int, str]]:
    """Forty of each group, so often the same decision about each; half as many ``f`` selected."""
    return [
        (f"{g}{i}", g, int(i < selected), i % 2, "north")
        for g, selected in (("f", 10), ("m", 20))
        for i in range(40)
        for _ in range(times)
    ]


def written(folder: Path, rows: Sequence[tuple[Any, ...]]) -> Path:
    names = ("id", "g", "p", "y", "region")
    return a_file(folder, dict(zip(names, zip(*rows, strict=True), strict=True)))


def asked(*words: object) -> Result:
    return CliRunner().invoke(app, ["measure", *map(str, words)])


def figures(*words: object) -> list[dict[str, Any]]:
    result = asked(*words, *WORDS, "--format", "json")
    assert result.exit_code == 0, result.output
    found: list[dict[str, Any]] = json.loads(result.stdout)
    return found


def one(found: list[dict[str, Any]], metric: str, group: str = "f") -> dict[str, Any]:
    (result,) = [each for each in found if (each["metric"], each["group"]) == (metric, group)]
    return result


def test_who_is_decided_about_once_changes_nothing_but_the_line_that_says_so(
    tmp_path: Path,
) -> None:
    file = written(tmp_path, rows_of(1))
    for more in ((), ("--all",), ("--subgroups", "1"), ("--stratum", "region", "--all")):
        without = asked(file, *WORDS, *more).stdout
        by_subject = asked(file, *WORDS, *more, "--subject", "id").stdout
        if "--all" in more:
            assert by_subject == without
            continue
        assert "subject   id: 80 subjects, each decided about once\n" in by_subject
    same = [
        {key: value for key, value in each.items() if key not in OF_SUBJECTS}
        for each in figures(file, "--subject", "id")
    ]
    assert same == figures(file)


OF_SUBJECTS = ("subject", "subjects", "n_effective")


def test_ten_decisions_about_each_tell_what_one_does_but_for_students_t(tmp_path: Path) -> None:
    """By rows p is 2e-12; of forty persons each, 10 and 20 selected, it is about .02."""
    file = written(tmp_path, rows_of(10))
    by_row = one(figures(file), "selection_rate_ratio_to_rest")
    found = one(figures(file, "--subject", "id"), "selection_rate_ratio_to_rest")
    once = one(figures(written(tmp_path, rows_of(1))), "selection_rate_ratio_to_rest")
    assert by_row["p_value"] < 1e-10
    assert once["p_value"] < found["p_value"] < 1.3 * once["p_value"]
    assert found["value"] == by_row["value"] == once["value"]
    assert found["low"] < once["low"] < once["high"] < found["high"]
    assert found["method"] == "katz, z, by subject"


def test_results_name_the_column_the_subjects_and_what_they_are_worth(tmp_path: Path) -> None:
    found = figures(written(tmp_path, rows_of(10)), "--subject", "id")
    rate = one(found, "selection_rate")
    assert (rate["subject"], rate["subjects"], rate["n"]) == ("id", 40, 400)
    assert rate["n_effective"] == pytest.approx(40)
    assert one(found, "selection_rate", "overall")["subjects"] == 80


def test_the_summary_says_how_many_they_are_and_how_often_one_is_decided_about(
    tmp_path: Path,
) -> None:
    moved = [("f0", "m", 1, 1, "north")]
    result = asked(written(tmp_path, rows_of(10) + moved), *WORDS, "--subject", "id")
    said = " ".join(result.stdout.split())
    assert "subject id: 80 subjects, at most 11 decisions about one" in said
    assert "1 in several groups of g" in said
    assert max(map(len, result.stdout.splitlines())) <= 80


def test_small_are_groups_of_few_people_however_many_rows(tmp_path: Path) -> None:
    few = [row for row in rows_of(10) if row[1] == "m" or int(row[0][1:]) % 4 == 0]
    file = written(tmp_path, few)
    by_subject, by_row = asked(file, *WORDS, "--subject", "id").stdout, asked(file, *WORDS).stdout
    assert "Fewer than 30 subjects, which say little: f (10)." in by_subject.replace("\n  ", " ")
    assert "\nf (few) " in by_subject
    assert "\ng: " not in by_subject
    assert "Fewer than" not in by_row
    assert "(few)" not in by_row
    assert "\ng: " in by_row


def test_who_is_compared_with_few_people_heads_nothing(tmp_path: Path) -> None:
    few = [row for row in rows_of(10) if row[1] == "m" or int(row[0][1:]) % 4 == 0]
    words = (*WORDS, "--subject", "id", "--reference", "g=f")
    assert "\ng: " not in asked(written(tmp_path, few), *words).stdout
    assert "\ng: " in asked(written(tmp_path, few), *words, "--min-group-size", 10).stdout


def test_what_is_not_made_by_subject_is_left_out_and_says_so(tmp_path: Path) -> None:
    rows = [(*row, i / 1000, i % 7, "abc"[i % 3], i) for i, row in enumerate(rows_of(4), 1)]
    names = ("id", "g", "p", "y", "region", "s", "v", "d", "r")
    file = a_file(tmp_path, dict(zip(names, zip(*rows, strict=True), strict=True)))
    more = (
        "--score",
        "s",
        "--value",
        "v",
        "--decision",
        "d",
        "--rank",
        "r",
        "--stratum",
        "region",
    )
    found = figures(file, "--subject", "id", *more, "--subgroups", "1")
    by_row = figures(file, *more, "--subgroups", "1")
    assert len(found) == len(by_row)
    for each, before in zip(found, by_row, strict=True):
        if each["metric"] not in ("selection_z", "simpson_reversal"):  # made of evidence
            assert each["value"] == before["value"]
        had = any(before[key] is not None for key in ("low", "high", "p_value"))
        is_itself = each["method"] == "the reference itself"
        if had and not is_itself:
            made = each["method"].endswith(", by subject")
            assert made is (each["low"] is not None or each["p_value"] is not None)
            assert made or each["method"] == "none, not by subject"
    left = {each["metric"] for each in found if each["method"] == "none, not by subject"}
    assert {
        "area_under_curve",
        "mean_value",
        "decision_rate",
        "mantel_haenszel_odds_ratio",
        "simpson_reversal",
    } <= left
    assert {each["value"] for each in found if each["metric"] == "simpson_reversal"} == {None}
    made = {each["metric"] for each in found if each["method"].endswith(", by subject")}
    assert {
        "selection_rate",
        "worst_subgroup_impact_ratio",
        "population_share",
        "equalized_odds_difference",
    } <= made


def test_what_is_largest_of_all_groups_is_no_surer_than_of_one_decision_about_each(
    tmp_path: Path,
) -> None:
    once = figures(written(tmp_path, rows_of(1)))
    found = figures(written(tmp_path, rows_of(10)), "--subject", "id")
    names = (
        "smoothed_empirical_differential_fairness",
        "bias_amplification",
        "selection_rate_difference_worst_to_overall",
        "selection_rate_ratio_worst_to_overall",
        "demographic_parity_difference",
        "benefit_theil_t",
    )
    for name in names:
        one_each, ten_each = (
            next(each for each in some if each["metric"] == name) for some in (once, found)
        )
        assert ten_each["method"].endswith(", by subject"), name
        width = one_each["high"] - one_each["low"]
        assert ten_each["high"] - ten_each["low"] > 0.9 * width, name


def test_z_is_of_what_the_decisions_are_worth(tmp_path: Path) -> None:
    once = one(figures(written(tmp_path, rows_of(1))), "selection_z")
    found = one(figures(written(tmp_path, rows_of(10)), "--subject", "id"), "selection_z")
    assert found["value"] == pytest.approx(once["value"])


def test_rates_of_the_same_people_are_no_two_samples(tmp_path: Path) -> None:
    """Ten decisions about each, of which five have a true outcome, all selected or none."""
    rows = [
        (f"{g}{i}", g, int(i < selected), j % 2, "north")
        for g, selected in (("f", 15), ("m", 20))
        for i in range(40)
        for j in range(10)
    ]
    file = written(tmp_path, rows)
    found = figures(file, "--subject", "id")
    mean, part = one(found, "average_odds_difference"), one(found, "equal_opportunity_difference")
    assert mean["method"] == "bootstrap, by subject"
    assert mean["high"] - mean["low"] > 0.85 * (part["high"] - part["low"])


def test_resamples_are_of_subjects(tmp_path: Path) -> None:
    """Ten decisions about each, all alike, tell no more than one of each does."""
    once = one(figures(written(tmp_path, rows_of(1))), "skew")
    found = one(figures(written(tmp_path, rows_of(10)), "--subject", "id"), "skew")
    assert found["method"] == "bootstrap, by subject"
    assert found["high"] - found["low"] == pytest.approx(once["high"] - once["low"], rel=0.15)


@pytest.mark.parametrize(
    ("rows", "more", "says"),
    [
        ([("a", "f", 1, 1, "x"), ("", "m", 0, 1, "x")], (), "column 'id': 1 rows are empty"),
        (
            [("a", "f", 1, 1, "x"), ("b", "m", 0, 1, "x")],
            ("--weight", "y"),
            "--subject and --weight",
        ),
    ],
)
def test_what_cannot_be_counted_by_subject_is_refused(
    tmp_path: Path, rows: list[tuple[Any, ...]], more: tuple[str, ...], says: str
) -> None:
    result = asked(written(tmp_path, rows), *WORDS, "--subject", "id", *more)
    assert result.exit_code == 2
    assert says in " ".join(result.output.split())


def test_everybody_is_said_of_all_strata_together(tmp_path: Path) -> None:
    """And not of the last one, as it was."""
    south = [(f"s{i}", "m", 1, 1, "south") for i in range(20)]
    result = asked(
        written(tmp_path, rows_of(2) + south), *WORDS, "--subject", "id", "--stratum", "region"
    )
    assert "selected  p: true in 44.4%\n" in result.stdout
    assert "subject   id: 100 subjects" in result.stdout
