"""Makes PostgreSQL roles and databases: ``python -m fairness_audit.deploy.databases VARIABLE...``.

Each environment variable named holds the SQLAlchemy address of one database. Its role and the
database are made where they are missing, and the role's password is brought up to date; safe to
run at every start. The server and its administrator are those of libpq's own variables
(``PGHOST``, ``PGPORT``, ``PGUSER``, ``PGPASSWORD``).

Each service has a role and a database of its own, so that a password that leaks opens one room
and not the house. Where several roles use one database, the first that is named owns it.
"""

import os
import sys
from collections.abc import Mapping, Sequence

import psycopg
from psycopg import sql
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError

from fairness_audit.errors import AuditError, SettingsError


def make_databases(environment: Mapping[str, str], variables: Sequence[str]) -> list[str]:
    """Make the role and database of the address in each of the variables; name the databases.

    Raises:
        SettingsError: when a variable holds no full address, or the server cannot be reached, or
            does not let its administrator in. No message repeats an address: a password may be
            in it.
    """
    urls = [_address(variable, environment.get(variable, "")) for variable in variables]
    try:
        with psycopg.connect(dbname="postgres", autocommit=True) as server:
            for url in urls:
                _make(server, str(url.username), str(url.password), str(url.database))
    except psycopg.Error as error:
        raise SettingsError(
            f"PGHOST: the databases cannot be made: {error} (check PGHOST, PGUSER and PGPASSWORD,"
            " and that this user may create roles and databases)"
        ) from error
    return [str(url.database) for url in urls]


def _address(variable: str, text: str) -> URL:
    try:
        url = make_url(text)
    except ArgumentError as error:
        raise SettingsError(
            f"{variable}: not the address of a database"
            " (write postgresql+psycopg://role:password@host/database)"
        ) from error
    missing = [part for part in ("username", "password", "database") if not getattr(url, part)]
    if missing:
        raise SettingsError(f"{variable}: the address has no {' and no '.join(missing)} (add it)")
    return url


def _make(server: "psycopg.Connection[object]", role: str, password: str, database: str) -> None:
    named = {"role": sql.Identifier(role), "database": sql.Identifier(database)}
    if not _exists(server, b"SELECT FROM pg_roles WHERE rolname = %s", role):
        server.execute(sql.SQL("CREATE ROLE {role}").format(**named))
    # The server is given a SCRAM verifier, so that the password itself is in no log of it.
    verifier = server.pgconn.encrypt_password(
        password.encode(), role.encode(), b"scram-sha-256"
    ).decode()
    server.execute(
        sql.SQL("ALTER ROLE {role} LOGIN PASSWORD {verifier}").format(
            **named, verifier=sql.Literal(verifier)
        )
    )
    if not _exists(server, b"SELECT FROM pg_database WHERE datname = %s", database):
        server.execute(sql.SQL("CREATE DATABASE {database} OWNER {role}").format(**named))
    server.execute(sql.SQL("REVOKE ALL ON DATABASE {database} FROM PUBLIC").format(**named))
    server.execute(sql.SQL("GRANT CONNECT ON DATABASE {database} TO {role}").format(**named))


def _exists(server: "psycopg.Connection[object]", query: bytes, name: str) -> bool:
    return server.execute(query, (name,)).fetchone() is not None


def main(variables: Sequence[str]) -> int:
    """Make the databases that these environment variables name; 0 when all are there."""
    try:
        for name in make_databases(os.environ, variables):
            print(f"database {name} is ready", flush=True)
    except AuditError as error:
        print(error, file=sys.stderr)
        return error.exit_code
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
