"""Another system over the same population, run by the Python of an environment of its own.

    python rivals.py {aequitas,fairlearn} POPULATION ROWS RUNS

Prints the median seconds, from the Parquet file to rates and disparities of five attributes and
all their pairs. A first run over a few rows is not counted.
"""

import statistics
import sys
import time
from itertools import combinations

import pandas as pd


def aequitas(frame, groupings):
    from aequitas.bias import Bias
    from aequitas.group import Group

    table, _ = Group().get_crosstabs(frame, attr_cols=groupings)
    Bias().get_disparity_major_group(table, original_df=frame)


def fairlearn(frame, groupings):
    from fairlearn import metrics

    asked = {
        "selection": metrics.selection_rate,
        "tpr": metrics.true_positive_rate,
        "fpr": metrics.false_positive_rate,
    }
    for grouping in groupings:
        found = metrics.MetricFrame(
            metrics=asked,
            y_true=frame["label_value"],
            y_pred=frame["score"],
            sensitive_features=frame[grouping],
        )
        found.difference()
        found.ratio()


def read(path, rows):
    """The population as both systems want it: text, numbers, and intersections as columns."""
    frame = pd.read_parquet(path).head(rows)
    names = [name for name in frame if name.startswith("attr_")]
    pairs = {f"{a}*{b}": frame[a] + "*" + frame[b] for a, b in combinations(names, 2)}
    groups = frame[names].assign(**pairs).astype(str).astype(object)
    told = groups.assign(
        score=frame["selected"].astype(int), label_value=frame["outcome"].astype(int)
    )
    return told, list(groups)


def main(system, path, rows, runs):
    run = {"aequitas": aequitas, "fairlearn": fairlearn}[system]
    run(*read(path, 1000))  # imports and caches are not counted
    times = []
    for _ in range(int(runs)):
        began = time.perf_counter()
        run(*read(path, int(rows)))
        times.append(time.perf_counter() - began)
    print(statistics.median(times))


if __name__ == "__main__":
    main(*sys.argv[1:])
