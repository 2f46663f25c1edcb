"""Folders of Parquet and CSV files, DuckDB files and SQLite files: nothing lost or damaged."""

import csv
import io
import os
import sqlite3
import tempfile
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fairness_audit.errors import SourceError
from fairness_audit.sources import Count, Scope, Source, TableError, Window
from fairness_audit.sources.connections import Address, source_at
from fairness_audit.sources.files.duckdb_file import DuckdbSource
from fairness_audit.sources.files.folder import FolderSource
from fairness_audit.sources.files.sqlite_file import SqliteSource
from fairness_audit.steps.extract import extract
from fairness_audit.tabular.dialect import Dialect
from tests.builders.loaded_policies import a_loaded_policy, an_object
from tests.builders.populations import SQL

JANUARY = (datetime(2026, 1, 1, tzinfo=UTC), datetime(2026, 2, 1, tzinfo=UTC))


def read(
    source: Source,
    name: str,
    *columns: str,
    schema: str | None = None,
    key: str | None = None,
    window: Window | None = None,
) -> pa.Table:
    """Read columns of one table through the source, as extract does."""
    with source.frozen() as frozen:
        table = frozen.table(schema, name)
        wanted = Scope(columns, key or columns[0], window)
        types = pa.schema([(each, table.fields[each].arrow_type) for each in columns])
        rows = pa.Table.from_batches([page.batch for page in table.pages(wanted)], schema=types)
        assert table.count(wanted).rows == rows.num_rows
        return rows


def counted(
    source: Source, name: str, *columns: str, key: str, window: Window | None = None
) -> Count:
    with source.frozen() as frozen:
        return frozen.table(None, name).count(Scope(columns, key, window))


def without_canary(error: BaseException) -> bool:
    return "canary" not in "".join(traceback.format_exception(error))


# --- CSV ----------------------------------------------------------------------------------------


def write_csv(folder: Path, content: str | bytes, name: str = "leads.csv") -> FolderSource:
    (folder / name).write_bytes(content if isinstance(content, bytes) else content.encode())
    return FolderSource(folder)


def test_a_cell_of_a_csv_file_stays_the_text_it_is(tmp_path: Path) -> None:
    content = (
        "\ufeffid,a b,postcode,note\r\n"
        '2,"",01234,"line 1\r\nline ""2"" 🚀"\r\n'
        "\r\n"
        "1,,1e5,NULL\r\n"
        '3," x ",nan,"=1+1,<img>\0"\r\n'
    )
    rows = read(write_csv(tmp_path, content), "leads", "id", "a b", "postcode", "note")

    assert rows.to_pylist() == [
        {"id": "1", "a b": None, "postcode": "1e5", "note": "NULL"},
        {"id": "2", "a b": "", "postcode": "01234", "note": 'line 1\r\nline "2" 🚀'},
        {"id": "3", "a b": " x ", "postcode": "nan", "note": "=1+1,<img>\0"},
    ]


def test_a_row_of_a_csv_file_may_be_longer_than_a_megabyte(tmp_path: Path) -> None:
    long = "x" * 3_000_000 + "\n" + "é" * 1_000_000
    source = write_csv(tmp_path, f'id,note\n2,y\n1,"{long}"\n')
    assert read(source, "leads", "id", "note")["note"].to_pylist() == [long, "y"]


def test_names_that_differ_in_case_only_are_two_columns(tmp_path: Path) -> None:
    source = write_csv(tmp_path, "id,ID,Id_1,id_1\n2,b,x,y\n1,c,z,w\n")
    for columns in (("ID", "id"), ("id", "ID", "id_1"), ("id_1", "Id_1", "ID")):
        whole = {"id": ["2", "1"], "ID": ["b", "c"], "Id_1": ["x", "z"], "id_1": ["y", "w"]}
        expected = pa.table({name: whole[name] for name in columns}).sort_by(columns[0])
        assert read(source, "leads", *columns) == expected


def test_in_a_csv_file_of_one_column_an_empty_line_is_a_row(tmp_path: Path) -> None:
    assert read(write_csv(tmp_path, "id\n2\n\n1\n"), "leads", "id")["id"].to_pylist() == [
        "1", "2", None,
    ]  # fmt: skip


def test_a_csv_file_may_be_empty_below_its_header(tmp_path: Path) -> None:
    assert read(write_csv(tmp_path, "id,a\n"), "leads", "a", "id").num_rows == 0


def test_a_csv_file_may_be_written_in_another_way(tmp_path: Path) -> None:
    write_csv(tmp_path, "id;name\n1;Zoë,x\n".encode("cp1252"))
    source = FolderSource(tmp_path, Dialect(";", "cp1252"))

    assert read(source, "leads", "id", "name").to_pylist() == [{"id": "1", "name": "Zoë,x"}]


@given(st.text(st.sampled_from("a,\"\n\r \0é\t'\\\ufeff"), max_size=24), st.booleans())
def test_a_csv_file_is_copied_as_python_reads_it_or_not_at_all(body: str, is_wide: bool) -> None:
    """Two readers that agree on every cell of every file; one alone could shift a column."""
    names = ("id", "x") if is_wide else ("id",)
    with tempfile.TemporaryDirectory() as folder:
        source = write_csv(Path(folder), f"{','.join(names)}\n{body}")
        try:
            copied = read(source, "leads", *names).to_pylist()
        except SourceError:
            return
    rows = list(csv.reader(io.StringIO(body, newline=""), strict=True))
    expected = [tuple(row) or ("",) for row in rows if row or not is_wide]
    assert sorted(tuple(row[name] or "" for name in names) for row in copied) == sorted(expected)


@pytest.mark.parametrize(
    ("content", "fault"),
    [
        ("id,a\n1,2\n3,4,canary\n", r"leads\.csv: row 3, .*has 3 cells and the header 2"),
        ('id,a\n1,"2\n2"\n\ncanary\n5,6\n', r"leads\.csv: row 4, .*has 1 cells and the header 2"),
        ('id,a\n1,"canary\n2,y\n', r"leads\.csv: row 2: a quote is not closed"),
        ('id,a\n1,x\n2,"canary"z\n', r"leads\.csv: row 3: a quote is not closed"),
        (b"id,a\n1,canary\xe9\n", r"leads\.csv: row \d or .* is not utf-8 \(save"),
    ],
)
def test_a_broken_row_is_an_error_that_names_it_and_not_what_is_in_it(
    tmp_path: Path, content: str | bytes, fault: str
) -> None:
    source = write_csv(tmp_path, content)
    with pytest.raises(SourceError, match=fault) as caught:
        counted(source, "leads", "id", "a", key="id")
    assert without_canary(caught.value)


@pytest.mark.parametrize(
    "content",
    ["id,a\n1,2\n3,4,canary\n", b"id,a\n" + b"1,2\n" * 100_000 + b"2,canary\xe9\n"],
    ids=["uneven", "not UTF-8"],
)
def test_a_broken_row_that_was_not_counted_is_an_error_too(
    tmp_path: Path, content: str | bytes
) -> None:
    with (
        write_csv(tmp_path, content).frozen() as frozen,
        pytest.raises(SourceError, match=r"leads\.csv: (row 3, |cannot be read)") as caught,
    ):
        list(frozen.table(None, "leads").pages(Scope(("id", "a"), "id", None)))
    assert without_canary(caught.value)


@pytest.mark.parametrize(
    ("content", "fault"),
    [
        ("", "has no header"),
        ("id,id\n1,2\n", r"named twice: 'id', columns 1 and 2"),
    ],
)
def test_a_header_names_each_column_once(tmp_path: Path, content: str, fault: str) -> None:
    with (
        write_csv(tmp_path, content).frozen() as frozen,
        pytest.raises(TableError, match=fault),
    ):
        frozen.table(None, "leads")


def test_a_csv_file_has_no_window(tmp_path: Path) -> None:
    window = Window("id", *JANUARY)
    with pytest.raises(TableError, match=r"column 'id' is text, .*\(remove window_on"):
        counted(write_csv(tmp_path, "id\n1\n"), "leads", "id", key="id", window=window)


@pytest.mark.parametrize(
    ("delimiter", "encoding"),
    [(";;", "utf-8"), ("", "utf-8"), (",", "x-y"), (",", "hex"), (",", "a\0")],
)
def test_a_way_of_writing_that_is_none_is_an_error(
    tmp_path: Path, delimiter: str, encoding: str
) -> None:
    with pytest.raises(SourceError, match=r"is no (delimiter|encoding) \(write"):
        FolderSource(tmp_path, Dialect(delimiter, encoding))


# --- Parquet ------------------------------------------------------------------------------------

PARQUET = [
    (pa.array([True]), "bool", True),
    (pa.array([-128], pa.int8()), "int8", -128),
    (pa.array([2**64 - 1], pa.uint64()), "uint64", 2**64 - 1),
    (pa.array([-(2**63)], pa.int64()), "int64", -(2**63)),
    (pa.array([0.1], pa.float32()), "float", 0.10000000149011612),
    (pa.array([float("inf")]), "double", float("inf")),
    (pa.array(["a'\n🚀\0<img>"]), "string", "a'\n🚀\0<img>"),
    (pa.array(["a"]).dictionary_encode(), "string", "a"),
    (pa.array(["a"], pa.large_string()), "string", "a"),
    (pa.array([b"\xff\0"]), "binary", b"\xff\0"),
    (pa.array([b"ab"], pa.binary(2)), "binary", b"ab"),
    (pa.array([date(1, 1, 1)]), "date32[day]", date(1, 1, 1)),
    (
        pa.array([datetime(2026, 2, 28, 23, 59, 59, 999999)], pa.timestamp("us")),
        "timestamp[us]",
        datetime(2026, 2, 28, 23, 59, 59, 999999),
    ),
    (
        pa.array([datetime(2026, 2, 28)], pa.timestamp("ms")),
        "timestamp[us]",
        datetime(2026, 2, 28),
    ),
    (
        pa.array([datetime(2026, 2, 28, tzinfo=UTC)], pa.timestamp("us", "Europe/Berlin")),
        "timestamp[us, tz=UTC]",
        datetime(2026, 2, 28, tzinfo=UTC),
    ),
    (
        pa.array([datetime(2026, 2, 28, tzinfo=UTC)], pa.timestamp("ns", "UTC")),
        "timestamp[ns, tz=UTC]",
        datetime(2026, 2, 28, tzinfo=UTC),
    ),
    (
        pa.array([Decimal("9" * 36 + ".99")], pa.decimal128(38, 2)),
        "decimal128(38, 2)",
        Decimal("9" * 36 + ".99"),
    ),
    (pa.array([Decimal("1.5")], pa.decimal256(20, 2)), "decimal128(20, 2)", Decimal("1.50")),
    (pa.array([[1, None]]), "string", "[1,null]"),
    (pa.array([{"a": "x"}]), "string", '{"a":"x"}'),
    (pa.array([3_600_000_000], pa.time64("us")), "string", "01:00:00"),
]


def test_every_type_of_a_parquet_file_arrives_as_its_value(tmp_path: Path) -> None:
    names = [f"c{index}" for index in range(len(PARQUET))]
    empty = [pa.nulls(1, array.type) for array, *_ in PARQUET]
    arrays = [
        pa.chunked_array([array, none]) for (array, *_), none in zip(PARQUET, empty, strict=True)
    ]
    whole = pa.table([pa.array([1, 2]), *arrays], names=["id", *names])
    (tmp_path / "year=2024").mkdir()
    pq.write_table(whole, tmp_path / "year=2024" / "leads.parquet")

    source = FolderSource(tmp_path / "year=2024")
    rows = read(source, "leads", "id", *names)

    seen = [(str(rows.schema.field(name).type), rows[name][0].as_py()) for name in names]
    assert seen == [(arrow, value) for _, arrow, value in PARQUET]
    assert {rows[name][1].as_py() for name in names} == {None}
    with source.frozen() as frozen:
        fields = frozen.table(None, "leads").fields
    assert list(fields) == ["id", *names]
    assert fields["c14"].source_type == "timestamp[us, tz=Europe/Berlin]"


def test_a_decimal_that_would_be_rounded_is_an_error(tmp_path: Path) -> None:
    wide = pa.array([Decimal("1.5")], pa.decimal256(50, 2))
    pq.write_table(pa.table({"id": [1], "n": wide}), tmp_path / "leads.parquet")

    assert counted(FolderSource(tmp_path), "leads", "id", key="id").rows == 1
    with pytest.raises(SourceError, match=r"column 'n' is decimal256\(50, 2\), .* rounded"):
        counted(FolderSource(tmp_path), "leads", "id", "n", key="id")


def test_nanoseconds_of_old_parquet_timestamps_are_not_cut_off_unnoticed(tmp_path: Path) -> None:
    whole = [0, 1_767_225_600_123_456_000, -1_000, None]
    for name, values in (("whole", whole), ("finer", [*whole, 1, -1])):
        pq.write_table(
            pa.table({"id": range(len(values)), "t": pa.array(values, pa.timestamp("ns"))}),
            tmp_path / f"{name}.parquet",
            use_deprecated_int96_timestamps=True,
        )
    far = pa.array([10**11], pa.timestamp("s"))  # the year 5138, beyond 64 bits of nanoseconds
    pq.write_table(
        pa.table({"id": [1], "t": far}), tmp_path / "far.parquet",
        use_deprecated_int96_timestamps=True,
    )  # fmt: skip
    source = FolderSource(tmp_path)

    assert read(source, "whole", "id", "t")["t"].cast(pa.int64()).to_pylist() == [
        0, 1_767_225_600_123_456, -1, None,
    ]  # fmt: skip
    for name, unfit in (("whole", 0), ("finer", 2), ("far", 0)):
        assert counted(source, name, "id", "t", key="id").unfit == {"t": unfit}


def test_old_parquet_timestamps_in_lists_are_an_error(tmp_path: Path) -> None:
    inside = pa.array([[1]], pa.list_(pa.timestamp("ns")))
    pq.write_table(
        pa.table({"id": [1], "t": inside}), tmp_path / "leads.parquet",
        use_deprecated_int96_timestamps=True,
    )  # fmt: skip

    with pytest.raises(SourceError, match=r"column 't' is list<.*, which would be rounded"):
        counted(FolderSource(tmp_path), "leads", "id", "t", key="id")


def test_text_that_is_not_utf8_is_an_error_and_not_repeated(tmp_path: Path) -> None:
    bad = pa.array([b"canary\xe9"]).view(pa.string())
    pq.write_table(pa.table({"id": [1], "n": bad}), tmp_path / "leads.parquet")

    with pytest.raises(SourceError, match=r"leads\.parquet: cannot be read to its end") as caught:
        read(FolderSource(tmp_path), "leads", "id", "n")
    assert without_canary(caught.value)


def test_a_file_that_is_no_parquet_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "leads.parquet").write_bytes(b"canary")
    with (
        FolderSource(tmp_path).frozen() as frozen,
        pytest.raises(SourceError, match=r"leads\.parquet: cannot be read") as caught,
    ):
        frozen.table(None, "leads")
    assert without_canary(caught.value)


def test_many_rows_come_in_the_order_of_the_key(tmp_path: Path) -> None:
    ids = [(number * 7919) % 200_003 for number in range(200_003)]
    pq.write_table(pa.table({"id": ids}), tmp_path / "leads.parquet")

    assert read(FolderSource(tmp_path), "leads", "id")["id"].to_pylist() == sorted(ids)


# --- a folder -----------------------------------------------------------------------------------


def test_a_schema_is_a_folder_within(tmp_path: Path) -> None:
    (tmp_path / "crm").mkdir()
    write_csv(tmp_path / "crm", "id\n1\n")

    assert read(FolderSource(tmp_path), "leads", "id", schema="crm").num_rows == 1


@pytest.mark.parametrize(
    ("schema", "name"),
    [(None, "Leads"), (None, "nope"), ("..", "secret"), (None, "../secret"), (None, "notes")],
)
def test_only_a_table_within_the_folder_is_found(
    tmp_path: Path, schema: str | None, name: str
) -> None:
    folder = tmp_path / "crm"
    folder.mkdir()
    write_csv(folder, "id\n1\n")
    write_csv(tmp_path, "id\n1\n", "secret.csv")
    (folder / "notes.txt").touch()
    with (
        FolderSource(folder).frozen() as frozen,
        pytest.raises(TableError, match=r"there is no .*\(names are case-sensitive\)"),
    ):
        frozen.table(schema, name)


def test_a_table_in_two_files_is_an_error(tmp_path: Path) -> None:
    source = write_csv(tmp_path, "id\n1\n")
    pq.write_table(pa.table({"id": [1]}), tmp_path / "leads.parquet")
    with source.frozen() as frozen, pytest.raises(TableError, match="is there more than once"):
        frozen.table(None, "leads")


def test_a_folder_that_is_not_there_is_an_error(tmp_path: Path) -> None:
    with (
        pytest.raises(SourceError, match="there is no such folder"),
        FolderSource(tmp_path / "nope").frozen(),
    ):
        pass


@pytest.mark.parametrize("name", ["leads.csv", "leads.parquet"])
def test_a_file_that_may_not_be_read_is_an_error(name: str) -> None:
    with tempfile.TemporaryDirectory() as given, as_nobody(Path(given)) as folder:
        (folder / name).write_bytes(b"id\n1\n")
        (folder / name).chmod(0)
        with (
            FolderSource(folder).frozen() as frozen,
            pytest.raises(SourceError, match=r"leads.*: Permission denied \(let this user read"),
        ):
            frozen.table(None, "leads")


@contextmanager
def as_nobody(folder: Path) -> Iterator[Path]:
    """Root may read every file, so let it be somebody else."""
    if os.geteuid() != 0:
        yield folder
        return
    os.chown(folder, 65534, 65534)
    os.seteuid(65534)
    try:
        yield folder
    finally:
        os.seteuid(0)


def append(path: Path) -> None:
    with path.open("ab") as file:
        file.write(b"9\n")


def replace(path: Path) -> None:
    other = path.with_suffix(".new")
    other.write_bytes(path.read_bytes())
    other.replace(path)


def rewrite_unnoticed(path: Path) -> None:
    stamp = path.stat()
    path.write_bytes(path.read_bytes().replace(b"1", b"2"))
    os.utime(path, ns=(stamp.st_atime_ns, stamp.st_mtime_ns))


@pytest.mark.parametrize("change", [append, replace, Path.unlink])
def test_a_file_that_changes_before_it_is_read_is_an_error(tmp_path: Path, change: Any) -> None:
    source = write_csv(tmp_path, "id\n1\n")

    def find_after_a_change() -> None:
        with source.frozen() as frozen:
            change(tmp_path / "leads.csv")
            frozen.table(None, "leads")

    with pytest.raises(SourceError, match=r"leads\.csv: the file changed while it was read"):
        find_after_a_change()


@pytest.mark.parametrize("change", [append, replace, rewrite_unnoticed, Path.unlink])
@pytest.mark.parametrize("is_counted_only", [True, False])
def test_a_file_that_changes_while_it_is_read_is_an_error(
    tmp_path: Path, change: Any, is_counted_only: bool
) -> None:
    source = write_csv(tmp_path, "id\n1\n")

    def read_while_it_changes() -> None:
        with source.frozen() as frozen:
            table = frozen.table(None, "leads")
            wanted = Scope(("id",), "id", None)
            assert table.count(wanted).rows == 1
            pages = table.pages(wanted)
            assert is_counted_only or next(pages).batch.num_rows == 1
            change(tmp_path / "leads.csv")
            assert is_counted_only or not list(pages)

    with pytest.raises(SourceError, match=r"leads\.csv: the file changed while it was read"):
        read_while_it_changes()


def test_nothing_is_left_beside_the_files(tmp_path: Path) -> None:
    read(write_csv(tmp_path, "id\n1\n"), "leads", "id")
    assert [path.name for path in tmp_path.iterdir()] == ["leads.csv"]


# --- DuckDB -------------------------------------------------------------------------------------


@contextmanager
def duckdb_file(path: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect(str(path)) as connection:
        yield connection


DUCKDB = [
    ("BOOLEAN", "true", "bool", True),
    ("DOUBLE", "'-inf'", "double", float("-inf")),
    ("DOUBLE", "0.1e0 + 0.2e0", "double", 0.1 + 0.2),
    ("VARCHAR", "repeat('ü', 3000000)", "string", "ü" * 3_000_000),
    ("VARCHAR", "'0123' || chr(0)", "string", "0123\0"),
    ("JSON", "'{\"a\":  1.00}'", "string", '{"a":  1.00}'),
    ("BIGNUM", "'" + "9" * 60 + "'", "string", "9" * 60),
    ("DECIMAL(38, 2)[]", "['" + "9" * 36 + ".99']", "string", "[" + "9" * 36 + ".99]"),
    ("DOUBLE[]", "[0.1e0 + 0.2e0, 'nan']", "string", "[0.30000000000000004,NaN]"),
    ("UBIGINT", "18446744073709551615", "uint64", 2**64 - 1),
    ("HUGEINT", "-170141183460469231731687303715884105728", "string", str(-(2**127))),
    ("DECIMAL(38, 2)", "1.5", "decimal128(38, 2)", Decimal("1.50")),
    ("VARCHAR", "'🚀' || chr(10)", "string", "🚀\n"),
    ("BLOB", "'\\xFF\\x00'::BLOB", "binary", b"\xff\0"),
    ("DATE", "'9999-12-31'", "date32[day]", date(9999, 12, 31)),
    ("TIMESTAMP_S", "'2026-01-01 00:00:01'", "timestamp[us]", datetime(2026, 1, 1, 0, 0, 1)),
    (
        "TIMESTAMPTZ",
        "'2026-01-01 00:00:00+02'",
        "timestamp[us, tz=UTC]",
        datetime(2025, 12, 31, 22, tzinfo=UTC),
    ),
    ("TIME", "'24:00:00'", "string", "24:00:00"),
    ("TIME_NS", "'01:02:03.123456789'", "string", "01:02:03.123456789"),
    ("TIMETZ", "'01:02:03.123456+02'", "string", "01:02:03.123456+02"),
    ("UUID", "'A0EEBC99-9C0B-4EF8-BB6D-6BB9BD380A11'", "string", None),
    ("ENUM('open', 'won')", "'won'", "string", "won"),
    ("INTEGER[]", "[1, NULL]", "string", "[1,null]"),
    ("STRUCT(a VARCHAR)", "{'a': 'x'}", "string", '{"a":"x"}'),
    ("INTERVAL", "INTERVAL 1 DAY", "string", "1 day"),
    ("BIT", "'101'", "string", "101"),
]


def test_every_type_of_a_duckdb_file_arrives_as_its_value(tmp_path: Path) -> None:
    path = tmp_path / "crm.duckdb"
    declared = ", ".join(f"c{index} {kind}" for index, (kind, *_) in enumerate(DUCKDB))
    values = ", ".join(value for _, value, *_ in DUCKDB)
    with duckdb_file(path) as connection:
        connection.execute(f"CREATE TABLE kinds (id INTEGER, {declared})")
        connection.execute("SET TimeZone = 'UTC'")
        connection.execute(f"INSERT INTO kinds VALUES (1, {values})")
        connection.execute("INSERT INTO kinds (id) VALUES (2)")

    names = [f"c{index}" for index in range(len(DUCKDB))]
    rows = read(DuckdbSource(path), "kinds", "id", *names)

    seen = [(str(rows.schema.field(name).type), rows[name][0].as_py()) for name in names]
    assert seen == [
        (arrow, "a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11" if kind == "UUID" else value)
        for kind, _, arrow, value in DUCKDB
    ]
    assert {rows[name][1].as_py() for name in names} == {None}


def test_what_is_not_a_number_and_far_years_of_a_duckdb_file_stay(tmp_path: Path) -> None:
    path = tmp_path / "crm.duckdb"
    with duckdb_file(path) as connection:
        connection.execute("CREATE TABLE kinds (id INTEGER, x DOUBLE, t TIMESTAMP, d DATE)")
        connection.execute("INSERT INTO kinds VALUES (1, 'nan', '20000-01-01', '0044-03-15 (BC)')")

    rows = read(DuckdbSource(path), "kinds", "id", "x", "t", "d")

    assert str(rows["x"][0]) == "nan"
    days = [rows["t"].cast(pa.int64())[0].as_py() // 86_400_000_000]
    days += rows["d"].cast(pa.int32()).to_pylist()
    # 146,097 days are 400 years: 20,000 is 45 times 400 years after 2000, as -43 is before 2357.
    assert days == [
        (date(2000, 1, 1) - date(1970, 1, 1)).days + 45 * 146_097,
        (date(2357, 3, 15) - date(1970, 1, 1)).days - 6 * 146_097,
    ]


def test_names_of_a_duckdb_file_stay_names(tmp_path: Path) -> None:
    path, table = tmp_path / "crm.duckdb", 'le"ads; DROP TABLE x'
    with duckdb_file(path) as connection:
        connection.execute('CREATE SCHEMA "a.b"')
        connection.execute('CREATE TABLE "a.b"."le""ads; DROP TABLE x" ("B" INTEGER, "a b" TEXT)')
        connection.execute('CREATE VIEW seen AS SELECT * FROM "a.b"."le""ads; DROP TABLE x"')
        connection.execute('INSERT INTO "a.b"."le""ads; DROP TABLE x" VALUES (1, \'x\')')

    expected = [{"B": 1, "a b": "x"}]
    assert read(DuckdbSource(path), table, "B", "a b", schema="a.b").to_pylist() == expected
    assert read(DuckdbSource(path), "seen", "B", "a b").to_pylist() == expected
    with DuckdbSource(path).frozen() as frozen:
        for schema, name in ((None, "Seen"), ("nope", "seen")):
            with pytest.raises(TableError, match=r"has no .*\(names are case-sensitive\)"):
                frozen.table(schema, name)


def test_infinite_and_far_moments_are_counted(tmp_path: Path) -> None:
    path = tmp_path / "crm.duckdb"
    with duckdb_file(path) as connection:
        connection.execute(
            "CREATE TABLE log (id INTEGER, d DATE, t TIMESTAMP, z TIMESTAMPTZ, n TIMESTAMP_NS,"
            " m TIMESTAMPTZ_NS)"
        )
        connection.execute(
            "INSERT INTO log VALUES (1, 'infinity', '-infinity', 'infinity', 'infinity',"
            " '-infinity')"
        )
        connection.execute(
            "INSERT INTO log VALUES (2, NULL, NULL, '2026-01-01 00:00:00+00', NULL, NULL)"
        )
        connection.execute(
            "INSERT INTO log VALUES (3, '5000000-01-01', '1999-01-01', NULL, now(), now())"
        )
    source = DuckdbSource(path)

    whole = counted(source, "log", "id", "d", "t", "z", "n", "m", key="id")
    assert (whole.rows, whole.unfit) == (3, {"d": 2, "t": 1, "z": 1, "n": 1, "m": 1})
    windowed = counted(source, "log", "id", "t", key="id", window=Window("t", *JANUARY))
    assert (windowed.rows, windowed.undated) == (0, 2)


WINDOWS = [
    (
        "TIMESTAMPTZ",
        ["2026-01-01 00:00:00+00", "2026-01-01 01:00:00+01", "2026-01-31 23:59:59.999999+00"],
        ["2025-12-31 23:59:59.999999+00", "2026-02-01 00:00:00+00", "2026-02-01 01:00:00+01"],
    ),
    (
        "TIMESTAMP",
        ["2026-01-01 00:00:00", "2026-01-31 23:59:59.999999"],
        ["2025-12-31 23:59:59.999999", "2026-02-01 00:00:00"],
    ),
    ("TIMESTAMP_NS", ["2026-01-31 23:59:59.999999999"], ["2025-12-31 23:59:59.999999999"]),
    (
        "TIMESTAMPTZ_NS",
        ["2026-01-31 23:59:59.999999999+00"],
        ["2025-12-31 23:59:59.999999999+00", "2026-02-01 00:00:00+00"],
    ),
    ("DATE", ["2026-01-01", "2026-01-31"], ["2025-12-31", "2026-02-01"]),
]


@pytest.mark.parametrize(("kind", "inside", "outside"), WINDOWS)
def test_the_window_of_a_duckdb_file_is_half_open(
    tmp_path: Path, kind: str, inside: list[str], outside: list[str]
) -> None:
    path = tmp_path / "crm.duckdb"
    with duckdb_file(path) as connection:
        connection.execute(f'CREATE TABLE log ("at" {kind}, is_inside BOOLEAN)')
        for is_inside, stamps in ((True, inside), (False, outside)):
            for stamp in stamps * 2:
                connection.execute("INSERT INTO log VALUES (?, ?)", [stamp, is_inside])

    rows = read(DuckdbSource(path), "log", "at", "is_inside", window=Window("at", *JANUARY))

    assert rows["is_inside"].to_pylist() == [True] * (2 * len(inside))


def test_a_view_of_a_duckdb_file_reads_nothing_outside(tmp_path: Path) -> None:
    path = tmp_path / "within" / "crm.duckdb"
    path.parent.mkdir()
    write_csv(tmp_path, "id\ncanary\n")
    with duckdb_file(path) as connection:
        connection.execute(f"CREATE VIEW leads AS FROM read_csv('{tmp_path / 'leads.csv'}')")
    with DuckdbSource(path).frozen() as frozen, pytest.raises(SourceError) as caught:
        frozen.table(None, "leads").count(Scope(("id",), "id", None))
    assert without_canary(caught.value)


def test_an_error_within_a_duckdb_view_repeats_no_row(tmp_path: Path) -> None:
    path = tmp_path / "crm.duckdb"
    with duckdb_file(path) as connection:
        connection.execute("CREATE TABLE t AS SELECT 1 AS id, 'canary' AS note")
        connection.execute("CREATE VIEW leads AS SELECT id, CAST(note AS INTEGER) AS n FROM t")
    with pytest.raises(SourceError, match=r"main\.leads: cannot be read to its end") as caught:
        read(DuckdbSource(path), "leads", "id", "n")
    assert without_canary(caught.value)


# --- SQLite -------------------------------------------------------------------------------------


@contextmanager
def sqlite_file(path: Path) -> Iterator[sqlite3.Connection]:
    connection = sqlite3.connect(path, isolation_level=None, timeout=0.1)
    try:
        yield connection
    finally:
        connection.close()


SQLITE = [
    ("INTEGER", -(2**63), "int64", -(2**63)),
    ("BIGINT", 7, "int64", 7),
    ("TEXT", "a'\n🚀\0<img>", "string", "a'\n🚀\0<img>"),
    ("VARCHAR(9)", "0123 ", "string", "0123 "),
    ("TEXT", "", "string", ""),
    ("BLOB", b"\xff\0", "binary", b"\xff\0"),
    ("REAL", 0.1, "double", 0.1),
    ("REAL", 3, "double", 3.0),
    ("REAL", float("-inf"), "double", float("-inf")),
    ("TEXT", "ü" * 3_000_000, "string", "ü" * 3_000_000),
    ("TEXT", 5, "string", "5"),
    ("INTEGER", "007", "int64", 7),
    ("DECIMAL(12, 2)", 12.5, "double", 12.5),
    ("NUMERIC", 2**53, "double", float(2**53)),
    ("BOOLEAN", 1, "bool", True),
    ("DATE", "2024-02-29", "date32[day]", date(2024, 2, 29)),
    ("DATETIME", "2026-01-01 00:00:00.000001", "timestamp[us]", datetime(2026, 1, 1, 0, 0, 0, 1)),
    ("TIMESTAMP", "2026-01-01T02:00+02:00", "timestamp[us]", datetime(2026, 1, 1)),
    ("TIMESTAMP", "2026-01-01", "timestamp[us]", datetime(2026, 1, 1)),
    ("TIME", "23:59", "string", "23:59"),
    ("JSON", '{"a":  1}', "string", '{"a":  1}'),
    ("", 5, "string", "5"),
    ("", "05", "string", "05"),
]


def test_every_type_of_a_sqlite_file_arrives_as_its_value(tmp_path: Path) -> None:
    path = tmp_path / "crm ?#%.db"
    declared = ", ".join(f"c{index} {kind}" for index, (kind, *_) in enumerate(SQLITE))
    with sqlite_file(path) as connection:
        connection.execute(f"CREATE TABLE kinds (id INTEGER PRIMARY KEY, {declared})")
        marks = ", ".join("?" for _ in SQLITE)
        connection.execute(
            f"INSERT INTO kinds VALUES (1, {marks})", [value for _, value, *_ in SQLITE]
        )
        connection.execute("INSERT INTO kinds (id) VALUES (2)")

    names = [f"c{index}" for index in range(len(SQLITE))]
    rows = read(SqliteSource(path), "kinds", "id", *names)

    seen = [(str(rows.schema.field(name).type), rows[name][0].as_py()) for name in names]
    assert seen == [(arrow, value) for _, _, arrow, value in SQLITE]
    assert {rows[name][1].as_py() for name in names} == {None}
    assert counted(SqliteSource(path), "kinds", "id", *names, key="id").unfit == dict.fromkeys(
        ["id", *names], 0
    )


UNFIT = [
    ("INTEGER", "canary"),
    ("INTEGER", 1.5),
    ("INTEGER", b"1"),
    ("TEXT", b"canary"),
    ("BLOB", "canary"),
    ("REAL", "canary"),
    ("DECIMAL(12, 2)", 2**53 + 1),
    ("BOOLEAN", 2),
    ("BOOLEAN", "true"),
    ("DATE", "2026-02-31"),
    ("DATE", "2026-01-01 00:00"),
    ("DATETIME", "0000-00-00 00:00:00"),
    ("DATETIME", 1767225600),
    ("DATETIME", "2026-W01-1"),
    ("DATETIME", "2026-01-01 00:00:00.0000001"),
    ("", b"canary"),
]


@pytest.mark.parametrize(("kind", "value"), UNFIT)
def test_a_value_of_another_type_than_declared_is_unfit(
    tmp_path: Path, kind: str, value: Any
) -> None:
    path = tmp_path / "crm.db"
    with sqlite_file(path) as connection:
        connection.execute(f"CREATE TABLE leads (id INTEGER, x {kind})")
        connection.executemany("INSERT INTO leads VALUES (?, ?)", [(1, value), (2, None)])
    source = SqliteSource(path)

    assert counted(source, "leads", "id", "x", key="id").unfit == {"id": 0, "x": 1}
    with pytest.raises(SourceError, match=r"leads: a value does not fit the type") as caught:
        read(source, "leads", "id", "x")
    assert without_canary(caught.value)


def test_text_of_a_sqlite_file_that_is_not_utf8_is_unfit(tmp_path: Path) -> None:
    path = tmp_path / "crm.db"
    with sqlite_file(path) as connection:
        connection.execute("CREATE TABLE leads (id INTEGER, x TEXT)")
        connection.execute("INSERT INTO leads VALUES (1, CAST(X'E9' AS TEXT))")

    assert counted(SqliteSource(path), "leads", "id", "x", key="id").unfit["x"] == 1


@pytest.mark.parametrize(
    ("kind", "inside", "outside"),
    [
        (
            "DATETIME",
            ["2026-01-01", "2026-01-01T01:00:00+01:00", "2026-01-31 23:59:59.999999"],
            ["2025-12-31 23:59:59.999999", "2026-02-01 00:00", "2026-02-01T00:59:00+00:59"],
        ),
        ("DATE", ["2026-01-01", "2026-01-31"], ["2025-12-31", "2026-02-01"]),
    ],
)
def test_the_window_of_a_sqlite_file_is_half_open(
    tmp_path: Path, kind: str, inside: list[str], outside: list[str]
) -> None:
    path = tmp_path / "crm.db"
    with sqlite_file(path) as connection:
        connection.execute(f'CREATE TABLE log ("at" {kind}, is_inside BOOLEAN)')
        for is_inside, stamps in ((1, inside), (0, outside)):
            rows = [(stamp, is_inside) for stamp in stamps * 2]
            connection.executemany("INSERT INTO log VALUES (?, ?)", rows)
        connection.execute("INSERT INTO log VALUES (NULL, 0), ('soon', 0)")
    window = Window("at", *JANUARY)

    rows = read(SqliteSource(path), "log", "at", "is_inside", window=window)
    assert rows["is_inside"].to_pylist() == [True] * (2 * len(inside))
    assert counted(SqliteSource(path), "log", "at", key="at", window=window).undated == 2


def test_rows_of_a_sqlite_file_come_in_the_order_of_the_key(tmp_path: Path) -> None:
    path = tmp_path / "crm.db"
    with sqlite_file(path) as connection:
        connection.execute('CREATE TABLE "le ads" (a TEXT COLLATE NOCASE, "b""; --" INTEGER)')
        connection.executemany(
            'INSERT INTO "le ads" VALUES (?, ?)', [("a", 10), ("B", 9), ("ä", -1)]
        )

    source = SqliteSource(path)
    assert read(source, "le ads", "a")["a"].to_pylist() == ["B", "a", "ä"]
    assert read(source, "le ads", 'b"; --').to_pydict() == {'b"; --': [-1, 9, 10]}


def test_a_view_and_a_generated_column_of_a_sqlite_file(tmp_path: Path) -> None:
    path = tmp_path / "crm.db"
    with sqlite_file(path) as connection:
        connection.execute("CREATE TABLE leads (id INTEGER, twice INTEGER AS (id * 2))")
        connection.execute("INSERT INTO leads VALUES (1)")
        connection.execute("CREATE VIEW seen AS SELECT id, twice, id + 0.5 AS more FROM leads")

    assert read(SqliteSource(path), "seen", "id", "twice", "more").to_pylist() == [
        {"id": 1, "twice": 2, "more": "1.5"}
    ]


@pytest.mark.parametrize("mode", ["wal", "delete"])
def test_what_is_written_meanwhile_is_not_seen(tmp_path: Path, mode: str) -> None:
    path = tmp_path / "crm.db"
    wanted = Scope(("id",), "id", None)
    with sqlite_file(path) as connection:
        connection.execute(f"PRAGMA journal_mode = {mode}")
        connection.execute("CREATE TABLE leads (id INTEGER)")
        connection.execute("INSERT INTO leads VALUES (1)")
        with SqliteSource(path).frozen() as frozen:
            if mode == "wal":
                connection.execute("INSERT INTO leads VALUES (2)")
            else:
                with pytest.raises(sqlite3.OperationalError, match="locked"):
                    connection.execute("INSERT INTO leads VALUES (2)")
            table = frozen.table(None, "leads")
            rows = [page.batch.num_rows for page in table.pages(wanted)]
            assert (rows, table.count(wanted).rows) == ([1], 1)


def test_what_is_no_table_of_a_sqlite_file_is_an_error(tmp_path: Path) -> None:
    path = tmp_path / "crm.db"
    with sqlite_file(path) as connection:
        connection.execute("CREATE TABLE leads (id INTEGER)")
    with SqliteSource(path).frozen() as frozen:
        for schema, name in ((None, "Leads"), (None, "nope"), ("crm", "leads")):
            with pytest.raises(TableError, match=r"has no (table|schemas)"):
                frozen.table(schema, name)


def test_an_error_of_sqlite_repeats_no_row(tmp_path: Path) -> None:
    path = tmp_path / "crm.db"
    with sqlite_file(path) as connection:
        connection.execute("CREATE TABLE t AS SELECT 1 AS id, 'canary' AS note")
        connection.execute("CREATE VIEW leads AS SELECT id, json_extract(note, '$') AS n FROM t")
    with pytest.raises(SourceError, match=r"leads: SQLITE_ERROR \(check the view") as caught:
        read(SqliteSource(path), "leads", "id", "n")
    assert without_canary(caught.value)


# --- all of them --------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", [SqliteSource, DuckdbSource])
def test_a_file_that_is_none_of_its_kind_is_an_error(tmp_path: Path, kind: Any) -> None:
    path = tmp_path / "crm.db"
    with pytest.raises(SourceError, match="there is no such file"), kind(path).frozen():
        pass
    path.write_bytes(b"canary" * 1000)
    with pytest.raises(SourceError, match=r"crm\.db") as caught, kind(path).frozen():
        pass
    assert without_canary(caught.value)


@pytest.mark.parametrize(
    ("conn_type", "expected"),
    [
        ("sqlite", SqliteSource),
        ("duckdb", DuckdbSource),
        ("fs", FolderSource),
        ("file", FolderSource),
    ],
)
@pytest.mark.parametrize("in_extra", [True, False])
def test_a_connection_names_a_file_by_its_host_or_its_path(
    tmp_path: Path, conn_type: str, expected: type, in_extra: bool
) -> None:
    address = an_address(tmp_path, conn_type, str(tmp_path / "crm"), in_extra)
    source = source_at(address)
    assert isinstance(source, expected)
    assert repr(source) == f"{expected.__name__}({tmp_path / 'crm'})"


@pytest.mark.parametrize("given", ["crm.db", ""])
def test_a_connection_names_a_whole_path(tmp_path: Path, given: str) -> None:
    with pytest.raises(SourceError, match=r"connection (is no whole one|has no path) \("):
        source_at(an_address(tmp_path, "sqlite", given, in_extra=False))


@pytest.mark.parametrize("conn_type", ["mysql", "mariadb"])
def test_a_connection_names_a_mysql_server(tmp_path: Path, conn_type: str) -> None:
    source = source_at(an_address(tmp_path, conn_type, "db", in_extra=False))
    assert repr(source) == "MySQLSource(db:3306/)"


def an_address(state: Path, kind: str, where: str, in_extra: bool) -> Address:
    return Address(
        kind=kind,
        host=None if in_extra else where,
        port=None,
        login=None,
        password=None,
        schema=None,
        extra={"path": where} if in_extra else {},
        state=state,
    )


def test_extract_reads_a_folder(tmp_path: Path) -> None:
    crm, run = tmp_path / "crm", tmp_path / "run"
    crm.mkdir()
    write_csv(crm, 'id,name\n2,"b\n🚀"\n1,\n')
    loaded = a_loaded_policy(tmp_path, lead={**an_object("leads", ["id", "name"]), "schema": None})

    moment = datetime(2026, 6, 29, tzinfo=UTC)
    snapshot = extract(loaded, logical_date=moment, source=FolderSource(crm), folder=run, sql=SQL)

    rows = pq.read_table(snapshot.path_of("lead")).to_pylist()
    assert rows == [{"id": "1", "name": None}, {"id": "2", "name": "b\n🚀"}]
