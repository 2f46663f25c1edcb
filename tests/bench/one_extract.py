"""One reading of a wide table into Parquet, in a process of its own: how long, how much memory.

    python one_extract.py READER URI FOLDER

Prints seconds and the peak of the process in MiB. Libraries are loaded before the clock starts;
those of other systems are in environments of their own, so nothing of this project is needed here.
"""

import re
import sys
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import parse_qs, quote, urlsplit

COLUMNS = [
    "id", "points", "visits", "clicks", "amount", "discount", "created_at", "modified_at",
    "is_open", "token", "extra", "name", "code", "remark", "city",
]  # fmt: skip
IN_ORDER = "SELECT * FROM crm.wide ORDER BY id"

Reading = Callable[[], object]


def ours(uri: str, folder: Path) -> Reading:
    """The extract step, with its counts and checks."""
    from fairness_audit.sources.postgres import PostgresSource
    from fairness_audit.steps.extract import extract
    from tests.builders.loaded_policies import a_loaded_policy, an_object
    from tests.builders.populations import SQL

    loaded = a_loaded_policy(folder, wide=an_object("wide", COLUMNS))
    source, now = PostgresSource(uri), datetime.now(UTC)
    return lambda: extract(loaded, logical_date=now, source=source, folder=folder / "run", sql=SQL)


def copy(uri: str, folder: Path) -> Reading:
    """PostgreSQL's own stream, thrown away."""
    import psycopg

    def read() -> None:
        statement = f"COPY ({IN_ORDER}) TO STDOUT (FORMAT binary)"
        with psycopg.connect(uri) as connection, connection.cursor().copy(statement) as rows:  # type: ignore[call-overload]
            for _ in rows:
                pass

    return read


def connectorx(uri: str, folder: Path) -> Reading:
    """The whole table as one Arrow table, by two connections, then a file."""
    import connectorx
    import pyarrow.parquet as pq

    address = urlsplit(uri)
    socket = quote(parse_qs(address.query).get("host", [""])[0], safe="")  # it wants it in front
    if socket:
        address = address._replace(netloc=f"{address.username}@{socket}", query="")

    def read() -> None:
        table = connectorx.read_sql(
            address.geturl(),
            "SELECT * FROM crm.wide",
            return_type="arrow",
            partition_on="id",
            partition_num=2,
        )
        pq.write_table(table, folder / "wide.parquet", compression="zstd")

    return read


def pandas(uri: str, folder: Path) -> Reading:
    """Chunks of 50,000 rows into files."""
    import pandas as pd
    import sqlalchemy

    engine = sqlalchemy.create_engine(uri.replace("postgresql://", "postgresql+psycopg://"))

    def read() -> None:
        with engine.connect().execution_options(stream_results=True) as connection:
            chunks = pd.read_sql(sqlalchemy.text(IN_ORDER), connection, chunksize=50_000)
            for number, chunk in enumerate(chunks):
                text = {name: chunk[name].astype(str) for name in ("token", "extra")}
                chunk.assign(**text).to_parquet(folder / f"chunk {number}.parquet")

    return read


def dlt(uri: str, folder: Path) -> Reading:
    """A pipeline of its SQL source, its Arrow backend, into a folder of files."""
    import dlt
    from dlt.sources.sql_database import sql_table

    table = sql_table(
        uri.replace("postgresql://", "postgresql+psycopg2://"), table="wide", schema="crm",
        backend="pyarrow", chunk_size=50_000,
    )  # fmt: skip
    destination = dlt.destinations.filesystem(bucket_url=(folder / "files").as_uri())
    pipeline = dlt.pipeline(
        "wide", destination=destination, dataset_name="crm", pipelines_dir=str(folder / "work")
    )
    return lambda: pipeline.run(table, loader_file_format="parquet")


READERS: dict[str, Callable[[str, Path], Reading]] = {
    "copy": copy,
    "ours": ours,
    "connectorx": connectorx,
    "pandas": pandas,
    "dlt": dlt,
}


def main(name: str, uri: str, folder: str) -> None:
    """Read, and print what it took."""
    read = READERS[name](uri, Path(folder))
    began = time.perf_counter()
    read()
    taken = time.perf_counter() - began
    # Not ru_maxrss: a child starts with its parent's.
    peak = re.search(r"VmHWM:\s+(\d+) kB", Path("/proc/self/status").read_text())
    print(taken, int(peak[1]) / 1024 if peak else float("nan"))


if __name__ == "__main__":
    main(*sys.argv[1:])
