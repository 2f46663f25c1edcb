"""Pages that were read, kept until all of them are there: a reading goes on where it ended.

Each page becomes a file, then the cursor behind it is written: whatever ends the process between
the two, the page is read again and nothing is missing.
"""

import json
import shutil
from collections.abc import Generator
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq

from fairness_audit.encoding import digest_of
from fairness_audit.engine.duckdb import exactly, locked_connection, statement
from fairness_audit.files import write_bytes, written_whole
from fairness_audit.sources import CursorExpired, Page
from fairness_audit.steps.extract.keyed import as_schema, columns_of, numbered, one_key
from fairness_audit.steps.extract.manifest import PAGES
from fairness_audit.steps.extract.progress import Progress

if TYPE_CHECKING:
    from fairness_audit.steps.extract.scope import Chosen

_STATE = "state.json"


class Reading(NamedTuple):
    """What was read: rows as they came, rows the source declared, and where to go on."""

    reading: str
    pages: int = 0
    rows: int = 0
    declared: int | None = None
    cursor: str | None = None
    is_whole: bool = False


class Pages:
    """The pages of one object in the run's folder."""

    def __init__(self, chosen: "Chosen", folder: Path) -> None:
        self._chosen = chosen
        self._folder = folder / PAGES / chosen.name
        wanted = chosen.selection
        window = wanted.window
        # Pages of another reading are of no use: other columns, another window, another policy.
        self._name = digest_of(
            {
                "policy": chosen.loaded.digest,
                "table": chosen.declared.place,
                "columns": list(wanted.columns),
                "window": [window.column, window.start.isoformat(), window.end.isoformat()]
                if window
                else None,
            }
        )

    def read(self, total: int) -> Reading:
        """Read all pages, or those that are still to be read; ``total`` is for the progress."""
        reading = self._begun()
        if not reading.is_whole:
            try:
                reading = self._read_on(reading, total)
            except CursorExpired:
                self.drop()
                reading = self._read_on(self._begun(), total)
        return reading

    def _begun(self) -> Reading:
        try:
            found = Reading(**json.loads((self._folder / _STATE).read_bytes()))
        except (FileNotFoundError, ValueError, TypeError):
            found = Reading("")
        if found.reading == self._name:
            return found
        self.drop()
        self._folder.mkdir(parents=True)
        return Reading(self._name)

    def _read_on(self, reading: Reading, total: int) -> Reading:
        progress = Progress(self._chosen.label, total, reading.rows)
        for page in self._chosen.pages(reading.cursor):
            table = pa.Table.from_batches([page.batch])
            number = pa.repeat(pa.scalar(reading.pages, pa.int64()), table.num_rows)
            with written_whole(self._file(reading.pages)) as temporary:
                pq.write_table(table.append_column("fairness_audit_page", number), temporary)
            reading = _after(reading, page)
            if page.cursor is not None:
                self._keep(reading)
            progress.add(page.batch.num_rows)
        reading = reading._replace(is_whole=True, cursor=None)
        self._keep(reading)
        return reading

    def ordered(
        self, reading: Reading, schema: pa.Schema, sql: Path
    ) -> Generator[pa.RecordBatch, None, None]:
        """One row per key, in the order of the keys."""
        files = [exactly(self._file(number)) for number in range(reading.pages)]
        if not files:
            return
        with locked_connection([self._folder], memory_limit="512MB") as connection:
            pages = connection.read_parquet(files)
            columns = columns_of(pages, schema.names)
            key = one_key([columns[name] for name in self._chosen.declared.key])
            page = duckdb.ColumnExpression(pages.columns[-1])
            pages.select(
                *numbered(list(columns.values())),
                key.alias("fairness_audit_key"),
                page.alias("fairness_audit_page"),
            ).create_view("pages")
            query = connection.sql(statement(sql / "extract" / "one_row_per_key.sql"))
            for batch in query.to_arrow_reader():
                yield as_schema(batch, schema)

    def drop(self) -> None:
        """Forget what was read."""
        shutil.rmtree(self._folder, ignore_errors=True)

    def _keep(self, reading: Reading) -> None:
        write_bytes(self._folder / _STATE, json.dumps(reading._asdict()).encode())

    def _file(self, number: int) -> Path:
        return self._folder / f"{number:08}.parquet"


def _after(reading: Reading, page: Page) -> Reading:
    declared = reading.declared
    if page.declared is not None:
        declared = (declared or 0) + page.declared
    return reading._replace(
        pages=reading.pages + 1,
        rows=reading.rows + page.batch.num_rows,
        declared=declared,
        cursor=page.cursor,
    )
