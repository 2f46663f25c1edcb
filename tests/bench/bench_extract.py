"""How fast a wide table leaves PostgreSQL for Parquet, beside other ways to read it.

Each reader runs in a process of its own; its peak of memory is the kernel's. The rows lie in a
PostgreSQL that the test starts. FAIRNESS_AUDIT_BENCH_ROWS sets how many (default: a million).
"""

import os
import statistics
import subprocess
import sys
from pathlib import Path

import psycopg
import pytest

from tests.bench.one_extract import READERS

ROWS = int(os.environ.get("FAIRNESS_AUDIT_BENCH_ROWS", "1000000"))
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


@pytest.mark.timeout(3600)
def test_a_wide_table(postgres_uri: str, tmp_path: Path) -> None:
    with psycopg.connect(postgres_uri, autocommit=True) as connection:
        connection.execute("CREATE SCHEMA crm")
        connection.execute(TABLE.replace("{rows}", str(ROWS)))  # type: ignore[call-overload]
        connection.execute("ALTER TABLE crm.wide ADD PRIMARY KEY (id)")
        connection.execute("VACUUM ANALYZE crm.wide")
        (size,) = connection.execute("SELECT pg_table_size('crm.wide')").fetchone() or (0,)
    print(f"\n{ROWS:,} rows of 15 columns, {size / 2**20:.0f} MiB in PostgreSQL")
    first = 0.0
    for name in READERS:
        runs = [taken(name, postgres_uri, tmp_path) for _ in range(1 if name == "pandas" else 3)]
        seconds = statistics.median(each[0] for each in runs)
        first = first or seconds
        peak = max(each[1] for each in runs)
        print(f"  {name:<28} {seconds:7.2f} s {seconds / first:6.1f} x copy, peak {peak:5.0f} MiB")


def taken(name: str, uri: str, folder: Path) -> tuple[float, float]:
    """Seconds and MiB of one reader."""
    words = [sys.executable, "-m", "tests.bench.one_extract", name, uri, str(folder)]
    done = subprocess.run(words, check=True, capture_output=True, text=True, cwd=ROOT)
    seconds, peak = map(float, done.stdout.split()[-2:])
    return seconds, peak
