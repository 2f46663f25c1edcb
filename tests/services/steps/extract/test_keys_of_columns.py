"""Tables whose rows several columns name together, and columns by whatever name they have."""

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any

import duckdb
import psycopg
import pyarrow as pa
import pyarrow.csv as pa_csv
import pyarrow.parquet as pq
import pytest
from psycopg import sql as psycopg_sql
from typer.testing import CliRunner

from fairness_audit.cli.app import app
from fairness_audit.demo.vendors.salesforce import Salesforce
from fairness_audit.demo.vendors.served import ServedField, ServedObject
from fairness_audit.errors import SourceError
from fairness_audit.records.snapshot import Snapshot
from fairness_audit.sources import Source
from fairness_audit.sources.files.duckdb_file import DuckdbSource
from fairness_audit.sources.files.folder import FolderSource
from fairness_audit.sources.files.sqlite_file import SqliteSource
from fairness_audit.sources.postgres import PostgresSource
from fairness_audit.steps.extract import extract, read_snapshot
from fairness_audit.steps.extract import rebuild as rebuilding
from tests.builders.loaded_policies import a_loaded_policy, an_object
from tests.builders.populations import SQL
from tests.servers.vendors import a_company, served_by
from tests.services.sources import test_mysql, test_salesforce

NOW = datetime(2026, 6, 29, tzinfo=UTC)
COLUMNS = ["tag", "lead", "note", "changed"]
KEY = ["lead", "tag"]
mysql_crm = test_mysql.crm

Row = tuple[str, int, str, datetime]


def rows_of(count: int = 60) -> list[Row]:
    """Each lead has several tags, each tag several leads: no column names a row alone."""
    stamp = datetime(2026, 6, 1, tzinfo=UTC)
    return [
        (tag, lead, f"{tag} of {lead}", stamp)
        for lead in range(count // 4, 0, -1)
        for tag in ("ä", "B", "a", "a b")
    ]


def as_table(rows: list[Row]) -> pa.Table:
    arrays = [pa.array(column) for column in zip(*rows, strict=True)]
    return pa.Table.from_arrays(arrays, names=COLUMNS)


@dataclass
class Crm:
    """A table whose rows two columns name, in one kind of source."""

    source: Source
    write: Callable[[list[Row]], None]
    folder: Path
    schema: str | None = None
    runs: int = 0

    def take(self, *, key: Any = tuple(KEY), is_kept: bool = False) -> Snapshot:
        self.runs += 1
        stamp = {"modified_on": "changed"} if is_kept else {}
        declared = an_object("tags", COLUMNS, key=key, schema=self.schema, **stamp)
        loaded = a_loaded_policy(self.folder, lead=declared)
        return extract(
            loaded,
            logical_date=NOW,
            source=self.source,
            folder=self.folder / f"run {self.runs}",
            sql=SQL,
            kept=self.folder / "kept" if is_kept else None,
        )


def stamped(rows: list[Row]) -> list[tuple[Any, ...]]:
    return [(*row[:3], f"{row[3]:%Y-%m-%d %H:%M:%S.%f}") for row in rows]


@contextmanager
def in_postgres(folder: Path, request: pytest.FixtureRequest) -> Iterator[Crm]:
    uri = request.getfixturevalue("postgres_uri")
    with psycopg.connect(uri, autocommit=True) as crm:
        crm.execute("CREATE SCHEMA crm")
        crm.execute("CREATE TABLE crm.tags (tag text, lead int, note text, changed timestamptz)")

        def write(rows: list[Row]) -> None:
            crm.execute("TRUNCATE crm.tags")
            with crm.cursor() as cursor:
                cursor.executemany("INSERT INTO crm.tags VALUES (%s, %s, %s, %s)", rows)

        # Read by several connections, cut into ranges of the key's first column.
        yield Crm(PostgresSource(uri, from_rows=10), write, folder, "crm")


@contextmanager
def in_mysql(folder: Path, request: pytest.FixtureRequest) -> Iterator[Crm]:
    server = request.getfixturevalue("mysql_crm")
    server.run("CREATE TABLE tags (tag varchar(9), lead int, note text, changed datetime(6))")

    def write(rows: list[Row]) -> None:
        server.run("DELETE FROM tags")
        with server.connection.cursor() as cursor:
            cursor.executemany("INSERT INTO tags VALUES (%s, %s, %s, %s)", stamped(rows))

    yield Crm(server.source(), write, folder)


@contextmanager
def in_sqlite(folder: Path, _: pytest.FixtureRequest) -> Iterator[Crm]:
    path = folder / "crm.db"
    with closing(sqlite3.connect(path, isolation_level=None)) as crm:
        crm.execute("CREATE TABLE tags (tag TEXT, lead INTEGER, note TEXT, changed DATETIME)")

        def write(rows: list[Row]) -> None:
            crm.execute("DELETE FROM tags")
            crm.executemany("INSERT INTO tags VALUES (?, ?, ?, ?)", stamped(rows))

        yield Crm(SqliteSource(path), write, folder)


@contextmanager
def in_duckdb(folder: Path, _: pytest.FixtureRequest) -> Iterator[Crm]:
    path = folder / "crm.duckdb"

    def write(rows: list[Row]) -> None:
        with duckdb.connect(str(path)) as crm:
            crm.register("given", as_table(rows))
            crm.execute("CREATE OR REPLACE TABLE tags AS FROM given")

    yield Crm(DuckdbSource(path), write, folder)


@contextmanager
def in_parquet(folder: Path, _: pytest.FixtureRequest) -> Iterator[Crm]:
    files = folder / "files"
    files.mkdir()
    yield Crm(
        FolderSource(files), lambda rows: pq.write_table(as_table(rows), files / "tags.parquet"),
        folder,
    )  # fmt: skip


@contextmanager
def in_pages(folder: Path, _: pytest.FixtureRequest) -> Iterator[Crm]:
    """Salesforce, whose pages come in no order, and may come again."""
    kinds = dict(zip(COLUMNS, ("string", "int", "string", "datetime"), strict=True))
    fields = tuple(ServedField(name, kind) for name, kind in kinds.items())
    served = ServedObject("tags", fields)
    state = Salesforce(a_company(tags=served), bulk_page=7, polls_needed=0)

    def write(rows: list[Row]) -> None:
        served.records[:] = [dict(zip(COLUMNS, row, strict=True)) for row in rows]

    with served_by(state, test_salesforce.a_source) as vendor:
        yield Crm(vendor.source, write, folder)


PLACES = [in_postgres, in_mysql, in_sqlite, in_duckdb, in_parquet, in_pages]


@pytest.fixture(params=PLACES, ids=lambda place: place.__name__.removeprefix("in_"))
def crm(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Crm]:
    with request.param(tmp_path, request) as opened:
        opened.write(rows_of())
        yield opened


def keys_in(snapshot: Snapshot) -> list[tuple[int, str]]:
    table = pq.read_table(snapshot.path_of("lead"))
    return list(zip(table["lead"].to_pylist(), table["tag"].to_pylist(), strict=True))


def test_every_row_arrives_in_the_order_of_all_columns_of_the_key(crm: Crm) -> None:
    snapshot = crm.take()
    expected = [(row[1], row[0]) for row in rows_of()]
    assert keys_in(snapshot) == sorted(expected, key=lambda each: (each[0], each[1].encode()))
    assert snapshot.objects["lead"].key == ("lead", "tag")
    assert read_snapshot(snapshot.folder) == snapshot


def test_equal_rows_are_equal_files(crm: Crm) -> None:
    first = crm.take()
    crm.write(rows_of()[::-1])
    assert crm.take().objects["lead"].sha256 == first.objects["lead"].sha256


@pytest.mark.parametrize(
    ("key", "named"),
    [
        ("lead", "column 'lead' does not"),
        (["tag"], "column 'tag' does not"),
        (["lead", "changed"], "columns 'lead', 'changed' do not"),
    ],
)
def test_columns_that_do_not_name_each_row_are_an_error_with_a_cure(
    crm: Crm, key: Any, named: str
) -> None:
    with pytest.raises(SourceError, match="|".join([named, "counts 60 rows"])) as caught:
        crm.take(key=key)
    if named in str(caught.value):
        assert "(name a column that is unique per row, or a list of columns" in str(caught.value)


def test_changes_are_merged_by_all_columns_of_the_key(crm: Crm) -> None:
    """Byte for byte what reading everything gives."""
    crm.take(is_kept=True)
    rows = rows_of()
    stamp = datetime.now(UTC).replace(microsecond=0)
    rows[5] = (*rows[5][:2], "changed", stamp)
    rows.append(("new", 1, "new", stamp))
    del rows[9]
    crm.write(rows)

    merged, whole = crm.take(is_kept=True), crm.take()

    assert merged.objects["lead"].sha256 == whole.objects["lead"].sha256
    assert len(merged.objects["lead"].parts) == 3
    again = rebuilding.differences(
        merged.folder, kept=crm.folder / "kept", modified_on={"lead": "changed"}, sql=SQL
    )
    assert list(again) == []


def test_a_row_is_followed_from_one_snapshot_to_the_next(crm: Crm) -> None:
    before = crm.take()
    rows = rows_of()
    rows[5] = (*rows[5][:2], "changed", rows[5][3])
    crm.write([*rows[:9], *rows[10:], ("new", 1, "new", NOW)])
    after = crm.take()
    said = CliRunner().invoke(app, ["snapshot", "diff", str(before.folder), str(after.folder)])
    assert "rows only in A     1" in said.stdout
    assert "rows only in B     1" in said.stdout
    assert "of them changed    1" in said.stdout
    shown = CliRunner().invoke(app, ["snapshot", "show", str(after.folder)])
    assert "key     lead, tag" in shown.stdout


@pytest.mark.parametrize("gap", ["lead", "tag"])
def test_a_row_without_a_part_of_its_key_is_an_error(
    postgres_uri: str, tmp_path: Path, gap: str
) -> None:
    with psycopg.connect(postgres_uri, autocommit=True) as connection:
        connection.execute("CREATE SCHEMA crm")
        connection.execute("CREATE TABLE crm.tags (lead int, tag text)")
        connection.execute("INSERT INTO crm.tags VALUES (1, 'a'), (1, 'b'), (2, 'a'), (2, 'b')")
        statement = psycopg_sql.SQL("UPDATE crm.tags SET {} = NULL WHERE lead = 1 AND tag = 'a'")
        connection.execute(statement.format(psycopg_sql.Identifier(gap)))
    declared = an_object("tags", ["lead", "tag"], key=["lead", "tag"])
    with pytest.raises(SourceError, match="4 rows have 3 values, 1 rows have none"):
        extract(
            a_loaded_policy(tmp_path, lead=declared),
            logical_date=NOW,
            source=PostgresSource(postgres_uri),
            folder=tmp_path / "run",
            sql=SQL,
        )


NAMES = [
    "marital-status",
    "emp.var.rate",
    "año",
    "2-3465404",
    "Id",
    "id",
    "ID",
    "id_1",
    "fairness_audit_key",
    "row_key",
    "column_0",
    "select",
    "x'; DROP TABLE crm.leads; --",
    "%s :x $1 {} {0} [a] (b) ? @",
    " blank ",
]


def named_rows() -> pa.Table:
    columns = [pa.array([f"{place} {row}" for row in range(3)]) for place in range(len(NAMES))]
    return pa.Table.from_arrays(columns, names=NAMES)


@contextmanager
def names_in_postgres(folder: Path, request: pytest.FixtureRequest) -> Iterator[Source]:
    uri = request.getfixturevalue("postgres_uri")
    quoted = [psycopg_sql.Identifier(name) for name in NAMES]
    table = psycopg_sql.Identifier("crm-1", "2-3465404.x")
    with psycopg.connect(uri, autocommit=True) as connection:
        connection.execute('CREATE SCHEMA "crm-1"')
        declared = psycopg_sql.SQL(", ").join(
            psycopg_sql.SQL("{} text").format(each) for each in quoted
        )
        connection.execute(psycopg_sql.SQL("CREATE TABLE {} ({})").format(table, declared))
        values = psycopg_sql.SQL(", ").join([psycopg_sql.Placeholder()] * len(NAMES))
        insert = psycopg_sql.SQL("INSERT INTO {} VALUES ({})").format(table, values)
        for row in zip(*named_rows().to_pydict().values(), strict=True):
            connection.execute(insert, row)
    yield PostgresSource(uri)


@contextmanager
def names_in_parquet(folder: Path, _: pytest.FixtureRequest) -> Iterator[Source]:
    files = folder / "files" / "crm-1"
    files.mkdir(parents=True)
    pq.write_table(named_rows(), files / "2-3465404.x.parquet")
    yield FolderSource(folder / "files")


@contextmanager
def names_in_csv(folder: Path, _: pytest.FixtureRequest) -> Iterator[Source]:
    files = folder / "files" / "crm-1"
    files.mkdir(parents=True)
    pa_csv.write_csv(named_rows(), files / "2-3465404.x.csv")
    yield FolderSource(folder / "files")


@pytest.mark.parametrize("key", [["id"], ["emp.var.rate", "ID"], ["x'; DROP TABLE crm.leads; --"]])
@pytest.mark.parametrize("place", [names_in_postgres, names_in_parquet, names_in_csv])
def test_a_name_is_read_as_it_is_published(
    tmp_path: Path, request: pytest.FixtureRequest, place: Any, key: list[str]
) -> None:
    # Blanks around a name are no part of it in a file of text, where nobody sees them.
    published = [each.strip() for each in NAMES] if place is names_in_csv else NAMES
    columns = published[::-1]
    declared = an_object("2-3465404.x", columns, key=key, schema="crm-1")
    loaded = a_loaded_policy(tmp_path, lead=declared)
    with place(tmp_path, request) as source:
        snapshot = extract(
            loaded, logical_date=NOW, source=source, folder=tmp_path / "run", sql=SQL
        )
    stored = pq.read_table(snapshot.path_of("lead"))
    assert stored.schema.names == columns
    assert stored.to_pydict() == named_rows().rename_columns(published).select(columns).to_pydict()


@pytest.mark.parametrize("wanted", [["Id", "name"], ["id", "name"], ["name", "id", "Id"]])
@pytest.mark.parametrize("place", ["folder", "database"])
def test_names_that_differ_in_case_only_are_two_columns(
    tmp_path: Path, request: pytest.FixtureRequest, place: str, wanted: list[str]
) -> None:
    """Also where changes are merged: DuckDB would take one for the other."""
    stamps = [NOW - timedelta(days=1)] * 3
    table = pa.table(
        {"Id": ["c", "b", "a"], "id": ["1", "2", "3"], "name": ["x", "y", "z"], "at": stamps}
    )
    columns = [*wanted, "at"]
    key = next(name for name in wanted if name.lower() == "id")
    declared = an_object("leads", columns, key=key, modified_on="at")
    files = tmp_path / "files" / "crm"
    files.mkdir(parents=True)
    pq.write_table(table, files / "leads.parquet")
    source: Source = FolderSource(tmp_path / "files")
    if place == "database":
        uri = request.getfixturevalue("postgres_uri")
        with psycopg.connect(uri, autocommit=True) as connection:
            connection.execute("CREATE SCHEMA crm")
            connection.execute(
                'CREATE TABLE crm.leads ("Id" text, id text, name text, at timestamptz)'
            )
            for row in zip(*table.to_pydict().values(), strict=True):
                connection.execute("INSERT INTO crm.leads VALUES (%s, %s, %s, %s)", row)
        source = PostgresSource(uri)
    runs = []
    for run in ("first", "second"):
        snapshot = extract(
            a_loaded_policy(tmp_path, lead=declared),
            logical_date=NOW,
            source=source,
            folder=tmp_path / run,
            sql=SQL,
            kept=tmp_path / "kept",
        )
        runs.append(pq.read_table(snapshot.path_of("lead")).to_pydict())
    expected = table.sort_by(key).select(columns).to_pydict()
    assert runs == [expected, expected]
    assert all(one < two for one, two in pairwise(runs[0][key]))
