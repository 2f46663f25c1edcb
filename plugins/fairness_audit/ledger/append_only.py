"""The ledger's table made append-only, as far as its database can.

Triggers refuse every change but the next record, to the table's owner too: a row that names the
digest of the one before it, and is filed as what it carries. Whether that is signed no database
can tell. SQLite computes no digest, so it asks functions that our connections lend it, and takes
no row from any other. On PostgreSQL the triggers also fire where a session has replication's
rights. Who may drop them can still rewrite the table, which the chain and the signed heads then
show. So on PostgreSQL the owner should be a role that no service uses: a writer may append, a
reader may read, and neither may do more than hold the ledger's turn.
"""

from collections.abc import Sequence
from pathlib import Path
from sqlite3 import Connection as SqliteConnection
from typing import TYPE_CHECKING, Any, Final, LiteralString

from sqlalchemy import Connection, event, text

from fairness_audit.errors import LedgerError, RecordError
from fairness_audit.ledger.entry import content_of
from fairness_audit.ledger.table import ledger_table
from fairness_audit.records.signed.dsse import LARGEST, digest_of_envelope, unverified_record
from fairness_audit.records.signed.index import IndexRow

if TYPE_CHECKING:
    from psycopg import sql

TRIGGERS: Final = frozenset(
    f"fairness_audit_ledger_{name}" for name in ("stays", "keeps", "follows", "fits")
)

_THERE = {
    "sqlite": "SELECT name FROM sqlite_master WHERE type = 'trigger' AND tbl_name = :table",
    "postgresql": (
        "SELECT tgname FROM pg_trigger"
        " WHERE tgrelid = to_regclass(:table) AND NOT tgisinternal AND tgenabled = 'A'"
    ),
}


Named = dict[str, "sql.Identifier"]

_REVOKE: Final = "REVOKE ALL ON {table}, {turn} FROM {role}"
_READ: Final = "GRANT SELECT ON {table} TO {role}"
_APPEND: Final = "GRANT SELECT, INSERT ON {table} TO {role}"
_ENTER: Final = "GRANT USAGE ON SCHEMA {schema} TO {role}"
_HOLD: Final = "GRANT SELECT, UPDATE ON {turn} TO {role}"

TURN: Final = "fairness_audit_ledger_turn"
"""Table of PostgreSQL whose one row is locked by who appends, and shared by who holds."""


def protect(connection: Connection) -> None:
    """Make the triggers; again changes nothing."""
    for statement in _statements(connection.dialect.name):
        connection.exec_driver_sql(statement)


def lend_functions(connection: SqliteConnection) -> None:
    """Give SQLite what its triggers ask: a digest, and whether a row is filed as it is signed."""
    connection.create_function("fairness_audit_digest", 1, _digest, deterministic=True)
    connection.create_function("fairness_audit_is_filed", len(ledger_table.columns), _is_filed)


def _digest(envelope: object) -> str:
    return digest_of_envelope(content_of(envelope))


def _is_filed(*row: object) -> bool:
    *filed, envelope = row
    if not isinstance(envelope, str) or len(content := envelope.encode()) > LARGEST:
        return False
    try:
        return IndexRow.of(unverified_record(content)) == tuple(filed)
    except RecordError:
        return False


def protected_by(connection: Connection) -> frozenset[str]:
    """The triggers that are there and fire."""
    found = connection.execute(
        text(_THERE[connection.dialect.name]), {"table": ledger_table.name}
    ).scalars()
    return frozenset(found) & TRIGGERS


def grant(connection: Connection, *, writers: Sequence[str], readers: Sequence[str]) -> None:
    """Let roles of PostgreSQL append and read, or only read; everybody else nothing.

    Raises:
        LedgerError: when a role is not there, or the database has none.
    """
    if connection.dialect.name != "postgresql":
        raise LedgerError(
            "SQLite has no roles (leave --writer and --reader out; the file's owner may do all)"
        )
    from psycopg import sql

    named = {
        "table": sql.Identifier(ledger_table.name),
        "turn": sql.Identifier(TURN),
        "schema": sql.Identifier(
            connection.exec_driver_sql("SELECT current_schema()").scalar_one()
        ),
    }
    _run(connection, "REVOKE ALL ON {table} FROM PUBLIC", named)
    for roles, rights in ((readers, _READ), (writers, _APPEND)):
        for role in roles:
            _check_role(connection, role)
            for statement in (_REVOKE, rights, _ENTER, _HOLD):
                _run(connection, statement, named | {"role": sql.Identifier(role)})


def _run(connection: Connection, statement: LiteralString, named: Named) -> None:
    from psycopg import sql

    driver = connection.connection.driver_connection
    connection.exec_driver_sql(sql.SQL(statement).format(**named).as_string(driver))


def _check_role(connection: Connection, role: str) -> None:
    there = connection.execute(
        text("SELECT count(*) FROM pg_roles WHERE rolname = :role"), {"role": role}
    ).scalar_one()
    if not there:
        raise LedgerError(f"there is no role {role!r} in the ledger's database (make it first)")
    current = connection.exec_driver_sql("SELECT current_user").scalar_one()
    if role == current:
        raise LedgerError(
            f"{role!r} owns the ledger and may do all (let another role own it: run ledger init"
            " as that role, and name this one as writer)"
        )


def _statements(dialect: str) -> list[str]:
    file = Path(__file__).with_name(f"append_only_{dialect}.sql")
    return [each.strip() for each in file.read_text(encoding="utf-8").split("\n\n")]


@event.listens_for(ledger_table, "after_create")
def _protect_at_once(_: Any, connection: Connection, **__: Any) -> None:
    """Whoever makes the table makes it append-only."""
    protect(connection)
