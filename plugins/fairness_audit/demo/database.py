"""The sample in PostgreSQL: replaced as a whole, and marked only when it is complete."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

import psycopg
import pyarrow as pa
from adbc_driver_postgresql import dbapi

from fairness_audit.demo.recipe import Recipe, generator_digest
from fairness_audit.errors import SourceError

_FOLDER = Path(__file__).parent

_SCHEMAS_OF_OTHERS = """
SELECT nspname
FROM pg_namespace
WHERE
    nspname IN ('crm', 'survey', 'ml', 'sample')
    AND to_regclass('sample.prepared') IS NULL
ORDER BY nspname
"""


class NamedTable(NamedTuple):
    """Rows for one table; several of the same name follow each other into it."""

    schema: str
    name: str
    rows: pa.Table


def replace_sample(uri: str, recipe: Recipe, tables: Iterable[NamedTable]) -> dict[str, int]:
    """Replace whatever sample the database holds; return the rows per table.

    An interrupted load leaves no mark, so the next one starts over.

    Raises:
        SourceError: when the database cannot be reached or written, or holds schemas by the
            sample's names that are not the sample's.
    """
    with _told("written"):
        _refuse_a_real_crm(uri)
        _execute(uri, _FOLDER / "schema.sql")
        rows = _ingest(uri, tables)
        _execute(uri, _FOLDER / "keys.sql")
        _mark(uri, recipe)
    return rows


def holds_sample(uri: str, recipe: Recipe) -> bool:
    """True if the database holds the complete sample of exactly this recipe.

    Raises:
        SourceError: when the database cannot be reached.
    """
    with _told("read"), psycopg.connect(uri) as connection:
        found = connection.execute("SELECT to_regclass('sample.prepared')").fetchone()
        if found is None or found[0] is None:
            return False
        row = connection.execute("SELECT fingerprint FROM sample.prepared").fetchone()
    return row is not None and row[0] == recipe.fingerprint


@contextmanager
def _told(done: str) -> Iterator[None]:
    try:
        yield
    except (psycopg.Error, dbapi.Error) as error:
        if isinstance(error, psycopg.ProgrammingError) and error.sqlstate is None:
            # Without its cause, which quotes the address and a password in it.
            raise SourceError(
                "the address of the sample CRM cannot be read (write"
                " postgresql://login:password@host:5432/database, special characters as %xx)"
            ) from None
        raise SourceError(
            f"the sample CRM cannot be {done}: {error} (check the address, and that its role may"
            " create schemas)"
        ) from error


def _refuse_a_real_crm(uri: str) -> None:
    with psycopg.connect(uri) as connection:
        found = connection.execute(_SCHEMAS_OF_OTHERS).fetchall()
    if found:
        names = ", ".join(row[0] for row in found)
        raise SourceError(
            f"the database already has schemas that the sample would replace: {names} (give the"
            " sample a database of its own)"
        )


def _execute(uri: str, file: Path) -> None:
    with psycopg.connect(uri) as connection:
        connection.execute(file.read_bytes())


def _ingest(uri: str, tables: Iterable[NamedTable]) -> dict[str, int]:
    rows: dict[str, int] = {}
    with dbapi.connect(uri) as connection, connection.cursor() as cursor:
        for table in tables:
            cursor.adbc_ingest(table.name, table.rows, mode="append", db_schema_name=table.schema)
            full_name = f"{table.schema}.{table.name}"
            rows[full_name] = rows.get(full_name, 0) + table.rows.num_rows
        connection.commit()
    return rows


def _mark(uri: str, recipe: Recipe) -> None:
    with psycopg.connect(uri) as connection:
        connection.execute(
            "INSERT INTO sample.prepared (generator_version, leads, seed, biases, fingerprint)"
            " VALUES (%s, %s, %s, %s, %s)",
            (
                generator_digest(),
                recipe.leads,
                recipe.seed,
                ", ".join(each.name for each in recipe.biases) or "none",
                recipe.fingerprint,
            ),
        )
