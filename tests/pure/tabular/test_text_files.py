"""Text of any delimiter, encoding and packing is one table, or is refused in words."""

import csv
import gzip
import io
import json
import tempfile
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fairness_audit.errors import TabularError
from fairness_audit.tabular import table_at
from fairness_audit.tabular.dialect import Dialect
from fairness_audit.tabular.parquet_files import ParquetFiles

ROWS = [["id", "größe", "note"], ["1", "5;5|5", "a, b"], ["2", "", "line 1\nline 2\t."]]


def written(folder: Path, content: bytes, name: str = "given.csv") -> Path:
    path = folder / name
    path.write_bytes(content)
    return path


def as_csv(delimiter: str = ",", rows: list[list[str]] = ROWS) -> str:
    text = io.StringIO(newline="")
    csv.writer(text, delimiter=delimiter).writerows(rows)
    return text.getvalue()


def read(path: Path, said: Dialect | None = None, *, guess: bool = False) -> list[list[str]]:
    """The names, then the rows, as both readers have them."""
    file = table_at(path, said, guess=guess)
    assert not isinstance(file, ParquetFiles)
    with file.reader() as reader:
        found = reader.read_all()
    assert file.count() == found.num_rows
    rows = found.to_pylist()
    return [list(file.names), *([row[name] or "" for name in file.names] for row in rows)]


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-32"])
@pytest.mark.parametrize("pack", [bytes, gzip.compress])
def test_delimiter_encoding_and_packing_are_found(
    tmp_path: Path, delimiter: str, encoding: str, pack: type[bytes]
) -> None:
    path = written(tmp_path, pack(as_csv(delimiter).encode(encoding)), "given.dat")
    assert read(path) == ROWS


@pytest.mark.parametrize("line", ["sep=;\r\n", '"sep=;"\n', "SEP=;\n"])
def test_a_line_that_names_the_delimiter_is_no_header(tmp_path: Path, line: str) -> None:
    path = written(tmp_path, f"{line}{as_csv(';')}".encode())
    assert read(path) == ROWS


@pytest.mark.parametrize("end", ["\r", "\n", "\r\n"])
def test_lines_may_end_in_any_way(tmp_path: Path, end: str) -> None:
    path = written(tmp_path, f"id;a{end}1;x{end}2;y".encode())
    assert read(path) == [["id", "a"], ["1", "x"], ["2", "y"]]


def test_what_is_said_goes_before_what_is_found(tmp_path: Path) -> None:
    path = written(tmp_path, "a,b;c,d\n1,2;3,4\n".encode("utf-16-be"))
    assert read(path, Dialect(";", "utf-16-be")) == [["a,b", "c,d"], ["1,2", "3,4"]]
    assert read(path, Dialect(",")) == [["a", "b;c", "d"], ["1", "2;3", "4"]]


def test_of_several_delimiters_the_one_that_divides_all_rows_alike_is_meant(
    tmp_path: Path,
) -> None:
    path = written(tmp_path, b"name;height, m\nana;1,6\nbo;1\n")
    assert read(path) == [["name", "height, m"], ["ana", "1,6"], ["bo", "1"]]


def test_what_is_not_utf8_is_guessed_only_where_that_is_asked_for(tmp_path: Path) -> None:
    path = written(tmp_path, as_csv().encode("cp1252"))
    assert read(path, guess=True) == ROWS
    assert table_at(path, guess=True).notices
    with pytest.raises(TabularError, match=r"row 1 or one soon after is not utf-8 \(save"):
        table_at(path)


def test_a_header_has_no_blanks_and_columns_without_a_name_are_left_out(tmp_path: Path) -> None:
    path = written(tmp_path, b",gender , p,,\n0,F, 1,,\n1,M, 0,,\n")
    assert read(path) == [["gender", "p"], ["F", " 1"], ["M", " 0"]]


@pytest.mark.parametrize(
    ("content", "fault"),
    [
        (b"", "is empty"),
        (b"\x1f\x8b", "packed with gzip and broken"),
        (gzip.compress(b"id,a\n1,2\n" * 9000, mtime=0)[:-12], "packed with gzip and broken"),
        (gzip.compress(b"", mtime=0), "is empty"),
        (gzip.compress(b"PAR1", mtime=0), r"is Parquet packed with gzip \(unpack"),
        (gzip.compress(gzip.compress(b"id\n", mtime=0), mtime=0), "packed with gzip twice"),
        (b"PK\x03\x04canary", "an Excel workbook or a ZIP archive"),
        (b"\xd0\xcf\x11\xe0canary", "an old Excel workbook"),
        (b"<html><table>canary", "a web page"),
        (b"PAR1canary", "cannot be read as Parquet"),
        (b"SQLite format 3\0", "a SQLite file"),
        (b", ,\n1,2,3\n", "has no header"),
        (b"id,a,id\n", "named twice: 'id', columns 1 and 3"),
        (b"id,a\n1,2,canary\n", "row 2, the header counted, has 3 cells and the header 2"),
        (b'id,a\n1,"canary\n', "row 2: a quote is not closed"),
        (b'{"id": 1}\n{"id": 1, canary}\n', "row 2 is no JSON"),
        (b'{"id": 1}\n[1]\n', "row 2 is no object"),
        (b'{"id": 1, "id": 2}\n', "row 1 has a name twice"),
        (b'[{"id": 1}, {"id": 2}', "is no JSON"),
    ],
)
def test_what_is_no_table_is_named_without_a_cell(
    tmp_path: Path, content: bytes, fault: str
) -> None:
    path = written(tmp_path, content)
    with pytest.raises(TabularError, match=fault) as caught:
        read(path)
    assert str(caught.value).startswith(str(path))
    assert "canary" not in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("name", ["given.csv.gz", "given.parquet"])
def test_a_name_promises_what_the_bytes_must_keep(tmp_path: Path, name: str) -> None:
    with pytest.raises(TabularError, match=f"{name}: (is|cannot be read as Parquet, which it is)"):
        table_at(written(tmp_path, b"id\n1\n", name))


@pytest.mark.parametrize("lines", [True, False])
def test_json_keeps_numbers_as_they_are_written(tmp_path: Path, lines: bool) -> None:
    rows = ['{"id": 9007199254740993, "s": 0.10, "ok": true}', '{"id": 2, "z": null, "w": [1]}']
    text = "\n".join(rows) if lines else f"\n[{','.join(rows)}]"
    assert read(written(tmp_path, text.encode())) == [
        ["id", "s", "ok", "z", "w"],
        ["9007199254740993", "0.10", "true", "", ""],
        ["2", "", "", "", json.dumps(["1"])],
    ]


@given(
    st.lists(
        st.lists(st.text(st.characters(exclude_categories=["Cs"]), max_size=6), min_size=3,
                 max_size=3),
        max_size=6,
    ),
    st.sampled_from(",;\t|"),
    st.sampled_from(["utf-8-sig", "utf-16"]),
)  # fmt: skip
def test_what_is_written_is_read(rows: list[list[str]], delimiter: str, encoding: str) -> None:
    text = io.StringIO(newline="")
    csv.writer(text, delimiter=delimiter, quoting=csv.QUOTE_ALL).writerows([ROWS[0], *rows])
    with tempfile.TemporaryDirectory() as folder:
        path = written(Path(folder), text.getvalue().encode(encoding))
        assert read(path) == [ROWS[0], *rows]


def test_parquet_of_any_name_is_parquet(tmp_path: Path) -> None:
    for name in ("given", "given.csv", "q[1]?*.parquet"):
        pq.write_table(pa.table({"id": [1]}), tmp_path / name)
        assert isinstance(table_at(tmp_path / name), ParquetFiles)
