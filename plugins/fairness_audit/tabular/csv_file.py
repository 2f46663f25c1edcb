"""One CSV file. Everything in it is text, for a CSV file says of no value what it is.

An empty cell is missing, a quoted empty cell is an empty text. Python's own reader is strict and
slow, Arrow's is fast; who needs both can hold one against the other.
"""

import csv
import io
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO

import pyarrow as pa
import pyarrow.csv as pc

from fairness_audit.errors import TabularError
from fairness_audit.tabular.dialect import Dialect
from fairness_audit.tabular.kind import unpacked, worded
from fairness_audit.tabular.names import named_once

_LONGEST_ROW = 32 << 20


class CsvFile:
    """The header of one file, and the rows below it.

    ``names`` are those of the columns, without blanks around them; columns whose header is empty,
    as spreadsheets and pandas add them, are left out.
    """

    def __init__(self, path: Path, said: Dialect, *, guess: bool = False) -> None:
        """Read the header.

        Raises:
            TabularError: there is none, or it names a column twice.
        """
        self.path = path
        self.written = said.of(path, guess=guess)
        header = next(self.rows(), [])
        if not any(cell.strip() for cell in header):
            raise TabularError(f"{path} has no header (its first row names the columns)")
        self.width = len(header)
        self._header = header
        named = {place: cell.removeprefix("\ufeff").strip() for place, cell in enumerate(header)}
        self._places = [place for place, name in named.items() if name]
        self.names = tuple(named[place] for place in self._places)
        self.has_blanks = any(cell.startswith(" ") and cell.strip() for cell in header)
        named_once(path, self.names)

    @property
    def notices(self) -> tuple[str, ...]:
        """What was taken for granted."""
        if not self.written.was_guessed:
            return ()
        return (f"not UTF-8, so it was read as {self.written.encoding} (--encoding says another)",)

    def rows(self) -> Iterator[list[str]]:
        """The cells of each row, the header first; a blank line has none."""
        number, longest = 0, csv.field_size_limit(_LONGEST_ROW)
        delimiter, encoding, skipped, _ = self.written
        try:
            with (
                worded(self.path),
                unpacked(self.path) as file,
                io.TextIOWrapper(file, encoding=encoding, newline="") as text,
            ):
                for _ in range(skipped):
                    text.readline()
                for cells in csv.reader(text, delimiter=delimiter, strict=True):
                    number += 1
                    yield cells
        except UnicodeError:
            raise self._not_encoded(number + 1) from None
        except csv.Error:
            raise TabularError(
                f"{self.path}: row {number + 1}: a quote is not closed, or more than"
                f" {_LONGEST_ROW >> 20} MiB are between two (double the quotes within a quoted"
                " cell)"
            ) from None
        finally:
            csv.field_size_limit(longest)

    def count(self) -> int:
        """How many rows there are below the header.

        Raises:
            TabularError: one has not as many cells as the header, or cannot be read.
        """
        rows = 0
        for number, cells in enumerate(self.rows(), start=1):
            is_blank = not cells
            if is_blank and self.width > 1:
                continue
            if len(cells) != self.width and not is_blank:
                raise self._uneven(number, len(cells))
            rows += 1
        return rows - 1

    @contextmanager
    def reader(self) -> Iterator[pa.RecordBatchReader]:
        """The columns of `names`, as text, by Arrow's reader.

        Raises:
            TabularError: while it is read, as `count` does.
        """
        uneven: list[Any] = []
        schema = pa.schema([(name, pa.string()) for name in self.names])

        def refuse(row: Any) -> str:
            uneven.append(row)
            return "error"

        def batches(found: pc.CSVStreamingReader) -> Iterator[pa.RecordBatch]:
            for batch in found:
                columns = [batch.column(place) for place in self._places]
                yield pa.RecordBatch.from_arrays(columns, schema=schema)

        try:
            with (
                worded(self.path),
                unpacked(self.path) as file,
                self._arrow(file, refuse) as found,
            ):
                yield pa.RecordBatchReader.from_batches(schema, batches(found))
        except Exception as error:
            if uneven:
                row = uneven[0]
                raise self._uneven(row.number, row.actual_columns) from None
            if isinstance(error, pa.ArrowException | UnicodeError):
                raise TabularError(
                    f"{self.path}: cannot be read to its end as {self._encoding} text (write it"
                    " anew as UTF-8, or say which encoding it has; the details can quote rows, so"
                    " they are not repeated here)"
                ) from None
            raise

    def _arrow(self, file: BinaryIO, refuse: Callable[[Any], str]) -> pc.CSVStreamingReader:
        # Of an open file: of a path Arrow would go by the name.
        return pc.open_csv(
            file,
            read_options=pc.ReadOptions(
                use_threads=False,
                block_size=_LONGEST_ROW,
                encoding=self._encoding,
                skip_rows=self.written.skipped,
            ),
            parse_options=pc.ParseOptions(
                delimiter=self.written.delimiter,
                newlines_in_values=True,
                # In a file of one column an empty line is a row.
                ignore_empty_lines=self.width > 1,
                invalid_row_handler=refuse,
            ),
            convert_options=pc.ConvertOptions(
                column_types=dict.fromkeys(self._header, pa.string()),
                strings_can_be_null=True,
                quoted_strings_can_be_null=False,
                null_values=[""],
            ),
        )

    @property
    def _encoding(self) -> str:
        return self.written.encoding.removesuffix("-sig")

    def _uneven(self, number: int | None, cells: int) -> TabularError:
        where = f"row {number}" if number else "a row"
        return TabularError(
            f"{self.path}: {where}, the header counted, has {cells} cells and the header"
            f" {self.width} (quote cells that hold the delimiter, and write a cell for each"
            " column)"
        )

    def _not_encoded(self, number: int) -> TabularError:
        return TabularError(
            f"{self.path}: row {number} or one soon after is not {self._encoding} (save the file"
            " as UTF-8, or say which encoding it has)"
        )
