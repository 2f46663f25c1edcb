"""Weights: no figure depends on their unit, and each is what others find of the same weights."""

import math
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from fairness_audit.errors import MeasurementError
from tests.builders.measured_files import MeasuredFile
from tests.builders.populations import a_population, policy_over

COLUMNS = "attr_g stratum_region outcome selected score weight"
Rows = list[tuple[Any, ...]]


def rows(n: int = 400) -> Rows:
    draw = np.random.default_rng(11)
    g, region = draw.choice(["a", "b", "c"], n), draw.choice(["n", "s"], n)
    outcome, score = draw.integers(0, 2, n), np.round(draw.random(n), 3)
    selected = (draw.random(n) < np.where(g == "a", 0.3, 0.5)).astype(int)
    weight = draw.uniform(0.2, 5, n)
    each = zip(g, region, outcome, selected, score, weight, strict=True)
    return [(str(a), str(b), int(c), int(d), float(e), float(f)) for a, b, c, d, e, f in each]


def reweighed(given: Rows, change: Callable[[float], float]) -> Rows:
    return [(*row[:-1], change(row[-1])) for row in given]


def measured(folder: Path, given: Sequence[tuple[Any, ...]]) -> MeasuredFile:
    folder.mkdir()
    return MeasuredFile(folder, given, COLUMNS, references={"attr_g": "c"}, resamples=200, depth=1)


@pytest.mark.parametrize("unit", [1000.0, 1 / sum(row[-1] for row in rows()), 1e-9, 1e30])
def test_no_figure_depends_on_the_unit_of_weight(unit: float, tmp_path: Path) -> None:
    one = measured(tmp_path / "one", rows()).all
    other = measured(tmp_path / "other", reweighed(rows(), lambda w: w * unit)).all
    sums = {"numerator", "denominator", "reference_numerator", "reference_denominator"}
    assert len(one) == len(other) > 500
    for ours, theirs in zip(one, other, strict=True):
        for key in ours.keys() - sums:
            expected = ours[key]
            if isinstance(expected, float):
                expected = pytest.approx(expected, rel=1e-6, abs=1e-9)
            assert theirs[key] == expected, (ours["metric"], ours["group"], key)


def test_weights_of_one_size_are_none(tmp_path: Path) -> None:
    """But for resamples, which draw further random numbers."""
    plain = MeasuredFile(tmp_path, [row[:-1] for row in rows()], COLUMNS.removesuffix(" weight"))
    (tmp_path / "alike").mkdir()
    alike = MeasuredFile(tmp_path / "alike", reweighed(rows(), lambda _: 0.37), COLUMNS)
    quantiles = {f"score_quantile_{q}" for q in (10, 25, 50, 75, 90)}
    for ours, theirs in zip(alike.all, plain.all, strict=True):
        if ours["metric"] in quantiles:
            continue  # without weights they are interpolated
        for key in ("value", "low", "high", "p_value"):
            expected = theirs[key]
            if expected is not None:
                expected = pytest.approx(expected, rel=1e-8, abs=1e-10)
            assert ours[key] == expected, (ours["metric"], ours["group"], key)


def test_resamples_are_of_rows(tmp_path: Path) -> None:
    """Beside a bootstrap of the rows themselves."""
    found = measured(tmp_path / "run", rows()).one("treatment_equality", "a")
    g, outcome, selected, weight = (np.array([row[i] for row in rows()]) for i in (0, 2, 3, 5))
    draw, values = np.random.default_rng(3), []
    for _ in range(2000):
        at = draw.integers(0, len(g), len(g))

        def errors(name: str, at: np.ndarray = at) -> float:
            own = at[g[at] == name]
            missed = weight[own][(outcome[own] == 1) & (selected[own] == 0)].sum()
            return float(missed / weight[own][(outcome[own] == 0) & (selected[own] == 1)].sum())

        values.append(errors("a") - errors("c"))
    low, high = np.quantile(values, [0.025, 0.975])
    width = high - low
    assert found["low"] == pytest.approx(low, abs=0.15 * width)
    assert found["high"] == pytest.approx(high, abs=0.15 * width)


def test_scores_are_as_scikit_learn_weighs_them(tmp_path: Path) -> None:
    from sklearn.metrics import brier_score_loss, roc_auc_score

    found = measured(tmp_path / "run", rows())
    for name in ("a", "b", "c"):
        own = [row for row in rows() if row[0] == name]
        y, score, weight = (np.array([row[i] for row in own]) for i in (2, 4, 5))
        expected = {
            "AUC": roc_auc_score(y, score, sample_weight=weight),
            "BS": brier_score_loss(y, score, sample_weight=weight),
            "mean_score": np.average(score, weights=weight),
        }
        for metric, value in expected.items():
            row = found.one(metric, name)
            assert row["value"] == pytest.approx(value, rel=1e-9)
            assert row["low"] < row["value"] < row["high"]
            assert row["n"] == len(own)


def test_a_weighted_group_of_one_row_is_what_fairlearn_finds(tmp_path: Path) -> None:
    """Fairlearn 0.15; versions before it took one row with a weight for no row."""
    from fairlearn.metrics import (
        MetricFrame,
        demographic_parity_difference,
        selection_rate,
        true_positive_rate,
    )

    given = [("a", 1, 1, 2.0), ("a", 0, 0, 1.0), ("a", 1, 0, 3.0), ("b", 1, 1, 4.0),
             ("b", 0, 1, 0.5), ("c", 1, 1, 2.5)]  # fmt: skip
    found = MeasuredFile(tmp_path, given, "attr_g outcome selected weight")
    g, y, p, weight = (np.array(column) for column in zip(*given, strict=True))
    weights = {"sample_weight": weight}
    for code, metric in (("SR", selection_rate), ("TPR", true_positive_rate)):
        theirs = MetricFrame(
            metrics=metric, y_true=y, y_pred=p, sensitive_features=g, sample_params=weights
        )
        for name, value in theirs.by_group.items():
            assert found.value(code, str(name)) == pytest.approx(value)
    expected = demographic_parity_difference(y, p, sensitive_features=g, sample_weight=weight)
    largest = found.those("demographic_parity_difference")[0]
    assert largest["value"] == pytest.approx(expected)
    # One row is one row, whatever its weight: nearly nothing is known of its rate.
    single = found.one("SR", "c")
    assert (single["n"], single["low"], single["high"]) == (1, pytest.approx(0.025), 1.0)
    assert largest["high"] > 0.99


def test_a_figure_of_a_subgroup_counts_rows(tmp_path: Path) -> None:
    (worst,) = measured(tmp_path / "run", rows()).those("worst_subgroup_impact_ratio")
    assert worst["n"] == sum(row[0] == worst["group"] for row in rows())


def test_what_does_not_use_weights_says_so(tmp_path: Path) -> None:
    given = [("a", 3.0, 1.5), ("a", 4.0, 2.0), ("b", 1.0, 1.0), ("b", 2.5, 4.0)]
    found = MeasuredFile(tmp_path, given, "attr_g value weight")
    assert found.one("mean_value", "a")["method"].endswith("unweighted")


@pytest.mark.parametrize("weight", [0.0, -1.0, math.nan, math.inf, None])
def test_a_weight_that_is_none_is_refused(weight: float | None, tmp_path: Path) -> None:
    import pyarrow as pa
    import pyarrow.parquet as pq

    from fairness_audit.steps.measure import measure
    from tests.builders.populations import SQL

    given = [{"attr_g": name, "selected": i % 2 == 0} for i, name in enumerate("abab")]
    population = a_population(tmp_path, ["attr_g"], given)
    table = pq.read_table(population.path)
    weights = pa.array([1.0, weight, 2.0, 1.0], pa.float64())
    pq.write_table(table.append_column("weight", weights), population.path)
    with pytest.raises(MeasurementError, match="column weight: some are empty, not above 0"):
        measure(policy_over({"g": "a"}), population, sql=SQL, folder=tmp_path / "run")


def test_a_weighted_population_is_audited(tmp_path: Path) -> None:
    """Fairlearn gives its second opinion on weights too, and sizes are rows."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    from fairness_audit.steps.measure import measure, read_measurements
    from tests.builders.populations import SQL

    given = [
        {"attr_g": row[0], "outcome": bool(row[2]), "selected": bool(row[3])} for row in rows()
    ]
    population = a_population(tmp_path, ["attr_g"], given)
    table = pq.read_table(population.path)
    weights = pa.array([100 * row[-1] for row in rows()], pa.float64())
    pq.write_table(table.append_column("weight", weights), population.path)
    file = measure(policy_over({"g": "a"}), population, sql=SQL, folder=tmp_path / "run")
    assert (file.labelled_rows, file.selected_rows) == (400, sum(row[3] for row in rows()))
    assert {each.n for each in read_measurements(file) if each.attribute == "overall"} == {400}
