"""Extract against a real PostgreSQL: one moment, every row accounted for, or nothing at all."""

import json
import logging
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import psycopg
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from psycopg import sql
from psycopg.conninfo import make_conninfo

from fairness_audit.errors import SourceError
from fairness_audit.files import sha256_of
from fairness_audit.policy.load import LoadedPolicy
from fairness_audit.records.snapshot import Snapshot
from fairness_audit.sources import Count, FrozenSource, Page, Scope, Source, Table
from fairness_audit.sources.postgres import PostgresSource
from fairness_audit.steps.extract import extract, read_snapshot
from fairness_audit.steps.extract.manifest import emptied
from tests.builders.loaded_policies import a_loaded_policy, an_object
from tests.builders.populations import SQL

LOGICAL_DATE = datetime(2026, 6, 29, tzinfo=UTC)
LEADS = an_object("leads", ["id", "name"])
LOG = an_object("score_log", ["id", "score", "at"])


@pytest.fixture
def crm(postgres_uri: str) -> Iterator[psycopg.Connection[Any]]:
    """A small CRM: three leads, two logged decisions."""
    with psycopg.connect(postgres_uri, autocommit=True) as connection:
        connection.execute("CREATE SCHEMA crm")
        connection.execute("CREATE TABLE crm.leads (id integer, name text, amount numeric(8, 2))")
        connection.execute("INSERT INTO crm.leads VALUES (3, 'c', 3), (1, 'a', 1), (2, 'b', 2)")
        connection.execute("CREATE TABLE crm.score_log (id bigint, score float8, at timestamptz)")
        connection.execute("INSERT INTO crm.score_log VALUES (2, 0.5, now()), (1, 0.25, now())")
        yield connection


@dataclass(frozen=True)
class Meddled:
    """A source, and each of its tables, seen through a function that replaces the table."""

    source: Source
    meddle: Callable[[str, Table], Table]

    def frozen(self) -> AbstractContextManager[FrozenSource]:
        @contextmanager
        def opened() -> Iterator[FrozenSource]:
            with self.source.frozen() as crm:
                yield MeddledMoment(crm, self.meddle)

        return opened()


@dataclass(frozen=True)
class MeddledMoment:
    crm: FrozenSource
    meddle: Callable[[str, Table], Table]

    @property
    def taken_at(self) -> datetime:
        return self.crm.taken_at

    def table(self, schema: str | None, name: str) -> Table:
        return self.meddle(name, self.crm.table(schema, name))


@dataclass(frozen=True)
class OtherTable:
    """A table whose answers can be changed."""

    table: Table
    counted: Callable[[Count], Count] = lambda count: count
    given: Callable[[Iterator[pa.RecordBatch]], Iterator[pa.RecordBatch]] = lambda rows: rows

    is_ordered = True

    @property
    def fields(self) -> Any:
        return self.table.fields

    def count(self, wanted: Scope) -> Count:
        return self.counted(self.table.count(wanted))

    def pages(self, wanted: Scope, resume: str | None = None) -> Iterator[Page]:
        batches = (page.batch for page in self.table.pages(wanted, resume))
        return (Page(batch) for batch in self.given(batches))


def take(loaded: LoadedPolicy, source: Source | str, folder: Path) -> Snapshot:
    source = PostgresSource(source) if isinstance(source, str) else source
    return extract(loaded, logical_date=LOGICAL_DATE, source=source, folder=folder, sql=SQL)


def left_in(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir()}


def test_the_files_hold_exactly_the_columns_of_the_policy(
    crm: psycopg.Connection[Any], postgres_uri: str, tmp_path: Path
) -> None:
    loaded = a_loaded_policy(
        tmp_path, lead=an_object("leads", ["amount", "id"], key="id"), score_log=LOG
    )

    snapshot = take(loaded, postgres_uri, tmp_path / "run")

    lead = snapshot.objects["lead"]
    assert pq.read_table(snapshot.path_of("lead")).to_pydict() == {
        "amount": [1, 2, 3],
        "id": [1, 2, 3],
    }
    assert [(each.name, each.source_type, each.arrow_type) for each in lead.columns] == [
        ("amount", "numeric(8,2)", "decimal128(8, 2)"),
        ("id", "integer", "int32"),
    ]
    assert (lead.table, lead.rows_at_source, lead.rows_written) == ("crm.leads", 3, 3)
    assert lead.sha256 == sha256_of(tmp_path / "run" / "lead.parquet")
    assert (snapshot.window_start, snapshot.window_end) == loaded.policy.window(LOGICAL_DATE)
    assert snapshot.policy_digest == loaded.digest
    assert abs(datetime.now(UTC) - snapshot.taken_at) < timedelta(minutes=5)
    assert left_in(tmp_path / "run") == {
        "lead.parquet", "score_log.parquet", "manifest.json", ".lock",
    }  # fmt: skip


def test_every_object_is_seen_as_of_one_moment(
    crm: psycopg.Connection[Any], postgres_uri: str, tmp_path: Path
) -> None:
    def write_after_reading(name: str, table: Table) -> Table:
        def rows(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
            yield from batches
            if name == "leads":
                crm.execute("INSERT INTO crm.score_log VALUES (9, 0.9, now())")

        return OtherTable(table, given=rows)

    loaded = a_loaded_policy(tmp_path, lead=LEADS, score_log=LOG)
    source = Meddled(PostgresSource(postgres_uri), write_after_reading)

    snapshot = take(loaded, source, tmp_path / "run")

    assert pq.read_table(snapshot.path_of("score_log"))["id"].to_pylist() == [1, 2]
    assert crm.execute("SELECT count(*) FROM crm.score_log").fetchone() == (3,)


def test_an_object_without_rows_is_a_file_without_rows(
    crm: psycopg.Connection[Any], postgres_uri: str, tmp_path: Path
) -> None:
    crm.execute("TRUNCATE crm.leads")

    snapshot = take(a_loaded_policy(tmp_path, lead=LEADS), postgres_uri, tmp_path / "run")

    assert pq.read_schema(snapshot.path_of("lead")).names == ["id", "name"]
    assert snapshot.objects["lead"].rows_written == 0


def test_window_on_limits_the_rows_to_the_window_of_the_audit(
    crm: psycopg.Connection[Any], postgres_uri: str, tmp_path: Path
) -> None:
    loaded = a_loaded_policy(tmp_path, score_log=LOG | {"window_on": "at"})
    start, end = loaded.policy.window(LOGICAL_DATE)
    a_tick = timedelta(microseconds=1)
    crm.execute("TRUNCATE crm.score_log")
    for number, moment in enumerate([start - a_tick, start, start, end - a_tick, end, end]):
        crm.execute("INSERT INTO crm.score_log VALUES (%s, 1, %s)", (number, moment))

    snapshot = take(loaded, postgres_uri, tmp_path / "run")

    assert pq.read_table(snapshot.path_of("score_log"))["id"].to_pylist() == [1, 2, 3]
    assert snapshot.objects["score_log"].rows_at_source == 3


def test_equal_data_has_an_equal_digest(
    crm: psycopg.Connection[Any], postgres_uri: str, tmp_path: Path
) -> None:
    loaded = a_loaded_policy(tmp_path, lead=LEADS, score_log=LOG)
    first = take(loaded, postgres_uri, tmp_path / "first")
    crm.execute("UPDATE crm.leads SET amount = amount + 1 WHERE id = 1")  # moves the row
    crm.execute("VACUUM FULL crm.leads")
    second = take(loaded, postgres_uri, tmp_path / "second")
    crm.execute("UPDATE crm.leads SET name = 'A' WHERE id = 1")
    third = take(loaded, postgres_uri, tmp_path / "second")

    assert first.taken_at != second.taken_at
    assert first.digest == second.digest != third.digest


def test_a_snapshot_can_be_read_back_where_it_was_moved(
    crm: psycopg.Connection[Any], postgres_uri: str, tmp_path: Path
) -> None:
    snapshot = take(
        a_loaded_policy(tmp_path, lead=LEADS, score_log=LOG), postgres_uri, tmp_path / "run"
    )
    moved = (tmp_path / "run").rename(tmp_path / "moved")

    assert read_snapshot(moved) == snapshot.model_copy(update={"folder": moved})


@pytest.mark.parametrize(
    ("tamper", "message"),
    [
        (lambda run: (run / "manifest.json").unlink(), "there is no snapshot"),
        (lambda run: (run / "manifest.json").write_text("{"), "manifest.json: is not what"),
        (lambda run: (run / "manifest.json").write_text("[]"), "manifest.json: is not what"),
        (lambda run: rewrite(run, model="other"), "manifest.json: is not what"),
        (lambda run: rewrite(run, extra=1), "manifest.json: is not what"),
        (lambda run: (run / "lead.parquet").unlink(), "lead.parquet: is not what"),
        (lambda run: (run / "lead.parquet").write_bytes(b"PAR1"), "lead.parquet: is not what"),
    ],
)
def test_a_snapshot_that_was_touched_is_refused(
    crm: psycopg.Connection[Any],
    postgres_uri: str,
    tmp_path: Path,
    tamper: Callable[[Path], Any],
    message: str,
) -> None:
    take(a_loaded_policy(tmp_path, lead=LEADS), postgres_uri, tmp_path / "run")
    tamper(tmp_path / "run")

    with pytest.raises(SourceError, match=message):
        read_snapshot(tmp_path / "run")


def rewrite(run: Path, **changes: Any) -> None:
    content = json.loads((run / "manifest.json").read_bytes())
    (run / "manifest.json").write_text(json.dumps(content | changes))


@pytest.mark.parametrize(
    ("faulty", "message"),
    [
        (
            lambda table: OtherTable(table, counted=lambda count: replace(count, rows=4)),
            r"object lead \(crm\.leads\): the source counts 4 rows, 3 were written",
        ),
        (
            lambda table: OtherTable(table, given=lambda rows: (row.slice(1) for row in rows)),
            r"object lead \(crm\.leads\): the source counts 3 rows, 2 were written",
        ),
    ],
)
def test_counts_that_differ_are_an_error(
    crm: psycopg.Connection[Any],
    postgres_uri: str,
    tmp_path: Path,
    faulty: Callable[[Table], Table],
    message: str,
) -> None:
    source = Meddled(PostgresSource(postgres_uri), lambda _, table: faulty(table))

    with pytest.raises(SourceError, match=message):
        take(a_loaded_policy(tmp_path, lead=LEADS), source, tmp_path / "run")

    assert left_in(tmp_path / "run") == {".lock"}


def test_every_missing_thing_is_named_with_its_line(
    crm: psycopg.Connection[Any], postgres_uri: str, tmp_path: Path
) -> None:
    loaded = a_loaded_policy(
        tmp_path,
        lead=an_object("leads", ["id", "Name", "gender"]),
        opportunity=an_object("opportunities", ["id"]),
        score_log=LOG | {"window_on": "score"},
    )
    lines = loaded.file.read_text().splitlines()

    def line_of(text: str) -> int:
        return 1 + next(number for number, line in enumerate(lines) if text in line)

    with pytest.raises(SourceError) as caught:
        take(loaded, postgres_uri, tmp_path / "run")

    lead = "source.objects.lead.columns: object lead (crm.leads) has no column"
    assert str(caught.value).splitlines() == [
        f"{loaded.file}:{line_of('- Name')}: {lead} 'Name' (did you mean 'name'?)",
        f"{loaded.file}:{line_of('- gender')}: {lead} 'gender'"
        " (remove it from the policy, or add it to the table)",
        f"{loaded.file}:{line_of('table: opportunities')}: source.objects.opportunity.table:"
        " there is no table crm.opportunities (names are case-sensitive)",
        f"{loaded.file}:{line_of('window_on: score')}: source.objects.score_log.window_on: column"
        " 'score' of object score_log (crm.score_log) is double precision"
        " (name a timestamp or date column)",
    ]
    assert left_in(tmp_path / "run") == {".lock"}


def test_a_column_that_may_not_be_read_is_named_with_its_line(
    crm: psycopg.Connection[Any], postgres_uri: str, tmp_path: Path
) -> None:
    name = f"reader_{uuid4().hex}"
    role = sql.Identifier(name)
    crm.execute(sql.SQL("CREATE ROLE {} LOGIN").format(role))
    crm.execute(sql.SQL("GRANT USAGE ON SCHEMA crm TO {}").format(role))
    crm.execute(sql.SQL("GRANT SELECT (id) ON crm.leads TO {}").format(role))
    loaded = a_loaded_policy(tmp_path, lead=LEADS)
    try:
        with pytest.raises(
            SourceError,
            match=r"policy\.yaml:\d+: .* permission denied for column 'name' of object",
        ):
            take(loaded, make_conninfo(postgres_uri, user=name), tmp_path / "run")
    finally:
        crm.execute(sql.SQL("DROP OWNED BY {}").format(role))
        crm.execute(sql.SQL("DROP ROLE {}").format(role))


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        ("(1, 'a'), (1, 'b')", "5 rows have 3 values, 0 rows have none"),
        ("(NULL, 'a')", "4 rows have 3 values, 1 rows have none"),
    ],
)
def test_a_key_that_does_not_name_each_row_is_an_error(
    crm: psycopg.Connection[Any], postgres_uri: str, tmp_path: Path, rows: str, message: str
) -> None:
    crm.execute(f"INSERT INTO crm.leads (id, name) VALUES {rows}".encode())

    with pytest.raises(
        SourceError,
        match=rf"policy\.yaml:\d+: source\.objects\.lead\.key: column 'id' .*{message}",
    ):
        take(a_loaded_policy(tmp_path, lead=LEADS), postgres_uri, tmp_path / "run")


@pytest.mark.parametrize(
    ("stamp", "message"),
    [
        ("'infinity'", r"columns: column 'at' of .* holds 1 values that timestamp\[us, tz=UTC\]"),
        ("NULL", r"window_on: 1 rows of .* have no finite 'at'"),
    ],
)
def test_rows_that_would_be_lost_or_damaged_are_an_error(
    crm: psycopg.Connection[Any], postgres_uri: str, tmp_path: Path, stamp: str, message: str
) -> None:
    crm.execute(f"INSERT INTO crm.score_log VALUES (7, 0.5, {stamp})".encode())
    log = LOG | ({"window_on": "at"} if stamp == "NULL" else {})

    with pytest.raises(SourceError, match=message):
        take(a_loaded_policy(tmp_path, score_log=log), postgres_uri, tmp_path / "run")


def test_names_with_spaces_and_cells_with_anything_stay_as_they_are(
    crm: psycopg.Connection[Any], postgres_uri: str, tmp_path: Path
) -> None:
    cell = '\'); DROP TABLE crm.leads; --\n<img src=x onerror=alert(1)>\t=1+1 "🚀" ␀ \\x00'
    crm.execute('CREATE SCHEMA "Sales $ Data"')
    crm.execute('CREATE TABLE "Sales $ Data"."select" ("Lead ID" text, "Order" text)')
    crm.execute('INSERT INTO "Sales $ Data"."select" VALUES (%s, %s)', (cell, cell))
    lead = an_object("select", ["Lead ID", "Order"], schema="Sales $ Data")

    snapshot = take(a_loaded_policy(tmp_path, lead=lead), postgres_uri, tmp_path / "run")

    rows = pq.read_table(snapshot.path_of("lead")).to_pylist()
    assert rows == [{"Lead ID": cell, "Order": cell}]


def test_a_folder_belongs_to_one_process_at_a_time(
    crm: psycopg.Connection[Any], postgres_uri: str, tmp_path: Path
) -> None:
    with (
        emptied(tmp_path / "run"),
        pytest.raises(SourceError, match="another process is extracting into this folder"),
    ):
        take(a_loaded_policy(tmp_path, lead=LEADS), postgres_uri, tmp_path / "run")


def test_no_secret_and_no_row_is_logged(
    crm: psycopg.Connection[Any],
    postgres_uri: str,
    tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
) -> None:
    crm.execute("INSERT INTO crm.leads VALUES (4, 'canary-of-a-row', 4)")
    caplog.set_level(logging.DEBUG)

    snapshot = take(
        a_loaded_policy(tmp_path, lead=LEADS),
        make_conninfo(postgres_uri, password="canary-of-a-password"),
        tmp_path / "run",
    )

    assert "object lead (crm.leads): 4 rows in " in caplog.text
    written = (tmp_path / "run" / "manifest.json").read_text()
    assert "canary" not in caplog.text + written + repr(snapshot)
