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
from fairness_audit.extract.selection import Chosen
from fairness_audit.files import sha256_of, written_whole
from fairness_audit.records.snapshot import Column, ObjectFile
from fairness_audit.sources import Count

log = logging.getLogger(__name__)

_ROW_GROUP = 65_536
_ROWS_PER_LINE = 1_000_000


def copy_object(chosen: Chosen, folder: Path) -> ObjectFile:
    """Write the object to ``<folder>/<name>.parquet``.

    Raises:
        SourceError: when the three counts differ, when a value has no counterpart in its Arrow
            type, when a row lies in no window, or when the key does not name each row.
    """
    began = time.monotonic()
    counted = chosen.table.count(chosen.selection)
    _check_values(chosen, counted)
    path = folder / f"{chosen.name}.parquet"
    with written_whole(path) as temporary:
        written = _write(chosen, temporary)
        _check_counts(chosen, counted.rows, written, pq.read_metadata(temporary).num_rows)
        _check_key(chosen, temporary)
        sha256 = sha256_of(temporary)
    log.info("%s: %d rows in %.1f s", chosen.label, written, time.monotonic() - began)
    return ObjectFile(
        table=f"{chosen.declared.schema_name}.{chosen.declared.table}",
        file=path.name,
        rows_at_source=counted.rows,
        rows_written=written,
        sha256=sha256,
        columns=tuple(_columns(chosen)),
    )


def _write(chosen: Chosen, path: Path) -> int:
    fields = chosen.table.fields
    schema = pa.schema([(name, fields[name].arrow_type) for name in chosen.selection.columns])
    written = 0
    with pq.ParquetWriter(path, schema, compression="zstd") as writer:
        for batch in chosen.table.batches(chosen.selection):
            writer.write_batch(batch, row_group_size=_ROW_GROUP)
            earlier, written = written, written + batch.num_rows
            if written // _ROWS_PER_LINE > earlier // _ROWS_PER_LINE:
                log.info("%s: %d rows so far", chosen.label, written)
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


def _check_counts(chosen: Chosen, at_source: int, written: int, stored: int) -> None:
    if not at_source == written == stored:
        raise SourceError(
            f"{chosen.label}: the source counts {at_source} rows, {written} were written and"
            f" {stored} are in the file (try again; if they differ again, compare a SELECT"
            " count(*) with the rows of a full SELECT at the source)"
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
