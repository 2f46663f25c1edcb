"""Whether a column names each row of a file."""

from pathlib import Path
from typing import NamedTuple

import duckdb
import pyarrow.compute as pc
import pyarrow.parquet as pq

from fairness_audit.engine.duckdb import locked_connection

_BATCH_ROWS = 65_536


class Keys(NamedTuple):
    """How many rows there are, how many have a key, and how many keys there are."""

    rows: int
    known: int
    distinct: int

    @property
    def are_unique(self) -> bool:
        """True if each row has a key, and no other row has it."""
        return self.rows == self.known == self.distinct


def keys_of(path: Path, column: str) -> Keys:
    """Count the keys in the Parquet file at ``path``, in bounded memory."""
    if _rise(path, column):
        rows = pq.read_metadata(path).num_rows
        return Keys(rows, rows, rows)
    with locked_connection([path.parent], memory_limit="128MB") as connection:
        key = duckdb.ColumnExpression(column).alias("key")
        keys = connection.read_parquet(str(path)).select(key)
        (counted,) = keys.aggregate("count(*), count(key), count(DISTINCT key)").fetchall()
    return Keys(*counted)


def _rise(path: Path, column: str) -> bool:
    """True if every key is larger than the one before, as where rows lie in the key's order."""
    last = None
    with pq.ParquetFile(path) as file:
        for batch in file.iter_batches(_BATCH_ROWS, columns=[column], use_threads=False):
            keys = batch.column(0)
            first_rises = last is None or pc.greater(keys[0], last).as_py()
            if keys.null_count or not first_rises:
                return False
            if not pc.all(pc.greater(keys[1:], keys[:-1]), min_count=0).as_py():
                return False
            last = keys[-1]
    return True
