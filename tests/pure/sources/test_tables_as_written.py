"""Tables of a folder or a store in whatever way they are written: the same rows, or an error."""

import gzip
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from pyarrow.fs import LocalFileSystem, SubTreeFileSystem

from fairness_audit.errors import SourceError
from fairness_audit.sources import Scope, Source, TableError
from fairness_audit.sources.files.folder import FolderSource
from fairness_audit.sources.files.objects import ObjectFolderSource

Opened = Callable[[], Source]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "bucket" / "crm"
    made.mkdir(parents=True)
    return made


@pytest.fixture(params=["disk", "store"])
def opened(request: pytest.FixtureRequest, folder: Path) -> Opened:
    """The folder on a disk, and in an object store."""
    if request.param == "disk":
        return lambda: FolderSource(folder)
    store = SubTreeFileSystem(str(folder.parents[1]), LocalFileSystem())
    return lambda: ObjectFolderSource("s3://bucket/crm", "bucket/crm", lambda: store)


def read(source: Source, name: str, *columns: str, schema: str | None = None) -> list[Any]:
    with source.frozen() as frozen:
        table = frozen.table(schema, name)
        wanted = Scope(columns, columns[0], None)
        rows = [row for page in table.pages(wanted) for row in page.batch.to_pylist()]
        assert table.count(wanted).rows == len(rows)
        return [tuple(row.values()) for row in rows]


TEXT = "id;name\n2;Zoë\n1;\n"


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("leads.csv", TEXT.encode()),
        ("leads.CSV", TEXT.encode("utf-16")),
        ("leads.csv.gz", gzip.compress(TEXT.encode())),
        ("leads.tsv", TEXT.replace(";", "\t").encode()),
        ("leads.csv", f"sep=;\r\n{TEXT}".encode()),
        ("leads.csv", TEXT.replace("name", " name ").replace("\n", ";;\n").encode()),
        ("leads.jsonl", '{"id": 2, "name": "Zoë"}\n{"id": 1}\n'.encode()),
        ("leads", TEXT.encode()),
    ],
    ids=["semicolon", "utf-16", "gzip", "tab", "sep line", "blanks", "JSON", "no suffix"],
)
def test_text_is_read_however_it_is_written(
    folder: Path, opened: Opened, name: str, content: bytes
) -> None:
    (folder / name).write_bytes(content)
    assert read(opened(), "leads", "id", "name") == [("1", None), ("2", "Zoë")]


def test_what_is_no_utf8_is_not_guessed(folder: Path, opened: Opened) -> None:
    (folder / "leads.csv").write_bytes("id,name\n1,Zoë\n".encode("cp1252"))
    with pytest.raises(SourceError, match=r"leads\.csv: row \d or one soon after is not utf-8"):
        read(opened(), "leads", "id", "name")


def test_words_for_nothing_stay_what_they_are(folder: Path, opened: Opened) -> None:
    (folder / "leads.csv").write_text("id,name\n1,NULL\n2,N/A\n3, \n4,1.00\n")
    assert read(opened(), "leads", "id", "name") == [
        ("1", "NULL"), ("2", "N/A"), ("3", " "), ("4", "1.00"),
    ]  # fmt: skip


@pytest.mark.parametrize("name", ["leads", "leads.csv", "leads.parquet"])
def test_parquet_is_parquet_whatever_it_is_called(folder: Path, opened: Opened, name: str) -> None:
    pq.write_table(pa.table({"id": [1]}), folder / name)
    assert read(opened(), "leads", "id") == [(1,)]


@pytest.mark.parametrize("name", ["leads[1]", "leads?", "leads*", "leads{1,2}"])
def test_a_name_is_no_pattern(folder: Path, opened: Opened, name: str) -> None:
    for other in ("leads1", "leads2"):
        pq.write_table(pa.table({"id": [0]}), folder / f"{other}.parquet")
    pq.write_table(pa.table({"id": [1]}), folder / f"{name}.parquet")
    assert read(opened(), name, "id") == [(1,)]


@pytest.mark.parametrize("called", ["leads", "leads.parquet"])
def test_a_folder_of_parts_is_one_table(folder: Path, opened: Opened, called: str) -> None:
    for number in (1, 2):
        part = folder / called / f"year={number}" / "part-0.parquet"
        part.parent.mkdir(parents=True)
        pq.write_table(pa.table({"id": [number]}), part)
    (folder / called / "_SUCCESS").touch()
    assert read(opened(), "leads", "id", "year") == [(1, "1"), (2, "2")]


def test_parts_of_a_schema(folder: Path, opened: Opened) -> None:
    part = folder / "sales" / "leads.parquet" / "part-0.parquet"
    part.parent.mkdir(parents=True)
    pq.write_table(pa.table({"id": [7]}), part)
    assert read(opened(), "leads", "id", schema="sales") == [(7,)]


@pytest.mark.parametrize(
    ("name", "content", "cause"),
    [
        ("leads.csv.gz", gzip.compress(b"id\n1\n" * 99)[:-9], "packed with gzip and broken"),
        ("leads.csv.gz", b"id\n1\n", "is called .gz and is not packed"),
        ("leads.csv", b"PK\x03\x04", "an Excel workbook"),
        ("leads.csv", b"id,id\n", "named twice: 'id', columns 1 and 2"),
    ],
    ids=["cut", "plain", "workbook", "twice"],
)
def test_what_is_no_table_is_an_error_that_names_the_file(
    folder: Path, opened: Opened, name: str, content: bytes, cause: str
) -> None:
    (folder / name).write_bytes(content)
    with pytest.raises(TableError, match=cause) as caught:
        read(opened(), "leads", "id")
    assert f"crm/{name}" in str(caught.value)


def test_a_part_that_comes_while_the_table_is_read_is_an_error(folder: Path) -> None:
    parts = folder / "leads.parquet"
    parts.mkdir()
    pq.write_table(pa.table({"id": [1]}), parts / "part-0.parquet")
    with FolderSource(folder).frozen() as frozen:
        table = frozen.table(None, "leads")
        pages = table.pages(Scope(("id",), "id", None))
        assert next(pages).batch.num_rows == 1
        pq.write_table(pa.table({"id": [2]}), parts / "part-1.parquet")
        with pytest.raises(SourceError, match=r"leads\.parquet: files came or went"):
            next(pages)
