"""Whatever the source is: changes merged with earlier readings are what a full reading gives."""

import sqlite3
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, NamedTuple

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from fairness_audit.demo.vendors.salesforce import Salesforce
from fairness_audit.demo.vendors.served import ServedField, ServedObject
from fairness_audit.demo.vendors.zoho import Zoho
from fairness_audit.sources import Source
from fairness_audit.sources.files.duckdb_file import DuckdbSource
from fairness_audit.sources.files.folder import FolderSource
from fairness_audit.sources.files.sqlite_file import SqliteSource
from fairness_audit.steps.extract import extract
from tests.builders.loaded_policies import a_loaded_policy, an_object
from tests.builders.populations import SQL
from tests.servers.vendors import a_company, served_by
from tests.services.sources import test_mysql, test_salesforce, test_zoho

LONG_AGO = timedelta(days=3)
COLUMNS = ("id", "name", "deleted", "modified")

mysql_crm = test_mysql.crm


class Lead(NamedTuple):
    """What a row says but for its id; ``deleted`` is how a CRM hides a row and keeps it."""

    name: str
    deleted: bool
    modified: datetime


Rows = dict[int, Lead]


@dataclass
class Crm:
    """Leads in a source whose clock counts so many seconds at once, and the audits of them."""

    source: Source
    write: Callable[[Rows], None]
    folder: Path
    table: str = "leads"
    columns: tuple[str, ...] = COLUMNS
    clock: float = 0.0
    rows: Rows = field(default_factory=dict)
    audits: int = 0
    began: float = field(default_factory=time.monotonic)

    def set(self, row: int, name: str, *, ago: timedelta, deleted: bool = False) -> None:
        """Add a row, or change it; ``ago`` is how old its stamp is."""
        stamp = datetime.now(UTC).replace(microsecond=0) - ago
        self.rows[row] = Lead(name, deleted, stamp)

    def audit(self) -> tuple[list[str], pa.Table]:
        """What was read, and the rows: the same, to the byte, as of everything read anew."""
        # No two audits are of one moment; a server may give its clock's time a second late.
        time.sleep(max(0.0, self.began + 1.5 * self.clock - time.monotonic()))
        self.began = time.monotonic()
        self.write(self.rows)
        self.audits += 1
        before = set(self._parts())
        merged, whole = self._read("merged", kept=True), self._read("whole", kept=False)
        assert merged.read_bytes() == whole.read_bytes()
        kinds = [path.stem.rpartition("-")[2] for path in self._parts() if path not in before]
        return [kind for kind in kinds if kind != "keys"], pq.read_table(merged)

    def _read(self, name: str, *, kept: bool) -> Path:
        declared = an_object(
            self.table, list(self.columns), modified_on=self.columns[-1], schema=None
        )
        snapshot = extract(
            a_loaded_policy(self.folder, lead=declared),
            logical_date=datetime.now(UTC),
            source=self.source,
            folder=self.folder / f"{name} {self.audits}",
            sql=SQL,
            kept=self.folder / "kept" if kept else None,
        )
        return snapshot.path_of("lead")

    def _parts(self) -> list[Path]:
        return sorted((self.folder / "kept").rglob("*.parquet"))


def stamps(rows: Rows) -> list[tuple[Any, ...]]:
    """Rows for a database that keeps moments in UTC, without saying so."""
    return [(row, *each[:2], f"{each.modified:%Y-%m-%d %H:%M:%S}") for row, each in rows.items()]


@contextmanager
def in_mysql(folder: Path, request: pytest.FixtureRequest) -> Iterator[Crm]:
    server = request.getfixturevalue("mysql_crm")
    server.run("CREATE TABLE leads (id integer, name text, deleted boolean, modified datetime(6))")

    def write(rows: Rows) -> None:
        server.run("DELETE FROM leads")
        with server.connection.cursor() as cursor:
            cursor.executemany("INSERT INTO leads VALUES (%s, %s, %s, %s)", stamps(rows))

    yield Crm(server.source(), write, folder)


@contextmanager
def in_sqlite(folder: Path, _: pytest.FixtureRequest) -> Iterator[Crm]:
    path = folder / "crm.db"
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.execute(
            "CREATE TABLE leads (id INTEGER, name TEXT, deleted BOOLEAN, modified DATETIME)"
        )

        def write(rows: Rows) -> None:
            connection.execute("DELETE FROM leads")
            connection.executemany("INSERT INTO leads VALUES (?, ?, ?, ?)", stamps(rows))

        yield Crm(SqliteSource(path), write, folder)


def as_table(rows: Rows) -> pa.Table:
    columns = zip(*((row, *each) for row, each in rows.items()), strict=True)
    return pa.table(dict(zip(COLUMNS, map(list, columns), strict=True)))


@contextmanager
def in_duckdb(folder: Path, _: pytest.FixtureRequest) -> Iterator[Crm]:
    path = folder / "crm.duckdb"

    def write(rows: Rows) -> None:
        with duckdb.connect(str(path)) as connection:
            connection.register("given", as_table(rows))
            connection.execute("CREATE OR REPLACE TABLE leads AS FROM given")

    yield Crm(DuckdbSource(path), write, folder)


@contextmanager
def in_parquet(folder: Path, _: pytest.FixtureRequest) -> Iterator[Crm]:
    files = folder / "files"
    files.mkdir()

    def write(rows: Rows) -> None:
        pq.write_table(as_table(rows), files / "leads.parquet")

    yield Crm(FolderSource(files), write, folder)


@contextmanager
def in_salesforce(folder: Path, _: pytest.FixtureRequest) -> Iterator[Crm]:
    names = ("Id", "Name", "IsDeleted", "SystemModstamp")
    served = a_served("Lead", names, ("id", "string", "boolean", "datetime"))
    state = Salesforce(a_company(lead=served), bulk_page=60, polls_needed=0)
    write = serving_rows(served, names, test_salesforce.lead_id)
    with served_by(state, test_salesforce.a_source) as vendor:
        yield Crm(vendor.source, write, folder, "Lead", names, clock=1.0)


@contextmanager
def in_zoho(folder: Path, _: pytest.FixtureRequest) -> Iterator[Crm]:
    names = ("id", "Last_Name", "converted", "Modified_Time")
    served = a_served("Leads", names, ("bigint", "text", "boolean", "datetime"))
    state = Zoho(a_company(lead=served), bulk_page=60, polls_needed=0)
    write = serving_rows(served, names, test_zoho.lead_id)
    with served_by(state, test_zoho.a_source) as vendor:
        yield Crm(vendor.source, write, folder, "Leads", names, clock=1.0)


def a_served(name: str, names: tuple[str, ...], kinds: tuple[str, ...]) -> ServedObject:
    fields = [*map(ServedField, names, kinds), ServedField("Created_Time", "datetime")]
    return ServedObject(name, tuple(fields))


def serving_rows(
    served: ServedObject, names: tuple[str, ...], id_of: Callable[[int], str]
) -> Callable[[Rows], None]:
    def write(rows: Rows) -> None:
        served.records[:] = [
            dict(zip(names, (id_of(row), *each), strict=True))
            # Zoho's reader leaves out what is newer than the server's clock, which lags.
            | {"Created_Time": each.modified - timedelta(minutes=1)}
            for row, each in rows.items()
        ]

    return write


PLACES = [in_mysql, in_sqlite, in_duckdb, in_parquet, in_salesforce, in_zoho]


@pytest.fixture(params=PLACES, ids=lambda place: place.__name__.removeprefix("in_"))
def crm(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Crm]:
    """Some leads that were modified days ago, and read."""
    with request.param(tmp_path, request) as opened:
        for row in range(1, 101):
            opened.set(row, f"lead {row}", ago=LONG_AGO)
        assert opened.audit()[0] == ["full"]
        yield opened


def names_of(table: pa.Table) -> list[str]:
    return table.column(1).to_pylist()  # type: ignore[no-any-return]


def test_changed_new_and_deleted_rows_are_merged(crm: Crm) -> None:
    crm.set(7, "changed", ago=timedelta())
    crm.set(11, "hidden", ago=timedelta(), deleted=True)
    crm.set(101, "new", ago=timedelta())
    del crm.rows[9]

    kinds, rows = crm.audit()

    assert kinds == ["changes"]
    assert {"changed", "hidden", "new"} <= set(names_of(rows))
    assert "lead 9" not in names_of(rows)
    assert rows.column(2).cast(pa.int8()).to_pylist().count(1) == 1


def test_what_was_deleted_comes_back(crm: Crm) -> None:
    crm.set(11, "hidden", ago=timedelta(), deleted=True)
    gone = crm.rows.pop(9)
    assert crm.audit()[0] == ["changes"]
    crm.set(11, "seen again", ago=timedelta())
    crm.rows[9] = gone  # as it was, its stamp too: from the wastebasket

    kinds, rows = crm.audit()

    assert kinds == ["changes"]
    assert {"seen again", "lead 9"} <= set(names_of(rows))
    assert not any(rows.column(2).to_pylist())


def test_a_row_that_was_committed_late_is_caught(crm: Crm) -> None:
    crm.set(102, "late", ago=timedelta(minutes=20))

    kinds, rows = crm.audit()

    assert kinds == ["changes"]
    assert "late" in names_of(rows)


def test_a_row_later_than_the_look_back_has_everything_read_anew(crm: Crm) -> None:
    """One that came and one that went: the number of rows alone would not tell."""
    crm.set(103, "too late", ago=timedelta(days=2))
    del crm.rows[9]

    kinds, rows = crm.audit()

    assert sorted(kinds) == ["changes", "full"]
    assert "too late" in names_of(rows)
