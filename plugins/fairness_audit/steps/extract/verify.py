"""Is a snapshot still what extract wrote? Answered from its files alone."""

from collections.abc import Iterator
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from fairness_audit.errors import SourceError
from fairness_audit.files import sha256_of
from fairness_audit.records.snapshot import ObjectFile
from fairness_audit.steps.extract.manifest import MANIFEST, read_manifest


def faults(folder: Path) -> Iterator[str]:
    """Everything that is wrong, each with its file; nothing if the snapshot is intact.

    Raises:
        SourceError: when there is no snapshot.
    """
    try:
        snapshot = read_manifest(folder)
    except SourceError as error:
        if not (folder / MANIFEST).exists():
            raise
        yield str(error)
        return
    for name, stored in snapshot.objects.items():
        yield from _faults_of(folder / f"{name}.parquet", stored)
    for path in sorted(folder.glob("*.parquet")):
        if path.stem not in snapshot.objects:
            yield f"{path}: is not in the manifest (find out who put it there, and remove it)"


def _faults_of(path: Path, stored: ObjectFile) -> Iterator[str]:
    cure = "(run the extract step again)"
    if stored.file != path.name:
        yield f"{path}: the manifest says the file is {stored.file!r} {cure}"
        return
    if not path.is_file():
        yield f"{path}: is missing {cure}"
        return
    found = sha256_of(path)
    if found != stored.sha256:
        yield f"{path}: has SHA-256 {found[:12]}, and the manifest {stored.sha256[:12]} {cure}"
    try:
        with pq.ParquetFile(path) as file:
            rows, schema = file.metadata.num_rows, file.schema_arrow
    except (pa.ArrowException, OSError):
        yield f"{path}: is not readable as Parquet {cure}"
        return
    if rows != stored.rows_written:
        yield f"{path}: has {rows:,} rows, and the manifest {stored.rows_written:,} {cure}"
    yield from (f"{path}: {fault} {cure}" for fault in _schema_faults(schema, stored))


def _schema_faults(schema: pa.Schema, stored: ObjectFile) -> Iterator[str]:
    there = {field.name: str(field.type) for field in schema}
    wanted = {column.name: column.arrow_type for column in stored.columns}
    for name in sorted(wanted.keys() - there.keys()):
        yield f"column {name!r} of the manifest is missing"
    for name in sorted(there.keys() - wanted.keys()):
        yield f"column {name!r} is not in the manifest"
    for name in sorted(wanted.keys() & there.keys()):
        if there[name] != wanted[name]:
            yield f"column {name!r} is {there[name]}, and in the manifest {wanted[name]}"
