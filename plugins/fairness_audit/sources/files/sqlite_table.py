"""One table of a SQLite file, every value held against the type its column declares."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, date, datetime, time
from typing import Any

import pyarrow as pa
from sqlalchemy import Connection, Select, select

from fairness_audit.errors import SourceError
from fairness_audit.sources import Count, Field, Page, Scope, Window
from fairness_audit.sources.files.sqlite_faults import worded
from fairness_audit.sources.files.sqlite_types import Reading, UnfitError
from fairness_audit.sources.paging import in_pages
from fairness_audit.sources.quoting import a_column, a_table

_ROWS = 1000

Row = Sequence[Any]


class SqliteTable:
    """A table or view."""

    is_ordered = True

    def __init__(
        self,
        connection: Connection,
        place: str,
        name: str,
        declared: Mapping[str, str],
        readings: Mapping[str, Reading],
    ) -> None:
        self._connection = connection
        self._place = place
        self._name = name
        self._readings = readings
        self.fields = {
            each: Field(declared[each] or "none", reading.arrow_type, readable=True)
            for each, reading in readings.items()
        }

    def count(self, wanted: Scope) -> Count:
        """Count the wanted rows, the undated ones and the values of another type than declared."""
        rows, undated, unfit = 0, 0, Counter(dict.fromkeys(wanted.columns, 0))
        for chunk in self._chunks(wanted):
            for row in chunk:
                moment = self._moment(row, wanted.window)
                if wanted.window is not None and moment is None:
                    undated += 1
                if not _is_within(moment, wanted.window):
                    continue
                rows += 1
                for name, value in zip(wanted.columns, row, strict=False):
                    unfit[name] += not self._is_fit(name, value)
        return Count(rows, undated, dict(unfit))

    def pages(self, wanted: Scope, resume: str | None = None) -> Iterator[Page]:
        """Give the rows in the order of the key; a reading cannot be taken up again."""
        yield from in_pages(self._batch(wanted, chunk) for chunk in self._chunks(wanted))

    def _batch(self, wanted: Scope, chunk: Sequence[Row]) -> pa.RecordBatch:
        kept = [
            row for row in chunk if _is_within(self._moment(row, wanted.window), wanted.window)
        ]
        try:
            arrays = [
                pa.array(
                    [self._readings[name].of(row[index]) for row in kept],
                    self._readings[name].arrow_type,
                )
                for index, name in enumerate(wanted.columns)
            ]
        except (UnfitError, pa.ArrowException, UnicodeError):
            # Without its cause, which can quote the value.
            raise SourceError(
                f"{self._place}: a value does not fit the type its column declares (mend the"
                " rows, or give the policy a view that leaves them out)"
            ) from None
        return pa.record_batch(arrays, names=list(wanted.columns))

    def _chunks(self, wanted: Scope) -> Iterator[Sequence[Row]]:
        """The columns, and the window's stamp as the last of them."""
        with (
            worded(self._place),
            self._connection.execute(
                self._statement(wanted), execution_options={"yield_per": _ROWS}
            ) as result,
        ):
            yield from result.partitions()

    def _statement(self, wanted: Scope) -> Select[Any]:
        stamp = [wanted.window.column] if wanted.window else []
        columns: list[Any] = [
            a_column(name).label(f"c{index}")
            for index, name in enumerate([*wanted.columns, *stamp])
        ]
        # Bytes order alike everywhere, whatever collation the column has.
        order = [a_column(name).collate("BINARY") for name in wanted.keys]
        return select(*columns).select_from(a_table(self._name)).order_by(*order)

    def _moment(self, row: Row, window: Window | None) -> datetime | None:
        if window is None:
            return None
        try:
            value = self._readings[window.column].of(row[-1])
        except UnfitError:
            return None
        if isinstance(value, date) and not isinstance(value, datetime):
            return datetime.combine(value, time.min)
        return value if isinstance(value, datetime) else None

    def _is_fit(self, name: str, value: Any) -> bool:
        try:
            self._readings[name].of(value)
        except UnfitError:
            return False
        return True


def _is_within(moment: datetime | None, window: Window | None) -> bool:
    if window is None:
        return True
    if moment is None:
        return False
    return _plain(window.start) <= moment < _plain(window.end)


def _plain(bound: datetime) -> datetime:
    return bound.astimezone(UTC).replace(tzinfo=None) if bound.tzinfo else bound
