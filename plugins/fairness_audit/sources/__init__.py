"""Where CRM rows come from, and which connection opens them.

A source is read table by table, as of one moment. It knows its own catalogue, types and faults.
What is read, and whether the counts agree, is the extract step's business. A database holds still
while it is read; the API of a CRM does not: there, what changed after that moment is left out,
and counts that differ are an error.
"""

from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Protocol

from fairness_audit.errors import SourceError

if TYPE_CHECKING:
    import pyarrow as pa


class TableError(SourceError):
    """Tables cannot be read as the policy asks, however often it is tried; others may be."""


class CursorExpired(SourceError):
    """The source no longer knows how to go on after a page: the reading begins anew."""


class RateLimited(SourceError):
    """The source asks to be left alone for longer than a task should sit and wait."""

    def __init__(self, message: str, retry_after: float) -> None:
        super().__init__(message)
        self.retry_after = retry_after


@dataclass(frozen=True)
class Field:
    """A column as the catalogue declares it, and as it arrives."""

    source_type: str
    arrow_type: "pa.DataType"
    readable: bool


@dataclass(frozen=True)
class Window:
    """Rows whose ``column`` lies in [``start``, ``end``); a stamp without a zone counts as UTC."""

    column: str
    start: datetime
    end: datetime


@dataclass(frozen=True)
class Scope:
    """What leaves one table: these columns, ordered by ``key``, in this window (None: all).

    A key of one column may be written as it is.
    """

    columns: tuple[str, ...]
    key: str | tuple[str, ...]
    window: Window | None

    @property
    def keys(self) -> tuple[str, ...]:
        """The columns of the key."""
        return (self.key,) if isinstance(self.key, str) else self.key


@dataclass(frozen=True)
class Count:
    """What a source says a selection holds.

    ``unfit`` has the number of values per column that its Arrow type cannot hold, such as an
    infinite timestamp; ``undated`` is the number of rows, in the whole table, that no window can
    ever contain because their stamp is NULL or infinite.
    """

    rows: int
    undated: int
    unfit: Mapping[str, int]


@dataclass(frozen=True)
class Page:
    """Rows of one reading, typed as the table's fields say.

    ``declared`` is how many rows the source said the page has, None if it does not say. ``cursor``
    is where to go on after the page, None if a reading cannot be taken up again.
    """

    batch: "pa.RecordBatch"
    declared: int | None = None
    cursor: str | None = None


class Table(Protocol):
    """One table of a source."""

    @property
    def is_ordered(self) -> bool:
        """True if the rows come in the order of the key; otherwise extract sorts them."""

    @property
    def fields(self) -> Mapping[str, Field]:
        """Every column the catalogue declares, in its order."""

    def count(self, wanted: Scope) -> Count:
        """Count what :meth:`pages` is going to give."""

    def pages(self, wanted: Scope, resume: str | None = None) -> "Iterator[Page]":
        """Give the rows in pages of bounded size; ``resume`` is the cursor of the last one read.

        Raises:
            CursorExpired: when the source no longer knows the cursor.
        """


class FrozenSource(Protocol):
    """A source whose tables are all read as of one moment."""

    @property
    def taken_at(self) -> datetime:
        """That moment, by the source's clock."""

    def table(self, schema: str | None, name: str) -> Table:
        """Find one table.

        Raises:
            TableError: when it is not there, or this login does not see all of its rows.
        """


class Source(Protocol):
    """A CRM. Every error is a :class:`SourceError` that repeats no secret and no row."""

    def frozen(self) -> AbstractContextManager[FrozenSource]:
        """Open the source; a database is held still until the context ends."""
