"""Names of the CRM's in statements that SQLAlchemy makes: always quoted, whatever is in them.

PostgreSQL's names are psycopg's identifiers, and DuckDB's columns are taken by their place.
"""

from typing import Any

from sqlalchemy import ColumnElement, TableClause, column, table
from sqlalchemy.sql.elements import quoted_name

Column = ColumnElement[Any]


def quoted(name: str) -> quoted_name:
    """A name that is quoted, though it be a plain word."""
    return quoted_name(name, quote=True)


def a_column(name: str) -> Column:
    """A column by its name."""
    return column(quoted(name))


def a_table(name: str, schema: str | None = None) -> TableClause:
    """A table, or a view, by its name, in a schema by its name."""
    return table(quoted(name), schema=None if schema is None else quoted(schema))
