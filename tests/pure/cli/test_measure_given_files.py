"""Files of many makings at `fairness-audit measure`: read right, told, or refused in one line."""

from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tests.builders.asked import Answer, asked, refused

WORDS = ("--attr", "g", "--selected", "p", "--outcome", "y", "--resamples", 0)


def text(folder: Path, content: str, name: str = "given.csv") -> Path:
    path = folder / name
    path.write_text(content, encoding="utf-8")
    return path


def parquet(folder: Path, **columns: Any) -> Path:
    path = folder / "given.parquet"
    pq.write_table(pa.table(columns), path)
    return path


def rows(*groups: str) -> str:
    """Rows of groups; the first of each is selected and true, the second neither."""
    return "g,p,y\n" + "".join(f"{group},1,1\n{group},0,0\n" for group in groups)


def groups_of(found: Answer) -> set[str]:
    return {each["group"] for each in found.those("SR")} - {"overall"}


# --- unknown groups -----------------------------------------------------------------------------


def test_words_for_nothing_are_unknown_and_counted(tmp_path: Path) -> None:
    words = ["N/A", "null", "NaN", "None", "?", "-", "#N/A", "<NA>", " Unknown ", "  "]
    found = Answer(text(tmp_path, rows("a", "b", *words)), *WORDS)
    assert groups_of(found) == {"a", "b", "unknown"}
    assert found.one("SR", "unknown")["n"] == 20
    assert "g: 20 unknown (2 Unknown, 2 #N/A, 2 -, 2 <NA>, 2 ?, 2 N/A, 2 NaN, " in found.told
    assert "2 empty)" in found.told


def test_what_else_is_unknown_can_be_said(tmp_path: Path) -> None:
    file = text(tmp_path, rows("a", "b", "Withheld", "N/A"))
    found = Answer(file, *WORDS, "--unknown", "withheld")
    assert groups_of(found) == {"a", "b", "unknown"}
    written = Answer(file, *WORDS, "--groups-as-written")
    assert groups_of(written) == {"a", "b", "Withheld", "N/A"}
    both = Answer(file, *WORDS, "--groups-as-written", "--unknown", "Withheld")
    assert groups_of(both) == {"a", "b", "N/A", "unknown"}


def test_the_summary_says_what_was_taken_for_granted(tmp_path: Path) -> None:
    shown = asked("measure", text(tmp_path, rows("a", "A", "N/A")), *WORDS).stdout
    assert "\ng: 2 unknown (2 N/A)\n" in shown
    assert "'A' and 'a' differ in case or blanks alone" in shown.replace("\n  ", " ")
    assert max(map(len, shown.splitlines())) <= 80


@pytest.mark.parametrize("name", ["overall", "rest"])
def test_a_group_may_be_called_as_everybody_is(tmp_path: Path, name: str) -> None:
    found = Answer(text(tmp_path, rows("a", name, name)), *WORDS)
    assert found.one("SR", "overall")["n"] == 6
    assert found.one("SR", f"{name} (group)")["n"] == 4
    assert f"g: the group {name} is called `{name} (group)`" in found.told


# --- true and false -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("yes", "no"),
    [
        ("yes", "No"),
        ("TRUE", "false"),
        ("t", "f"),
        ("Y", "n"),
        ("WAHR", "FALSCH"),
        ("1.00", "0.00"),
        (" 1", "0 "),
    ],
)
def test_yes_and_no_may_be_written_in_many_ways(tmp_path: Path, yes: str, no: str) -> None:
    content = f"g,p,y\na,{yes},{no}\na,{no},{yes}\nb,{yes},\nb,{yes},NA\n"
    found = Answer(text(tmp_path, content), *WORDS)
    assert (found.value("SR", "a"), found.value("SR", "b")) == (0.5, 1)
    assert found.one("base_rate", "overall")["denominator"] == 2
    assert "y: 2 unknown (1 NA, 1 empty)" in found.told


def test_the_positive_words_can_be_said(tmp_path: Path) -> None:
    file = text(tmp_path, "g,p,y\na,gold,0\na,lead,1\nb,silver,\nb,tin,1\n")
    found = Answer(file, *WORDS, "--positive", "Gold", "--positive", "silver")
    assert found.value("SR", "a") == 0.5
    assert found.value("base_rate", "overall") == pytest.approx(2 / 3)
    assert "column 'p': 4 rows are not binary" in refused(file, *WORDS)
    assert "--positive: no cell of y or p holds" in refused(file, *WORDS, "--positive", "wood")


# --- numbers ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("cells", "words", "mean"),
    [
        (["0,5", "0,25"], [], 0.375),
        (["50%", "25 %"], [], 0.375),
        (["1.234,5", "2"], ["--decimal", ","], 618.25),
        (["1,234.5", "2"], ["--decimal", "."], 618.25),
        (["1,234", "2,346"], ["--decimal", ","], 1.79),
        (["1,234", "2,346"], ["--decimal", "."], 1790),
        (["1e-1", "3E-1"], [], 0.2),
    ],
)
def test_numbers_are_read_as_they_are_meant(
    tmp_path: Path, cells: list[str], words: list[str], mean: float
) -> None:
    content = "g;s\n" + "".join(f"a;{cell}\n" for cell in cells)
    found = Answer(text(tmp_path, content), "--attr", "g", "--score", "s", *words)
    assert found.value("mean_score", "a") == pytest.approx(mean, rel=1e-12)


@pytest.mark.parametrize(
    ("cells", "words", "cause"),
    [
        (["1,234", "2,346"], [], "may be the decimal mark or divide thousands"),
        (["1,5", "2.5"], [], "may be the decimal mark or divide thousands"),
        (["50%", "0.5"], [], "1 of 2 numbers are percentages"),
        (["0.5", "1"], ["--decimal", ","], "1 numbers hold '.', and the decimal mark is ','"),
        (["0.5", "canary"], [], "1 rows are not finite numbers"),
        (["0.5", "1"], ["--decimal", "x"], "--decimal x: write a point or a comma"),
        (["0.5", "1"], ["--delimiter", "xx"], "'xx' is no delimiter"),
        (["0.5", "1"], ["--encoding", "xx"], "'xx' is no encoding"),
    ],
)
def test_numbers_that_may_mean_two_things_are_refused(
    tmp_path: Path, cells: list[str], words: list[str], cause: str
) -> None:
    content = "g;s\n" + "".join(f"a;{cell}\n" for cell in cells)
    said = refused(text(tmp_path, content), "--attr", "g", "--score", "s", *words)
    assert cause in said
    assert "canary" not in said


def test_numbers_make_bands(tmp_path: Path) -> None:
    content = "age,p\n" + "".join(f"{age / 2},1\n" for age in range(60)) + ",0\n"
    file, words = text(tmp_path, content), ("--attr", "age", "--selected", "p")
    assert "age: 60 groups are a lot to compare (--bins" in Answer(file, *words).told
    found = Answer(file, *words, "--bins", "age=10,20.5")
    sizes = {each["group"]: each["n"] for each in found.those("SR", attribute="age")}
    assert sizes == {
        "below 10": 20, "10 to below 20.5": 21, "20.5 and above": 19, "unknown": 1,
    }  # fmt: skip
    for bins, cause in (("age=20,10", "ascending"), ("age", "ascending"), ("b=1", "add --attr b")):
        assert cause in refused(file, *words, "--bins", bins)
    words_in = text(tmp_path, "age,p\nold,1\n", "words.csv")
    assert "1 rows are no numbers" in refused(words_in, *words, "--bins", "age=10")


# --- types --------------------------------------------------------------------------------------


def test_types_of_parquet_mean_what_they_say(tmp_path: Path) -> None:
    berlin = pa.timestamp("us", "Europe/Berlin")
    moments = [datetime(2024, 12, 31, 23, tzinfo=UTC), datetime(2024, 6, 30, 22, tzinfo=UTC)]
    file = parquet(
        tmp_path,
        g=pa.array(["ä".encode(), b"b"]),
        t=pa.array(moments, berlin),
        o=pa.array(moments, pa.timestamp("ns", "-03:30")),
        n=pa.array(["x", "y"]).dictionary_encode(),
        u=pa.array([b"\xff" * 16, b"\0" * 16], pa.uuid()),
        p=pa.array([Decimal("1.00"), Decimal("0.00")]),
        y=pa.array([True, None]),
    )
    attributes = [word for name in "gtonu" for word in ("--attr", name)]
    found = Answer(file, *attributes, "--selected", "p", "--outcome", "y")
    there = {name: {e["group"] for e in found.those("SR", attribute=name)} for name in "gtonu"}
    assert there == {
        "g": {"ä", "b"},
        "t": {"2025-01-01 00:00:00+01:00", "2024-07-01 00:00:00+02:00"},
        "o": {"2024-12-31 19:30:00-03:30", "2024-06-30 18:30:00-03:30"},
        "n": {"x", "y"},
        "u": {"ffffffff-ffff-ffff-ffff-ffffffffffff", "00000000-0000-0000-0000-000000000000"},
    }
    assert found.value("SR", "ä") == 1
    broken = parquet(tmp_path, g=pa.array([b"\xffcanary"]), p=pa.array([1]))
    said = refused(broken, "--attr", "g", "--selected", "p")
    assert "cannot be read to its end" in said
    assert "canary" not in said


def test_large_whole_scores_are_not_one(tmp_path: Path) -> None:
    scores = [2**53 + i for i in range(4)]
    file = parquet(tmp_path, g=["a"] * 4, y=[0, 1, 0, 1], s=scores)
    words = ("--attr", "g", "--outcome", "y", "--score", "s")
    found = Answer(file, *words)
    assert found.value("AUC", "a") == 0.75
    assert found.value("scoring_rate", "a") == 0.5
    assert found.value("mean_score", "a") == pytest.approx(2**53 + 1.5, abs=2)
    beyond = text(tmp_path, f"g,y,s\na,1,{10**30}\na,0,1\n")
    assert "1 whole numbers are beyond 64 bits" in refused(beyond, *words)


def test_a_link_is_what_it_links_to(tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    (tmp_path / "parts").mkdir()
    file = parquet(tmp_path / "real", g=["a", "b"], p=[1, 0])
    (tmp_path / "parts" / "part-0.parquet").symlink_to(file)
    for path in (tmp_path / "parts", tmp_path / "parts" / "part-0.parquet"):
        assert Answer(path, "--attr", "g", "--selected", "p").value("SR", "a") == 1


# --- names --------------------------------------------------------------------------------------


def test_odd_names_of_columns(tmp_path: Path) -> None:
    names = ("a=b", "c, d", "e*f", "overall")
    lines = ",".join(f'"{name}"' for name in (*names, "p")) + "\n"
    file = text(tmp_path, lines + "x=1,u,k,F,1\nz,v,l,M,0\nx=1,v,k,F,1\n")
    words = [word for name in names for word in ("--attr", name)] + ["--selected", "p"]
    more = ("--intersect", "a=b,c, d", "--intersect", "e*f*overall", "--reference", "a=b=x=1")
    found = Answer(file, *words, *more)
    attributes = {each["attribute"] for each in found.those("SR")}
    assert attributes == {*names, "a=b*c, d", "e*f*overall"}
    assert found.one("selection_rate_difference", "z", attribute="a=b")["reference"] == "x=1"
    assert found.one("SR", "F", attribute="overall")["n"] == 2
    assert found.one("SR", "overall")["n"] == 3


def test_an_intersection_must_not_be_read_in_two_ways(tmp_path: Path) -> None:
    file = text(tmp_path, '"a,b",a,"b,c",c,p\n1,1,1,1,1\n')
    words = [word for name in ("a,b", "a", "b,c", "c") for word in ("--attr", name)]
    said = refused(file, *words, "--selected", "p", "--intersect", "a,b,c")
    assert "may be divided in several ways" in said


def test_a_metric_that_cannot_be_made_is_an_error(tmp_path: Path) -> None:
    file = text(tmp_path, rows("a", "b"))
    some = ("--attr", "g", "--selected", "p")
    for metric, needed in (("TPR", "--outcome"), ("AUC", "--outcome and --score")):
        said = refused(file, *some, "--metric", metric)
        assert all(option in said for option in needed.split(" and "))
    assert "this file has nothing to make it of" in refused(
        file, *some, "--metric", "worst_subgroup_impact_ratio"
    )


# --- tiny groups --------------------------------------------------------------------------------


def test_a_tiny_group_is_the_best_only_where_all_are_tiny(tmp_path: Path) -> None:
    many = "g,p,y\n" + "a,1,1\na,0,1\n" * 20 + "b,1,1\nb,0,0\nb,0,0\n" * 20 + "c,1,1\n"
    file = text(tmp_path, many)
    assert Answer(file, *WORDS).one("impact_ratio", "b")["reference"] == "a"
    tiny = Answer(file, *WORDS, "--min-group-size", 1)
    assert tiny.one("impact_ratio", "b")["reference"] == "c"
    all_tiny = text(tmp_path, rows("a", "b"), "tiny.csv")
    assert Answer(all_tiny, *WORDS).one("impact_ratio", "a")["value"] == 1
    shown = asked("measure", file, *WORDS).stdout
    assert "\nc (few)" in shown
    assert "\ng: a " in shown or "\ng: b " in shown


def test_figures_that_use_no_weights_say_so(tmp_path: Path) -> None:
    file = text(tmp_path, "g,v,w\na,1,2\na,2,1\nb,3,1\nb,5,2\n")
    words = ("--attr", "g", "--value", "v", "--weight", "w", "--resamples", 0)
    found = Answer(file, *words)
    assert "v: its figures do not use the weights" in found.told
    assert found.one("mean_value", "a")["method"].endswith("unweighted")
    for more in ((), ("--all",)):
        assert "its figures do not use the weights" in asked("measure", file, *words, *more).stdout


def test_a_ratio_to_hardly_anything_has_no_interval(tmp_path: Path) -> None:
    file = text(tmp_path, "g,v\na,1\na,2\nb,1000\nb,-999.9999\n")
    found = Answer(file, "--attr", "g", "--value", "v", "--reference", "g=b")
    ratio = found.one("mean_value_ratio", "a")
    assert ratio["value"] > 1000
    assert (ratio["low"], ratio["high"], ratio["method"]) == (None, None, "none")


def test_of_groups_that_score_alike_the_larger_is_the_best(tmp_path: Path) -> None:
    cells = ["a,9\n", *["b,9\n"] * 3, *["c,1\n"] * 8, *["c,9\n"] * 2]
    found = Answer(text(tmp_path, "g,s\n" + "".join(cells)), "--attr", "g", "--score", "s")
    assert found.one("scoring_rate_impact_ratio", "c")["reference"] == "b"
