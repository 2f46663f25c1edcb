"""Small inputs on which the product was once wrong, unclear or silent, with their right values."""

from functools import cache
from pathlib import Path
from typing import Any

import pytest

from tests.builders.asked import Answer, asked, refused
from tests.builders.shared_data import shared_fault

COLUMNS = ("--outcome", "y", "--selected", "p")
SCORED = (*COLUMNS, "--score", "s")
GENDER = ("--attr", "gender", *SCORED)


def approx(value: float, digits: int) -> Any:
    return pytest.approx(value, abs=0.5 * 10**-digits)


@cache
def answer(name: str, *words: object) -> Answer:
    return Answer(shared_fault(name), *(words or GENDER), "--resamples", 0)


# --- 1, 5, 10: weights ---


@pytest.mark.parametrize("name", ["weights_raw.csv", "weights_x1000.csv"])
def test_rows_are_resampled_whatever_the_unit_of_weight(name: str) -> None:
    found = answer(name, "--attr", "gender", *COLUMNS, "--weight", "w")
    parity = found.those("DPD")[0]
    assert parity["value"] == approx(0.10586, 5)
    assert (parity["low"], parity["high"]) == (approx(0.055, 2), approx(0.161, 2))
    rate = found.one("SR", "F")
    assert (rate["low"], rate["high"]) == (approx(0.339, 3), approx(0.413, 3))


def test_tiny_weights_give_what_their_thousandfold_gives(tmp_path: Path) -> None:
    lines = shared_fault("weights_raw.csv").read_text().splitlines()
    total = sum(float(line.rsplit(",", 1)[1]) for line in lines[1:])
    rows = [line.rsplit(",", 1) for line in lines[1:]]
    tiny = tmp_path / "tiny.csv"
    tiny.write_text("\n".join([lines[0], *(f"{a},{float(w) / total!r}" for a, w in rows)]))
    found = Answer(tiny, "--attr", "gender", *COLUMNS, "--weight", "w")
    assert found.value("SR", "F") == approx(0.37542803, 7)
    tested = found.one("selection_rate_difference_to_rest", "F")
    assert tested["p_value"] == approx(8.6e-5, 6)
    impact = found.one("impact_ratio", "F")
    assert (impact["low"], impact["high"]) == (approx(0.688, 2), approx(0.884, 2))


def test_tiny_weights_have_intervals() -> None:
    found = answer("weights_tiny.csv", "--attr", "gender", "--selected", "p", "--weight", "w")
    assert found.one("SR", "F")["low"] is not None
    assert found.one("impact_ratio", "F")["low"] is not None


def test_scores_are_weighted() -> None:
    found = answer("weight_ok.csv", *GENDER, "--weight", "w")
    areas = [found.value("AUC", name) for name in ("F", "M", "overall")]
    assert areas == [approx(0.5849, 4), approx(0.6253, 4), approx(0.5841, 4)]
    assert found.value("mean_score", "F") == approx(0.4878, 4)
    assert not [each for each in found.results if each["method"].endswith("unweighted")]


# --- 2, 9: paths ---


@pytest.mark.parametrize("name", ["scores[1].parquet", "q3?.parquet"])
def test_only_the_named_file_is_read(name: str) -> None:
    found = answer(name)
    assert found.value("SR", "F") == pytest.approx(7 / 18)
    assert found.value("SR", "M") == pytest.approx(17 / 22)
    assert found.one("SR", "overall")["n"] == 40


# --- 3, 11: groups without a rate, and tiny ones ---

UNDEFINED = (
    "equalized_odds_difference",
    "equalized_odds_ratio",
    "equal_opportunity_worst_difference",
)


@pytest.mark.parametrize("metric", UNDEFINED)
def test_what_a_group_lacks_is_undefined_and_named(metric: str) -> None:
    found = answer("eo_group_without_positives.csv", "--attr", "gender", *COLUMNS)
    (worst,) = found.those(metric)
    assert (worst["value"], worst["low"], worst["high"]) == (None, None, None)
    assert (worst["group"], worst["reference"]) == ("F", None)


@pytest.mark.parametrize("metric", UNDEFINED)
def test_with_one_group_nothing_is_apart(metric: str) -> None:
    (worst,) = answer("one_group.csv").those(metric)
    assert (worst["value"], worst["low"], worst["high"]) == (None, None, None)


# --- 4: unknown groups ---


def test_the_usual_words_are_unknown() -> None:
    words = ("--attr", "sex", "--selected", "selected")
    for name in ("ll144_unknown_no_tiny.csv", "ll144_blank_unknown.csv"):
        found = answer(name, *words)
        impact = found.one("impact_ratio", "Female")
        assert impact["value"] == approx(0.8333, 4)
        assert impact["reference"] == "Male"
        assert found.one("SR", "unknown")["n"] == 40
    found = answer("ll144_unknown_no_tiny.csv", *words)
    assert "sex: 40 unknown (40 Unknown)" in found.told
    as_written = answer("missing_markers.csv", *GENDER, "--groups-as-written")
    assert {"N/A", "NULL", "NaN", "None"} <= {each["group"] for each in as_written.those("SR")}


def test_missing_markers_are_told() -> None:
    found = answer("missing_markers.csv")
    assert {each["group"] for each in found.those("SR")} == {"F", "M", "unknown", "overall"}
    assert (
        "gender: 9 unknown (1 N/A, 1 NULL, 1 NaN, 1 None, 1 Unknown, 1 unknown, 3 empty)"
        in found.told
    )
    assert found.one("SR", "unknown")["n"] == 9
    parquet = answer("float_attr_true_nan.parquet", "--attr", "gender", *COLUMNS)
    assert {each["group"] for each in parquet.those("SR")} == {"0.0", "1.0", "unknown", "overall"}


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("mixed_case_groups.csv", "'F' and 'f', 'M' and 'm'"),
        ("trailing_blank_groups.csv", "'F' and 'F ', 'M' and 'M '"),
    ],
)
def test_groups_that_look_alike_are_told(name: str, said: str) -> None:
    assert f"gender: {said} differ in case or blanks alone" in answer(name).told


# --- 6, 7, 8: files from elsewhere ---


@pytest.mark.parametrize(
    ("name", "cause"),
    [
        ("plain_but_named.csv.gz", "is called .gz and is not packed with gzip"),
        ("truncated.csv.gz", "is packed with gzip and broken or cut off"),
        ("duplicate_columns.parquet", "named twice: 'gender', columns 1 and 2"),
        ("case_duplicate_columns.parquet", "'gender' and 'Gender'"),
        ("case_duplicate_columns.csv", "'gender' and 'Gender'"),
        ("bool_accept.csv", "40 rows are not binary (write"),
    ],
)
def test_what_cannot_be_read_is_named_in_one_line(name: str, cause: str) -> None:
    assert cause in refused(shared_fault(name), *GENDER)


def test_names_are_whole_and_have_their_sizes() -> None:
    shown = asked("measure", shared_fault("long_group_names.csv"), *GENDER).stdout
    cells = [line[:25].strip() for line in shown.splitlines()]
    for place, line in enumerate(cells):
        if line == "Black or African":
            assert cells[place + 1].startswith(("American*Female", "American*Male"))
    assert "American*Female (18)" in shown.replace("\n  ", " ")
    assert max(map(len, shown.splitlines())) <= 80


SPREADSHEETS = [
    "semicolon.csv", "tab.csv", "pipe.csv", "latin1.csv", "utf16.csv", "sep_line.csv",
    "header_spaces.csv", "trailing_commas.csv", "bool_yes_no.csv", "decimal_comma.csv",
    "percent_scores.csv", "noext_parquet", "named_csv_but_parquet.csv", "x.jsonl",
    "spark_out.parquet", "base.parquet",
]  # fmt: skip


@pytest.mark.parametrize("name", SPREADSHEETS)
def test_files_from_elsewhere_give_what_the_plain_one_gives(name: str) -> None:
    def all_of(found: Answer) -> dict[tuple[str | None, ...], list[float | None]]:
        called = {"Männlich": "M", "Weiblich": "F"}
        about = ("metric", "attribute", "group", "reference", "stratum")
        figures = ("value", "low", "high", "p_value", "n")
        return {
            tuple(called.get(each[key], each[key]) for key in about): [
                each[key] for key in figures
            ]
            for each in found.results
        }

    ours, plain = all_of(answer(name)), all_of(answer("base.csv"))
    assert ours.keys() == plain.keys()
    for about, figures in ours.items():
        expected = [each if each is None else pytest.approx(each) for each in plain[about]]
        assert figures == expected, about


def test_the_positive_word_can_be_said() -> None:
    found = answer("bool_accept.csv", *GENDER, "--positive", "approved")
    assert found.value("TPR", "F") == answer("base.csv").value("TPR", "F")
    assert "--positive: no cell of y or p holds" in refused(
        shared_fault("bool_accept.csv"), *GENDER, "--positive", "won"
    )


def test_labels_that_nobody_knows_are_unknown() -> None:
    found = answer("null_labels_NA.csv")
    assert "y: 3 unknown (3 NA)" in found.told
    assert found.one("base_rate", "overall")["denominator"] == 37


# --- 13, 14, 15 ---


def test_a_metric_says_which_column_it_needs() -> None:
    base = shared_fault("base.csv")
    words = ("--attr", "gender", "--selected", "p", "--metric", "equalized_odds_difference")
    assert "equalized_odds_difference: needs another column (name it with --outcome)" in refused(
        base, *words
    )


@pytest.mark.parametrize(
    ("name", "column"),
    [
        ("colname_eq.csv", "a=b"),
        ("colname_comma.csv", "gender, self"),
        ("colname_overall.csv", "overall"),
    ],
)
def test_odd_names_of_columns_work(name: str, column: str) -> None:
    words = ("--attr", column, "--attr", "region", *SCORED)
    words = (*words, "--reference", f"{column}=M", "--intersect", f"{column},region")
    found = answer(name, *words)
    assert found.one("SR", "F", attribute=column)["n"] == 18
    assert found.one("impact_ratio_to_best", "F")["value"] == pytest.approx((7 / 18) / (17 / 22))
    assert found.one("selection_rate_difference", "F")["reference"] == "M"
    assert found.those("SR", attribute=f"{column}*region")
    total = found.one("SR", "overall")
    assert (total["attribute"], total["n"]) == ("overall", 40)
    shown = asked("measure", shared_fault(name), *words).stdout
    assert f"\n{column}, compared with M\n" in shown
    assert "\nselected  p: true in 60.0%\n" in shown


def test_odd_types_mean_what_they_say() -> None:
    decimals = answer("decimal.parquet")
    base = answer("base.csv")
    for metric in ("SR", "TPR", "AUC", "mean_score"):
        assert decimals.value(metric, "F") == pytest.approx(base.value(metric, "F"))
    named = answer("binary_utf8.parquet", "--attr", "gender", *COLUMNS)
    assert named.one("SR", "Männlich")["n"] == 22
    moments = answer("tz_attr.parquet", "--attr", "joined", "--selected", "p")
    days = {each["group"] for each in moments.those("SR")} - {"overall", "unknown"}
    assert days
    assert all(" 00:00:00+0" in day for day in days)
    assert "2024-01-01 00:00:00+01:00" in days


def test_large_whole_scores_keep_their_order() -> None:
    import numpy as np
    import pandas as pd

    path = shared_fault("huge_int_scores.csv")
    frame = pd.read_csv(path)
    found = Answer(path, *GENDER)
    order = frame["s"].rank()
    for name, some in frame.assign(order=order).groupby("gender"):
        pairs = some[some["y"] == 1].merge(some[some["y"] == 0], how="cross")
        won = (pairs["order_x"] > pairs["order_y"]).mean()
        assert found.value("AUC", str(name)) == pytest.approx(won)
    above = order > np.median(order)
    assert found.value("scoring_rate", "F") == pytest.approx(above[frame["gender"] == "F"].mean())


def test_numbers_as_groups_are_told_and_put_into_bands() -> None:
    words = ("--attr", "age", "--selected", "p")
    assert (
        "groups are a lot to compare (--bins makes bands"
        in answer("continuous_age.csv", *words).told
    )
    found = answer("continuous_age.csv", *words, "--bins", "age=30,50")
    bands = {each["group"]: each["n"] for each in found.those("SR")}
    assert set(bands) == {"below 30", "30 to below 50", "50 and above", "overall"}
    assert sum(bands.values()) == 800
