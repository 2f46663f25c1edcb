"""The old INT96 timestamps of Parquet: they count nanoseconds, and DuckDB keeps microseconds."""

from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq


def int96_columns(path: Path) -> dict[str, bool]:
    """The columns that hold such timestamps; true of those that hold them in lists or structs."""
    with pq.ParquetFile(path) as file:
        leaves = [file.schema.column(index) for index in range(len(file.schema))]
    paths = {leaf.path for leaf in leaves if leaf.physical_type == "INT96"}
    names = file.schema_arrow.names
    return {
        name: name not in paths
        for name in names
        if name in paths or any(each.startswith(f"{name}.") for each in paths)
    }


def cut_values(path: Path, name: str) -> int:
    """How many timestamps of a column are no whole microseconds, and so would be cut off."""
    with (
        pq.ParquetFile(path, coerce_int96_timestamp_unit="us") as coarse,
        pq.ParquetFile(path, coerce_int96_timestamp_unit="ns") as fine,
    ):
        batches = (each.iter_batches(columns=[name]) for each in (coarse, fine))
        return sum(_cut(*each) for each in zip(*batches, strict=True))


def _cut(coarse: pa.RecordBatch, fine: pa.RecordBatch) -> int:
    # Far years overflow nanoseconds, on both sides by as much.
    microseconds = coarse.column(0).cast(pa.int64())
    whole = pc.multiply(microseconds, pa.scalar(1000, pa.int64()))
    return pc.sum(pc.not_equal(whole, fine.column(0).cast(pa.int64()))).as_py() or 0
