"""Measurements as an Arrow table, and as Parquet that is the same bytes for the same input."""

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from fairness_audit.errors import MeasurementError
from fairness_audit.files import sha256_of, written_whole
from fairness_audit.measure.catalogue import Rate
from fairness_audit.measure.comparisons import Comparison, Share
from fairness_audit.measure.estimates import Estimates
from fairness_audit.measure.proportions import Floats
from fairness_audit.policy.model import Comparison as Kind
from fairness_audit.records.measurement import Measurement, MeasurementFile

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
        pa.field("numerator", pa.int64(), nullable=False),
        pa.field("denominator", pa.int64(), nullable=False),
        pa.field("reference_numerator", pa.int64()),
        pa.field("reference_denominator", pa.int64()),
        pa.field("value", pa.float64()),
        pa.field("low", pa.float64()),
        pa.field("high", pa.float64()),
        pa.field("p_value", pa.float64()),
        pa.field("n", pa.int64(), nullable=False),
        pa.field("reference_n", pa.int64()),
        pa.field("method", pa.string(), nullable=False),
    ]
)
"""The columns of `Measurement`, in its order."""


class GroupRate(NamedTuple):
    """A rate of one group, before its interval."""

    rate: Rate
    attribute: str
    group: str
    stratum: str | None
    share: Share
    n: int


def rates_table(rows: Sequence[GroupRate], estimates: Estimates) -> pa.Table:
    """Measurements of rates."""
    return _table(
        {
            "metric": [each.rate.metric.value for each in rows],
            "code": [each.rate.code for each in rows],
            "attribute": [each.attribute for each in rows],
            "group": [each.group for each in rows],
            "stratum": [each.stratum for each in rows],
            "numerator": [each.share.numerator for each in rows],
            "denominator": [each.share.denominator for each in rows],
            "n": [each.n for each in rows],
        },
        estimates,
    )


def disparities_table(rows: Sequence[Comparison], kind: Kind, estimates: Estimates) -> pa.Table:
    """Measurements of the differences or ratios of rates."""
    return _table(
        {
            "metric": [each.rate.metric.value for each in rows],
            "code": [each.rate.code for each in rows],
            "attribute": [each.attribute for each in rows],
            "group": [each.group for each in rows],
            "stratum": [each.stratum for each in rows],
            "comparison": [kind.value] * len(rows),
            "against": [each.against.value for each in rows],
            "reference": [each.reference for each in rows],
            "numerator": [each.share.numerator for each in rows],
            "denominator": [each.share.denominator for each in rows],
            "reference_numerator": [each.reference_share.numerator for each in rows],
            "reference_denominator": [each.reference_share.denominator for each in rows],
            "n": [each.n for each in rows],
            "reference_n": [each.reference_n for each in rows],
        },
        estimates,
    )


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


def _table(columns: dict[str, Sequence[object]], estimates: Estimates) -> pa.Table:
    estimated = {
        "value": _nullable(estimates.value),
        "low": _nullable(estimates.low),
        "high": _nullable(estimates.high),
        "p_value": _nullable(estimates.p_value),
        "method": estimates.method,
    }
    nothing = [None] * len(estimates.method)
    given = columns | estimated
    return pa.table({field.name: given.get(field.name, nothing) for field in SCHEMA}, SCHEMA)


def _nullable(column: Floats) -> pa.Array:
    """Undefined (NaN) as null; no bound of a defined value is infinite."""
    return pa.array(column, mask=~np.isfinite(column))
