"""The MySQL source against a real server: types, faults, and nothing lost or damaged.

``FAIRNESS_AUDIT_TEST_MYSQL`` names a server to use (mysql://login:password@host:port, of a login
that may do everything); without it one that listens on 127.0.0.1:3306 with an open root is used.
"""

import gc
import os
import socket
import traceback
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit
from uuid import uuid4

import pyarrow as pa
import pyarrow.parquet as pq
import pymysql
import pytest
from sqlalchemy import text

from fairness_audit.errors import SourceError
from fairness_audit.sources import Scope, TableError, Window
from fairness_audit.sources.mysql import MySQLSource
from fairness_audit.steps.extract import extract
from tests.builders.loaded_policies import a_loaded_policy, an_object
from tests.builders.populations import SQL

VARIABLE = "FAIRNESS_AUDIT_TEST_MYSQL"
DEFAULT = "mysql://root@127.0.0.1:3306"
SECRET = "canary/p@ss word"
JANUARY = (datetime(2026, 1, 1, tzinfo=UTC), datetime(2026, 2, 1, tzinfo=UTC))


@dataclass(frozen=True)
class Server:
    """A server, and a database of the test's own on it."""

    connection: Any
    address: dict[str, Any]
    database: str

    def run(self, statement: str, *values: Any) -> None:
        with self.connection.cursor() as cursor:
            cursor.execute(statement, values or None)

    def source(self, **changes: Any) -> MySQLSource:
        return MySQLSource(**self.address | {"database": self.database} | changes)


@pytest.fixture
def crm() -> Iterator[Server]:
    """An autocommitting connection to an empty database."""
    parts = urlsplit(os.environ.get(VARIABLE, DEFAULT))
    address = {
        "host": parts.hostname,
        "port": parts.port or 3306,
        "login": unquote(parts.username or "root"),
        "password": unquote(parts.password or ""),
    }
    try:
        connection = pymysql.connect(
            host=address["host"], port=address["port"], user=address["login"],
            password=address["password"], charset="utf8mb4", autocommit=True,
        )  # fmt: skip
    except pymysql.Error as error:
        if VARIABLE in os.environ:
            raise
        pytest.skip(f"no MySQL answers on 127.0.0.1:3306 and {VARIABLE} is not set ({error})")
    server = Server(connection, address, f"test_{uuid4().hex}")
    with connection:
        server.run(f"CREATE DATABASE {server.database}")
        server.run(f"USE {server.database}")
        # Rows as careless applications leave them.
        server.run("SET SESSION sql_mode = 'ALLOW_INVALID_DATES'")
        try:
            yield server
        finally:
            server.run(f"DROP DATABASE {server.database}")


@pytest.fixture
def login(crm: Server) -> Iterator[str]:
    """A login that may read nothing; its password is the SECRET."""
    name = f"r_{uuid4().hex[:20]}"
    crm.run(f"CREATE USER {name}@'%%' IDENTIFIED BY %s", SECRET)
    yield name
    crm.run(f"DROP USER {name}@'%'")


def read(
    source: MySQLSource,
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
    ("tinyint", "-128", "int8", -128),
    ("tinyint unsigned", "255", "uint8", 255),
    ("boolean", "2", "int8", 2),
    ("smallint", "-32768", "int16", -32768),
    ("mediumint unsigned", "16777215", "uint32", 16777215),
    ("int", "2147483647", "int32", 2147483647),
    ("int(8) zerofill", "42", "uint32", 42),
    ("bigint", "-9223372036854775808", "int64", -(2**63)),
    ("bigint unsigned", "18446744073709551615", "uint64", 2**64 - 1),
    ("float", "0.1", "float", 0.10000000149011612),
    ("double", "0.1", "double", 0.1),
    ("double", "1.7976931348623157e308", "double", 1.7976931348623157e308),
    ("decimal(12,2)", "-9999999999.99", "decimal128(12, 2)", Decimal("-9999999999.99")),
    ("decimal(8,2) zerofill", "1.5", "decimal128(8, 2)", Decimal("1.50")),
    ("decimal(8,0)", "50000000", "decimal128(8, 0)", Decimal(50000000)),
    ("decimal(38,30)", "0." + "9" * 30, "decimal128(38, 30)", Decimal("0." + "9" * 30)),
    ("decimal(65,1)", "9" * 64 + ".9", "string", "9" * 64 + ".9"),
    ("varchar(40)", "'a\\'\\n\"🚀<img src=x>\\0z'", "string", "a'\n\"🚀<img src=x>\0z"),
    ("varchar(9)", "'0123 '", "string", "0123 "),
    ("varchar(9)", "''", "string", ""),
    ("varchar(9) character set latin1", "'é'", "string", "é"),
    ("char(5)", "'M'", "string", "M"),
    ("longtext", "repeat('ü', 3000000)", "string", "ü" * 3_000_000),
    ("varchar(9) character set latin1", "_binary X'81'", "string", "\x81"),
    ("varchar(9) character set utf16", "'🚀'", "string", "🚀"),
    ("varchar(9) character set cp1251", "'Да?'", "string", "Да?"),
    ("float(7,2)", "12345.67", "float", 12345.669921875),
    ("double", "4.9e-324", "double", 5e-324),
    (
        "decimal(20,5) unsigned",
        "123456789012345.12345",
        "decimal128(20, 5)",
        Decimal("123456789012345.12345"),
    ),
    ("json", "'{\"a\": 1}'", "string", '{"a": 1}'),
    ("binary(3)", "X'61'", "binary", b"a\0\0"),
    ("blob", "X'00ff'", "binary", b"\x00\xff"),
    ("date", "'0001-01-01'", "date32[day]", date(1, 1, 1)),
    ("date", "'9999-12-31'", "date32[day]", date(9999, 12, 31)),
    (
        "datetime(6)",
        "'2026-02-28 23:59:59.999999'",
        "timestamp[us]",
        datetime(2026, 2, 28, 23, 59, 59, 999999),
    ),
    (
        "timestamp(6) null",
        "'2026-03-01 01:30:00.000001'",
        "timestamp[us, tz=UTC]",
        datetime(2026, 2, 28, 23, 30, 0, 1, tzinfo=UTC),
    ),
    ("time(3)", "'-838:59:59.5'", "string", "-838:59:59.500"),
    ("year", "2026", "string", "2026"),
    ("bit(5)", "b'101'", "string", "00101"),
    ("bit(64)", "b'" + "1" * 64 + "'", "string", "1" * 64),
    ("enum('open', 'won')", "'won'", "string", "won"),
    ("set('a', 'b')", "'a,b'", "string", "a,b"),
    ("point", "POINT(1, 0)", "binary", bytes(4) + b"\1\1" + bytes(9) + b"\xf0\x3f" + bytes(8)),
]


def test_every_type_arrives_as_its_value(crm: Server) -> None:
    crm.run("SET SESSION time_zone = '+02:00'")
    declared = ", ".join(f"c{index} {kind}" for index, (kind, *_) in enumerate(TYPES))
    values = ", ".join(value for _, value, *_ in TYPES)
    crm.run(f"CREATE TABLE kinds (id integer PRIMARY KEY, {declared})")
    crm.run(f"INSERT INTO kinds VALUES (1, {values})")
    crm.run("INSERT INTO kinds (id) VALUES (2)")

    names = [f"c{index}" for index in range(len(TYPES))]
    table = read(crm.source(), "kinds", "id", *names)

    seen = [
        (kind, str(table.schema.field(name).type), table[name][0].as_py())
        for name, (kind, *_) in zip(names, TYPES, strict=True)
    ]
    seen = [
        (kind, arrow, bytes(4) + value[4:] if kind == "point" else value)
        for kind, arrow, value in seen
    ]
    assert seen == [(kind, arrow, value) for kind, _, arrow, value in TYPES]
    assert {table[name][1].as_py() for name in names} == {None}


def test_the_catalogue_names_the_type_but_not_the_values_of_an_enum(crm: Server) -> None:
    crm.run("CREATE TABLE leads (id bigint unsigned, stage enum('canary'), j json)")
    with crm.source().frozen() as frozen:
        fields = frozen.table(None, "leads").fields

    assert {name: field.source_type for name, field in fields.items()} | {"j": ""} == {
        "id": fields["id"].source_type,
        "stage": "enum",
        "j": "",
    }
    assert "unsigned" in fields["id"].source_type


def test_columns_come_in_the_order_asked_for_and_rows_in_that_of_the_key(crm: Server) -> None:
    crm.run("CREATE TABLE leads (a varchar(9) COLLATE utf8mb4_general_ci, b integer)")
    crm.run("INSERT INTO leads VALUES ('a', 2), ('B', 1), ('ä', 3), ('a b', 4), ('a ', 5)")

    assert read(crm.source(), "leads", "b", "a", key="a").to_pylist() == [
        {"b": 1, "a": "B"},
        {"b": 2, "a": "a"},
        {"b": 5, "a": "a "},
        {"b": 4, "a": "a b"},
        {"b": 3, "a": "ä"},
    ]


@pytest.mark.parametrize("kind", ["enum('b', 'a', '0')", "varchar(3) CHARACTER SET latin1"])
def test_whatever_arrives_as_text_is_sorted_by_its_bytes(crm: Server, kind: str) -> None:
    crm.run(f"CREATE TABLE leads (id {kind})")
    crm.run("INSERT INTO leads VALUES ('b'), ('a'), ('0')")

    assert read(crm.source(), "leads", "id")["id"].to_pylist() == ["0", "a", "b"]


def test_numbers_are_sorted_as_numbers(crm: Server) -> None:
    crm.run("CREATE TABLE leads (id decimal(5, 1))")
    crm.run("INSERT INTO leads VALUES (10), (9), (-1.5)")

    assert [float(x) for x in read(crm.source(), "leads", "id")["id"].to_pylist()] == [-1.5, 9, 10]


@pytest.mark.parametrize(
    ("kind", "inside", "outside"),
    [
        (
            "timestamp(6)",  # written in Tokyo
            ["2026-01-01 09:00:00", "2026-02-01 08:59:59.999999"],
            ["2026-01-01 08:59:59.999999", "2026-02-01 09:00:00"],
        ),
        (
            "datetime(6)",
            ["2026-01-01 00:00:00", "2026-01-31 23:59:59.999999"],
            ["2025-12-31 23:59:59.999999", "2026-02-01 00:00:00"],
        ),
        ("date", ["2026-01-01", "2026-01-31"], ["2025-12-31", "2026-02-01"]),
    ],
)
def test_the_window_is_half_open(
    crm: Server, kind: str, inside: list[str], outside: list[str]
) -> None:
    crm.run("SET SESSION time_zone = '+09:00'")
    crm.run(f"CREATE TABLE log (at {kind}, is_inside boolean)")
    for is_inside, stamps in ((True, inside), (False, outside)):
        for stamp in stamps * 2:  # ties
            crm.run("INSERT INTO log VALUES (%s, %s)", stamp, is_inside)

    rows = read(crm.source(), "log", "at", "is_inside", window=Window("at", *JANUARY))

    assert rows["is_inside"].to_pylist() == [1] * (2 * len(inside))


def test_names_and_cells_stay_text(crm: Server) -> None:
    table, column = "Robert'); DROP TABLE leads; --`", 'a %s "%%" :x $1 `\'; SELECT'
    quoted = [name.replace("`", "``").replace("%", "%%") for name in (table, column)]
    cells = ["'); DROP TABLE leads; --", '=1+1\n<script>alert("x")</script>', "🦄\\N\t\r\n", "%s"]
    crm.run("CREATE TABLE leads (id integer)")
    crm.run("CREATE TABLE `{}` (id integer, `{}` text)".format(*quoted).replace("%%", "%"))
    for number, cell in enumerate(cells):
        crm.run(f"INSERT INTO `{quoted[0]}` VALUES (%s, %s)", number, cell)

    assert read(crm.source(), table, "id", column)[column].to_pylist() == cells
    assert read(crm.source(), "leads", "id").num_rows == 0


def test_what_is_committed_after_the_beginning_is_not_seen(crm: Server) -> None:
    crm.run("CREATE TABLE leads AS SELECT 1 AS id")
    crm.run("CREATE TABLE cases AS SELECT 1 AS id")
    wanted = Scope(("id",), "id", None)
    with crm.source().frozen() as frozen:
        leads = frozen.table(None, "leads")
        assert leads.count(wanted).rows == 1
        crm.run("INSERT INTO leads VALUES (2)")
        crm.run("DELETE FROM cases")
        rows = [page.batch.num_rows for page in leads.pages(wanted)]
        untouched = frozen.table(None, "cases").count(wanted).rows

    assert (rows, untouched) == ([1], 1)


def test_a_table_that_was_migrated_after_the_beginning_is_an_error(crm: Server) -> None:
    crm.run("CREATE TABLE leads AS SELECT 1 AS id")
    with crm.source().frozen() as frozen:
        crm.run("TRUNCATE leads")
        with pytest.raises(SourceError, match=r"leads: error 1412 \(.*migration.*try again"):
            frozen.table(None, "leads").count(Scope(("id",), "id", None))


def test_the_moment_is_that_of_the_server(crm: Server) -> None:
    with crm.source().frozen() as frozen:
        assert frozen.taken_at.tzinfo is UTC
        assert abs((datetime.now(UTC) - frozen.taken_at).total_seconds()) < 60


UNFIT = ["0000-00-00", "2026-00-15", "2026-01-00", "2026-02-31", "0000-01-01"]


def test_values_that_arrow_cannot_hold_are_counted_and_no_nulls(crm: Server) -> None:
    crm.run("CREATE TABLE log (id integer, d date NOT NULL, t datetime, z timestamp(6) NULL)")
    for number, stamp in enumerate(UNFIT):
        crm.run("INSERT INTO log VALUES (%s, %s, %s, NULL)", number, stamp, stamp)
    crm.run("INSERT INTO log VALUES (8, '2024-02-29', NULL, '0000-00-00')")
    crm.run("INSERT INTO log VALUES (9, '9999-12-31', '0001-01-01', now())")
    window = Window("t", *JANUARY)

    with crm.source().frozen() as frozen:
        table = frozen.table(None, "log")
        count = table.count(Scope(("id", "d", "t", "z"), "id", None))
        undated = {
            name: table.count(Scope(("id", name), "id", Window(name, *JANUARY))).undated
            for name in ("d", "t", "z")
        }
        windowed = table.count(Scope(("id", "t"), "id", window))

    assert (count.rows, count.unfit) == (7, {"d": 5, "t": 5, "z": 1})
    assert undated == {"d": 5, "t": 6, "z": 6}
    assert windowed.rows == 0


@pytest.mark.parametrize(
    ("charset", "damaged", "fit"),
    [
        ("ascii", "61e9", "is it?"),
        ("sjis", "8160f040", "日本?"),
        ("euckr", "c9a1", "한국?"),
        ("gbk", "fe50", "中国?"),
        ("cp1251", "98", "Да?"),
    ],
)
def test_text_that_would_arrive_as_question_marks_is_unfit(
    crm: Server, charset: str, damaged: str, fit: str
) -> None:
    """Bytes that are none of the column's character set, or have no place in Unicode."""
    crm.run(f"CREATE TABLE leads (id integer, x varchar(9) CHARACTER SET {charset})")
    crm.run(f"INSERT INTO leads VALUES (1, _binary X'{damaged}'), (2, %s), (3, NULL)", fit)
    crm.run("CREATE VIEW seen AS SELECT * FROM leads")
    crm.run("CREATE VIEW mended AS SELECT id, x FROM leads WHERE id > 1")

    for name, expected in (("leads", 1), ("seen", 1), ("mended", 0)):
        with crm.source().frozen() as frozen:
            counted = frozen.table(None, name).count(Scope(("id", "x"), "id", None))
        assert counted.unfit == {"x": expected}
    assert read(crm.source(), "mended", "id", "x")["x"].to_pylist() == [fit, None]


def test_half_a_character_of_ucs2_is_an_error(crm: Server) -> None:
    crm.run("CREATE TABLE leads (id integer, x varchar(9) CHARACTER SET ucs2)")
    crm.run("INSERT INTO leads VALUES (1, _ucs2 X'D83D')")

    with pytest.raises(SourceError, match=r"\.leads: text is not UTF-8 \(mend the rows"):
        read(crm.source(), "leads", "id", "x")


def test_a_value_that_was_not_counted_out_is_an_error_and_not_repeated(crm: Server) -> None:
    crm.run("CREATE TABLE log (id integer, d date)")
    crm.run("INSERT INTO log VALUES (1, '2026-02-31')")

    with pytest.raises(SourceError, match=r"\.log: a value does not fit the type") as caught:
        read(crm.source(), "log", "id", "d")

    assert "02-31" not in "".join(traceback.format_exception(caught.value))


@pytest.mark.parametrize("engine", ["MyISAM", "MEMORY"])
def test_what_no_transaction_holds_still_is_an_error(crm: Server, engine: str) -> None:
    crm.run(f"CREATE TABLE leads (id integer) ENGINE = {engine}")
    crm.run("CREATE TABLE cases (id integer)")
    crm.run("CREATE VIEW seen AS SELECT l.id FROM cases AS c LEFT JOIN leads AS l USING (id)")
    crm.run("CREATE VIEW twice AS SELECT id FROM seen WHERE id <> '`'")
    with crm.source().frozen() as frozen:
        for name in ("leads", "seen", "twice"):
            with pytest.raises(TableError, match=rf"leads.* engine {engine}, .*\(ALTER TABLE"):
                frozen.table(None, name)


def test_a_view_is_a_table(crm: Server) -> None:
    crm.run("CREATE TABLE leads AS SELECT 1 AS id, '2026-01-01' AS day")
    crm.run("CREATE VIEW inner_ AS SELECT id, CAST(day AS date) AS day FROM leads")
    crm.run("CREATE VIEW seen AS SELECT * FROM inner_")

    assert read(crm.source(), "seen", "id", "day").to_pylist() == [
        {"id": 1, "day": date(2026, 1, 1)}
    ]


def test_an_unknown_table_is_an_error(crm: Server) -> None:
    crm.run("CREATE TABLE leads (id integer)")
    with crm.source().frozen() as frozen:
        for schema, name in ((None, "Leads"), (None, "nope"), ("nope", "leads")):
            with pytest.raises(TableError, match=r"there is no table .*\(names are case-sens"):
                frozen.table(schema, name)


def test_without_a_database_a_table_needs_a_schema(crm: Server) -> None:
    crm.run("CREATE TABLE leads AS SELECT 1 AS id")
    with crm.source(database=None).frozen() as frozen:
        assert "id" in frozen.table(crm.database, "leads").fields
        with pytest.raises(TableError, match=r"leads has no schema \(add schema:"):
            frozen.table(None, "leads")


def test_columns_know_whether_they_may_be_read(crm: Server, login: str) -> None:
    crm.run("CREATE TABLE leads (id integer, gender text, note text)")
    crm.run(f"GRANT SELECT (id), INSERT (note) ON leads TO {login}@'%'")
    with crm.source(login=login, password=SECRET).frozen() as frozen:
        table = frozen.table(crm.database, "leads")
        readable = {name: table.fields[name].readable for name in ("id", "gender", "note")}
        assert table.count(Scope(("id",), "id", None)).rows == 0

    assert readable == {"id": True, "gender": False, "note": False}
    assert "gender" in table.fields
    assert list(table.fields) == ["id", "note"]


@pytest.mark.parametrize("stamp", [{}, {"window_on": "at"}, {"modified_on": "at"}])
def test_a_login_with_grants_on_columns_can_be_audited(
    crm: Server, login: str, tmp_path: Path, stamp: dict[str, str]
) -> None:
    """It may read what the policy reads, and does not see what else there is."""
    crm.run("CREATE TABLE leads (id integer, at datetime, gender text, note text)")
    crm.run("INSERT INTO leads VALUES (2, '2026-04-10', 'F', 'x'), (1, '2026-04-11', 'M', 'y')")
    crm.run(f"GRANT SELECT (id, at, gender) ON leads TO {login}@'%'")
    source = crm.source(login=login, password=SECRET)

    def take(*columns: str) -> pa.Table:
        declared = an_object("leads", list(columns), schema=crm.database, **stamp)
        snapshot = extract(
            a_loaded_policy(tmp_path, lead=declared),
            logical_date=datetime(2026, 6, 29, tzinfo=UTC),
            source=source,
            folder=tmp_path / "run",
            sql=SQL,
        )
        return pq.read_table(snapshot.path_of("lead"))

    assert take("id", "at", "gender")["gender"].to_pylist() == ["M", "F"]
    with pytest.raises(SourceError, match="permission denied for column 'note'") as caught:
        take("id", "at", "note")
    assert "None" not in str(caught.value)


def test_a_hidden_table_is_an_error(crm: Server, login: str) -> None:
    crm.run("CREATE TABLE leads (id integer)")
    crm.run("CREATE TABLE cases (id integer)")
    crm.run(f"GRANT SELECT ON cases TO {login}@'%'")
    with (
        crm.source(login=login, password=SECRET).frozen() as frozen,
        pytest.raises(TableError, match=r"there is no .*leads, or this login may not read it"),
    ):
        frozen.table(crm.database, "leads")


def test_a_view_of_what_is_hidden_is_an_error(crm: Server, login: str) -> None:
    crm.run("CREATE TABLE leads (id integer)")
    crm.run("CREATE VIEW seen AS SELECT * FROM leads")
    crm.run(f"GRANT SELECT, SHOW VIEW ON seen TO {login}@'%'")
    with (
        crm.source(login=login, password=SECRET).frozen() as frozen,
        pytest.raises(TableError, match=r"seen is a view, and what it reads is hidden.*SHOW VIEW"),
    ):
        frozen.table(crm.database, "seen")


def test_nothing_can_be_written(crm: Server) -> None:
    crm.run("CREATE TABLE touched (id integer)")
    crm.run("CREATE TABLE leads AS SELECT 1 AS id")
    crm.run(
        "CREATE FUNCTION touch() RETURNS integer MODIFIES SQL DATA"
        " BEGIN INSERT INTO touched VALUES (1); RETURN 1; END"
    )
    crm.run("CREATE VIEW seen AS SELECT touch() AS id FROM leads")

    with pytest.raises(SourceError, match=r"error 1792 \(reading it would write"):
        read(crm.source(), "seen", "id")


def test_a_locked_table_is_named(crm: Server) -> None:
    crm.run("CREATE TABLE leads (id integer)")
    with crm.source().frozen() as frozen:
        frozen.session.fetch(text("SET SESSION lock_wait_timeout = 1"), about="test")
        crm.run("LOCK TABLES leads WRITE")
        try:
            with pytest.raises(SourceError, match=r"leads: error 1205 \(.* such as a migration"):
                frozen.table(None, "leads")
        finally:
            crm.run("UNLOCK TABLES")


def test_an_error_of_the_server_repeats_no_row(crm: Server) -> None:
    crm.run("CREATE TABLE leads AS SELECT 1 AS id, 'canary-1' AS note")
    crm.run(
        "CREATE FUNCTION shout(note text) RETURNS text DETERMINISTIC"
        " BEGIN SIGNAL SQLSTATE '45000' SET MESSAGE_TEXT = note; RETURN note; END"
    )
    crm.run("CREATE VIEW seen AS SELECT id, shout(note) AS n FROM leads")

    with pytest.raises(SourceError, match=r"seen: .*can quote rows") as caught:
        read(crm.source(), "seen", "id", "n")

    assert "canary" not in "".join(traceback.format_exception(caught.value))


def test_a_reading_of_many_rows_comes_in_pages_and_is_whole(crm: Server) -> None:
    crm.run("CREATE TABLE leads (id integer PRIMARY KEY, note varchar(200))")
    crm.run(
        "INSERT INTO leads WITH RECURSIVE n AS (SELECT 1 AS id UNION ALL SELECT id + 1 FROM n"
        " WHERE id < 1000) SELECT a.id * 1000 + b.id, repeat('x', 200) FROM n a JOIN n b"
        " ON b.id <= 100"
    )
    with crm.source().frozen() as frozen:
        table = frozen.table(None, "leads")
        wanted = Scope(("id", "note"), "id", None)
        pages = [page.batch for page in table.pages(wanted)]
        abandoned = table.pages(wanted)
        next(abandoned)
        abandoned.close()
        assert table.count(wanted).rows == 100_000

    assert len(pages) > 1
    ids = pa.Table.from_batches(pages)["id"].to_pylist()
    assert len(ids) == 100_000
    assert ids == sorted(set(ids))
    assert max(page.nbytes for page in pages) < 16 << 20


def test_a_connection_lost_in_the_middle_is_an_error(crm: Server) -> None:
    crm.run("CREATE TABLE leads AS SELECT 1 AS id")
    with crm.source().frozen() as frozen:
        table = frozen.table(None, "leads")
        ((number,),) = frozen.session.fetch(text("SELECT connection_id()"), about="test")
        crm.run(f"KILL {int(number)}")
        with pytest.raises(SourceError, match=r"leads: error .* \(the connection was lost"):
            table.count(Scope(("id",), "id", None))


def test_a_source_that_is_down_says_so_without_its_password() -> None:
    with socket.create_server(("127.0.0.1", 0)) as unused:
        port = unused.getsockname()[1]
    source = MySQLSource(host="127.0.0.1", port=port, login="u", password=SECRET, database="crm")

    with pytest.raises(
        SourceError, match=rf"127\.0\.0\.1:{port}/crm: cannot connect: .*Connection refused"
    ) as caught:
        read(source, "leads", "id")

    assert SECRET not in "".join(traceback.format_exception(caught.value))


def test_a_wrong_password_is_named_and_not_repeated(crm: Server, login: str) -> None:
    wrong = SECRET.upper()
    with pytest.raises(SourceError, match=r"Access denied .*\(check that .* password") as caught:
        read(crm.source(login=login, password=wrong), "leads", "id")

    assert wrong not in "".join(traceback.format_exception(caught.value))


def test_an_option_that_is_not_known_is_an_error() -> None:
    with pytest.raises(SourceError, match=r"options \['sslmode'\] .* are not known") as caught:
        MySQLSource(host="db", options={"sslmode": "canary"})

    assert "canary" not in str(caught.value)


def test_a_source_does_not_show_its_password() -> None:
    source = MySQLSource(host="db", login="u", password=SECRET, database="crm")
    assert repr(source) == "MySQLSource(db:3306/crm)"


@pytest.mark.parametrize(
    "options",
    [
        {"ssl": "canary"},
        {"connect_timeout": "soon"},
        {"unix_socket": 7},
        {"unix_socket": "/nowhere.sock"},
    ],
)
def test_an_option_of_another_type_is_an_error(options: dict[str, Any]) -> None:
    source = MySQLSource(host="127.0.0.1", port=1, options=options)
    with pytest.raises(SourceError, match="cannot connect"), source.frozen():
        pass
    gc.collect()  # what was left open is told now, of this test


def test_a_port_that_there_is_not_is_an_error() -> None:
    source = MySQLSource(host="127.0.0.1", port=99_999)
    with pytest.raises(SourceError, match=r"127\.0\.0\.1:99999/: cannot connect"), source.frozen():
        pass
