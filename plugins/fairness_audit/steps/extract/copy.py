"""One object into one Parquet file, in bounded memory, with its rows accounted for."""

import logging
import time
from collections.abc import Iterator
from pathlib import Path

from fairness_audit.errors import SourceError
from fairness_audit.files import sha256_of, written_whole
from fairness_audit.policy.base import as_written
from fairness_audit.records.snapshot import Column, ObjectFile
from fairness_audit.sources import Count
from fairness_audit.steps.extract.increments import Increments
from fairness_audit.steps.extract.reading import check_counts, read_into
from fairness_audit.steps.extract.scope import Chosen
from fairness_audit.steps.extract.unique_key import keys_of

log = logging.getLogger(__name__)


def copy_object(
    chosen: Chosen, folder: Path, *, sql: Path, increments: Increments | None = None
) -> ObjectFile:
    """Write the object to ``<folder>/<name>.parquet``.

    With ``increments``, of an object that says when its rows were modified, only what changed
    since the reading before is read.

    Raises:
        SourceError: when the counts differ, when a value has no counterpart in its Arrow type,
            when a row lies in no window, or when the key does not name each row.
    """
    began = time.monotonic()
    counted = chosen.table.count(chosen.selection)
    _check_values(chosen, counted)
    path = folder / f"{chosen.name}.parquet"
    with written_whole(path) as temporary:
        if increments is not None and chosen.declared.modified_on is not None:
            read = increments.copy(chosen, folder, temporary, counted.rows)
        else:
            read = read_into(temporary, chosen, folder, counted.rows, sql=sql)
            check_counts(chosen, folder, counted.rows, read)
        _check_key(chosen, temporary)
        sha256 = sha256_of(temporary)
    log.info("%s: %d rows in %.1f s", chosen.label, read.written, time.monotonic() - began)
    return ObjectFile(
        table=chosen.declared.place,
        file=path.name,
        key=as_written(chosen.declared.key),
        rows_at_source=counted.rows,
        rows_declared=read.declared,
        rows_written=read.written,
        rows_repeated=read.repeated,
        parts=read.parts,
        sha256=sha256,
        columns=tuple(_columns(chosen)),
        source_columns={name: each.source_type for name, each in chosen.table.fields.items()},
    )


def _check_values(chosen: Chosen, counted: Count) -> None:
    faults = [
        chosen.fault(
            f"column {name!r} of {chosen.label} holds {rows} values that"
            f" {chosen.table.fields[name].arrow_type} cannot (infinity, NaN, a zero or far date,"
            " text among numbers)",
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


def _check_key(chosen: Chosen, path: Path) -> None:
    key = chosen.declared.key
    rows, known, distinct = keys = keys_of(path, *key)
    if not keys.are_unique:
        named = ", ".join(map(repr, key))
        do_not = f"column {named} does not" if len(key) == 1 else f"columns {named} do not"
        fault = (
            f"{do_not} name each row of {chosen.label}: {rows} rows have {distinct} values,"
            f" {rows - known} rows have none"
        )
        cure = "name a column that is unique per row, or a list of columns that are together"
        raise SourceError(chosen.fault(fault, cure, "key"))


def _columns(chosen: Chosen) -> Iterator[Column]:
    for name in chosen.selection.columns:
        field = chosen.table.fields[name]
        yield Column(name=name, source_type=field.source_type, arrow_type=str(field.arrow_type))
