"""How fast a population is measured, beside Fairlearn, Aequitas and pandas in the same run.

Five attributes and all their pairs are 15 groupings. Ours is the product's own path: population
Parquet in, every figure out, with intervals. Times are medians of three, in seconds, after a first
run that is not counted. Fairlearn 0.12 and Aequitas run in environments of their own, installed
for the purpose. Run by hand (``make bench``); it wants the machine to itself.
"""

import math
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import duckdb
import numpy as np
import pandas as pd
import pytest

from fairness_audit.policy.metrics import RATES, Needs
from fairness_audit.steps.measure.counting.groups import Cells
from fairness_audit.steps.measure.counting.plan import Plan
from fairness_audit.steps.measure.counting.scan import group_counts, scanner
from fairness_audit.steps.measure.figures.bootstrap import resampled
from fairness_audit.steps.measure.metrics.scores import score_rows
from tests.bench.environments import python_with
from tests.bench.groupings import ATTRIBUTES, GROUPINGS, PLAN, all_pairs, ours, population
from tests.bench.pages import show
from tests.builders.populations import SQL

RIVALS = {"fairlearn": "fairlearn==0.12.0", "aequitas": "aequitas==1.0.0"}
FEW = 20_000  # rows; Fairlearn 0.15 takes minutes over more
ROOT = Path(__file__).resolve().parents[2]


def median(run: Callable[[], object], runs: int = 3) -> float:
    times = []
    for _ in range(runs):
        began = time.perf_counter()
        run()
        times.append(time.perf_counter() - began)
    return statistics.median(times)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("bench")


def bare_decode(path: Path) -> object:
    """Every column that is counted, decoded and nothing more."""
    with duckdb.connect() as connection:
        return connection.sql(
            "SELECT bit_xor(hash(COLUMNS('^attr_'))), bit_xor(hash(outcome)),"
            f" bit_xor(hash(selected)) FROM '{path}'"
        ).fetchall()


def bare_group_by(path: Path) -> object:
    """The same columns grouped, as plainly as DuckDB can be asked to."""
    with duckdb.connect() as connection:
        return connection.sql(
            f"SELECT COLUMNS('^attr_'), outcome, selected, count(*) FROM '{path}' GROUP BY ALL"
        ).to_arrow_table()


def with_pandas(path: Path) -> None:
    frame = pd.read_parquet(path).drop(columns="score")
    names = [f"attr_{name}" for name in ATTRIBUTES]
    frame[names] = frame[names].astype("category")
    for parts in GROUPINGS.values():
        keys = [*(f"attr_{part}" for part in parts), "outcome", "selected"]
        frame.groupby(keys, observed=True).size()


def with_fairlearn(path: Path, rows: int) -> None:
    from fairlearn import metrics

    frame = pd.read_parquet(path).head(rows)
    asked = {
        "selection": metrics.selection_rate,
        "tpr": metrics.true_positive_rate,
        "fpr": metrics.false_positive_rate,
    }
    for parts in GROUPINGS.values():
        metrics.MetricFrame(
            metrics=asked,
            y_true=frame["outcome"].astype(int),
            y_pred=frame["selected"].astype(int),
            sensitive_features=frame[[f"attr_{part}" for part in parts]],
        )


def with_rival(system: str, path: Path, rows: int, folder: Path, runs: int = 1) -> float | None:
    """Seconds of another system, or None where it cannot be installed."""
    python = python_with([RIVALS[system], "pyarrow"], folder / system)
    if python is None:
        return None
    script = [python, Path(__file__).with_name("rivals.py"), system, path, str(rows), str(runs)]
    done = subprocess.run(script, check=True, capture_output=True, text=True)
    return float(done.stdout.split()[-1])


TABLE: dict[str, dict[int, str]] = {}
"""What docs/statistics.md shows: per system, a text per number of rows."""


def said(name: str, seconds: float | None, mine: float, rows: int) -> None:
    text = "not installed" if seconds is None else f"{seconds:8.2f} s {seconds / mine:7.1f} x"
    print(f"  {name:<42} {text}")
    shown = "not installed"
    if seconds is not None:
        ratio = seconds / mine
        shown = (
            f"{seconds:.2f} s ({ratio:.0f}×)" if ratio >= 10 else f"{seconds:.2f} s ({ratio:.1f}×)"
        )
    TABLE.setdefault(name, {})[rows] = shown


def write_table() -> None:
    sizes = sorted({rows for each in TABLE.values() for rows in each})
    head = ["15 groupings (5 attributes, all pairs)", *(f"{n // 1_000_000}M rows" for n in sizes)]
    lines = [[name, *(texts.get(rows, "") for rows in sizes)] for name, texts in TABLE.items()]
    show("measure", head, lines)


@pytest.mark.timeout(3600)
@pytest.mark.parametrize("rows", [1_000_000, 10_000_000])
def test_fifteen_groupings(folder: Path, rows: int) -> None:
    path = population(folder, rows)
    figures = ours(path, folder / "run")
    mine = median(lambda: ours(path, folder / "run"))
    print(f"\n{rows:,} rows, 15 groupings, {figures:,} figures")
    said("this project, with intervals and tests", mine, mine, rows)
    scan = median(lambda: group_counts(path, sql=SQL, folder=folder))
    said("of that, the scan", scan, mine, rows)
    said(
        "a bare GROUP BY of the columns in DuckDB", median(lambda: bare_group_by(path)), mine, rows
    )
    said("a bare decode of the columns", median(lambda: bare_decode(path)), mine, rows)
    said("pandas, categories: counts alone", median(lambda: with_pandas(path)), mine, rows)
    if rows > 1_000_000:
        write_table()
        return
    said("Aequitas 1.0", with_rival("aequitas", path, rows, folder, runs=3), mine, rows)
    said("Fairlearn 0.12, three metrics", with_rival("fairlearn", path, rows, folder), mine, rows)
    few = median(lambda: with_fairlearn(path, FEW), runs=1)
    print(f"  Fairlearn 0.15, {FEW:,} rows               {few:8.2f} s")


@pytest.mark.timeout(3600)
def test_a_hundred_million_rows_fit_into_little_memory(folder: Path) -> None:
    path = population(folder, 100_000_000)
    words = [sys.executable, "-m", "tests.bench.one_measurement", str(path), str(folder / "run")]
    seconds, peak = zip(
        *(
            map(float, subprocess.run(words, check=True, capture_output=True, text=True,
                                      cwd=ROOT).stdout.split())
            for _ in range(3)
        ),
        strict=True,
    )  # fmt: skip
    decode = median(lambda: bare_decode(path))
    taken = statistics.median(seconds)
    print(
        f"\n100,000,000 rows, in a process of its own: {taken:.2f} s,"
        f" {taken / decode:.1f} x a bare decode; peak {max(peak):.0f} MiB"
    )
    path.unlink()
    assert max(peak) < 256


@pytest.mark.timeout(900)
def test_growth(folder: Path) -> None:
    """The exponent e of time ~ size^e, between the smallest and the largest."""
    print()
    rows = {n: median(lambda n=n: ours(population(folder, n), folder / "run"))
            for n in (1_000_000, 10_000_000)}  # fmt: skip
    exponent("rows", rows)
    attributes = {}
    for n in (3, 6, 12):
        names = {f"a{i}": 3 for i in range(n)}
        path, plan = (
            population(folder, 1_000_000, names),
            Plan(all_pairs(list(names)), resamples=0),
        )
        attributes[len(plan.groupings)] = median(
            lambda path=path, plan=plan: ours(path, folder / "run", plan)
        )
    exponent("groupings (3, 6 and 12 attributes of 3 groups)", attributes)
    scores = {}
    plan = Plan({"age": ("age",)}, columns=frozenset({Needs.SCORE, Needs.OUTCOME}))
    for n in (100, 1_000, 10_000, 100_000):
        path = folder / f"scores_{n}.parquet"
        with duckdb.connect() as connection:
            connection.execute(
                f"COPY (SELECT * REPLACE (floor(score * {n}) / {n} AS score)"
                f" FROM '{population(folder, 1_000_000)}') TO '{path}'"
            )
        with scanner(path, SQL, folder / "run") as scan:
            scores[n] = median(lambda scan=scan: list(score_rows(plan, scan)))
    exponent("different scores", scores)


def exponent(name: str, times: dict[int, float]) -> None:
    low, high = min(times), max(times)
    found = math.log(times[high] / times[low]) / math.log(high / low)
    listed = ", ".join(f"{n:,}: {seconds:.2f} s" for n, seconds in times.items())
    print(f"time grows with {name} to the power of {found:.2f} ({listed})")


@pytest.mark.timeout(900)
def test_a_thousand_resamples_of_every_rate(folder: Path) -> None:
    print()
    for rows in (10_000, 10_000_000):
        cells = Cells(group_counts(population(folder, rows), sql=SQL, folder=folder / "run"))
        groupings = list(cells.groupings(PLAN))

        def resample(groupings: list = groupings) -> None:
            for each in groupings:
                counts = resampled(each.sums, each.attribute, 1000)
                for rate in RATES:
                    with np.errstate(all="ignore"):
                        np.divide(rate.numerator(counts), rate.denominator(counts))

        print(f"1,000 resamples of every rate of 15 groupings of {rows:>10,} rows:"
              f" {median(resample):.2f} s")  # fmt: skip


@pytest.mark.timeout(900)
def test_area_under_curve(folder: Path) -> None:
    from sklearn.metrics import roc_auc_score

    path = population(folder, 10_000_000)
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
    print(f"\nall score metrics of 10,000,000 rows: {mine:.2f} s; scikit-learn's areas alone"
          f" {theirs:.1f} s; largest error of an area {np.max(errors):.1e},"
          f" stated: {next(iter(found.values())).method}")  # fmt: skip
    assert max(errors) < 1e-4
