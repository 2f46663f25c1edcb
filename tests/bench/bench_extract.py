"""How fast a wide table leaves PostgreSQL for Parquet, beside other ways to read it.

Each reader runs in a process of its own, those of other systems in environments of their own; its
peak of memory is the kernel's. The rows lie in a PostgreSQL that the test starts.
BENCH_ROWS sets how many (default: five million). Readers take turns, so that what
else the machine does falls on all of them.
"""

import os
import shutil
import statistics
import subprocess
import sys
from pathlib import Path

import psycopg
import pytest

from tests.bench.environments import python_with
from tests.bench.pages import show

ROWS = int(os.environ.get("BENCH_ROWS", "5000000"))
ROOT = Path(__file__).resolve().parents[2]
TABLE = """
CREATE TABLE crm.wide AS
SELECT
    i AS id, (i * 7919) % 1000 AS points, i % 50 AS visits, (i * 31) % 97 AS clicks,
    CAST((i % 100000) / 7.0 AS numeric(12, 2)) AS amount,
    CAST((i % 5000) / 3.0 AS numeric(12, 2)) AS discount,
    TIMESTAMPTZ '2025-01-01' + i * interval '7 seconds' AS created_at,
    TIMESTAMPTZ '2025-06-01' + i * interval '3 seconds' AS modified_at,
    i % 3 = 0 AS is_open, md5(CAST(i AS text))::uuid AS token,
    jsonb_build_object('a', i % 10, 'b', 'x' || i % 7) AS extra,
    'name of ' || i AS name, md5(CAST(i * 3 AS text)) AS code,
    repeat('word ', CAST(2 + i % 14 AS int)) AS remark, 'city ' || i % 900 AS city
FROM generate_series(CAST(1 AS bigint), {rows}) AS i
"""


READERS = {
    "copy": ("`COPY`, binary, thrown away", ()),
    "ours": ("this project", ()),
    "connectorx": ("ConnectorX 0.4.6", ("connectorx==0.4.6", "pyarrow")),
    "pandas": ("pandas, chunks of 50,000", ()),
    "dlt": (
        "dlt 1.31, its Arrow backend",
        ("dlt[parquet,sql_database]==1.31.0", "psycopg2-binary"),
    ),
}
ONCE = {"pandas", "dlt"}  # they take minutes


@pytest.mark.timeout(3600)
def test_a_wide_table(postgres_uri: str, tmp_path: Path) -> None:
    with psycopg.connect(postgres_uri, autocommit=True) as connection:
        connection.execute("CREATE SCHEMA crm")
        connection.execute(TABLE.replace("{rows}", str(ROWS)))  # type: ignore[call-overload]
        connection.execute("ALTER TABLE crm.wide ADD PRIMARY KEY (id)")
        connection.execute("VACUUM ANALYZE crm.wide")
        (size,) = connection.execute("SELECT pg_table_size('crm.wide')").fetchone() or (0,)
    print(f"\n{ROWS:,} rows of 15 columns, {size / 2**20:.0f} MiB in PostgreSQL")
    pythons = {
        name: python_with(packages, tmp_path / f"{name} environment")
        if packages
        else sys.executable
        for name, (_, packages) in READERS.items()
    }
    runs: dict[str, list[tuple[float, float]]] = {name: [] for name in READERS}
    for turn in range(3):
        for name, python in pythons.items():
            if python is not None and not (turn and name in ONCE):
                runs[name].append(taken(python, name, postgres_uri, tmp_path / f"{name} {turn}"))
    show("extract", [f"{ROWS / 1e6:g}M rows of 15 columns", "seconds", "memory"], lines(runs))


def lines(runs: dict[str, list[tuple[float, float]]]) -> list[list[str]]:
    """Median seconds and the highest peak of each reader."""
    medians = {name: statistics.median(s for s, _ in each) for name, each in runs.items() if each}
    told = []
    for name, seconds in medians.items():
        ratio, peak = seconds / medians["copy"], max(peak for _, peak in runs[name])
        told.append([READERS[name][0], f"{seconds:.1f} s ({ratio:.1f}×)", f"{peak:.0f} MiB"])
        print(f"  {told[-1]}")
    return told


def taken(python: str | Path, name: str, uri: str, folder: Path) -> tuple[float, float]:
    """Seconds and MiB of one reader."""
    folder.mkdir()
    words = [python, Path(__file__).with_name("one_extract.py"), name, uri, folder]
    paths = os.pathsep.join([str(ROOT), str(ROOT / "plugins")])
    done = subprocess.run(
        words, check=True, capture_output=True, text=True, env=os.environ | {"PYTHONPATH": paths}
    )
    shutil.rmtree(folder)
    seconds, peak = map(float, done.stdout.split()[-2:])
    return seconds, peak
