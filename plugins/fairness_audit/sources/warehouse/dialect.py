"""What differs from one warehouse to the next; all else is shared."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import pyarrow as pa
from sqlalchemy.engine.default import DefaultDialect
from sqlalchemy.sql.compiler import IdentifierPreparer, SQLCompiler

from fairness_audit.sources.quoting import Column

LARGEST_DECIMAL = 38


def itself(column: Column) -> Column:
    """Read a column as the driver gives it."""
    return column


@dataclass(frozen=True)
class Reading:
    """How one column is selected, and what makes a value unfit for its Arrow type."""

    arrow_type: pa.DataType
    expression: Callable[[Column], Column] = itself
    unfit: Callable[[Column], Column] | None = None

    @property
    def is_text(self) -> bool:
        """True if the values arrive as text, and so are sorted as text."""
        return bool(pa.types.is_string(self.arrow_type))


class _Compiler(SQLCompiler):
    """Writes the hint of a table, here the moment it is read as of, behind its name."""

    def get_from_hint_text(self, table: Any, text: str | None) -> str | None:
        return text


class _Backticks(IdentifierPreparer):
    """Names between backticks, with the escapes of a text."""

    def quote_identifier(self, value: str) -> str:
        return "`" + value.replace("\\", "\\\\").replace("`", "\\`") + "`"


def grammar(paramstyle: Any, *, with_backticks: bool = False) -> DefaultDialect:
    """Standard SQL; names are quoted by double quotes, or else by backticks."""
    made = DefaultDialect(paramstyle=paramstyle)
    made.statement_compiler = _Compiler
    if with_backticks:
        made.identifier_preparer = _Backticks(made)
    return made


@dataclass(frozen=True)
class Dialect:
    """One kind of warehouse.

    ``extra`` is the optional dependency that brings ``driver``. ``moment`` gives the microseconds
    since 1970, ``resolution`` how many of them time travel tells apart. ``still`` are the kinds of
    relation, as the catalogue calls them, that ``as_of`` holds still. ``zoned`` and ``unzoned``
    are names of types, ``described`` the catalogue's columns that ``reading_of`` takes.
    """

    name: str
    driver: str
    extra: str
    grammar: DefaultDialect
    preparation: tuple[str, ...]
    moment: str
    still: frozenset[str]
    zoned: str
    unzoned: str
    described: tuple[str, ...]
    reading_of: Callable[..., Reading]
    bytes_of: Callable[[Column], Column]
    catalogue_of: Callable[[str, str], tuple[str, ...]]
    as_of: Callable[[datetime], str] | None
    is_ordered: bool
    resolution: int = 1
