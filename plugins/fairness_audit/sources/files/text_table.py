"""One file of text: CSV, or JSON with an object per row. It says of no value what it is.

What is counted is read by Python's own reader, which is strict, and what is copied of CSV by
Arrow's, which is fast: they must agree.
"""

from collections.abc import Callable, Iterator

import duckdb
import pyarrow as pa
from duckdb import ColumnExpression

from fairness_audit.errors import SourceError, TabularError
from fairness_audit.sources import Count, Field, Page, Scope, TableError
from fairness_audit.sources.files.engine_table import worded
from fairness_audit.sources.paging import in_pages
from fairness_audit.tabular.csv_file import CsvFile
from fairness_audit.tabular.dialect import Dialect
from fairness_audit.tabular.json_file import JsonFile

_ROWS = 8192


class TextTable:
    """The rows of one file, all of whose columns are text."""

    is_ordered = True

    def __init__(
        self,
        file: CsvFile | JsonFile,
        connection: duckdb.DuckDBPyConnection,
        check: Callable[[], None],
    ) -> None:
        self._file = file
        self._connection = connection
        self._check = check
        self.fields = {name: Field("text", pa.string(), readable=True) for name in file.names}

    def count(self, wanted: Scope) -> Count:
        """Count the rows; each row of CSV has as many cells as the header."""
        self._refuse_window(wanted)
        with worded(str(self._file.path)):
            return Count(self._file.count(), 0, {})

    def pages(self, wanted: Scope, resume: str | None = None) -> Iterator[Page]:
        """Give the rows in the order of the key; a reading cannot be taken up again."""
        self._refuse_window(wanted)
        schema = pa.schema([(name, pa.string()) for name in wanted.columns])
        with worded(str(self._file.path)), self._file.reader() as reader:
            rows = self._connection.from_arrow(reader)
            # By place: DuckDB calls what differs in case only otherwise.
            known = dict(zip(self.fields, map(ColumnExpression, rows.columns), strict=True))
            rows = rows.sort(*(known[name] for name in wanted.keys))
            rows = rows.select(*(known[name] for name in wanted.columns))
            for page in in_pages(rows.to_arrow_reader(_ROWS)):
                yield Page(pa.RecordBatch.from_arrays(page.batch.columns, schema=schema))
        self._check()

    def _refuse_window(self, wanted: Scope) -> None:
        if wanted.window is not None:
            raise TableError(
                f"{self._file.path}: column {wanted.window.column!r} is text, as all of a CSV or"
                " JSON file (remove window_on and modified_on, or write the table as Parquet)"
            )


def checked(dialect: Dialect | None) -> Dialect:
    """How text files are said to be written.

    Raises:
        SourceError: no file can be written so.
    """
    said = dialect or Dialect()
    try:
        said.check()
    except TabularError as error:
        raise SourceError(str(error)) from None
    return said
