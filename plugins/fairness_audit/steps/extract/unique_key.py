"""Whether columns, together, name each row of a file."""

from collections.abc import Sequence
from functools import reduce
from operator import and_
from pathlib import Path
from typing import NamedTuple

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from duckdb import CaseExpression

from fairness_audit.engine.duckdb import exactly, locked_connection
from fairness_audit.steps.extract.keyed import columns_of, one_key

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


def keys_of(path: Path, *key: str) -> Keys:
    """Count the keys of these columns in the Parquet file at ``path``, in bounded memory.

    A row has a key if none of its columns is NULL.
    """
    if _rise(path, key):
        rows = pq.read_metadata(path).num_rows
        return Keys(rows, rows, rows)
    with locked_connection([path.parent], memory_limit="128MB") as connection:
        rows = connection.read_parquet(exactly(path))
        columns = columns_of(rows, pq.read_schema(path).names)
        parts = [columns[name] for name in key]
        known = reduce(and_, (part.isnotnull() for part in parts))
        named = CaseExpression(known, one_key(parts)).alias("key")
        keys = rows.select(named)
        (counted,) = keys.aggregate("count(*), count(key), count(DISTINCT key)").fetchall()
    return Keys(*counted)


def _rise(path: Path, key: Sequence[str]) -> bool:
    """True if every key is larger than the one before, as where rows lie in the key's order."""
    last = None
    with pq.ParquetFile(path) as file:
        for batch in file.iter_batches(_BATCH_ROWS, columns=list(key), use_threads=False):
            keys = [batch.column(name) for name in key]
            if any(column.null_count for column in keys):
                return False
            if last is not None and not _is_larger([each[:1] for each in keys], last):
                return False
            if not _is_larger([each[1:] for each in keys], [each[:-1] for each in keys]):
                return False
            last = [each[-1:] for each in keys]
    return True


def _is_larger(keys: Sequence[pa.Array], others: Sequence[pa.Array]) -> bool:
    """True if each key is larger than the other in its place: in the first column they differ."""
    larger = pa.repeat(pa.scalar(False), len(keys[0]))
    for key, other in zip(reversed(keys), reversed(others), strict=True):
        larger = pc.or_(pc.greater(key, other), pc.and_(pc.equal(key, other), larger))
    return bool(pc.all(larger, min_count=0).as_py())
