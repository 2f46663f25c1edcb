"""A large table, read by several connections: the rows and the order of one, whatever the keys."""

import logging
import time
from collections.abc import Iterator
from itertools import pairwise
from typing import Any

import psycopg
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fairness_audit.errors import SourceError
from fairness_audit.sources import Scope
from fairness_audit.sources.postgres import PostgresSource
from fairness_audit.sources.postgres.ranges import RANGE_BYTES, Cut, Keys

COLUMNS = ("id", "name", "amount")
WANTED = Scope(COLUMNS, "id", None)
KEYS = {
    "even": "SELECT i FROM generate_series(1, 3000) AS i",
    "negative": "SELECT i - 1500 FROM generate_series(1, 3000) AS i",
    "with gaps": "SELECT i * i FROM generate_series(1, 3000) AS i",
    "one far away": "SELECT i FROM generate_series(1, 3000) AS i UNION ALL SELECT 2000000000",
    "repeated": "SELECT i % 10 FROM generate_series(1, 3000) AS i",
    "one": "SELECT 7",
    "some missing": "SELECT nullif(i % 100, 0) FROM generate_series(1, 3000) AS i",
}


@pytest.fixture
def crm(postgres_uri: str) -> Iterator[psycopg.Connection[Any]]:
    with psycopg.connect(postgres_uri, autocommit=True) as connection:
        connection.execute("CREATE SCHEMA crm")
        connection.execute("CREATE TABLE crm.leads (id integer, name text, amount numeric(9, 2))")
        yield connection


def fill(crm: psycopg.Connection[Any], keys: str) -> None:
    crm.execute(
        f"INSERT INTO crm.leads SELECT k, 'lead ' || k, k / 7.0 % 1000 FROM ({keys}) AS t(k)"  # type: ignore[call-overload]
    )


def read(uri: str, wanted: Scope = WANTED, **options: int) -> pa.Table:
    with PostgresSource(uri, **options).frozen() as moment:
        table = moment.table("crm", "leads")
        table.count(wanted)
        return pa.Table.from_batches([page.batch for page in table.pages(wanted)])


@pytest.mark.parametrize("keys", KEYS)
def test_the_rows_and_their_order_are_those_of_one_connection(
    keys: str, crm: psycopg.Connection[Any], postgres_uri: str
) -> None:
    fill(crm, KEYS[keys])
    one = read(postgres_uri)
    for streams in (1, 2, 3):
        found = read(postgres_uri, streams=streams, from_rows=1)
        assert found["id"].to_pylist() == one["id"].to_pylist()
        assert sorted(found.to_pylist(), key=str) == sorted(one.to_pylist(), key=str)


def connections(crm: psycopg.Connection[Any]) -> int:
    query = "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'fairness-audit'"
    query += " AND datname = current_database()"
    (found,) = crm.execute(query).fetchone() or (0,)
    return int(found)


def no_connection_is_left(crm: psycopg.Connection[Any]) -> bool:
    """The server notices a little later that a connection was closed."""
    deadline = time.monotonic() + 10
    while connections(crm):
        if time.monotonic() > deadline:
            return False
        time.sleep(0.05)
    return True


def test_no_connection_sees_what_was_committed_after_the_first_began(
    crm: psycopg.Connection[Any], postgres_uri: str
) -> None:
    fill(crm, KEYS["even"])
    with PostgresSource(postgres_uri, from_rows=1).frozen() as moment:
        table = moment.table("crm", "leads")
        assert table.count(WANTED).rows == 3000
        pages = table.pages(WANTED)
        first = next(pages).batch
        crm.execute("UPDATE crm.leads SET id = -id")
        crm.execute("INSERT INTO crm.leads VALUES (99999, 'late', 1)")
        rest = [page.batch for page in pages]
        assert connections(crm) == 3
    found = pa.Table.from_batches([first, *rest])["id"].to_pylist()
    assert found == list(range(1, 3001))
    assert no_connection_is_left(crm)


def test_closed_early_it_leaves_no_connection(
    crm: psycopg.Connection[Any], postgres_uri: str
) -> None:
    fill(crm, KEYS["even"])
    with PostgresSource(postgres_uri, from_rows=1).frozen() as moment:
        table = moment.table("crm", "leads")
        table.count(WANTED)
        pages = table.pages(WANTED)
        next(pages)
        pages.close()  # type: ignore[attr-defined]
    assert no_connection_is_left(crm)


def test_a_fault_in_a_later_range_is_an_error(
    crm: psycopg.Connection[Any], postgres_uri: str
) -> None:
    """A division by zero in the row of key 2900."""
    fill(crm, KEYS["even"])
    crm.execute(
        "CREATE VIEW crm.broken AS SELECT id, CASE WHEN id = 2900 THEN 1 / (id - 2900) END AS x"
        " FROM crm.leads"
    )
    wanted = Scope(("id", "x"), "id", None)
    with PostgresSource(postgres_uri, from_rows=1).frozen() as moment:
        table = moment.table("crm", "broken")
        table._counted[wanted] = 3000  # type: ignore[attr-defined]
        with pytest.raises(SourceError, match=r"crm\.broken: the server ended the query"):
            list(table.pages(wanted))


def test_a_server_that_has_no_second_connection_is_read_by_one(
    crm: psycopg.Connection[Any], postgres_uri: str, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.WARNING)
    fill(crm, KEYS["even"])
    crm.execute("DROP ROLE IF EXISTS lonely")
    crm.execute("CREATE ROLE lonely LOGIN PASSWORD 'alone' CONNECTION LIMIT 1")
    crm.execute("GRANT USAGE ON SCHEMA crm TO lonely")
    crm.execute("GRANT SELECT ON crm.leads TO lonely")
    try:
        uri = psycopg.conninfo.make_conninfo(postgres_uri, user="lonely", password="alone")
        found = read(uri, from_rows=1)
        assert found["id"].to_pylist() == list(range(1, 3001))
        assert "reading by one connection" in caplog.text
    finally:
        crm.execute("DROP OWNED BY lonely")
        crm.execute("DROP ROLE lonely")


def test_a_key_of_text_is_read_by_one(crm: psycopg.Connection[Any], postgres_uri: str) -> None:
    fill(crm, KEYS["even"])
    wanted = Scope(("name",), "name", None)
    found = read(postgres_uri, wanted, from_rows=1)
    assert found["name"].to_pylist() == sorted(f"lead {i}" for i in range(1, 3001))


@given(
    st.integers(-(2**62), 2**62),
    st.integers(0, 2**62),
    st.lists(st.integers(0, 2**40), min_size=200),
)
def test_ranges_follow_each_other_without_a_gap(lowest: int, width: int, held: list[int]) -> None:
    cut = Cut(lowest, lowest + width)
    ranges = []
    for keys, size in zip(cut, held, strict=False):
        ranges.append(keys)
        cut.learn(size)
    assert ranges[0].start is None
    assert all(a.end == b.start for a, b in pairwise(ranges))
    starts = [each.start for each in ranges if each.start is not None]
    assert starts == sorted(set(starts))
    assert all(lowest < start <= lowest + width for start in starts)
    assert ranges[-1].end is None or len(ranges) == len(held)


def test_few_keys_make_one_range() -> None:
    assert list(Cut(5, 5)) == [Keys(None, None)]


def test_ranges_reach_farther_where_there_is_little_and_less_where_there_is_much() -> None:
    cut = Cut(0, 10**12)
    ranges = iter(cut)
    reaches = []
    for held in (0, 0, RANGE_BYTES, 2 * RANGE_BYTES, 1000 * RANGE_BYTES, 0):
        keys = next(ranges)
        reaches.append((keys.end or 0) - (keys.start or 0))
        cut.learn(held)
    assert reaches == [10_000, 80_000, 640_000, 640_000, 320_000, 40_000]
