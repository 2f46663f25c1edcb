"""Databases of their own for tests, on one PostgreSQL server for all who ask at once."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit
from uuid import uuid4

import psycopg
from psycopg import sql

from fairness_audit.demo.services import pgserver


def running_postgres(folder: Path) -> str:
    """URI of the server of a folder, which the first who asks starts; nobody's end stops it."""
    return str(pgserver().get_server(folder, cleanup_mode=None).get_uri())


@contextmanager
def fresh_database(server: str) -> Iterator[str]:
    """Yield the URI of a new empty database on a server; drop it afterwards."""
    name = f"test_{uuid4().hex}"
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
    try:
        yield urlsplit(server)._replace(path=f"/{name}").geturl()
    finally:
        with psycopg.connect(server, autocommit=True) as connection:
            connection.execute(
                sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name))
            )
