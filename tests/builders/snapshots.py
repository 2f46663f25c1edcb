"""Builder: a snapshot of small CRM tables, and the SQL folder that assembles them."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from fairness_audit.files import sha256_of
from fairness_audit.policy.model import AuditPolicy
from fairness_audit.records.snapshot import ObjectFile, Snapshot

LOGICAL_DATE = datetime(2026, 6, 29, tzinfo=UTC)


def a_snapshot(
    policy: AuditPolicy, folder: Path, tables: dict[str, list[dict[str, Any]] | pa.Table]
) -> Snapshot:
    """Write each table to Parquet and describe them as the extract step would."""
    folder.mkdir(parents=True, exist_ok=True)
    objects = {}
    for name, rows in tables.items():
        table = rows if isinstance(rows, pa.Table) else pa.Table.from_pylist(rows)
        file = folder / f"{name}.parquet"
        pq.write_table(table, file)
        objects[name] = ObjectFile(
            table=name,
            file=file.name,
            rows_at_source=table.num_rows,
            rows_written=table.num_rows,
            sha256=sha256_of(file),
            columns=(),
        )
    start, end = policy.window(LOGICAL_DATE)
    return Snapshot(
        model=policy.model,
        folder=folder,
        window_start=start,
        window_end=end,
        logical_date=LOGICAL_DATE,
        taken_at=LOGICAL_DATE,
        policy_digest="0" * 64,
        objects=objects,
        digest="0" * 64,
    )
