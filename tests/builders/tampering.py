"""Somebody with every right over the ledger's database writes to it."""

from sqlalchemy import NullPool, create_engine, text

from fairness_audit.ledger.append_only import TRIGGERS

TABLE = "fairness_audit_ledger"


def tamper(address: str, *statements: str) -> None:
    """Drop what keeps the ledger append-only, as its owner can, and run the statements."""
    with create_engine(address, poolclass=NullPool).begin() as connection:
        on = f" ON {TABLE}" if connection.dialect.name == "postgresql" else ""
        for trigger in TRIGGERS:
            connection.execute(text(f"DROP TRIGGER IF EXISTS {trigger}{on}"))
        for statement in statements:
            connection.execute(text(statement))
