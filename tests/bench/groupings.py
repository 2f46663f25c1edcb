"""What the benchmarks measure: a population of random decisions, and its 15 groupings."""

from itertools import combinations
from pathlib import Path

import duckdb

from fairness_audit.steps.measure.audit import measurements
from fairness_audit.steps.measure.counting.plan import Plan
from fairness_audit.steps.measure.counting.scan import group_counts
from tests.builders.populations import SQL

ATTRIBUTES = {"gender": 3, "age": 5, "region": 6, "channel": 4, "tenure": 4}


def all_pairs(attributes: list[str]) -> dict[str, tuple[str, ...]]:
    """Every attribute and every pair of them."""
    return {name: (name,) for name in attributes} | {
        "*".join(pair): pair for pair in combinations(attributes, 2)
    }


GROUPINGS = all_pairs(list(ATTRIBUTES))
PLAN = Plan(GROUPINGS, resamples=0, min_group_size=30)


def population(folder: Path, rows: int, attributes: dict[str, int] | None = None) -> Path:
    """Random decisions in Parquet: the attributes named, with so many groups each."""
    attributes = ATTRIBUTES if attributes is None else attributes
    path = folder / f"population_{rows}_{len(attributes)}.parquet"
    if path.exists():
        return path
    groups = ", ".join(
        f"'{name}' || CAST(floor(random() * {n}) AS INTEGER) AS attr_{name}"
        for name, n in attributes.items()
    )
    with duckdb.connect() as connection:
        connection.execute("SELECT setseed(0.5)")
        connection.execute(
            f"COPY (SELECT {groups}, random() AS score, random() < 0.3 AS outcome,"
            f" random() < 0.4 AS selected FROM range({rows})) TO '{path}' (FORMAT parquet)"
        )
    return path


def ours(path: Path, folder: Path, plan: Plan = PLAN) -> int:
    """The product's own path, from Parquet to figures; how many there are."""
    cells = group_counts(path, sql=SQL, folder=folder)
    return sum(table.num_rows for table in measurements(cells, plan))
