"""What extract leaves behind when the source, the disk or its own process fails: nothing."""

import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import psycopg
import pyarrow.parquet as pq
import pytest

from fairness_audit.errors import SourceError
from fairness_audit.policy.load import LoadedPolicy
from fairness_audit.sources.postgres import PostgresSource
from fairness_audit.steps.extract import extract, read_snapshot
from tests import CHECKOUT
from tests.builders.loaded_policies import a_loaded_policy, an_object
from tests.builders.populations import SQL
from tests.servers.cutting_proxy import cutting_proxy
from tests.services.steps.extract import extract_once

LOGICAL_DATE = datetime(2026, 6, 29, tzinfo=UTC)
ROWS = 50_000  # the note makes this about 16 MB on the wire, two batches


@pytest.fixture
def crm(postgres_uri: str) -> Iterator[psycopg.Connection[Any]]:
    """A small table and one that takes several batches."""
    with psycopg.connect(postgres_uri, autocommit=True) as connection:
        connection.execute("CREATE SCHEMA crm")
        connection.execute("CREATE TABLE crm.leads AS SELECT 1 AS id")
        connection.execute(
            "CREATE TABLE crm.cases AS"
            " SELECT id, repeat(md5(id::text), 10) AS note FROM generate_series(1, 50000) AS id"
        )
        yield connection


@pytest.fixture
def loaded(tmp_path: Path) -> LoadedPolicy:
    """The policy that names both."""
    return a_loaded_policy(
        tmp_path,
        lead=an_object("leads", ["id"]),
        case=an_object("cases", ["id", "note"]),
    )


def take(loaded: LoadedPolicy, uri: str, folder: Path) -> int:
    """Extract in this process; gives the rows of the larger object."""
    source = PostgresSource(uri)
    snapshot = extract(loaded, logical_date=LOGICAL_DATE, source=source, folder=folder, sql=SQL)
    assert read_snapshot(folder) == snapshot
    return int(pq.read_metadata(snapshot.path_of("case")).num_rows)


def in_own_process(loaded: LoadedPolicy, uri: str, folder: Path, *more: str) -> Any:
    """Extract in a process of its own."""
    return subprocess.Popen(
        [sys.executable, "-m", extract_once.__name__, str(loaded.file), uri, str(folder), *more],
        cwd=CHECKOUT,
        env=os.environ | {"PYTHONPATH": "plugins"},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def left_in(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir()}


def wait_until(seen: Callable[[], bool], process: Any) -> None:
    """Poll for up to a minute."""
    for _ in range(1200):
        if seen():
            return
        assert process.poll() is None, process.communicate()
        time.sleep(0.05)
    raise AssertionError("what was waited for did not happen")


@pytest.mark.parametrize("after", [0, 1_000, 1_000_000, 12_000_000])
def test_a_source_that_dies_midway_leaves_nothing_and_a_retry_is_clean(
    crm: psycopg.Connection[Any],
    postgres_uri: str,
    loaded: LoadedPolicy,
    tmp_path: Path,
    after: int,
) -> None:
    run = tmp_path / "run"
    with (
        cutting_proxy(postgres_uri, after=after) as address,
        pytest.raises(SourceError, match=r"cannot connect|the connection was lost; try again"),
    ):
        take(loaded, address, run)

    assert left_in(run) == {".lock"}
    assert take(loaded, postgres_uri, run) == ROWS


def test_a_retry_that_fails_leaves_no_earlier_snapshot(
    crm: psycopg.Connection[Any], postgres_uri: str, loaded: LoadedPolicy, tmp_path: Path
) -> None:
    run = tmp_path / "run"
    take(loaded, postgres_uri, run)
    crm.execute("DROP TABLE crm.cases")

    with pytest.raises(SourceError, match=r"there is no table crm\.cases"):
        take(loaded, postgres_uri, run)

    assert left_in(run) == {".lock"}


def test_killed_while_it_writes_it_shows_no_snapshot_and_a_rerun_is_whole(
    crm: psycopg.Connection[Any], postgres_uri: str, loaded: LoadedPolicy, tmp_path: Path
) -> None:
    run = tmp_path / "run"
    with cutting_proxy(postgres_uri, after=12_000_000, then="hold") as address:
        process = in_own_process(loaded, address, run)
        wait_until(lambda: any(run.glob(".case.parquet.*.part")), process)
        process.kill()
        process.communicate()

    assert "lead.parquet" in left_in(run)
    assert any(run.glob("*.part"))
    with pytest.raises(SourceError, match="there is no snapshot"):
        read_snapshot(run)
    assert take(loaded, postgres_uri, run) == ROWS
    assert left_in(run) == {".lock", "case.parquet", "lead.parquet", "manifest.json"}


def test_killed_while_an_earlier_snapshot_stood_it_mixes_nothing(
    crm: psycopg.Connection[Any], postgres_uri: str, loaded: LoadedPolicy, tmp_path: Path
) -> None:
    run = tmp_path / "run"
    take(loaded, postgres_uri, run)
    with crm.transaction():
        crm.execute("LOCK TABLE crm.cases")  # the first object is written, the second waits
        lead = run / "lead.parquet"
        before = lead.stat().st_mtime_ns
        process = in_own_process(loaded, postgres_uri, run)
        wait_until(lambda: lead.exists() and lead.stat().st_mtime_ns != before, process)
        process.kill()
        process.communicate()

    with pytest.raises(SourceError, match="there is no snapshot"):
        read_snapshot(run)
    assert take(loaded, postgres_uri, run) == ROWS


def test_a_full_disk_leaves_nothing(
    crm: psycopg.Connection[Any], postgres_uri: str, loaded: LoadedPolicy, tmp_path: Path
) -> None:
    run = tmp_path / "run"

    _, said = in_own_process(loaded, postgres_uri, run, "200000").communicate(timeout=60)

    assert "File too large" in said
    assert left_in(run) == {".lock"}


WIDE = {
    "a view, by one connection": "CREATE VIEW crm.wide AS SELECT i AS id, {columns}",
    "a table, most keys in one range": (
        "CREATE TABLE crm.wide AS"
        " SELECT CASE i WHEN {rows} THEN 1000000000000 ELSE i END AS id, {columns}"
    ),
}


@pytest.mark.parametrize("kind", WIDE)
def test_memory_does_not_grow_with_the_table(
    crm: psycopg.Connection[Any], postgres_uri: str, tmp_path: Path, kind: str
) -> None:
    rows = 600_000
    columns = "repeat(md5(i::text), 20) AS note, i * 0.5 AS amount"
    source = " FROM generate_series(CAST(1 AS bigint), {rows}) AS i"
    statement = (WIDE[kind] + source).format(rows=rows, columns=columns)
    crm.execute(statement.encode())
    loaded = a_loaded_policy(tmp_path, case=an_object("wide", ["id", "note", "amount"]))

    printed, said = in_own_process(loaded, postgres_uri, tmp_path / "run").communicate(timeout=200)

    assert said == ""
    most = int(printed)
    assert read_snapshot(tmp_path / "run").objects["case"].rows_written == rows
    assert most * 1024 < 300_000_000  # the whole process; the rows are 400 MB
