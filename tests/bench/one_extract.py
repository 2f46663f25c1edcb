"""One reading of a wide table, in a process of its own: how long, and how much memory.

python -m tests.bench.one_extract READER URI FOLDER
"""

import re
import sys
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

COLUMNS = [
    "id", "points", "visits", "clicks", "amount", "discount", "created_at", "modified_at",
    "is_open", "token", "extra", "name", "code", "remark", "city",
]  # fmt: skip


def ours(uri: str, folder: Path) -> None:
    """The extract step, with its counts and checks."""
    from fairness_audit.extract import extract
    from fairness_audit.sources.postgres import PostgresSource
    from tests.loaded_policies import a_loaded_policy, an_object
    from tests.populations import SQL

    loaded = a_loaded_policy(folder, wide=an_object("wide", COLUMNS))
    source, now = PostgresSource(uri), datetime.now(UTC)
    extract(loaded, logical_date=now, source=source, folder=folder / "run", sql=SQL)


def copy(uri: str, folder: Path) -> None:
    """PostgreSQL's own stream, thrown away."""
    import psycopg

    statement = "COPY (SELECT * FROM crm.wide ORDER BY id) TO STDOUT (FORMAT binary)"
    with psycopg.connect(uri) as connection, connection.cursor().copy(statement) as rows:
        for _ in rows:
            pass


def pandas(uri: str, folder: Path) -> None:
    """Chunks of 50,000 rows into Parquet."""
    import pandas as pd
    import sqlalchemy

    engine = sqlalchemy.create_engine(uri.replace("postgresql://", "postgresql+psycopg://"))
    with engine.connect().execution_options(stream_results=True) as connection:
        chunks = pd.read_sql(
            sqlalchemy.text("SELECT * FROM crm.wide ORDER BY id"), connection, chunksize=50_000
        )
        for number, chunk in enumerate(chunks):
            chunk.assign(
                token=chunk["token"].astype(str), extra=chunk["extra"].astype(str)
            ).to_parquet(folder / f"chunk {number}.parquet")


READERS: dict[str, Callable[[str, Path], None]] = {
    "COPY, binary, one stream": copy,
    "this project": ours,
    "pandas": pandas,
}


def main(name: str, uri: str, folder: str) -> None:
    """Read, and print what it took."""
    began = time.perf_counter()
    READERS[name](uri, Path(folder))
    taken = time.perf_counter() - began
    peak = re.search(r"VmHWM:\s+(\d+) kB", Path("/proc/self/status").read_text())
    print(taken, int(peak[1]) / 1024 if peak else float("nan"))


if __name__ == "__main__":
    main(*sys.argv[1:])
