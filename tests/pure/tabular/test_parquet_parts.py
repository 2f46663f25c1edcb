"""A folder of Parquet parts is one table; a path is one path, whatever it is called."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from fairness_audit.engine.duckdb import locked_connection
from fairness_audit.errors import TabularError
from fairness_audit.tabular import table_at
from fairness_audit.tabular.parquet_files import ParquetFiles


def a_part(path: Path, **columns: Any) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    pq.write_table(pa.table(columns), path)
    return path


def read(path: Path, spill: Path) -> list[Mapping[str, Any]]:
    file = table_at(path)
    assert isinstance(file, ParquetFiles)
    spill.mkdir(exist_ok=True)
    folders = [spill, path if path.is_dir() else path.parent]
    with locked_connection(folders) as connection:
        rows = file.relation(connection).fetchall()
    return [dict(zip(file.names, row, strict=True)) for row in rows]


def test_parts_are_one_table_and_markers_are_none_of_them(tmp_path: Path) -> None:
    folder = tmp_path / "out.parquet"
    a_part(folder / "part-0.snappy.parquet", id=[1], g=["a"])
    a_part(folder / "part-1", g=["b", None], id=[2, 3])
    for name in ("_SUCCESS", ".part-0.snappy.parquet.crc", "_committed_1"):
        (folder / name).write_bytes(b"canary")
    assert read(folder, tmp_path / "spill") == [
        {"id": 1, "g": "a"}, {"id": 2, "g": "b"}, {"id": 3, "g": None},
    ]  # fmt: skip


def test_names_of_folders_add_a_column_and_overwrite_none(tmp_path: Path) -> None:
    folder = tmp_path / "out"
    a_part(folder / "year=2024" / "g=M%C3%A4nn" / "part-0.parquet", id=[1], year=[1999])
    a_part(folder / "year=2025" / "g=__HIVE_DEFAULT_PARTITION__" / "p.parquet", id=[2], year=[5])
    assert read(folder, tmp_path / "spill") == [
        {"id": 1, "year": 1999, "g": "Männ"}, {"id": 2, "year": 5, "g": None},
    ]  # fmt: skip
    assert table_at(folder).notices == (
        "its folders are named after year too: the column in the files is read",
    )


def test_the_folder_that_a_file_lies_in_says_nothing(tmp_path: Path) -> None:
    path = a_part(tmp_path / "g=x" / "leads.parquet", id=[1])
    assert read(path, tmp_path / "spill") == [{"id": 1}]


@pytest.mark.parametrize("name", ["q[1].parquet", "q?.parquet", "q*.parquet", "q{1,2}.parquet"])
def test_a_name_is_no_pattern(tmp_path: Path, name: str) -> None:
    for other in ("q1.parquet", "q2.parquet"):
        a_part(tmp_path / "d[a]" / other, id=[0])
    path = a_part(tmp_path / "d[a]" / name, id=[1])
    a_part(tmp_path / "da" / name, id=[0])
    assert read(path, tmp_path / "spill") == [{"id": 1}]


@pytest.mark.parametrize(
    ("parts", "fault"),
    [
        ({}, "holds no file"),
        ({"a": {"id": [1]}, "b": {"id": [1], "g": [1]}}, r"b: column 'g' is not in every part"),
        ({"a": {"id": [1]}, "b": {"id": ["1"]}}, r"b: column 'id' is of another type than in a"),
        ({"a": {"id": [1]}, "y=1/b": {"id": [1]}}, "folders are not named alike"),
    ],
)
def test_parts_that_are_not_alike_are_refused(
    tmp_path: Path, parts: Mapping[str, Any], fault: str
) -> None:
    folder = tmp_path / "out"
    folder.mkdir()
    for name, columns in parts.items():
        a_part(folder / name, **columns)
    with pytest.raises(TabularError, match=fault):
        table_at(folder)


@pytest.mark.parametrize("log", ["_delta_log", ".hoodie", "metadata"])
def test_a_table_whose_log_says_which_files_count_is_refused(tmp_path: Path, log: str) -> None:
    a_part(tmp_path / "part-0.parquet", id=[1])
    (tmp_path / log).mkdir()
    with pytest.raises(TabularError, match="whose log says which files count"):
        table_at(tmp_path)


def test_a_part_that_is_no_parquet_is_refused(tmp_path: Path) -> None:
    a_part(tmp_path / "part-0.parquet", id=[1])
    (tmp_path / "notes.txt").write_text("canary")
    with pytest.raises(TabularError, match=r"notes\.txt: is not Parquet"):
        table_at(tmp_path)


def test_a_column_of_nothing_fits_any_type(tmp_path: Path) -> None:
    a_part(tmp_path / "out" / "a", id=[1], g=pa.nulls(1))
    a_part(tmp_path / "out" / "b", id=[2], g=pa.array(["x"]).dictionary_encode())
    assert [row["g"] for row in read(tmp_path / "out", tmp_path / "spill")] == [None, "x"]


def test_a_name_that_two_columns_have_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.parquet"
    pq.write_table(pa.table([pa.array([1]), pa.array([2])], names=["g", "g"]), path)
    with pytest.raises(TabularError, match="named twice: 'g', columns 1 and 2"):
        table_at(path)
