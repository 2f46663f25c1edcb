"""Roles and databases on a real PostgreSQL server, made as often as they are asked for."""

from collections.abc import Iterator
from dataclasses import dataclass
from uuid import uuid4

import psycopg
import pytest
from psycopg import sql
from psycopg.conninfo import conninfo_to_dict

from fairness_audit.deploy.databases import main, make_databases
from fairness_audit.errors import SettingsError

_LIBPQ = {"host": "PGHOST", "port": "PGPORT", "user": "PGUSER", "password": "PGPASSWORD"}


@dataclass(frozen=True)
class Room:
    """A server, and names of a role and a database that only this test uses."""

    server: str
    name: str

    def address(self, password: str) -> dict[str, str]:
        return {"LEDGER": f"postgresql+psycopg://{self.name}:{password}@ignored/{self.name}"}

    def ask(self, query: str) -> list[tuple[object, ...]]:
        with psycopg.connect(self.server) as connection:
            return connection.execute(query.encode(), (self.name,)).fetchall()

    @property
    def verifier(self) -> str:
        ((found,),) = self.ask("SELECT rolpassword FROM pg_authid WHERE rolname = %s")
        return str(found)


@pytest.fixture
def room(postgres_server: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Room]:
    given = conninfo_to_dict(postgres_server)
    for part, variable in _LIBPQ.items():
        if given.get(part):
            monkeypatch.setenv(variable, str(given[part]))
    name = f"room_{uuid4().hex}"
    yield Room(postgres_server, name)
    with psycopg.connect(postgres_server, autocommit=True) as connection:
        for kind in ("DATABASE", "ROLE"):
            connection.execute(
                sql.SQL("DROP {} IF EXISTS {}").format(sql.SQL(kind), sql.Identifier(name))
            )


def test_role_and_database_are_made(room: Room) -> None:
    assert make_databases(room.address("one"), ["LEDGER"]) == [room.name]
    owned = room.ask(
        "SELECT pg_get_userbyid(datdba), datacl::TEXT FROM pg_database WHERE datname = %s"
    )
    assert owned == [(room.name, f"{{{room.name}=CTc/{room.name}}}")], "the owner's alone"
    assert room.ask("SELECT rolcanlogin, rolsuper FROM pg_roles WHERE rolname = %s") == [
        (True, False)
    ]


def test_the_server_never_gets_the_password_itself(room: Room) -> None:
    make_databases(room.address("one"), ["LEDGER"])
    assert room.verifier.startswith("SCRAM-SHA-256$")


def test_again_keeps_the_data_and_renews_the_password(room: Room) -> None:
    make_databases(room.address("one"), ["LEDGER"])
    before = room.verifier
    inside = psycopg.conninfo.make_conninfo(room.server, dbname=room.name)
    with psycopg.connect(inside) as connection:
        connection.execute("CREATE TABLE record (id INTEGER)")
    make_databases(room.address("two"), ["LEDGER"])
    assert room.verifier != before
    with psycopg.connect(inside) as connection:
        assert connection.execute("SELECT to_regclass('record')").fetchone() == ("record",)


@pytest.mark.parametrize(
    ("address", "fault"),
    [
        ("", "LEDGER: not the address of a database"),
        ("no address: secret", "LEDGER: not the address of a database"),
        ("postgresql://role@host/db", "LEDGER: the address has no password"),
        ("postgresql://role:@host/db", "LEDGER: the address has no password"),
        ("postgresql://:secret@host", "LEDGER: the address has no username and no database"),
    ],
)
def test_an_address_that_is_not_whole_is_refused(address: str, fault: str) -> None:
    with pytest.raises(SettingsError, match=f"^{fault}") as raised:
        make_databases({"LEDGER": address}, ["LEDGER"])
    assert "secret" not in str(raised.value)


def test_a_server_that_does_not_answer_is_named(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("PGHOST", "127.0.0.1")
    monkeypatch.setenv("PGPORT", "1")
    monkeypatch.setenv("LEDGER", "postgresql://role:secret@host/db")
    assert main(["LEDGER"]) == 2
    told = capsys.readouterr().err
    assert told.startswith("PGHOST: the databases cannot be made")
    assert "secret" not in told
