"""The ledger's table made append-only, as far as its database can.

Triggers refuse every change but the next record, to the table's owner too; on PostgreSQL they
also fire where a session has replication's rights. Who may drop them can still rewrite the table,
which the chain and the signed heads then show. So on PostgreSQL the owner should be a role that
no service uses: a writer may append, a reader may read, and neither may do more.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, LiteralString

from sqlalchemy import Connection, event, text

from fairness_audit.errors import LedgerError
from fairness_audit.ledger.table import ledger_table

if TYPE_CHECKING:
    from psycopg import sql

TRIGGERS: Final = frozenset(
    f"fairness_audit_ledger_{name}" for name in ("stays", "keeps", "follows")
)

_THERE = {
    "sqlite": "SELECT name FROM sqlite_master WHERE type = 'trigger' AND tbl_name = :table",
    "postgresql": (
        "SELECT tgname FROM pg_trigger"
        " WHERE tgrelid = to_regclass(:table) AND NOT tgisinternal AND tgenabled = 'A'"
    ),
}


Named = dict[str, "sql.Identifier"]

_READ: Final = "GRANT SELECT ON {table} TO {role}"
_APPEND: Final = "GRANT SELECT, INSERT ON {table} TO {role}"
_ENTER: Final = "GRANT USAGE ON SCHEMA {schema} TO {role}"


def protect(connection: Connection) -> None:
    """Make the triggers; again changes nothing."""
    for statement in _statements(connection.dialect.name):
        connection.exec_driver_sql(statement)


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
        "schema": sql.Identifier(
            connection.exec_driver_sql("SELECT current_schema()").scalar_one()
        ),
    }
    _run(connection, "REVOKE ALL ON {table} FROM PUBLIC", named)
    for roles, rights in ((readers, _READ), (writers, _APPEND)):
        for role in roles:
            _check_role(connection, role)
            for statement in ("REVOKE ALL ON {table} FROM {role}", rights, _ENTER):
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
