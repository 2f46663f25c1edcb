"""One table that DuckDB reads: a Parquet file, or a table or view of a DuckDB file."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from types import MappingProxyType

import duckdb
import pyarrow as pa
from duckdb import (
    CaseExpression,
    ColumnExpression,
    ConstantExpression,
    Expression,
    FunctionExpression,
)

from fairness_audit.errors import SourceError, TabularError
from fairness_audit.sources import Count, Field, Page, Scope
from fairness_audit.sources.files.engine_types import Reading, is_fit, is_within
from fairness_audit.sources.paging import in_pages

_ROWS = 8192

FAULTS = (duckdb.Error, pa.ArrowException, OSError, UnicodeDecodeError)
"""What reading a file with DuckDB or Arrow can end with."""


@contextmanager
def worded(place: str) -> Iterator[None]:
    """The faults of DuckDB and Arrow, whose own words can quote rows, in an operator's."""
    try:
        yield
    except TabularError as error:
        raise SourceError(str(error)) from None
    except duckdb.OutOfMemoryException:
        raise SourceError(
            f"{place}: memory or disk space ran out while sorting its rows (free some space in"
            " the folder for temporary files, or split the table)"
        ) from None
    except FAULTS as error:
        raise SourceError(
            f"{place}: cannot be read to its end, {type(error).__name__} (write the file anew, or"
            " mend its rows; the details can quote rows, so they are not repeated here)"
        ) from None


class EngineTable:
    """A table by its relation.

    ``readings`` and ``fields`` have its columns in their order, by the names they are published
    under: DuckDB calls what differs in case only otherwise. ``lossy`` are columns that it would
    round; ``cut`` counts, per column of which it would round some values, how many.
    """

    is_ordered = True

    def __init__(
        self,
        place: str,
        relation: duckdb.DuckDBPyRelation,
        readings: Mapping[str, Reading],
        fields: Mapping[str, Field],
        lossy: frozenset[str] = frozenset(),
        cut: Mapping[str, Callable[[], int]] = MappingProxyType({}),
        check: Callable[[], None] = lambda: None,
    ) -> None:
        self._place = place
        self._relation = relation
        self._readings = readings
        self._columns = dict(zip(readings, map(ColumnExpression, relation.columns), strict=True))
        self.fields = fields
        self._lossy, self._cut = lossy, cut
        self._check = check

    def count(self, wanted: Scope) -> Count:
        """Count the wanted rows, the undated ones and the infinite moments."""
        self._check_types(wanted)
        with worded(self._place):
            undated = 0
            if wanted.window is not None:
                rows, fit = self._numbers(self._relation, [wanted.window.column])
                undated = rows - fit[0]
            moments = [name for name in wanted.columns if self._readings[name].moment]
            within = self._within(wanted)
            rows, filled_and_fit = self._numbers(within, moments, with_filled=True)
            cut = {name: self._cut[name]() for name in moments if name in self._cut}
        fits = filled_and_fit[: len(moments)]
        filled = filled_and_fit[len(moments) :]
        unfit = {
            name: known - fit + cut.get(name, 0)
            for name, known, fit in zip(moments, filled, fits, strict=True)
        }
        return Count(rows, undated, unfit)

    def pages(self, wanted: Scope, resume: str | None = None) -> Iterator[Page]:
        """Stream the wanted rows in the order of the key; a stream cannot be taken up again."""
        self._check_types(wanted)
        schema = pa.schema([(name, self.fields[name].arrow_type) for name in wanted.columns])
        with worded(self._place):
            rows = self._within(wanted).sort(*map(self._selected, wanted.keys))
            batches = rows.select(*map(self._selected, wanted.columns)).to_arrow_reader(_ROWS)
            yield from in_pages(_as_schema(batch, schema) for batch in batches)
        self._check()

    def _selected(self, name: str) -> Expression:
        return self._readings[name].expression(self._columns[name])

    def _within(self, wanted: Scope) -> duckdb.DuckDBPyRelation:
        if wanted.window is None:
            return self._relation
        reading = self._readings[wanted.window.column]
        moment = self._moment(wanted.window.column)
        return self._relation.filter(is_within(moment, reading, wanted.window))

    def _numbers(
        self, relation: duckdb.DuckDBPyRelation, moments: list[str], *, with_filled: bool = False
    ) -> tuple[int, list[int]]:
        """Rows, then the fit values of each column, then perhaps the values that are known."""
        one = ConstantExpression(1)
        counts = [
            FunctionExpression(
                "count", CaseExpression(is_fit(self._moment(name), self._readings[name]), one)
            )
            for name in moments
        ]
        if with_filled:
            counts += [FunctionExpression("count", self._columns[name]) for name in moments]
        rows, *numbers = relation.aggregate([FunctionExpression("count"), *counts]).fetchall()[0]
        return rows, numbers

    def _moment(self, name: str) -> Expression:
        moment = self._readings[name].moment
        if moment is None:
            raise SourceError(f"column {name!r} is no time (name a timestamp or date column)")
        return moment(self._columns[name])

    def _check_types(self, wanted: Scope) -> None:
        for name in wanted.columns:
            if name in self._lossy:
                raise SourceError(
                    f"{self._place}: column {name!r} is {self.fields[name].source_type}, which"
                    " would be rounded (write it with at most 38 digits, or as text)"
                )


def _as_schema(batch: pa.RecordBatch, schema: pa.Schema) -> pa.RecordBatch:
    columns = [column.cast(each.type) for column, each in zip(batch.columns, schema, strict=True)]
    return pa.RecordBatch.from_arrays(columns, schema=schema)
