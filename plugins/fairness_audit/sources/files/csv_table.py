"""One CSV file. Everything in it is text, for a CSV file says of no value what it is.

An empty cell is missing, a quoted empty cell is an empty text. What is counted is read by Python's
own reader, which is strict, and what is copied by Arrow's, which is fast: they must agree.
"""

import csv
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import duckdb
import pyarrow as pa
import pyarrow.csv as pc
from duckdb import ColumnExpression

from fairness_audit.errors import SourceError
from fairness_audit.sources import Count, Field, Page, Scope, TableError
from fairness_audit.sources.files.engine_table import worded
from fairness_audit.sources.paging import in_pages

_ROWS = 8192
_LONGEST_ROW = 32 << 20


class Dialect(NamedTuple):
    """How the CSV files of a folder are written."""

    delimiter: str = ","
    encoding: str = "utf-8"

    def check(self) -> None:
        """Raise a :class:`SourceError` if no file can be written so."""
        if len(self.delimiter) != 1 or self.delimiter in '"\r\n':
            raise SourceError(f"{self.delimiter!r} is no delimiter (write one character)")
        try:
            "a,b".encode(self.encoding)  # some codecs are none of texts
        except (LookupError, ValueError):
            raise SourceError(
                f"{self.encoding!r} is no encoding (write utf-8, latin-1, cp1252, …)"
            ) from None

    @property
    def without_mark(self) -> str:
        """The encoding, a byte order mark left out."""
        return "utf-8-sig" if self.encoding.lower() in ("utf-8", "utf8") else self.encoding


class CsvTable:
    """The rows below the header of one file."""

    is_ordered = True

    def __init__(
        self,
        path: Path,
        dialect: Dialect,
        connection: duckdb.DuckDBPyConnection,
        check: Callable[[], None],
    ) -> None:
        self._path = path
        self._dialect = dialect
        self._connection = connection
        self._check = check
        header = next(self._rows(), [])
        if not header:
            raise TableError(f"{path} has no header (its first row names the columns)")
        repeated = _repeated(header)
        if repeated:
            raise TableError(f"{path}: columns are named twice: {repeated} (name each once)")
        self.fields = {name: Field("text", pa.string(), readable=True) for name in header}

    def count(self, wanted: Scope) -> Count:
        """Count the rows; each has as many cells as the header."""
        self._refuse_window(wanted)
        width = len(self.fields)
        rows = 0
        for number, cells in enumerate(self._rows(), start=1):
            is_blank = not cells
            if is_blank and width > 1:
                continue
            if len(cells) != width and not is_blank:
                raise self._uneven(number, width, len(cells))
            rows += 1
        return Count(rows - 1, 0, {})

    def pages(self, wanted: Scope, resume: str | None = None) -> Iterator[Page]:
        """Give the rows in the order of the key; a reading cannot be taken up again."""
        self._refuse_window(wanted)
        uneven: list[Any] = []
        try:
            with worded(str(self._path)):
                reader = self._arrow_reader(uneven)
                rows = self._connection.from_arrow(reader)
                # By place: DuckDB calls what differs in case only otherwise.
                known = dict(zip(self.fields, map(ColumnExpression, rows.columns), strict=True))
                rows = rows.sort(*(known[name] for name in wanted.keys))
                rows = rows.select(*(known[name] for name in wanted.columns))
                schema = pa.schema([(name, pa.string()) for name in wanted.columns])
                for page in in_pages(rows.to_arrow_reader(_ROWS)):
                    yield Page(pa.RecordBatch.from_arrays(page.batch.columns, schema=schema))
        except SourceError:
            if uneven:
                row = uneven[0]
                raise self._uneven(row.number, row.expected_columns, row.actual_columns) from None
            raise
        self._check()

    def _arrow_reader(self, uneven: list[Any]) -> pa.RecordBatchReader:
        def refuse(row: Any) -> str:
            uneven.append(row)
            return "error"

        return pc.open_csv(
            self._path,
            read_options=pc.ReadOptions(
                use_threads=False, block_size=_LONGEST_ROW, encoding=self._dialect.encoding
            ),
            parse_options=pc.ParseOptions(
                delimiter=self._dialect.delimiter,
                newlines_in_values=True,
                # In a file of one column an empty line is a row.
                ignore_empty_lines=len(self.fields) > 1,
                invalid_row_handler=refuse,
            ),
            convert_options=pc.ConvertOptions(
                column_types=dict.fromkeys(self.fields, pa.string()),
                strings_can_be_null=True,
                quoted_strings_can_be_null=False,
                null_values=[""],
            ),
        )

    def _rows(self) -> Iterator[list[str]]:
        """The cells of each row, the header first."""
        number = 0
        longest = csv.field_size_limit(_LONGEST_ROW)
        try:
            with self._path.open(encoding=self._dialect.without_mark, newline="") as file:
                for cells in csv.reader(file, delimiter=self._dialect.delimiter, strict=True):
                    number += 1
                    yield cells
        except UnicodeError:
            raise SourceError(
                f"{self._path}: row {number + 1} or one soon after is not {self._dialect.encoding}"
                " (save the file as UTF-8, or give the connection the extra encoding)"
            ) from None
        except csv.Error:
            raise SourceError(
                f"{self._path}: row {number + 1}: a quote is not closed, or more than"
                f" {_LONGEST_ROW >> 20} MiB are between two (double the quotes within a quoted"
                " cell)"
            ) from None
        except OSError as error:
            raise SourceError(f"{self._path}: {error.strerror} (let this user read it)") from None
        finally:
            csv.field_size_limit(longest)

    def _uneven(self, number: int | None, width: int, cells: int) -> SourceError:
        where = f"row {number}" if number else "a row"
        return SourceError(
            f"{self._path}: {where}, the header counted, has {cells} cells and the header {width}"
            " (quote cells that hold the delimiter, and write a cell for each column)"
        )

    def _refuse_window(self, wanted: Scope) -> None:
        if wanted.window is not None:
            raise TableError(
                f"{self._path}: column {wanted.window.column!r} is text, as all of a CSV file"
                " (remove window_on and modified_on, or write the table as Parquet)"
            )


def _repeated(header: list[str]) -> list[str]:
    return sorted(name for name, times in Counter(header).items() if times > 1)
