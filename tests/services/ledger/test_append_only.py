"""A ledger that its database keeps append-only, and what is seen where it did not."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import psycopg
import pytest
from sqlalchemy import insert
from sqlalchemy.engine import make_url
from typer.testing import CliRunner

from fairness_audit.cli.app import app
from fairness_audit.errors import LedgerError, RecordError
from fairness_audit.installation import Installation
from fairness_audit.ledger.append_only import TRIGGERS, TURN, lend_functions
from fairness_audit.ledger.database import Database
from fairness_audit.ledger.entry import Entry
from fairness_audit.ledger.heads import Heads
from fairness_audit.ledger.keys import create_keys, load_signer
from fairness_audit.ledger.ledger import Ledger
from fairness_audit.ledger.table import ledger_table
from fairness_audit.ledger.verified import verified_ledger
from fairness_audit.ledger.witness import rewritable
from fairness_audit.records.signed.dsse import digest_of_envelope, sign
from fairness_audit.settings import Settings
from tests.builders.published import LOGICAL_DATE, STRANGER, TRUSTED, a_ledger, a_record, appended
from tests.builders.tampering import TABLE, tamper


def day(number: int) -> dict[str, Any]:
    return {"logical_date": LOGICAL_DATE + timedelta(days=number)}


COLUMNS = (
    "seq, record_id, kind, model, model_version, policy_digest, verdict, logical_date, issued,"
    " expires, prev, envelope"
)


def another(seq: int, record_id: str = "'x'") -> str:
    """The first row, under another number and id."""
    rest = COLUMNS.partition("record_id, ")[2]
    return f"SELECT {seq}, {record_id}, {rest} FROM {TABLE} WHERE seq = 1"


FORBIDDEN = {
    "update": f"UPDATE {TABLE} SET verdict = 'pass'",
    "delete": f"DELETE FROM {TABLE}",
    "delete the newest": f"DELETE FROM {TABLE} WHERE seq = 2",
    "leave a gap": f"INSERT INTO {TABLE} {another(9)}",
    "put in before": f"INSERT INTO {TABLE} {another(0)}",
}


# --- SQLite -------------------------------------------------------------------------------------

REPLACING = {
    "replace by number": another(2),
    "replace by id": another(3, "record_id"),
}


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """A ledger of two records."""
    for number in range(2):
        appended(a_ledger(tmp_path), **day(number))
    return tmp_path / "ledger.db"


@pytest.mark.parametrize(
    "statement",
    [
        *FORBIDDEN.values(),
        *(f"INSERT OR REPLACE INTO {TABLE} {row}" for row in REPLACING.values()),
        *(f"REPLACE INTO {TABLE} {row}" for row in REPLACING.values()),
        f"INSERT INTO {TABLE} {another(3, 'record_id')}"
        " ON CONFLICT (record_id) DO UPDATE SET verdict = 'pass'",
    ],
)
def test_sqlite_refuses_all_but_the_next_record(file: Path, statement: str) -> None:
    before = a_ledger(file.parent).all()
    with closing(sqlite3.connect(file)) as connection:
        lend_functions(connection)
        with pytest.raises(sqlite3.IntegrityError, match="the ledger is append-only"):
            connection.execute(statement)
        connection.rollback()
    assert a_ledger(file.parent).all() == before
    assert appended(a_ledger(file.parent), **day(2)).seq == 3


def test_a_ledger_from_before_is_made_append_only(file: Path) -> None:
    tamper(f"sqlite:///{file}")
    ledger = a_ledger(file.parent)
    assert ledger.missing_triggers() == TRIGGERS
    for _ in range(2):
        ledger.init()
    assert ledger.missing_triggers() == set()


def test_a_read_only_file_can_be_read(file: Path) -> None:
    """A reader has the folder mounted read-only; nothing is written beside the file either."""
    before = {each.name for each in file.parent.iterdir()}
    file.chmod(0o400)
    ledger = a_ledger(file.parent)
    with ledger.holding():
        assert len(verified_ledger(ledger, TRUSTED)) == 2
    assert {each.name for each in file.parent.iterdir()} == before


def test_sqlite_has_no_roles(file: Path) -> None:
    with pytest.raises(LedgerError, match="SQLite has no roles"):
        a_ledger(file.parent).init(readers=["reader"])


# --- PostgreSQL ---------------------------------------------------------------------------------


class Roles:
    """One database, and the roles that own, write and read the ledger in it."""

    def __init__(self, uri: str, folder: Path) -> None:
        self.uri = uri
        self.folder = folder
        mark = uuid4().hex[:8]
        self.owner, self.writer, self.reader = (
            f"{each}_{mark}" for each in ("owner", "writer", "reader")
        )
        with psycopg.connect(uri.replace("+psycopg", ""), autocommit=True) as server:
            for role in (self.owner, self.writer, self.reader):
                server.execute(f"CREATE ROLE {role} LOGIN")
            server.execute(f"GRANT ALL ON SCHEMA public TO {self.owner}")

    def url(self, role: str) -> str:
        url = make_url(self.uri).set(username=role)
        return url.render_as_string(hide_password=False)

    def ledger(self, role: str) -> Ledger:
        return a_ledger(self.folder, self.url(role))

    def connect(self, role: str) -> "psycopg.Connection[Any]":
        return psycopg.connect(self.url(role).replace("+psycopg", ""), autocommit=True)

    def drop(self) -> None:
        with psycopg.connect(self.uri.replace("+psycopg", ""), autocommit=True) as server:
            for role in (self.owner, self.writer, self.reader):
                server.execute(f"DROP OWNED BY {role} CASCADE")
                server.execute(f"DROP ROLE {role}")


@pytest.fixture
def roles(postgres_uri: str, tmp_path: Path) -> Iterator[Roles]:
    """A ledger that its owner has made, with two records by its writer."""
    made = Roles(postgres_uri, tmp_path)
    made.ledger(made.owner).init(writers=[made.writer], readers=[made.reader])
    for number in range(2):
        appended(made.ledger(made.writer), **day(number))
    yield made
    made.drop()


def test_a_reader_needs_no_right_to_write(roles: Roles) -> None:
    reader = roles.ledger(roles.reader)
    with reader.holding():
        assert len(verified_ledger(reader, TRUSTED)) == 2
    assert reader.missing_triggers() == set()
    with pytest.raises(LedgerError, match="permission denied"):
        appended(reader, **day(2))


MORE = {
    "truncate": f"TRUNCATE {TABLE}",
    "copy in": f"COPY {TABLE} FROM STDIN",
    "drop": f"DROP TABLE {TABLE}",
    "add a column": f"ALTER TABLE {TABLE} ADD COLUMN x text",
    "disable triggers": f"ALTER TABLE {TABLE} DISABLE TRIGGER ALL",
    "drop a trigger": f"DROP TRIGGER fairness_audit_ledger_stays ON {TABLE}",
    "act as a replica": "SET session_replication_role = replica",
    "replace the function": (
        "CREATE OR REPLACE FUNCTION fairness_audit_ledger_stays() RETURNS trigger"
        " LANGUAGE plpgsql AS 'BEGIN RETURN new; END'"
    ),
    "take the owner's role": "SET ROLE {owner}",
    "put over another": (
        f"INSERT INTO {TABLE} {another(3, 'record_id')}"
        " ON CONFLICT (record_id) DO UPDATE SET verdict = 'pass'"
    ),
    "lock": f"BEGIN; LOCK TABLE {TABLE} IN ACCESS EXCLUSIVE MODE",
    "take the turn away": f"DELETE FROM {TURN}",
    "a rule": f"CREATE RULE r AS ON INSERT TO {TABLE} DO INSTEAD NOTHING",
}


def run(connection: "psycopg.Connection[Any]", statement: str) -> None:
    if not statement.startswith("COPY"):
        connection.execute(statement)
        return
    with connection.cursor().copy(statement) as copy:
        copy.write("\t".join(["9", "x", *"kmvpo", *["2026-01-01"] * 3, "\\N", "e"]) + "\n")


@pytest.mark.parametrize("what", [*FORBIDDEN, *MORE])
def test_who_may_append_or_read_may_do_nothing_else(roles: Roles, what: str) -> None:
    statement = (FORBIDDEN | MORE)[what].format(owner=roles.owner)
    before = roles.ledger(roles.reader).all()
    for role in (roles.writer, roles.reader):
        with (
            roles.connect(role) as connection,
            pytest.raises(psycopg.errors.InsufficientPrivilege),
        ):
            run(connection, statement)
    assert roles.ledger(roles.reader).all() == before
    assert appended(roles.ledger(roles.writer), **day(2)).seq == 3


@pytest.mark.parametrize("what", [*FORBIDDEN, "truncate"])
def test_its_owner_must_drop_the_triggers_first(roles: Roles, what: str) -> None:
    statement = (FORBIDDEN | MORE)[what]
    with (
        roles.connect(roles.owner) as connection,
        pytest.raises(psycopg.errors.InsufficientPrivilege, match="the ledger is append-only"),
    ):
        connection.execute(statement)


@pytest.mark.parametrize(
    ("statement", "fault"),
    [
        (f"UPDATE {TABLE} SET envelope = 'x' WHERE seq = 1", "edited"),
        (f"UPDATE {TABLE} SET model = 'x' WHERE seq = 1", "re-filed"),
        (f"DELETE FROM {TABLE} WHERE seq = 1", "missing"),
        (f"DELETE FROM {TABLE} WHERE seq = 2", "truncated: the ledger had 2 records, and 1 are"),
        (f"DELETE FROM {TABLE}", "truncated: the ledger had 2 records, and 0 are there"),
    ],
)
def test_what_an_owner_did_without_them_is_seen(roles: Roles, statement: str, fault: str) -> None:
    tamper(roles.url(roles.owner), statement)
    reader = roles.ledger(roles.reader)
    assert reader.missing_triggers() == TRIGGERS
    with pytest.raises(RecordError, match=fault):
        verified_ledger(reader, TRUSTED)


def test_a_role_that_is_not_there_is_named(roles: Roles) -> None:
    owner = roles.ledger(roles.owner)
    with pytest.raises(LedgerError, match="there is no role 'nobody-here'"):
        owner.init(readers=["nobody-here"])
    with pytest.raises(LedgerError, match="owns the ledger and may do all"):
        owner.init(writers=[roles.owner])


def test_only_who_may_take_the_turn_keeps_others_from_publishing(roles: Roles) -> None:
    """Whoever may merely connect finds nothing to lock."""
    name = f"stranger_{uuid4().hex[:8]}"
    with psycopg.connect(roles.uri.replace("+psycopg", ""), autocommit=True) as server:
        server.execute(f"CREATE ROLE {name} LOGIN")
    with roles.connect(name) as connection:
        for statement in (
            f"SELECT id FROM {TURN} FOR UPDATE",
            f"SELECT id FROM {TURN} FOR SHARE",
            f"LOCK TABLE {TURN} IN ACCESS SHARE MODE",
            f"LOCK TABLE {TABLE} IN ACCESS SHARE MODE",
        ):
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                connection.execute(f"BEGIN; {statement}")
            connection.execute("ROLLBACK")
        for number in (0x46414952, 1, 2):
            connection.execute(f"BEGIN; SELECT pg_advisory_xact_lock({number})")
        assert appended(roles.ledger(roles.writer), **day(2)).seq == 3
    with psycopg.connect(roles.uri.replace("+psycopg", ""), autocommit=True) as server:
        server.execute(f"DROP ROLE {name}")


def test_who_holds_it_too_long_is_told_of(roles: Roles) -> None:
    address = roles.url(roles.writer)
    waiting = Ledger(address, Heads(str(roles.folder / "heads")), wait_seconds=1)
    with roles.connect(roles.reader) as holder:
        holder.execute(f"BEGIN; SELECT id FROM {TURN} FOR SHARE")
        with pytest.raises(LedgerError, match=r"is held by others for longer than 1 s .*pg_locks"):
            appended(waiting, **day(2))
        with waiting.holding():  # who only reads, shares it
            pass
        holder.execute("ROLLBACK")
    assert appended(waiting, **day(2)).seq == 3


def test_a_ledger_of_before_is_given_its_turn_by_its_owner(roles: Roles) -> None:
    with roles.connect(roles.owner) as connection:
        connection.execute(f"DROP TABLE {TURN}")
    for role in (roles.writer, roles.reader):
        ledger = roles.ledger(role)
        with (
            pytest.raises(LedgerError, match=r"may not make it \(as its owner: .*ledger init"),
            ledger.holding(),
        ):
            pytest.fail("it was held")
    roles.ledger(roles.owner).init(writers=[roles.writer], readers=[roles.reader])
    assert appended(roles.ledger(roles.writer), **day(2)).seq == 3


def test_who_may_only_append_cannot_put_back_an_older_copy(roles: Roles) -> None:
    assert rewritable(roles.ledger(roles.writer)) is None
    assert rewritable(roles.ledger(roles.reader)) is None
    assert rewritable(roles.ledger(roles.owner)) is not None


# --- the verbs ----------------------------------------------------------------------------------


@pytest.fixture
def settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    """An installation with keys and a ledger of two records."""
    monkeypatch.setenv("FAIRNESS_AUDIT_STATE", str(tmp_path))
    made = Settings.from_environment()
    create_keys(made)
    signer = load_signer(made.signing_key)
    for number in range(2):
        appended(Installation(made).ledger, signer, **day(number))
    return made


def called(*arguments: str) -> tuple[int, str]:
    result = CliRunner().invoke(app, ["ledger", *arguments])
    return result.exit_code, result.output


def test_status_says_what_there_is(settings: Settings) -> None:
    code, output = called("status")
    assert code == 0, output
    assert "newest  record 2, audit of lead_scoring version 1: pass" in output
    assert "2 records, all genuine, none missing" in output


def test_status_is_red_without_triggers_until_init_makes_them(settings: Settings) -> None:
    tamper(settings.ledger_url)
    code, output = called("status")
    assert code == 1
    assert "no trigger fairness_audit_ledger_keeps (ledger init makes it)" in output
    assert called("init")[0] == 0
    assert called("status")[0] == 0


def test_status_is_red_where_records_are_missing(settings: Settings) -> None:
    tamper(settings.ledger_url, f"DELETE FROM {TABLE} WHERE seq = 2")
    code, output = called("status")
    assert code == 1
    assert "truncated: the ledger had 2 records, and 1 are there" in output


def test_a_row_that_is_no_record_is_voided_by_the_verb(settings: Settings) -> None:
    with Installation(settings) as installation:
        last = installation.ledger.all()[-1]
        placed = {"seq": 3, "prev": digest_of_envelope(last.envelope)}
        junk = Entry.of(sign(a_record(model_version="9", **placed), STRANGER))
        with Database(settings.ledger_url, 5).writing() as connection:
            connection.execute(insert(ledger_table).values(junk.values))
    code, output = called("status")
    assert code == 1
    assert "fairness-audit ledger void 3 --reason" in " ".join(output.split())
    assert called("void", "3")[0] == 2  # a reason is asked for
    assert called("void", "2", "--reason", "it failed")[0] == 1
    code, output = called("void", "3", "--reason", "by hand; INC-123")
    assert (code, output.strip()) == (0, "record 4 voids row 3: by hand; INC-123")
    code, output = called("status")
    assert code == 0, output
    assert "3 records, all genuine, none missing" in output
    assert called("rotate-key")[0] == 0
    assert called("status")[0] == 0
