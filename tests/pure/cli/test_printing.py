"""One way to print: at the terminal's width, whole names, nothing that rewrites a terminal."""

import csv
import io
import json
import unicodedata

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fairness_audit.cli.printing import Format, complain, say, show, show_rows, table, wrapped

NAME = "Bosnian_Croatian_or_Serbian_" * 4
ROWS = [{"name": "ä", "list": ["a", "b"], "no": None}, {"name": 'x"', "list": [], "no": 1}]


@pytest.fixture(autouse=True)
def narrow(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "40")


def is_unshown(char: str) -> bool:
    """True of what a terminal may obey, or turn the text round at."""
    return unicodedata.category(char) in {"Cc", "Cs"} or "\u202a" <= char <= "\u202e"


def never() -> None:
    pytest.fail("this is no table")


def test_a_paragraph_is_wrapped_between_words_and_a_name_is_whole(
    capsys: pytest.CaptureFixture[str],
) -> None:
    say(f"the group {NAME} and the group of all the others there are", hang=2)
    lines = capsys.readouterr().out.splitlines()
    assert lines == ["the group", f"  {NAME}", "  and the group of all the others there", "  are"]


def test_what_is_aligned_and_fits_stays_aligned() -> None:
    assert wrapped("rows    1", 9) == ["rows    1"]


def test_a_table_is_as_wide_as_the_terminal_and_cuts_no_name_and_no_number(
    capsys: pytest.CaptureFixture[str],
) -> None:
    table(("group", "rows"), [(NAME, "1,234,567"), ("b", "2")], right={1})
    lines = capsys.readouterr().out.splitlines()
    assert max(map(len, lines)) <= 40
    assert "".join(line.split()[0] for line in lines[2:-1]) == NAME
    assert lines[2].endswith("1,234,567")
    assert lines[-1].split() == ["b", "2"]


def test_what_comes_from_data_cannot_rewrite_the_terminal(
    capsys: pytest.CaptureFixture[str],
) -> None:
    table(("group",), [("a\x1b[2Jb\nverdict: pass",)])
    say("a\x1b[2Jb\r")
    complain("a\x1b[2Jb")
    shown = capsys.readouterr()
    assert not {"\x1b", "\r"} & {*shown.out, *shown.err}
    assert "a\ufffd[2Jb\ufffdverdict: pass" in shown.out


def test_a_complaint_stays_in_one_line_where_it_is_logged(
    capsys: pytest.CaptureFixture[str],
) -> None:
    complain("one " * 30 + "\ntwo")
    lines = capsys.readouterr().err.splitlines()
    assert [line.partition(" ")[0] for line in lines] == ["fairness-audit:"] * 2


def test_rows_as_json_are_a_list(capsys: pytest.CaptureFixture[str]) -> None:
    show_rows(ROWS, Format.JSON, never)
    assert json.loads(capsys.readouterr().out) == ROWS


def test_rows_as_csv_have_a_header_also_where_there_are_none(
    capsys: pytest.CaptureFixture[str],
) -> None:
    show_rows(ROWS, Format.CSV, never)
    assert list(csv.reader(io.StringIO(capsys.readouterr().out))) == [
        ["name", "list", "no"], ["ä", "a; b", ""], ['x"', "", "1"],
    ]  # fmt: skip
    show_rows([], Format.CSV, never, keys=["name", "no"])
    assert capsys.readouterr().out == "name,no\n"


FORMULAS = [
    "=1+1",
    "+1+1",
    "-2+3+cmd|' /C calc'!A0",
    "@SUM(A1)",
    "\t=1",
    "\r=1",
    " =1",
    "＝1+1",
    "-",
    "- 5",
    '=HYPERLINK("http://elsewhere")',
]


def as_csv(rows: list[dict[str, object]], capsys: pytest.CaptureFixture[str]) -> list[list[str]]:
    show_rows(rows, Format.CSV, never)
    return list(csv.reader(io.StringIO(capsys.readouterr().out)))


@pytest.mark.parametrize("text", FORMULAS)
def test_no_text_of_a_csv_file_is_a_formula(text: str, capsys: pytest.CaptureFixture[str]) -> None:
    ((name,), *cells) = as_csv([{text: text}, {text: [text, "b"]}], capsys)
    for shown in (name, *(cell for (cell,) in cells)):
        assert shown[0] in "'\ufffd"
        assert text.strip() in shown


def test_numbers_of_a_csv_file_stay_numbers(capsys: pytest.CaptureFixture[str]) -> None:
    numbers = [-1, -0.5, 1e-9, "-1", "+2.5", "-1e-9", "4/5", True, None]
    _, *cells = as_csv([{"is": each} for each in numbers], capsys)
    assert [cell for (cell,) in cells if cell] == [str(each) for each in numbers[:-1]]
    assert cells[-1] == [""]


@settings(max_examples=50)
@given(text=st.text(max_size=20))
def test_whatever_a_group_is_called_a_terminal_and_a_spreadsheet_only_show_it(text: str) -> None:
    row = {"group": text, "groups": [text], "rows": {text: 1}}
    for form in Format:
        with pytest.MonkeyPatch.context() as patch:
            out = io.StringIO()
            patch.setattr("sys.stdout", out)
            show_rows([row], form, lambda: table(("group",), [(text,)]))
            if form is Format.JSON:
                show(row, form, never)
        shown = out.getvalue()
        assert not [each for each in shown if each != "\n" and is_unshown(each)]
        if form is Format.CSV:
            _, (group, *_) = csv.reader(io.StringIO(shown))
            assert group[:1] not in {*"=@\t\r"}


def test_json_says_what_was_said(capsys: pytest.CaptureFixture[str]) -> None:
    name = "a\x9b2J\u202eb\x1b\ud800é"
    show({"name": name}, Format.JSON, never)
    shown = capsys.readouterr().out
    assert json.loads(shown)["name"] == name
    assert "é" in shown
    assert not [each for each in shown if each != "\n" and is_unshown(each)]
