"""One object into one Parquet file, in bounded memory, with its rows accounted for."""

import logging
import time
from collections.abc import Iterator
from pathlib import Path

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq

from fairness_audit.engine import locked_connection
from fairness_audit.errors import SourceError
from fairness_audit.extract.pages import Pages, Reading
from fairness_audit.extract.progress import Progress
from fairness_audit.extract.selection import Chosen
from fairness_audit.files import sha256_of, written_whole
from fairness_audit.records.snapshot import Column, ObjectFile
from fairness_audit.sources import Count

log = logging.getLogger(__name__)

_ROW_GROUP = 65_536


def copy_object(chosen: Chosen, folder: Path, *, sql: Path) -> ObjectFile:
    """Write the object to ``<folder>/<name>.parquet``.

    Raises:
        SourceError: when the counts differ, when a value has no counterpart in its Arrow type,
            when a row lies in no window, or when the key does not name each row.
    """
    began = time.monotonic()
    counted = chosen.table.count(chosen.selection)
    _check_values(chosen, counted)
    path = folder / f"{chosen.name}.parquet"
    with written_whole(path) as temporary:
        if chosen.table.is_ordered:
            read, written = None, _stream(chosen, temporary, counted.rows)
        else:
            read, written = _collect(chosen, folder, temporary, counted.rows, sql)
        stored = pq.read_metadata(temporary).num_rows
        try:
            _check_counts(chosen, counted.rows, read, written, stored)
        except SourceError:
            Pages(chosen, folder).drop()  # else every retry would find the same pages
            raise
        _check_key(chosen, temporary)
        sha256 = sha256_of(temporary)
    log.info("%s: %d rows in %.1f s", chosen.label, written, time.monotonic() - began)
    return ObjectFile(
        table=chosen.declared.place,
        file=path.name,
        key=chosen.declared.key,
        rows_at_source=counted.rows,
        rows_declared=read.declared if read else None,
        rows_written=written,
        rows_repeated=read.rows - written if read else 0,
        sha256=sha256,
        columns=tuple(_columns(chosen)),
        source_columns={name: each.source_type for name, each in chosen.table.fields.items()},
    )


def _stream(chosen: Chosen, path: Path, total: int) -> int:
    """Write the pages as they come, in the order of the key."""
    progress = Progress(chosen.label, total)

    def batches() -> Iterator[pa.RecordBatch]:
        for page in chosen.table.pages(chosen.selection):
            yield page.batch
            progress.add(page.batch.num_rows)

    return _write(batches(), _schema(chosen), path)


def _collect(
    chosen: Chosen, folder: Path, path: Path, total: int, sql: Path
) -> tuple[Reading, int]:
    """Keep the pages until all are there, then write them in the order of the key."""
    pages = Pages(chosen, folder)
    read = pages.read(total)
    schema = _schema(chosen)
    return read, _write(pages.ordered(read, schema, sql), schema, path)


def _schema(chosen: Chosen) -> pa.Schema:
    fields = chosen.table.fields
    return pa.schema([(name, fields[name].arrow_type) for name in chosen.selection.columns])


def _write(batches: Iterator[pa.RecordBatch], schema: pa.Schema, path: Path) -> int:
    written = 0
    with pq.ParquetWriter(path, schema, compression="zstd") as writer:
        for batch in batches:
            writer.write_batch(batch, row_group_size=_ROW_GROUP)
            written += batch.num_rows
    return written


def _check_values(chosen: Chosen, counted: Count) -> None:
    faults = [
        chosen.fault(
            f"column {name!r} of {chosen.label} holds {rows} values that"
            f" {chosen.table.fields[name].arrow_type} cannot (infinity, NaN or a far date)",
            "mend the rows, or give the policy a view that casts them",
            "columns",
            chosen.declared.columns.index(name),
        )
        for name, rows in counted.unfit.items()
        if rows
    ]
    if counted.undated:
        faults.append(
            chosen.fault(
                f"{counted.undated} rows of {chosen.label} have no finite"
                f" {chosen.declared.window_on!r}, so that no audit would ever see them",
                "mend the rows, or remove window_on",
                "window_on",
            )
        )
    if faults:
        raise SourceError("\n".join(faults))


def _check_counts(
    chosen: Chosen, at_source: int, read: Reading | None, written: int, stored: int
) -> None:
    declared = at_source if read is None or read.declared is None else read.declared
    came = written if read is None else read.rows
    if at_source == written == stored and declared == came:
        return
    said = "" if read is None else f" declared {declared} while they were read, {came} came,"
    raise SourceError(
        f"{chosen.label}: the source counts {at_source} rows,{said} {written} were written and"
        f" {stored} are in the file (try again; if they differ again, compare a count of all"
        " rows with the rows of a full reading at the source)"
    )


def _check_key(chosen: Chosen, path: Path) -> None:
    key = duckdb.ColumnExpression(chosen.declared.key)
    with locked_connection([path.parent], memory_limit="512MB") as connection:
        keys = connection.read_parquet(str(path)).select(key.alias("key"))
        rows, known, distinct = keys.aggregate(
            "count(*), count(key), count(DISTINCT key)"
        ).fetchall()[0]
    if not rows == known == distinct:
        fault = (
            f"column {chosen.declared.key!r} does not name each row of {chosen.label}:"
            f" {rows} rows have {distinct} values, {rows - known} rows have none"
        )
        raise SourceError(chosen.fault(fault, "name a column that is unique per row", "key"))


def _columns(chosen: Chosen) -> Iterator[Column]:
    for name in chosen.selection.columns:
        field = chosen.table.fields[name]
        yield Column(name=name, source_type=field.source_type, arrow_type=str(field.arrow_type))
