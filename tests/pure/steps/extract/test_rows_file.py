"""What is written of the rows: all of them, and dictionaries only where values repeat."""

from collections.abc import Generator
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from fairness_audit.steps.extract.rows_file import write_rows

SCHEMA = pa.schema(
    [("name", pa.string()), ("a.city", pa.string()), ("none", pa.string()), ("n", pa.int64())]
)


def batch(start: int, rows: int) -> pa.RecordBatch:
    ids = range(start, start + rows)
    columns = [[f"name {i}" for i in ids], [f"city {i % 9}" for i in ids], [None] * rows, ids]
    arrays = [pa.array(each, f.type) for each, f in zip(columns, SCHEMA, strict=True)]
    return pa.record_batch(arrays, schema=SCHEMA)


def batches(*sizes: int) -> Generator[pa.RecordBatch, None, None]:
    start = 0
    for rows in sizes:
        yield batch(start, rows)
        start += rows


@pytest.mark.parametrize("sizes", [(), (0,), (0, 3), (1,), (70_000, 3, 9_000)])
def test_every_row_comes_back(tmp_path: Path, sizes: tuple[int, ...]) -> None:
    path = tmp_path / "rows.parquet"
    assert write_rows(batches(*sizes), SCHEMA, path) == sum(sizes)
    found = pq.read_table(path)
    assert found.equals(pa.Table.from_batches(batches(*sizes), schema=SCHEMA))


def test_only_columns_that_repeat_have_a_dictionary(tmp_path: Path) -> None:
    path = tmp_path / "rows.parquet"
    write_rows(batches(9_000), SCHEMA, path)
    group = pq.read_metadata(path).row_group(0)
    coded = {
        group.column(i).path_in_schema
        for i in range(group.num_columns)
        if "RLE_DICTIONARY" in group.column(i).encodings
    }
    assert coded == {"a.city", "none"}


def test_the_rows_are_let_go_of_when_they_cannot_be_written(tmp_path: Path) -> None:
    rows = batches(5, 5)
    with pytest.raises(ValueError, match="does not match"):
        write_rows(rows, pa.schema([("other", pa.int64())]), tmp_path / "rows.parquet")
    assert next(rows, None) is None
