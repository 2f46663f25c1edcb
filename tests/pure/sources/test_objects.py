"""Folders of Parquet and CSV files in an object store: copied whole, or not at all.

The store is a folder of this machine behind Arrow's interface to object stores.
"""

import errno
import traceback
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import fsspec
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from pyarrow.fs import FileSystem, FSSpecHandler, LocalFileSystem, PyFileSystem, SubTreeFileSystem

from fairness_audit.errors import SourceError
from fairness_audit.sources import Scope, TableError
from fairness_audit.sources.connections import Address, source_at
from fairness_audit.sources.files import objects
from fairness_audit.sources.files.objects import ObjectFolderSource
from fairness_audit.sources.files.stores import StoreAddress, store_address
from fairness_audit.steps.extract import extract
from fairness_audit.tabular.dialect import Dialect
from tests.builders.loaded_policies import a_loaded_policy, an_object
from tests.builders.populations import SQL

SECRET = "canary/p@ss word"


class Store(FSSpecHandler):
    """The disk as a store in which something may happen while an object is read."""

    def __init__(self, folder: Path, meanwhile: Callable[[], None] = lambda: None) -> None:
        super().__init__(fsspec.filesystem("dir", path=str(folder), target_protocol="file"))
        self.meanwhile = meanwhile

    def open_input_stream(self, path: str) -> Any:
        opened = super().open_input_stream(path)
        self.meanwhile()
        return opened


@pytest.fixture
def bucket(tmp_path: Path) -> Path:
    """A bucket with the folder crm and a table of each kind in it."""
    crm = tmp_path / "store" / "bucket" / "crm"
    (crm / "sales").mkdir(parents=True)
    (crm / "leads.csv").write_text('id,name\n2,"b\n🚀"\n1,\n', encoding="utf-8")
    pq.write_table(pa.table({"id": [2, 1], "won": [True, None]}), crm / "sales" / "cases.parquet")
    (crm / "notes.txt").touch()
    return crm


def a_store(bucket: Path) -> FileSystem:
    return SubTreeFileSystem(str(bucket.parents[1]), LocalFileSystem())


def a_source(store: FileSystem, folder: str = "bucket/crm", **given: Any) -> ObjectFolderSource:
    return ObjectFolderSource(f"s3://{folder}", folder, lambda: store, **given)


def read(
    source: ObjectFolderSource, schema: str | None, name: str, *columns: str
) -> list[dict[str, Any]]:
    with source.frozen() as frozen:
        table = frozen.table(schema, name)
        wanted = Scope(columns, columns[0], None)
        rows = [row for page in table.pages(wanted) for row in page.batch.to_pylist()]
        assert table.count(wanted).rows == len(rows)
        assert table.is_ordered
        return rows


def test_objects_are_read_as_files_are(bucket: Path) -> None:
    source = a_source(a_store(bucket))
    assert read(source, None, "leads", "id", "name") == [
        {"id": "1", "name": None},
        {"id": "2", "name": "b\n🚀"},
    ]
    assert read(source, "sales", "cases", "id", "won") == [
        {"id": 1, "won": None},
        {"id": 2, "won": True},
    ]


def test_a_folder_may_be_the_bucket_itself(bucket: Path) -> None:
    assert len(read(a_source(a_store(bucket), "bucket"), "crm", "leads", "id")) == 2


def test_csv_files_may_be_written_in_another_way(bucket: Path) -> None:
    (bucket / "leads.csv").write_bytes("id;name\n1;Zoë,x\n".encode("cp1252"))
    source = a_source(a_store(bucket), dialect=Dialect(";", "cp1252"))
    assert read(source, None, "leads", "id", "name") == [{"id": "1", "name": "Zoë,x"}]


def test_extract_reads_a_store(bucket: Path, tmp_path: Path) -> None:
    loaded = a_loaded_policy(tmp_path, lead={**an_object("leads", ["id", "name"]), "schema": None})
    moment = datetime(2026, 6, 29, tzinfo=UTC)
    source = a_source(a_store(bucket))
    snapshot = extract(
        loaded, logical_date=moment, source=source, folder=tmp_path / "run", sql=SQL
    )
    assert pq.read_table(snapshot.path_of("lead"))["id"].to_pylist() == ["1", "2"]


def test_copies_go_away(bucket: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    temporary = tmp_path / "tmp"
    temporary.mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(temporary))
    with a_source(a_store(bucket)).frozen() as frozen:
        frozen.table(None, "leads")
        again = frozen.table(None, "leads")
        assert "id" in again.fields
        assert len(list(temporary.rglob("*.csv"))) == 1
    assert list(temporary.iterdir()) == []


@pytest.mark.parametrize(
    ("schema", "name"), [(None, "Leads"), (None, "notes"), (None, "cases"), ("..", "crm/leads")]
)
def test_an_unknown_table_is_an_error(bucket: Path, schema: str | None, name: str) -> None:
    with (
        a_source(a_store(bucket)).frozen() as frozen,
        pytest.raises(TableError, match=r"there is no s3://bucket/crm/.*\(names are case-sens"),
    ):
        frozen.table(schema, name)


def test_a_table_that_is_there_twice_is_an_error(bucket: Path) -> None:
    pq.write_table(pa.table({"id": [1]}), bucket / "leads.parquet")
    with (
        a_source(a_store(bucket)).frozen() as frozen,
        pytest.raises(TableError, match=r"s3://bucket/crm/leads is there more than once"),
    ):
        frozen.table(None, "leads")


def test_an_unknown_folder_is_an_error(bucket: Path) -> None:
    source = a_source(a_store(bucket), "bucket/nope")
    with pytest.raises(SourceError, match=r"s3://bucket/nope: there is no"), source.frozen():
        pass


def test_a_fault_names_the_object_and_not_its_copy(bucket: Path) -> None:
    (bucket / "leads.csv").write_text("id,name\n1,canary,3\n")
    with pytest.raises(SourceError, match=r"^s3://bucket/crm/leads\.csv: row 2, ") as caught:
        read(a_source(a_store(bucket)), None, "leads", "id")
    assert "canary" not in "".join(traceback.format_exception(caught.value))
    (bucket / "leads.csv").write_text("")
    with pytest.raises(TableError, match=r"^s3://bucket/crm/leads\.csv: is empty"):
        read(a_source(a_store(bucket)), None, "leads", "id")


def test_an_object_that_changed_after_the_listing_is_an_error(bucket: Path) -> None:
    with a_source(a_store(bucket)).frozen() as frozen:
        (bucket / "leads.csv").write_text("id,name\n3,c\n")
        with pytest.raises(SourceError, match=r"leads\.csv: the object changed while"):
            frozen.table(None, "leads")
        (bucket / "leads.csv").unlink()
        with pytest.raises(SourceError, match=r"leads\.csv: there is no such folder or object"):
            frozen.table(None, "leads")


def test_an_object_that_grows_while_it_is_copied_is_an_error(bucket: Path) -> None:
    def grow() -> None:
        with (bucket / "leads.csv").open("a") as file:
            file.write("3,c\n")

    store = PyFileSystem(Store(bucket.parents[1], grow))
    with (
        a_source(store).frozen() as frozen,
        pytest.raises(SourceError, match=r"leads\.csv: the object changed while"),
    ):
        frozen.table(None, "leads")


def test_an_object_of_another_etag_is_an_error(
    bucket: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tags = iter([{"etag": b"1"}, {"etag": b"2"}])
    monkeypatch.setattr(objects, "_tags", lambda store, path: next(tags))
    with (
        a_source(a_store(bucket)).frozen() as frozen,
        pytest.raises(SourceError, match=r"leads\.csv: the object changed while"),
    ):
        frozen.table(None, "leads")


@pytest.mark.parametrize(
    ("fault", "said"),
    [
        (
            OSError(f"When reading '{SECRET}': AWS Error ACCESS_DENIED during GetObject: x"),
            r"leads\.csv: ACCESS_DENIED \(check",
        ),
        (OSError(SECRET), r"leads\.csv: OSError \(check"),
        (OSError(errno.ENOSPC, SECRET), r"leads\.csv: this machine's disk is full \("),
    ],
)
def test_a_fault_of_the_store_is_told_without_its_words(
    bucket: Path, fault: OSError, said: str
) -> None:
    def fail() -> None:
        raise fault

    store = PyFileSystem(Store(bucket.parents[1], fail))
    with (
        a_source(store).frozen() as frozen,
        pytest.raises(SourceError, match=said) as caught,
    ):
        frozen.table(None, "leads")
    assert SECRET not in "".join(traceback.format_exception(caught.value))


def test_an_object_is_copied_in_pieces(bucket: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(objects, "_CHUNK", 3)
    assert len(read(a_source(a_store(bucket)), None, "leads", "id", "name")) == 2


# --- the connection -----------------------------------------------------------------------------


def test_a_connection_names_a_store(tmp_path: Path) -> None:
    for kind, where in (("fs", "s3://bucket/crm/"), ("file", "gs://bucket"), ("fs", "abfs://a/b")):
        source = source_at(an_address(tmp_path, kind, where))
        assert isinstance(source, ObjectFolderSource)
        assert repr(source) == f"ObjectFolderSource({where.rstrip('/')})"


@pytest.mark.parametrize(
    ("where", "said"),
    [
        ("http://bucket/crm", r"nothing reads files at http:// \(use s3, gs, abfs, or a path\)"),
        (f"s3://{SECRET}@bucket/crm", r"holds more than a bucket and a folder \(write a key as"),
        ("s3://bucket/crm?region=x", r"holds more than a bucket and a folder"),
        ("s3:///crm", r"names no bucket \("),
    ],
)
def test_an_address_that_is_none_is_an_error(tmp_path: Path, where: str, said: str) -> None:
    with pytest.raises(SourceError, match=said) as caught:
        source_at(an_address(tmp_path, "fs", where))
    assert SECRET not in str(caught.value)


def test_a_store_is_opened_as_the_connection_says() -> None:
    extra = {"endpoint": "http://127.0.0.1:9000", "region": "eu-west-1"}
    stores = {
        scheme: store_address(f"{scheme}://bucket/crm", "login", "c2VjcmV0", extra).connect()
        for scheme in ("s3", "abfs")
    }
    stores["gs"] = store_address("gs://bucket/crm", None, None, {"anonymous": True}).connect()
    assert {name: store.type_name for name, store in stores.items()} == {
        "s3": "s3",
        "abfs": "abfs",
        "gs": "gcs",
    }


@pytest.mark.parametrize(
    ("address", "said"),
    [
        (StoreAddress("s3", "b", "", "id", None, {}), "half of an access key"),
        (StoreAddress("abfs", "b", "", None, "key", {}), "has no login"),
    ],
)
def test_half_a_login_is_an_error(address: StoreAddress, said: str) -> None:
    with pytest.raises(SourceError, match=said):
        address.connect()


def test_the_secret_of_a_store_is_not_shown(tmp_path: Path) -> None:
    assert SECRET not in repr(
        store_address("s3://bucket/crm", "id", SECRET, {"sas_token": SECRET})
    )
    assert SECRET not in repr(source_at(an_address(tmp_path, "fs", "s3://bucket/crm")))


def an_address(state: Path, kind: str, where: str) -> Address:
    return Address(kind, where, None, "id", SECRET, None, {}, state)
