"""Where CRM rows come from: a source, held still at one moment, read table by table.

A source knows its own catalogue, types and faults. What is read, and whether the counts agree, is
the extract step's business.
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
    """One table cannot be read as the policy asks; the others may be."""


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
class Selection:
    """What leaves one table: these columns, ordered by ``key``, in this window (None: all)."""

    columns: tuple[str, ...]
    key: str
    window: Window | None


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


class Table(Protocol):
    """One table of a source that is held still."""

    @property
    def fields(self) -> Mapping[str, Field]:
        """Every column the catalogue declares, in its order."""

    def count(self, wanted: Selection) -> Count:
        """Count what :meth:`batches` is going to give."""

    def batches(self, wanted: Selection) -> "Iterator[pa.RecordBatch]":
        """Give the rows in batches of bounded size, typed as :attr:`fields` says."""


class FrozenSource(Protocol):
    """A source whose tables are all seen as of one moment."""

    @property
    def taken_at(self) -> datetime:
        """That moment, by the source's clock."""

    def table(self, schema: str, name: str) -> Table:
        """Find one table.

        Raises:
            TableError: when it is not there, or this login does not see all of its rows.
        """


class Source(Protocol):
    """A CRM. Every error is a :class:`SourceError` that repeats no secret and no row."""

    def frozen(self) -> AbstractContextManager[FrozenSource]:
        """Open the source and hold it still until the context ends."""
