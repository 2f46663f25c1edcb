"""Is a snapshot what its parts make? Merged again from what the readings gave."""

import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path

import pyarrow.parquet as pq

from fairness_audit.files import sha256_of
from fairness_audit.records.snapshot import ObjectFile
from fairness_audit.steps.extract.increments import kept_parts, merge
from fairness_audit.steps.extract.manifest import read_manifest


def differences(
    folder: Path, *, kept: Path, modified_on: Mapping[str, str], sql: Path
) -> Iterator[str]:
    """Every object that cannot be made again, or not the same, with the reason.

    Args:
        folder: the snapshot's.
        kept: folder of the parts, with one folder per object.
        modified_on: by object, the column that says when a row was modified.
        sql: folder with ``extract/``.

    Raises:
        SourceError: when there is no snapshot, or it contradicts itself.
    """
    for name, stored in merged_objects(folder).items():
        parts = kept_parts(kept / name)
        if gone := [each for each in stored.parts if each not in parts]:
            yield (
                f"{name}: part {gone[0][:12]} is not kept any more"
                " (a later reading of everything replaced it)"
            )
        elif bad := [parts[each] for each in stored.parts if sha256_of(parts[each]) != each]:
            yield f"{name}: {bad[0]} is not what was read (find out who changed it)"
        else:
            *rows, keys = (parts[each] for each in stored.parts)
            yield from _compared(name, stored, rows, keys, modified_on[name], sql)


def merged_objects(folder: Path) -> dict[str, ObjectFile]:
    """The objects of a snapshot that were merged from parts.

    Raises:
        SourceError: when there is no snapshot, or it contradicts itself.
    """
    return {name: each for name, each in read_manifest(folder).objects.items() if each.parts}


def _compared(
    name: str, stored: ObjectFile, rows: list[Path], keys: Path, stamp: str, sql: Path
) -> Iterator[str]:
    with tempfile.TemporaryDirectory(prefix="fairness-audit-rebuild-") as made:
        path = Path(made) / f"{name}.parquet"
        schema = pq.read_schema(rows[0])
        merge(path, rows, keys, schema=schema, key=stored.keys, stamp=stamp, sql=sql)
        found = sha256_of(path)
    if found != stored.sha256:
        yield f"{name}: its parts make {found[:12]}, and the snapshot has {stored.sha256[:12]}"
