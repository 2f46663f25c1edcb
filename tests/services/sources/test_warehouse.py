"""Snowflake and BigQuery: their statements word by word, and what runs them against PostgreSQL.

There is no account to test with. PostgreSQL, through the same kind of driver, stands in for what
the two share; it has no time travel.
"""

import re
import sys
import traceback
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from types import ModuleType
from typing import Any
from urllib.parse import quote, urlsplit

import adbc_driver_postgresql.dbapi as adbc
import psycopg
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from sqlalchemy import cast, func

from fairness_audit.errors import SourceError
from fairness_audit.sources import Scope, TableError, Window
from fairness_audit.sources.connections import Address, source_at
from fairness_audit.sources.warehouse import WarehouseSource, bigquery, snowflake
from fairness_audit.sources.warehouse.bigquery import BIGQUERY
from fairness_audit.sources.warehouse.dialect import Column, Dialect, Reading, grammar
from fairness_audit.sources.warehouse.snowflake import SNOWFLAKE
from fairness_audit.sources.warehouse.statements import (
    Named,
    Relation,
    Statement,
    find_columns,
    find_kind,
)
from fairness_audit.steps.extract import extract
from tests.builders.loaded_policies import a_loaded_policy, an_object
from tests.builders.populations import SQL

JANUARY = (datetime(2026, 1, 1, tzinfo=UTC), datetime(2026, 2, 1, tzinfo=UTC))
MOMENT = datetime(2026, 6, 29, 12, 30, 0, 123000, tzinfo=UTC)
SECRET = "canary/p@ss word"

# --- against a real engine ----------------------------------------------------------------------


def as_text(column: Column) -> Column:
    return cast(column, Named("text"))


def as_micros(column: Column) -> Column:
    return cast(func.extract_micros(column), Named("bigint"))


def postgres_reading(kind: str, digits: Any, scale: Any) -> Reading:
    readings = {
        "integer": Reading(pa.int32()),
        "double precision": Reading(pa.float64()),
        "boolean": Reading(pa.bool_()),
        "date": Reading(pa.date32()),
        "text": Reading(pa.string()),
        "bytea": Reading(pa.binary()),
        # As numbers, as Snowflake gives them.
        "timestamp without time zone": Reading(pa.timestamp("us"), as_micros, is_infinite),
        "timestamp with time zone": Reading(pa.timestamp("us", tz="UTC"), as_micros, is_infinite),
    }
    if kind == "numeric":
        return Reading(pa.decimal128(digits, scale), as_text)
    return readings.get(kind, Reading(pa.string(), as_text))


def is_infinite(column: Column) -> Column:
    return ~func.isfinite(column)


POSTGRES = Dialect(
    name="PostgreSQL",
    driver="postgres_for_tests",
    extra="postgres",
    grammar=grammar("numeric_dollar"),
    preparation=("SET TimeZone = 'UTC'",),
    moment="SELECT CAST(extract(epoch FROM now()) * 1000000 AS bigint)",
    still=frozenset({"BASE TABLE"}),
    zoned="timestamptz",
    unzoned="timestamp",
    described=("data_type", "numeric_precision", "numeric_scale"),
    reading_of=postgres_reading,
    bytes_of=lambda column: func.convert_to(column, "UTF8"),
    catalogue_of=lambda database, schema: ("information_schema",),
    as_of=None,
    is_ordered=True,
    resolution=1000,
)

EXTRACT_MICROS = """
CREATE FUNCTION extract_micros(timestamptz) RETURNS numeric IMMUTABLE LANGUAGE sql
AS 'SELECT extract(epoch FROM $1) * 1000000';
CREATE FUNCTION extract_micros(timestamp) RETURNS numeric IMMUTABLE LANGUAGE sql
AS 'SELECT extract(epoch FROM $1) * 1000000'
"""


class PostgresDriver(ModuleType):
    """PostgreSQL's driver, which wants its address apart from other options."""

    def connect(self, db_kwargs: dict[str, str], *, autocommit: bool) -> Any:
        return adbc.connect(db_kwargs["uri"], autocommit=autocommit)


@pytest.fixture(autouse=True)
def driver(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, POSTGRES.driver, PostgresDriver(POSTGRES.driver))


@pytest.fixture
def crm(postgres_uri: str) -> Iterator[psycopg.Connection[Any]]:
    with psycopg.connect(postgres_uri, autocommit=True) as connection:
        connection.execute("CREATE SCHEMA crm")
        connection.execute(EXTRACT_MICROS)
        yield connection


def a_source(uri: str, dialect: Dialect = POSTGRES) -> WarehouseSource:
    database = urlsplit(uri).path[1:]
    return WarehouseSource(
        dialect, {"uri": uri}, place="warehouse", database=database, schema="crm"
    )


def read(
    source: WarehouseSource,
    name: str,
    *columns: str,
    key: str | None = None,
    window: Window | None = None,
) -> pa.Table:
    """Read columns of one table through the source, as extract does."""
    with source.frozen() as frozen:
        table = frozen.table(None, name)
        wanted = Scope(columns, key or columns[0], window)
        types = pa.schema([(each, table.fields[each].arrow_type) for each in columns])
        rows = pa.Table.from_batches([page.batch for page in table.pages(wanted)], schema=types)
        assert table.count(wanted).rows == rows.num_rows
        return rows


TYPES = [
    ("integer", "2147483647", "int32", 2147483647),
    ("double precision", "'Infinity'", "double", float("inf")),
    ("boolean", "true", "bool", True),
    ("numeric(12,2)", "-9999999999.99", "decimal128(12, 2)", Decimal("-9999999999.99")),
    ("text", "E'a\\'\\n\"🚀<img src=x>'", "string", "a'\n\"🚀<img src=x>"),
    ("bytea", "'\\x00ff'", "binary", b"\x00\xff"),
    ("date", "'9999-12-31'", "date32[day]", date(9999, 12, 31)),
    (
        "timestamp",
        "'9999-12-31 23:59:59.999999'",
        "timestamp[us]",
        datetime(9999, 12, 31, 23, 59, 59, 999999),
    ),
    (
        "timestamptz",
        "'0001-01-01 01:30:00.000001+01'",
        "timestamp[us, tz=UTC]",
        datetime(1, 1, 1, 0, 30, 0, 1, tzinfo=UTC),
    ),
    ("jsonb", "'{\"a\": 1}'", "string", '{"a": 1}'),
]


def test_every_type_arrives_as_its_value(crm: psycopg.Connection[Any], postgres_uri: str) -> None:
    declared = ", ".join(f"c{index} {kind}" for index, (kind, *_) in enumerate(TYPES))
    values = ", ".join(value for _, value, *_ in TYPES)
    crm.execute(f"CREATE TABLE crm.kinds (id integer, {declared})".encode())
    crm.execute(f"INSERT INTO crm.kinds VALUES (1, {values})".encode())
    crm.execute("INSERT INTO crm.kinds VALUES (2)")

    names = [f"c{index}" for index in range(len(TYPES))]
    table = read(a_source(postgres_uri), "kinds", "id", *names)

    seen = [
        (kind, str(table.schema.field(name).type), table[name][0].as_py())
        for name, (kind, *_) in zip(names, TYPES, strict=True)
    ]
    assert seen == [(kind, arrow, value) for kind, _, arrow, value in TYPES]
    assert {table[name][1].as_py() for name in names} == {None}


def test_columns_come_as_asked_for_and_text_is_sorted_by_its_bytes(
    crm: psycopg.Connection[Any], postgres_uri: str
) -> None:
    crm.execute("CREATE TABLE crm.leads (a text, b integer)")
    crm.execute("INSERT INTO crm.leads VALUES ('a', 2), ('B', 1), ('ä', 3), ('a b', 4)")

    rows = read(a_source(postgres_uri), "leads", "b", "a", key="a").to_pylist()
    assert [tuple(row.values()) for row in rows] == [(1, "B"), (2, "a"), (4, "a b"), (3, "ä")]


@pytest.mark.parametrize(
    ("kind", "inside", "outside"),
    [
        (
            "timestamptz",
            ["2026-01-01 09:00:00+09", "2026-02-01 08:59:59.999999+09"],
            ["2026-01-01 08:59:59.999999+09", "2026-02-01 09:00:00+09"],
        ),
        (
            "timestamp",
            ["2026-01-01 00:00:00", "2026-01-31 23:59:59.999999"],
            ["2025-12-31 23:59:59.999999", "2026-02-01 00:00:00"],
        ),
        ("date", ["2026-01-01", "2026-01-31"], ["2025-12-31", "2026-02-01"]),
    ],
)
def test_the_window_is_half_open(
    crm: psycopg.Connection[Any],
    postgres_uri: str,
    kind: str,
    inside: list[str],
    outside: list[str],
) -> None:
    crm.execute(f"CREATE TABLE crm.log (at {kind}, is_inside boolean)".encode())
    for is_inside, stamps in ((True, inside), (False, outside)):
        for stamp in stamps * 2:  # ties
            crm.execute("INSERT INTO crm.log VALUES (%s, %s)", (stamp, is_inside))
    crm.execute("INSERT INTO crm.log VALUES (NULL, false)")
    window = Window("at", *JANUARY)

    rows = read(a_source(postgres_uri), "log", "at", "is_inside", window=window)
    assert rows["is_inside"].to_pylist() == [True] * 4
    with a_source(postgres_uri).frozen() as frozen:
        assert frozen.table("crm", "log").count(Scope(("at",), "at", window)).undated == 1


def test_names_and_cells_stay_text(crm: psycopg.Connection[Any], postgres_uri: str) -> None:
    table, column = "Robert'); DROP TABLE leads; --\"`", 'a  %s "%%" :x $1 ? `\n SELECT'
    quoted = [psycopg.sql.Identifier(name) for name in (table, column)]
    cells = ["'); DROP TABLE leads; --", '=1+1\n<script>alert("x")</script>', "🦄\\N\t\r\n", "?"]
    crm.execute(psycopg.sql.SQL("CREATE TABLE crm.{} (id integer, {} text)").format(*quoted))
    for row in enumerate(cells):
        crm.execute(psycopg.sql.SQL("INSERT INTO crm.{} VALUES (%s, %s)").format(quoted[0]), row)

    assert read(a_source(postgres_uri), table, "id", column)[column].to_pylist() == cells


def test_values_that_arrow_cannot_hold_are_counted(
    crm: psycopg.Connection[Any], postgres_uri: str
) -> None:
    crm.execute("CREATE TABLE crm.log (id integer, t timestamp, z timestamptz)")
    crm.execute("INSERT INTO crm.log VALUES (1, 'infinity', now()), (2, NULL, '-infinity')")
    with a_source(postgres_uri).frozen() as frozen:
        count = frozen.table("crm", "log").count(Scope(("id", "t", "z"), "id", None))
    assert (count.rows, count.unfit) == (2, {"t": 1, "z": 1})


def test_what_is_no_table_is_an_error(crm: psycopg.Connection[Any], postgres_uri: str) -> None:
    crm.execute("CREATE TABLE crm.leads (id integer)")
    crm.execute("CREATE VIEW crm.seen AS SELECT id FROM crm.leads")
    with a_source(postgres_uri).frozen() as frozen:
        for schema, name in ((None, "Leads"), (None, "nope"), ("nope", "leads")):
            with pytest.raises(TableError, match=r"there is no table .*\(names are case-sens"):
                frozen.table(schema, name)
        with pytest.raises(TableError, match=r"crm\.seen is a view, which PostgreSQL does not"):
            frozen.table(None, "seen")
        with pytest.raises(TableError, match=r"leads has no schema \(add schema:"):
            replace(frozen, schema=None).table(None, "leads")


def test_the_moment_is_that_of_the_server_in_what_it_tells_apart(
    crm: psycopg.Connection[Any], postgres_uri: str
) -> None:
    with a_source(postgres_uri).frozen() as frozen:
        assert frozen.taken_at.tzinfo is UTC
        assert frozen.taken_at.microsecond % 1000 == 0
        assert abs((datetime.now(UTC) - frozen.taken_at).total_seconds()) < 60


def test_an_error_repeats_no_row(crm: psycopg.Connection[Any], postgres_uri: str) -> None:
    crm.execute("CREATE TABLE crm.leads (id integer, j text)")
    crm.execute("INSERT INTO crm.leads VALUES (1, 'canary')")
    failing = replace(
        POSTGRES,
        reading_of=lambda *described: Reading(
            pa.string(), lambda column: cast(cast(column, Named("jsonb")), Named("text"))
        ),
    )
    with pytest.raises(SourceError, match=r"^warehouse: .*leads: .*\(.*\)$") as caught:
        read(a_source(postgres_uri, failing), "leads", "j")
    assert "canary" not in "".join(traceback.format_exception(caught.value))


def test_a_value_of_another_type_is_an_error_and_not_repeated(
    crm: psycopg.Connection[Any], postgres_uri: str
) -> None:
    crm.execute("CREATE TABLE crm.leads (j text)")
    crm.execute("INSERT INTO crm.leads VALUES ('canary')")
    failing = replace(POSTGRES, reading_of=lambda *described: Reading(pa.int32()))
    with pytest.raises(SourceError, match="a value does not fit the type") as caught:
        read(a_source(postgres_uri, failing), "leads", "j")
    assert "canary" not in "".join(traceback.format_exception(caught.value))


def test_many_rows_come_in_pages(crm: psycopg.Connection[Any], postgres_uri: str) -> None:
    crm.execute(
        "CREATE TABLE crm.leads AS SELECT id::integer, repeat('x', 2000) AS note"
        " FROM generate_series(1, 20000) AS id"
    )
    with a_source(postgres_uri).frozen() as frozen:
        pages = list(frozen.table(None, "leads").pages(Scope(("id", "note"), "id", None)))
    assert sum(page.batch.num_rows for page in pages) == 20_000
    assert len(pages) > 1


@pytest.mark.parametrize("is_ordered", [True, False])
def test_extract_reads_a_warehouse(
    crm: psycopg.Connection[Any], postgres_uri: str, tmp_path: Path, is_ordered: bool
) -> None:
    crm.execute("CREATE TABLE crm.leads (id text, name text)")
    crm.execute("INSERT INTO crm.leads VALUES ('b', '🚀'), ('a', NULL), ('B', '')")
    lead = {**an_object("leads", ["id", "name"]), "schema": "crm"}
    snapshot = extract(
        a_loaded_policy(tmp_path, lead=lead),
        logical_date=MOMENT,
        source=a_source(postgres_uri, replace(POSTGRES, is_ordered=is_ordered)),
        folder=tmp_path / "run",
        sql=SQL,
    )
    rows = pq.read_table(snapshot.path_of("lead")).to_pylist()
    assert [tuple(row.values()) for row in rows] == [("B", ""), ("a", None), ("b", "🚀")]


# --- word by word -------------------------------------------------------------------------------


def words(statement: Statement) -> str:
    return re.sub(r"\s+", " ", statement.text)


def a_relation(dialect: Dialect, path: tuple[str, ...], columns: dict[str, Any]) -> Relation:
    readings = {name: dialect.reading_of(*described) for name, described in columns.items()}
    return Relation(dialect, path, "leads", readings, MOMENT)


WANTED = Scope(("ID", "AMOUNT", 'a "b"', "DAY", "NOTE"), "ID", Window("AT", *JANUARY))
ON_SNOWFLAKE = a_relation(
    SNOWFLAKE,
    ("SALES", "CRM"),
    {
        "ID": ("TEXT", None, None, None),
        "AMOUNT": ("NUMBER", 38, 0, None),
        'a "b"': ("TIMESTAMP_NTZ", None, None, 9),
        "DAY": ("DATE", None, None, None),
        "NOTE": ("VARIANT", None, None, None),
        "AT": ("TIMESTAMP_TZ", None, None, 6),
    },
)
AT_THE_MOMENT = (
    'FROM "SALES"."CRM"."leads"'
    " AT (TIMESTAMP => CAST('2026-06-29 12:30:00.123+00:00' AS TIMESTAMP_TZ))"
)
IN_JANUARY = ("2026-01-01 00:00:00.000000+00:00", "2026-02-01 00:00:00.000000+00:00")


def test_what_snowflake_is_asked() -> None:
    rows = ON_SNOWFLAKE.rows(WANTED)
    within = 'WHERE "AT" >= CAST(? AS TIMESTAMP_TZ) AND "AT" < CAST(? AS TIMESTAMP_TZ)'
    assert words(rows) == (
        'SELECT "ID", "AMOUNT", date_part(epoch_microsecond, "a ""b""") AS date_part_1, "DAY",'
        f' to_json("NOTE") AS to_json_1 {AT_THE_MOMENT} {within}'
        " ORDER BY to_binary(\"ID\", 'UTF-8')"
    )
    assert rows.values == IN_JANUARY
    totals = ON_SNOWFLAKE.totals(WANTED)
    assert words(totals) == (
        'SELECT count(*) AS count_1, count(CASE WHEN (mod(date_part(nanosecond, "a ""b"""), 1000)'
        f" != 0) THEN 1 END) AS count_2 {AT_THE_MOMENT} {within}"
    )
    assert totals.values == IN_JANUARY
    undated = ON_SNOWFLAKE.undated("AT")
    assert words(undated) == (
        f'SELECT count(CASE WHEN ("AT" IS NULL) THEN 1 END) AS count_1 {AT_THE_MOMENT}'
    )
    assert undated.values == ()


def test_what_snowflake_s_catalogue_is_asked() -> None:
    columns = find_columns(SNOWFLAKE, 'SA"LES', "CRM", "leads'")
    assert words(columns) == (
        "SELECT column_name, data_type, numeric_precision, numeric_scale, datetime_precision"
        ' FROM "SA""LES".INFORMATION_SCHEMA.COLUMNS'
        " WHERE table_schema = ? AND table_name = ? ORDER BY ordinal_position"
    )
    assert columns.values == ("CRM", "leads'")
    assert words(find_kind(SNOWFLAKE, "SALES", "CRM", "leads")) == (
        'SELECT table_type FROM "SALES".INFORMATION_SCHEMA.TABLES'
        " WHERE table_schema = ? AND table_name = ?"
    )


def test_what_bigquery_is_asked() -> None:
    relation = a_relation(
        BIGQUERY,
        ("my-project", "crm"),
        {
            "id": ("STRING(18)",),
            "tags": ("ARRAY<STRUCT<a INT64, b STRING>>",),
            "at": ("DATETIME",),
            "day": ("DATE",),
        },
    )
    moment = (
        "FROM `my-project`.`crm`.`leads`"
        " FOR SYSTEM_TIME AS OF TIMESTAMP '2026-06-29 12:30:00.123000+00:00'"
    )
    rows = relation.rows(Scope(("id", "tags"), "id", Window("at", *JANUARY)))
    assert words(rows) == (
        f"SELECT `id`, to_json_string(`tags`) AS to_json_string_1 {moment}"
        " WHERE `at` >= CAST(? AS DATETIME) AND `at` < CAST(? AS DATETIME)"
    )
    assert rows.values == ("2026-01-01 00:00:00.000000", "2026-02-01 00:00:00.000000")
    totals = relation.totals(Scope(("id",), "id", Window("day", *JANUARY)))
    assert words(totals) == (
        f"SELECT count(*) AS count_1 {moment} WHERE CAST(`day` AS DATETIME) >="
        " CAST(? AS DATETIME) AND CAST(`day` AS DATETIME) < CAST(? AS DATETIME)"
    )


def test_what_bigquery_s_catalogue_is_asked() -> None:
    columns = find_columns(BIGQUERY, "my`pro\\ject", "crm", "leads")
    assert words(columns) == (
        "SELECT column_name, data_type FROM `my\\`pro\\\\ject`.`crm`.INFORMATION_SCHEMA.COLUMNS"
        " WHERE table_schema = ? AND table_name = ? ORDER BY ordinal_position"
    )


@pytest.mark.parametrize(
    ("kind", "expected"),
    [
        ("NUMERIC", "decimal128(38, 9)"),
        ("NUMERIC(10, 2)", "decimal128(10, 2)"),
        ("NUMERIC(10)", "decimal128(10, 0)"),
        ("BIGNUMERIC(76, 38)", "string"),
        ("STRING(40)", "string"),
        ("BYTES(4)", "binary"),
        ("TIMESTAMP", "timestamp[us, tz=UTC]"),
        ("RANGE<DATE>", "string"),
        ("TIME", "string"),
    ],
)
def test_types_of_bigquery(kind: str, expected: str) -> None:
    assert str(bigquery.reading_of(kind).arrow_type) == expected


@pytest.mark.parametrize(
    ("described", "expected"),
    [
        (("NUMBER", Decimal(12), Decimal(2), None), "decimal128(12, 2)"),
        (("TIMESTAMP_LTZ", None, None, 3), "timestamp[us, tz=UTC]"),
        (("TIME", None, None, 9), "string"),
        (("DECFLOAT", None, None, None), "string"),
    ],
)
def test_types_of_snowflake(described: tuple[Any, ...], expected: str) -> None:
    assert str(snowflake.reading_of(*described).arrow_type) == expected


# --- the connection -----------------------------------------------------------------------------


@pytest.mark.parametrize(("dialect", "extra"), [(SNOWFLAKE, "snowflake"), (BIGQUERY, "bigquery")])
def test_a_missing_driver_names_what_to_install(dialect: Dialect, extra: str) -> None:
    without = replace(dialect, driver="adbc_driver_that_is_not_there.dbapi")
    source = WarehouseSource(without, {"password": SECRET}, place="acme", database="SALES")
    match = rf"acme: {dialect.name} needs a driver .*\(pip install 'fairness-audit\[{extra}\]'\)"
    with pytest.raises(SourceError, match=match), source.frozen():
        pass


def test_a_login_that_is_refused_is_told_without_its_secret() -> None:
    address = f"postgresql://somebody:{quote(SECRET, safe='')}@127.0.0.1:1/crm"
    source = WarehouseSource(POSTGRES, {"uri": address}, place="acme", database="crm")
    with pytest.raises(SourceError, match=r"acme: cannot connect: io") as caught, source.frozen():
        pass
    said = "".join(traceback.format_exception(caught.value))
    assert SECRET not in said
    assert quote(SECRET, safe="") not in said


@pytest.mark.parametrize(
    ("kind", "extra", "expected"),
    [
        (
            "snowflake",
            {"account": "acme-eu", "database": "SALES", "warehouse": "AUDIT", "role": "AUDITOR"},
            {
                "adbc.snowflake.sql.account": "acme-eu",
                "adbc.snowflake.sql.db": "SALES",
                "adbc.snowflake.sql.warehouse": "AUDIT",
                "adbc.snowflake.sql.role": "AUDITOR",
                "adbc.snowflake.sql.client_option.use_high_precision": "true",
                "username": "auditor",
                "password": SECRET,
            },
        ),
        (
            "snowflake",
            {"account": "acme-eu", "database": "SALES", "private_key_content": "KEY"},
            {
                "adbc.snowflake.sql.account": "acme-eu",
                "adbc.snowflake.sql.db": "SALES",
                "adbc.snowflake.sql.client_option.use_high_precision": "true",
                "adbc.snowflake.sql.auth_type": "auth_jwt",
                "adbc.snowflake.sql.client_option.jwt_private_key_pkcs8_value": "KEY",
                "adbc.snowflake.sql.client_option.jwt_private_key_pkcs8_password": SECRET,
                "username": "auditor",
            },
        ),
        (
            "bigquery",
            {"project": "acme", "location": "EU", "keyfile_dict": {"type": "service_account"}},
            {
                "adbc.bigquery.sql.project_id": "acme",
                "adbc.bigquery.sql.location": "EU",
                "adbc.bigquery.sql.auth_type": (
                    "adbc.bigquery.sql.auth_type.json_credential_string"
                ),
                "adbc.bigquery.sql.auth_credentials": '{"type": "service_account"}',
            },
        ),
        (
            "gcpbigquery",
            {"project": "acme"},
            {
                "adbc.bigquery.sql.project_id": "acme",
                "adbc.bigquery.sql.auth_type": "adbc.bigquery.sql.auth_type.auth_bigquery",
            },
        ),
    ],
)
def test_a_connection_tells_the_driver(
    tmp_path: Path, kind: str, extra: dict[str, Any], expected: dict[str, str]
) -> None:
    source = source_at(an_address(tmp_path, kind, extra))
    assert isinstance(source, WarehouseSource)
    assert source._options == expected
    assert SECRET not in repr(source)


@pytest.mark.parametrize(
    ("kind", "extra", "missing"),
    [
        ("snowflake", {"database": "SALES"}, "account"),
        ("snowflake", {"account": "acme-eu"}, "database"),
        ("bigquery", {}, "project"),
    ],
)
def test_a_connection_without_what_it_needs_is_an_error(
    tmp_path: Path, kind: str, extra: dict[str, Any], missing: str
) -> None:
    with pytest.raises(SourceError, match=rf"the connection has no {missing} \("):
        source_at(an_address(tmp_path, kind, extra))


def an_address(state: Path, kind: str, extra: dict[str, Any]) -> Address:
    return Address(kind, None, None, "auditor", SECRET, "CRM", extra, state)
