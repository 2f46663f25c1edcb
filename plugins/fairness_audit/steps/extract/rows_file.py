"""Rows into the Parquet file that is kept of them."""

from collections.abc import Generator, Iterator
from contextlib import closing
from itertools import chain
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

_ROW_GROUP = 65_536
_SAMPLE = 8_192


def write_rows(
    batches: Generator[pa.RecordBatch, None, None], schema: pa.Schema, path: Path
) -> int:
    """Write the batches to ``path``; return the rows that the file says it has.

    Columns whose values repeat are written as dictionaries; for names and ids a dictionary would
    cost time and space. The first rows tell which: the same batches give the same bytes.
    """
    # Closed here, whatever happens: a reader that goes on while its connection is closed crashes.
    with closing(batches):
        first = next(batches, None)
        read = chain([] if first is None else [first], batches)
        repeated = [] if first is None else list(_repeated(first))
        with pq.ParquetWriter(path, schema, compression="zstd", use_dictionary=repeated) as writer:
            for batch in read:
                writer.write_batch(batch, row_group_size=_ROW_GROUP)
    return int(pq.read_metadata(path).num_rows)


def _repeated(batch: pa.RecordBatch) -> Iterator[str]:
    """The columns of which the first rows hold less than half as many values as rows."""
    for field, column in zip(batch.schema, batch.columns, strict=True):
        sample = column.slice(0, _SAMPLE)
        if pa.types.is_nested(field.type):
            continue
        if 2 * pc.count_distinct(sample, mode="all").as_py() < len(sample):
            yield field.name
