"""Measurements as an Arrow table, and as Parquet that is the same bytes for the same input."""

from collections.abc import Iterable, Mapping
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from fairness_audit.errors import MeasurementError
from fairness_audit.files import sha256_of, written_whole
from fairness_audit.records.measurement import Measurement, MeasurementFile
from fairness_audit.statistics.proportions import Floats
from fairness_audit.steps.measure.figures.estimates import Estimates
from fairness_audit.steps.measure.figures.rows import Row

SCHEMA = pa.schema(
    [
        pa.field("metric", pa.string(), nullable=False),
        pa.field("code", pa.string()),
        pa.field("attribute", pa.string(), nullable=False),
        pa.field("group", pa.string(), nullable=False),
        pa.field("stratum", pa.string()),
        pa.field("comparison", pa.string()),
        pa.field("against", pa.string()),
        pa.field("reference", pa.string()),
        pa.field("numerator", pa.float64()),
        pa.field("denominator", pa.float64()),
        pa.field("reference_numerator", pa.float64()),
        pa.field("reference_denominator", pa.float64()),
        pa.field("value", pa.float64()),
        pa.field("low", pa.float64()),
        pa.field("high", pa.float64()),
        pa.field("p_value", pa.float64()),
        pa.field("standard_error", pa.float64()),
        pa.field("n", pa.int64(), nullable=False),
        pa.field("reference_n", pa.int64()),
        pa.field("n_effective", pa.float64()),
        pa.field("method", pa.string(), nullable=False),
    ]
)
"""The columns of `Measurement`, in its order."""


def measurements_table(estimated: Estimates, **labels: object) -> pa.Table:
    """Estimates and what they are about; a label is a column, or one value for all of them."""
    columns = labels | {
        "value": _nullable(estimated.value),
        "low": _nullable(estimated.low),
        "high": _nullable(estimated.high),
        "p_value": _nullable(estimated.p_value),
        "method": estimated.method,
    }
    length = len(estimated.method)
    return pa.table({field.name: _column(columns, field, length) for field in SCHEMA}, SCHEMA)


def rows_table(rows: Iterable[Row]) -> pa.Table:
    """Measurements that were made one by one."""
    listed = list(rows)
    columns: dict[str, object] = {
        name: [getattr(row, name) for row in listed] for name in Row._fields
    }
    for name in ("value", "low", "high", "p_value", "standard_error"):
        values = columns[name]
        columns[name] = _nullable(np.array(values, dtype=np.float64))
    return pa.table({field.name: _column(columns, field, len(listed)) for field in SCHEMA}, SCHEMA)


def write_measurements(path: Path, tables: Iterable[pa.Table]) -> tuple[str, int]:
    """Write the tables as one Parquet file, whole or not at all; its SHA-256 and rows."""
    table = pa.concat_tables(tables).combine_chunks()
    with written_whole(path) as temporary:
        pq.write_table(table, temporary)
    return sha256_of(path), table.num_rows


def read_measurements(file: MeasurementFile) -> list[Measurement]:
    """The measurements of an audit; refused if the file is not the one that was written."""
    if not file.path.is_file():
        raise MeasurementError(f"{file.path}: no such file (run the step measure again)")
    found = sha256_of(file.path)
    if found != file.digest:
        raise MeasurementError(
            f"{file.path}: its SHA-256 is {found}, not {file.digest}: the file was changed"
            " after it was measured (run the step measure again)"
        )
    rows = pq.read_table(file.path, schema=SCHEMA).to_pylist()
    return [Measurement.model_validate(row) for row in rows]


def _column(columns: Mapping[str, object], field: pa.Field, length: int) -> pa.Array:
    """A column of the schema; without one of that name, nulls."""
    values = columns.get(field.name)
    if isinstance(values, pa.Array):
        return values
    if isinstance(values, np.ndarray):
        whole = values.astype(np.int64) if pa.types.is_integer(field.type) else values
        return pa.array(whole, field.type)
    if isinstance(values, list):
        return pa.array(values, field.type)
    return pa.repeat(pa.scalar(values, field.type), length)


def _nullable(column: Floats) -> pa.Array:
    """Undefined (NaN) as null; no bound of a defined value is infinite."""
    return pa.array(column, mask=~np.isfinite(column))
