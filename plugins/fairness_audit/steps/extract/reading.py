"""One reading of one object into a Parquet file, its rows in the order of the key."""

from collections.abc import Generator
from contextlib import closing
from pathlib import Path
from typing import NamedTuple

import pyarrow as pa

from fairness_audit.errors import SourceError
from fairness_audit.sources.handover import read_ahead
from fairness_audit.steps.extract.pages import Pages
from fairness_audit.steps.extract.progress import Progress
from fairness_audit.steps.extract.rows_file import write_rows
from fairness_audit.steps.extract.scope import Chosen


class Read(NamedTuple):
    """What came and what was written.

    ``declared`` is how many rows the source said it gives while they were read, None if it does
    not say; ``repeated`` rows came again on a later page, and are there once. ``parts`` are the
    digests of the readings that were merged, if it is not one alone.
    """

    written: int
    declared: int | None = None
    repeated: int = 0
    parts: tuple[str, ...] = ()


def read_into(path: Path, chosen: Chosen, folder: Path, total: int, *, sql: Path) -> Read:
    """Write the selection to ``path``; pages wait in ``folder``, ``total`` is for the progress.

    Raises:
        SourceError: the source cannot be read, or gives other rows than it declares.
    """
    schema = schema_of(chosen)
    if chosen.table.is_ordered:
        return Read(write_rows(_streamed(chosen, total), schema, path))
    pages = Pages(chosen, folder)
    reading = pages.read(total)
    written = write_rows(pages.ordered(reading, schema, sql), schema, path)
    if reading.declared not in (None, reading.rows):
        pages.drop()
        raise SourceError(
            f"{chosen.label}: the source declared {reading.declared} rows while they were read,"
            f" and {reading.rows} came (try again)"
        )
    return Read(written, reading.declared, reading.rows - written)


def check_counts(chosen: Chosen, folder: Path, at_source: int, read: Read) -> None:
    """The source's own count, what it declared and what was written must agree.

    Raises:
        SourceError: they do not.
    """
    if at_source == read.written:
        return
    Pages(chosen, folder).drop()  # else every retry would find the same pages
    declared = "" if read.declared is None else f" {read.declared} were declared,"
    raise SourceError(
        f"{chosen.label}: the source counts {at_source} rows,{declared} {read.written} were"
        " written (try again; if they differ again, compare a count of all rows with the rows"
        " of a full reading at the source)"
    )


def schema_of(chosen: Chosen) -> pa.Schema:
    """The columns that leave the object, as they are written."""
    fields = chosen.table.fields
    return pa.schema([(name, fields[name].arrow_type) for name in chosen.selection.columns])


def _streamed(chosen: Chosen, total: int) -> Generator[pa.RecordBatch, None, None]:
    progress = Progress(chosen.label, total)
    with closing(read_ahead(chosen.pages())) as pages:
        for page in pages:
            yield page.batch
            progress.add(page.batch.num_rows)
