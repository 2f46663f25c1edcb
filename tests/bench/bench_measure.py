"""How fast a population is measured, beside Fairlearn and pandas in the same run.

Five attributes and all their pairs are 15 groupings. Ours is the product's own path: population
Parquet in, rates of every group with intervals, differences and ratios out. Each time is the
median of three. Run by hand (``make bench``); it needs two cores to itself.
"""

import resource
import statistics
import time
from collections.abc import Callable
from itertools import combinations
from pathlib import Path

import duckdb
import numpy as np
import pandas as pd
import pytest

from fairness_audit.measure.audit import measurements
from fairness_audit.measure.bootstrap import resampled
from fairness_audit.measure.definition import Needs
from fairness_audit.measure.groups import Cells
from fairness_audit.measure.plan import Plan
from fairness_audit.measure.scan import group_counts, scanner
from fairness_audit.measure.score_metrics import score_rows
from tests.populations import SQL

ATTRIBUTES = {"gender": 3, "age": 5, "region": 6, "channel": 4, "tenure": 4}
GROUPINGS = {name: (name,) for name in ATTRIBUTES} | {
    "*".join(pair): pair for pair in combinations(ATTRIBUTES, 2)
}
PLAN = Plan(GROUPINGS, resamples=0, min_group_size=30)
RUNS = 3


def population(folder: Path, rows: int) -> Path:
    """Random decisions, in row groups that DuckDB writes itself."""
    path = folder / f"population_{rows}.parquet"
    groups = ", ".join(
        f"'{name}' || CAST(floor(random() * {n}) AS INTEGER) AS attr_{name}"
        for name, n in ATTRIBUTES.items()
    )
    with duckdb.connect() as connection:
        connection.execute("SELECT setseed(0.5)")
        connection.execute(
            f"COPY (SELECT {groups}, random() AS score, random() < 0.3 AS outcome,"
            f" random() < 0.4 AS selected FROM range({rows})) TO '{path}' (FORMAT parquet)"
        )
    return path


def median(run: Callable[[], object], runs: int = RUNS) -> float:
    times = []
    for _ in range(runs):
        began = time.perf_counter()
        run()
        times.append(time.perf_counter() - began)
    return statistics.median(times)


def ours(path: Path, folder: Path, plan: Plan = PLAN) -> int:
    cells = group_counts(path, sql=SQL, folder=folder)
    return sum(table.num_rows for table in measurements(cells, plan))


def bare_scan(path: Path) -> object:
    """Every column that is counted, decoded and nothing more."""
    with duckdb.connect() as connection:
        return connection.sql(
            "SELECT bit_xor(hash(COLUMNS('^attr_'))), bit_xor(hash(outcome)),"
            f" bit_xor(hash(selected)) FROM '{path}'"
        ).fetchall()


def with_pandas(path: Path) -> None:
    frame = pd.read_parquet(path).drop(columns="score")
    names = [f"attr_{name}" for name in ATTRIBUTES]
    frame[names] = frame[names].astype("category")
    for parts in GROUPINGS.values():
        keys = [*(f"attr_{part}" for part in parts), "outcome", "selected"]
        frame.groupby(keys, observed=True).size()


def with_fairlearn(path: Path, rows: int) -> None:
    from fairlearn import metrics
    from fairlearn.metrics import MetricFrame

    frame = pd.read_parquet(path).head(rows)
    asked = {
        "selection": metrics.selection_rate,
        "tpr": metrics.true_positive_rate,
        "fpr": metrics.false_positive_rate,
    }
    for parts in GROUPINGS.values():
        MetricFrame(
            metrics=asked,
            y_true=frame["outcome"].astype(int),
            y_pred=frame["selected"].astype(int),
            sensitive_features=frame[[f"attr_{part}" for part in parts]],
        )


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("bench")


@pytest.mark.timeout(900)
def test_fifteen_groupings(folder: Path) -> None:
    print(f"\n{'rows':>12} {'ours':>8} {'bare decode':>12} {'pandas':>8}  pandas / ours")
    for rows in (1_000_000, 10_000_000):
        path = population(folder, rows)
        mine = median(lambda path=path: ours(path, folder / "run"))
        decode = median(lambda path=path: bare_scan(path))
        theirs = median(lambda path=path: with_pandas(path))
        ratio = theirs / mine
        print(f"{rows:12,} {mine:7.2f}s {decode:11.2f}s {theirs:7.2f}s {ratio:10.1f}x")
    few = 20_000
    path = folder / "population_1000000.parquet"
    slow = median(lambda: with_fairlearn(path, few), runs=1)
    print(
        f"Fairlearn, three metrics, {few:,} rows: {slow:.2f}s = {slow / few * 1e6:.0f}s a million"
    )


@pytest.mark.timeout(900)
def test_a_hundred_million_rows_fit_into_little_memory(folder: Path) -> None:
    path = population(folder, 100_000_000)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    taken = median(lambda: ours(path, folder / "run"), runs=1)
    after = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    path.unlink()
    print(f"\n100,000,000 rows: {taken:.1f}s, peak of the process {after / 1024:.0f} MiB"
          f" (before the run {before / 1024:.0f} MiB, with the writing of the file)")  # fmt: skip


@pytest.mark.timeout(300)
def test_a_thousand_resamples_of_every_grouping(folder: Path) -> None:
    print()
    for rows in (10_000, 10_000_000):
        path = folder / f"population_{rows}.parquet"
        if not path.exists():
            population(folder, rows)
        cells = Cells(group_counts(path, sql=SQL, folder=folder / "run"))
        groupings = list(cells.groupings(PLAN))
        taken = median(lambda groupings=groupings: [
            resampled(each.counts, each.attribute, 1000) for each in groupings])  # fmt: skip
        print(f"1,000 resamples of 15 groupings of {rows:>10,} rows: {taken:.2f}s")


@pytest.mark.timeout(300)
def test_area_under_curve(folder: Path) -> None:
    from sklearn.metrics import roc_auc_score

    path = folder / "population_10000000.parquet"
    if not path.exists():
        population(folder, 10_000_000)
    plan = Plan({"age": ("age",)}, columns=frozenset({Needs.SCORE, Needs.OUTCOME}))
    found = {}

    def scored() -> None:
        with scanner(path, SQL, folder / "run") as scan:
            rows = score_rows(plan, scan)
            found.update({row.group: row for row in rows if row.metric == "area_under_curve"})

    mine = median(scored)
    frame = pd.read_parquet(path, columns=["attr_age", "score", "outcome"])
    began = time.perf_counter()
    errors = [
        abs(roc_auc_score(each["outcome"], each["score"]) - found[name].value)
        for name, each in frame.groupby("attr_age")
    ]
    theirs = time.perf_counter() - began
    print(f"\nall score metrics of 10,000,000 rows: {mine:.2f}s; scikit-learn's areas alone"
          f" {theirs:.1f}s; largest error of an area {np.max(errors):.1e},"
          f" stated: {next(iter(found.values())).method}")  # fmt: skip
    assert max(errors) < 1e-4
