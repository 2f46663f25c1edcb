"""The PostgreSQL source against a real server: types, faults, and nothing lost or damaged."""

import socket
import threading
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any
from uuid import uuid4

import psycopg
import pyarrow as pa
import pytest
from psycopg import sql
from psycopg.conninfo import make_conninfo

from fairness_audit.errors import SourceError
from fairness_audit.sources import Scope, TableError, Window
from fairness_audit.sources.postgres import PostgresSource
from fairness_audit.sources.postgres.statements import Relation
from fairness_audit.sources.postgres.types import reading_of

SECRET = "canary/p@ss word"


@pytest.fixture
def crm(postgres_uri: str) -> Iterator[psycopg.Connection[Any]]:
    """An autocommitting connection to an empty database."""
    with psycopg.connect(postgres_uri, autocommit=True) as connection:
        connection.execute("CREATE SCHEMA crm")
        yield connection


@pytest.fixture
def login(crm: psycopg.Connection[Any], postgres_uri: str) -> Iterator[str]:
    """Address of a login that may enter the schema crm and read nothing; it is called $LOGIN."""
    name = f"reader_{uuid4().hex}"
    role = sql.Identifier(name)
    crm.execute(sql.SQL("CREATE ROLE {} LOGIN").format(role))
    crm.execute(sql.SQL("GRANT USAGE ON SCHEMA crm TO {}").format(role))
    yield make_conninfo(postgres_uri, user=name)
    crm.execute(sql.SQL("DROP OWNED BY {} CASCADE").format(role))
    crm.execute(sql.SQL("DROP ROLE {}").format(role))


def read(
    uri: str,
    name: str,
    *columns: str,
    schema: str = "crm",
    key: str | None = None,
    window: Window | None = None,
) -> pa.Table:
    """Read columns of one table through the source, as extract does."""
    with PostgresSource(uri).frozen() as frozen:
        table = frozen.table(schema, name)
        wanted = Scope(columns, key or columns[0], window)
        types = pa.schema([(each, table.fields[each].arrow_type) for each in columns])
        rows = pa.Table.from_batches([page.batch for page in table.pages(wanted)], schema=types)
        assert table.count(wanted).rows == rows.num_rows
        return rows


TYPES = [
    ("boolean", "true", "bool", True),
    ("smallint", "-32768", "int16", -32768),
    ("integer", "2147483647", "int32", 2147483647),
    ("bigint", "-9223372036854775808", "int64", -(2**63)),
    ("real", "0.1", "float", 0.10000000149011612),
    ("double precision", "0.1", "double", 0.1),
    ("double precision", "'Infinity'", "double", float("inf")),
    ("text", "E'a\\'\\n\"🚀<img src=x>'", "string", "a'\n\"🚀<img src=x>"),
    ("varchar(9)", "'0123 '", "string", "0123 "),
    ("char(5)", "'M'", "string", "M"),
    ("bytea", "'\\x00ff'", "binary", b"\x00\xff"),
    ("date", "'0001-01-01'", "date32[day]", date(1, 1, 1)),
    ("date", "'9999-12-31'", "date32[day]", date(9999, 12, 31)),
    (
        "timestamp",
        "'2026-02-28 23:59:59.999999'",
        "timestamp[us]",
        datetime(2026, 2, 28, 23, 59, 59, 999999),
    ),
    (
        "timestamptz",
        "'2026-03-01 01:30:00.000001+02'",
        "timestamp[us, tz=UTC]",
        datetime(2026, 2, 28, 23, 30, 0, 1, tzinfo=UTC),
    ),
    ("numeric(12,2)", "-9999999999.99", "decimal128(12, 2)", Decimal("-9999999999.99")),
    ("numeric(38,0)", "9" * 38, "decimal128(38, 0)", Decimal("9" * 38)),
    ("numeric(38,38)", "0." + "9" * 38, "decimal128(38, 38)", Decimal("0." + "9" * 38)),
    ("numeric(3,-2)", "99900", "decimal128(5, 0)", Decimal(99900)),
    ("numeric(2,5)", "0.00099", "decimal128(5, 5)", Decimal("0.00099")),
    ("numeric(39,1)", "9" * 38 + ".9", "string", "9" * 38 + ".9"),
    ("numeric", "1.230000000000000000000000000001", "string", "1.230000000000000000000000000001"),
    ("numeric", "'NaN'", "string", "NaN"),
    ("uuid", "'{A0EEBC99-9C0B-4EF8-BB6D-6BB9BD380A11}'", "string", None),
    ("jsonb", '\'{"b": [1, null], "a": "x"}\'', "string", '{"a": "x", "b": [1, null]}'),
    ("json", "'{\"a\":  1}'", "string", '{"a":  1}'),
    ("integer[]", "'{{1,2},{3,NULL}}'", "string", "[[1,2],[3,null]]"),
    ("text[]", '\'{"a,b",NULL,"NULL"}\'', "string", '["a,b",null,"NULL"]'),
    ("timestamptz[]", "'{2026-01-01 00:00+01}'", "string", '["2025-12-31T23:00:00+00:00"]'),
    ("interval", "'1 year 2 days'", "string", "P1Y2D"),
    ("interval", "'-1 mon -03:04:05.000006'", "string", "P-1MT-3H-4M-5.000006S"),
    ("time", "'24:00:00'", "string", "24:00:00"),
    ("text", "repeat('ü', 1000000)", "string", "ü" * 1_000_000),
    ("jsonb", "'{\"n\": 12345678901234567890}'", "string", '{"n": 12345678901234567890}'),
    ("numeric[]", "'{1.10,NaN}'", "string", '[1.10,"NaN"]'),
    ("int4range", "'[1,5)'", "string", "[1,5)"),
    ("bit(4)", "B'0110'", "string", "0110"),
    ("char(4)", "'a'", "string", "a"),
    ("bigint", "9007199254740993", "int64", 9007199254740993),
    ("inet", "'10.0.0.1/8'", "string", "10.0.0.1/8"),
    ("inet", "'10.0.0.1'", "string", "10.0.0.1"),
    ("inet", "'2001:db8::1'", "string", "2001:db8::1"),
    ("cidr", "'10.0.0.1/32'", "string", "10.0.0.1/32"),
    ("crm.host", "'10.0.0.1'", "string", "10.0.0.1"),
    ("inet[]", "'{10.0.0.1,10.0.0.0/8}'", "string", '["10.0.0.1","10.0.0.0/8"]'),
    ('"char"', "'x'", "string", "x"),
    ("oid", "4294967295", "string", "4294967295"),
    ("crm.stage", "'won'", "string", "won"),
    ("crm.score", "0.25", "decimal128(5, 4)", Decimal("0.2500")),
    ("crm.int4", "'(1,b)'", "string", "(1,b)"),
]


def test_every_type_arrives_as_its_value(crm: psycopg.Connection[Any], postgres_uri: str) -> None:
    crm.execute("SET TimeZone = 'America/New_York'")
    crm.execute("CREATE TYPE crm.stage AS ENUM ('open', 'won')")
    crm.execute("CREATE DOMAIN crm.host AS inet")
    crm.execute("CREATE DOMAIN crm.share AS numeric(5, 4)")
    crm.execute("CREATE DOMAIN crm.score AS crm.share CHECK (VALUE <= 1)")
    crm.execute("CREATE TYPE crm.int4 AS (a integer, b text)")
    declared = ", ".join(f"c{index} {kind}" for index, (kind, *_) in enumerate(TYPES))
    values = ", ".join(value for _, value, *_ in TYPES)
    crm.execute(f"CREATE TABLE crm.kinds (id integer, {declared})".encode())
    crm.execute(f"INSERT INTO crm.kinds VALUES (1, {values})".encode())
    crm.execute("INSERT INTO crm.kinds VALUES (2)")

    names = [f"c{index}" for index in range(len(TYPES))]
    table = read(postgres_uri, "kinds", "id", *names)

    seen = [
        (kind, str(table.schema.field(name).type), table[name][0].as_py())
        for name, (kind, *_) in zip(names, TYPES, strict=True)
    ]
    expected = [
        (kind, arrow, "a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11" if kind == "uuid" else value)
        for kind, _, arrow, value in TYPES
    ]
    assert seen == expected
    assert {table[name][1].as_py() for name in names} == {None}


def test_columns_come_in_the_order_asked_for_and_rows_in_that_of_the_key(
    crm: psycopg.Connection[Any], postgres_uri: str
) -> None:
    crm.execute("CREATE TABLE crm.leads (a text, b integer)")
    crm.execute("INSERT INTO crm.leads VALUES ('a', 2), ('B', 1), ('ä', 3)")

    assert read(postgres_uri, "leads", "b", "a", key="a").to_pylist() == [
        {"b": 1, "a": "B"},
        {"b": 2, "a": "a"},
        {"b": 3, "a": "ä"},
    ]


def test_text_is_sorted_by_its_bytes_whatever_the_database_sorts_by() -> None:
    readings = {"name": reading_of("text", -1), "amount": reading_of("numeric", 524294)}
    relation = Relation("crm", 'le"ads', readings, sorted_as_text={"name"})

    assert relation.rows(Scope(("amount", "name"), "name", None)) == (
        'SELECT CAST("amount" AS text) AS "amount", "name" AS "name"'
        ' FROM "crm"."le""ads" WHERE true ORDER BY "name" COLLATE "C"'
    )


@pytest.mark.parametrize(
    ("kind", "inside", "outside"),
    [
        (
            "timestamptz",
            ["2026-01-01 00:00:00+00", "2026-01-01 01:00:00+01", "2026-01-31 23:59:59.999999+00"],
            ["2025-12-31 23:59:59.999999+00", "2026-02-01 00:00:00+00", "2026-02-01 01:00:00+01"],
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
    crm.execute("SET TimeZone = 'Asia/Tokyo'")
    crm.execute(f"CREATE TABLE crm.log (at {kind}, is_inside boolean)".encode())
    for is_inside, stamps in ((True, inside), (False, outside)):
        for stamp in stamps * 2:  # ties
            crm.execute("INSERT INTO crm.log VALUES (%s, %s)", (stamp, is_inside))

    window = Window("at", datetime(2026, 1, 1, tzinfo=UTC), datetime(2026, 2, 1, tzinfo=UTC))
    rows = read(postgres_uri, "log", "at", "is_inside", window=window)

    assert rows["is_inside"].to_pylist() == [True] * (2 * len(inside))


def test_names_and_cells_stay_text(crm: psycopg.Connection[Any], postgres_uri: str) -> None:
    table, column = "Robert'); DROP TABLE crm.leads; --\"", 'a {} "%s" $1 \'; SELECT'
    cells = ["'); DROP TABLE crm.leads; --", '=1+1\n<script>alert("x")</script>', "🦄\\N\t\r\n"]
    named = {"table": sql.Identifier("crm", table), "column": sql.Identifier(column)}
    crm.execute("CREATE TABLE crm.leads ()")
    crm.execute(sql.SQL("CREATE TABLE {table} (id integer, {column} text)").format(**named))
    for number, cell in enumerate(cells):
        crm.execute(sql.SQL("INSERT INTO {table} VALUES (%s, %s)").format(**named), (number, cell))

    assert read(postgres_uri, table, "id", column)[column].to_pylist() == cells
    assert crm.execute("SELECT to_regclass('crm.leads')").fetchone() != (None,)


@pytest.mark.parametrize(
    "relation",
    [
        "CREATE VIEW crm.seen AS SELECT * FROM crm.leads",
        "CREATE MATERIALIZED VIEW crm.seen AS SELECT * FROM crm.leads",
        "CREATE TABLE crm.seen PARTITION OF crm.parted DEFAULT",
        "ALTER TABLE crm.parted RENAME TO seen",
    ],
)
def test_whatever_has_rows_is_a_table(
    crm: psycopg.Connection[Any], postgres_uri: str, relation: str
) -> None:
    crm.execute("CREATE TABLE crm.leads AS SELECT 1 AS id")
    crm.execute("CREATE TABLE crm.parted (id integer) PARTITION BY LIST (id)")
    crm.execute("CREATE TABLE crm.first PARTITION OF crm.parted FOR VALUES IN (1)")
    crm.execute("INSERT INTO crm.parted VALUES (1)")
    crm.execute(relation.encode())

    expected = [] if "DEFAULT" in relation else [1]
    assert read(postgres_uri, "seen", "id")["id"].to_pylist() == expected


def test_values_that_arrow_cannot_hold_are_counted(
    crm: psycopg.Connection[Any], postgres_uri: str
) -> None:
    crm.execute(
        "CREATE TABLE crm.log (id integer, d date, t timestamp, z timestamptz, n numeric(4))"
    )
    crm.execute("INSERT INTO crm.log VALUES (1, 'infinity', '-infinity', '294276-12-31', 'NaN')")
    crm.execute("INSERT INTO crm.log VALUES (2, '-infinity', 'infinity', '-infinity', 1)")
    crm.execute("INSERT INTO crm.log VALUES (3, '4000-01-01 BC', '4000-01-01 BC', now(), NULL)")

    with PostgresSource(postgres_uri).frozen() as frozen:
        wanted = Scope(("id", "d", "t", "z", "n"), "id", None)
        count = frozen.table("crm", "log").count(wanted)

    assert (count.rows, count.unfit) == (3, {"d": 2, "t": 2, "z": 2, "n": 1})


def test_a_value_that_was_not_counted_out_is_an_error_and_not_repeated(
    crm: psycopg.Connection[Any], postgres_uri: str
) -> None:
    crm.execute("CREATE TABLE crm.log AS SELECT 1 AS id, CAST('NaN' AS numeric(4)) AS n")

    with pytest.raises(SourceError, match=r"crm\.log: a value does not fit the type") as caught:
        read(postgres_uri, "log", "id", "n")

    assert "NaN" not in "".join(traceback.format_exception(caught.value))


def test_rows_that_no_window_can_contain_are_counted(
    crm: psycopg.Connection[Any], postgres_uri: str
) -> None:
    crm.execute("CREATE TABLE crm.log (id integer, at timestamptz)")
    crm.execute("INSERT INTO crm.log VALUES (1, NULL), (2, 'infinity'), (3, '1999-01-01')")
    window = Window("at", datetime(2026, 1, 1, tzinfo=UTC), datetime(2026, 2, 1, tzinfo=UTC))

    with PostgresSource(postgres_uri).frozen() as frozen:
        count = frozen.table("crm", "log").count(Scope(("id", "at"), "id", window))

    assert (count.rows, count.undated) == (0, 2)


@pytest.mark.parametrize(("encoding", "stored"), [("LATIN1", b"\xe9"), ("SQL_ASCII", b"\xc3\xa9")])
def test_text_is_utf8_whatever_the_database_is(
    postgres_server: str, encoding: str, stored: bytes
) -> None:
    with database_encoded(postgres_server, encoding) as uri:
        insert_bytes(uri, stored)
        assert read(uri, "names", "name", schema="public")["name"].to_pylist() == ["é"]


def test_text_that_is_not_utf8_is_an_error(postgres_server: str) -> None:
    with database_encoded(postgres_server, "SQL_ASCII") as uri:
        insert_bytes(uri, b"\xe9")
        with pytest.raises(SourceError, match=r"public\.names: .*text is not UTF-8"):
            read(uri, "names", "name", schema="public")


@contextmanager
def database_encoded(server: str, encoding: str) -> Iterator[str]:
    name = f"test_{uuid4().hex}"
    make = "CREATE DATABASE {} ENCODING {} LOCALE 'C' TEMPLATE template0"
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(sql.SQL(make).format(sql.Identifier(name), sql.Literal(encoding)))
        yield make_conninfo(server, dbname=name)
        connection.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name)))


def insert_bytes(uri: str, name: bytes) -> None:
    with psycopg.connect(uri) as connection:
        connection.execute("CREATE TABLE names (name text)")
        query = "INSERT INTO names SELECT convert_from(%s, getdatabaseencoding())"
        connection.execute(query, (name,))


def test_an_unknown_table_is_an_error(crm: psycopg.Connection[Any], postgres_uri: str) -> None:
    crm.execute("CREATE TABLE crm.leads ()")
    with (
        PostgresSource(postgres_uri).frozen() as frozen,
        pytest.raises(TableError, match=r"there is no table crm\.Leads \(names are case-sens"),
    ):
        frozen.table("crm", "Leads")


def test_a_closed_schema_is_an_error(crm: psycopg.Connection[Any], login: str) -> None:
    crm.execute("CREATE SCHEMA hr")
    crm.execute("CREATE TABLE hr.people (id integer)")
    with (
        PostgresSource(login).frozen() as frozen,
        pytest.raises(TableError, match=r"permission denied for schema hr \(GRANT USAGE on it\)"),
    ):
        frozen.table("hr", "people")


def test_columns_know_whether_they_may_be_read(
    crm: psycopg.Connection[Any], login: str, postgres_uri: str
) -> None:
    crm.execute("CREATE TABLE crm.leads (id integer, gender text)")
    crm.execute("GRANT SELECT (id) ON crm.leads TO PUBLIC")
    with PostgresSource(login).frozen() as frozen:
        fields = frozen.table("crm", "leads").fields

    assert {name: field.readable for name, field in fields.items()} == {
        "id": True,
        "gender": False,
    }


def test_row_level_security_is_an_error(crm: psycopg.Connection[Any], login: str) -> None:
    crm.execute("CREATE TABLE crm.leads AS SELECT 1 AS id")
    crm.execute("GRANT SELECT ON crm.leads TO PUBLIC")
    crm.execute("ALTER TABLE crm.leads ENABLE ROW LEVEL SECURITY")
    with (
        PostgresSource(login).frozen() as frozen,
        pytest.raises(TableError, match=r"row-level security hides rows of crm\.leads"),
    ):
        frozen.table("crm", "leads")


def test_row_level_security_below_a_view_is_an_error(
    crm: psycopg.Connection[Any], login: str, postgres_uri: str
) -> None:
    test_row_level_security_is_an_error(crm, login)
    name = psycopg.conninfo.conninfo_to_dict(login)["user"]
    crm.execute("CREATE VIEW crm.seen AS SELECT * FROM crm.leads")
    crm.execute(sql.SQL("ALTER VIEW crm.seen OWNER TO {}").format(sql.Identifier(str(name))))

    with pytest.raises(SourceError, match=r"crm\.seen: insufficient privilege.* BYPASSRLS"):
        read(postgres_uri, "seen", "id")


def test_nothing_can_be_written(crm: psycopg.Connection[Any], postgres_uri: str) -> None:
    crm.execute("CREATE SEQUENCE crm.touched")
    crm.execute("CREATE VIEW crm.leads AS SELECT nextval('crm.touched') AS id")

    with pytest.raises(SourceError, match=r"SQLSTATE 25006 \(reading it would write"):
        read(postgres_uri, "leads", "id")


def test_a_locked_table_or_a_deadline_is_named(
    crm: psycopg.Connection[Any], postgres_uri: str
) -> None:
    crm.execute("CREATE TABLE crm.leads (id integer)")
    with PostgresSource(postgres_uri).frozen() as frozen:
        table = frozen.table("crm", "leads")
        frozen.session.fetch("SET LOCAL lock_timeout = '1ms'", about="test")
        with crm.transaction():
            crm.execute("LOCK TABLE crm.leads")
            with pytest.raises(SourceError, match=r"lock not available, .* such as a migration"):
                table.count(Scope(("id",), "id", None))


@pytest.mark.parametrize("at_row", [1, 200_000])
def test_an_error_of_the_server_repeats_no_row(
    crm: psycopg.Connection[Any], postgres_uri: str, at_row: int
) -> None:
    view = (
        "CREATE VIEW crm.leads AS SELECT id, pad,"
        " CASE WHEN id = {} THEN CAST('canary-' || id AS integer) END AS n"
        " FROM (SELECT generate_series(1, 200000) AS id, repeat('x', 100) AS pad) AS s"
    )
    crm.execute(sql.SQL(view).format(sql.Literal(at_row)))

    with pytest.raises(SourceError, match=r"crm\.leads: .*can quote rows") as caught:
        read(postgres_uri, "leads", "id", "pad", "n")

    assert "canary" not in "".join(traceback.format_exception(caught.value))


def test_a_source_that_is_down_says_so_without_its_password() -> None:
    with socket.create_server(("127.0.0.1", 0)) as unused:
        port = unused.getsockname()[1]
    uri = make_conninfo(host="127.0.0.1", port=port, user="u", dbname="crm", password=SECRET)

    with pytest.raises(
        SourceError, match=rf"127\.0\.0\.1:{port}/crm: cannot connect: .*Connection refused"
    ) as caught:
        read(uri, "leads", "id")

    assert SECRET not in "".join(traceback.format_exception(caught.value))


@pytest.mark.parametrize("spelling", [SECRET, "canary%2Fp%40ss%20word"])
def test_a_server_that_repeats_the_password_is_not_quoted(spelling: str) -> None:
    with refusing_server(f"password authentication failed: {spelling}") as port:
        uri = make_conninfo(
            host="127.0.0.1", port=port, user="u", password=SECRET, gssencmode="disable"
        )
        with pytest.raises(
            SourceError, match=r"password authentication failed: \*\*\* .*check that .* password"
        ) as caught:
            read(uri, "leads", "id")

    assert "canary" not in "".join(traceback.format_exception(caught.value))


@contextmanager
def refusing_server(message: str) -> Iterator[int]:
    """A server that asks for the password in clear and then refuses it; yields its port."""

    def serve() -> None:
        client, _ = listener.accept()
        with client:
            while b"\x00\x03\x00\x00" not in client.recv(1024):  # the startup packet
                client.sendall(b"N")  # no TLS
            client.sendall(b"R\x00\x00\x00\x08\x00\x00\x00\x03")
            client.recv(1024)
            fields = f"SFATAL\0VFATAL\0C28P01\0M{message}\0\0".encode()
            client.sendall(b"E" + (len(fields) + 4).to_bytes(4, "big") + fields)

    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=serve)
        thread.start()
        yield listener.getsockname()[1]
        thread.join(timeout=10)


def test_an_address_that_cannot_be_read_is_not_repeated() -> None:
    with pytest.raises(SourceError, match="the address of the source cannot be read") as caught:
        PostgresSource(f"postgresql://u:{SECRET}@host:not-a-port/crm")

    assert "canary" not in "".join(traceback.format_exception(caught.value))


def test_a_source_does_not_show_its_password() -> None:
    uri = make_conninfo(host="db", user="u", dbname="crm", password=SECRET)
    assert repr(PostgresSource(uri)) == "PostgresSource(db:5432/crm)"
