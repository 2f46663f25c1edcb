"""People alike: the flip test and consistency, by hand, and against scikit-learn's neighbours."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.neighbors import KNeighborsClassifier, NearestNeighbors

from fairness_audit.errors import InputError
from fairness_audit.statistics.neighbours import shares_among_nearest
from tests.builders.measured_files import MeasuredFile

CLARIFY_FACET = [int(bit) for bit in "011010110111100001011010"]
CLARIFY_DECIDED = [int(bit) for bit in "101001000010011111111010"]


def test_clarifys_own_rows(tmp_path: Path) -> None:
    """smclarify, `tests/unit/bias/metrics/test_metrics.py`: all of them alike but for the facet.

    Seven of the other eleven are selected, so each of the thirteen would be; seven are not.
    """
    rows = [
        (f"f{facet}", facet, 1, decided)
        for facet, decided in zip(CLARIFY_FACET, CLARIFY_DECIDED, strict=True)
    ]
    columns = "attr_g feature_own feature_same selected"
    measured = MeasuredFile(tmp_path, rows, columns)
    assert measured.value("FT", "f1") == pytest.approx(-0.5384615384615384)


def test_few_to_compare_with_means_the_nearest_alone(tmp_path: Path) -> None:
    """Nine or fewer on the other side: 1.1 is like 1, who is selected, 8 like 9, who is not."""
    rows = [("a", 1, 1), ("a", 9, 0), ("a", 10, 0), ("d", 1.1, 0), ("d", 8, 0), ("d", 9.2, 1)]
    measured = MeasuredFile(tmp_path, rows, "attr_g feature_x selected")
    found = measured.one("flip_test", "d")
    assert (found["value"], found["numerator"], found["denominator"]) == (0.0, 0, 3)
    rows[-1] = ("d", 9.2, 0)
    measured = MeasuredFile(
        tmp_path, rows, "attr_g feature_x selected", references={"attr_g": "a"}
    )
    assert measured.value("FT", "d") == pytest.approx(-1 / 3)
    assert measured.those("FT", group="a") == []


def test_consistency_by_hand(tmp_path: Path) -> None:
    """Two heaps of five: in one all agree, in the other one of five differs."""
    rows = [("a", 0, 1, 1)] * 5 + [("b", 100, 1, 0)] * 4 + [("b", 100, 0, 1)]
    measured = MeasuredFile(tmp_path, rows, "attr_g feature_x selected outcome")
    # In the second heap the mean is 4/5: four are 1/5 off, one 4/5.
    assert measured.value("consistency", "overall") == pytest.approx(1 - (4 / 5 + 4 / 5) / 10)
    assert measured.value("consistency_labels", "overall") == pytest.approx(
        1 - (4 / 5 + 4 / 5) / 10
    )


def test_unknown_outcomes_have_no_neighbours(tmp_path: Path) -> None:
    rows = [("a", 0, 1), ("a", 0, 1), ("b", 0, "")]
    measured = MeasuredFile(tmp_path, rows, "attr_g feature_x outcome")
    found = measured.one("consistency_labels", "overall")
    assert (found["value"], found["n"]) == (1.0, 2)


@pytest.mark.parametrize("cell", ["", "red", "nan", "inf"])
def test_a_feature_must_be_a_number(tmp_path: Path, cell: str) -> None:
    with pytest.raises(InputError, match=r"column 'feature_x': 1 rows are not finite numbers"):
        MeasuredFile(tmp_path, [("a", 1, 1), ("b", cell, 0)], "attr_g feature_x selected")


@given(st.integers(0, 2**32 - 1))
def test_without_ties_it_is_what_scikit_learn_finds(seed: int) -> None:
    random = np.random.default_rng(seed)
    points = random.normal(size=(40, 3))
    queries = random.normal(size=(15, 3))
    chosen = random.random(40) < 0.5
    ones = np.ones(40)
    found = shares_among_nearest(points, ones, chosen.astype(float), queries, 5)
    voted = KNeighborsClassifier(5).fit(points, chosen).predict(queries)
    assert (found > 0.5).tolist() == voted.tolist()
    near = NearestNeighbors(n_neighbors=5).fit(points).kneighbors(queries)[1]
    assert found == pytest.approx(chosen[near].mean(axis=1))


@given(st.lists(st.tuples(st.integers(0, 2), st.integers(0, 2), st.booleans()), min_size=6))
def test_with_ties_the_order_of_the_rows_makes_no_difference(rows: list) -> None:
    """All at the distance of the fifth neighbour count, found by looking at every row."""
    features = np.array([row[:2] for row in rows], dtype=float)
    selected = np.array([row[2] for row in rows], dtype=float)
    points, point = np.unique(features, axis=0, return_inverse=True)
    totals = np.bincount(point.reshape(-1)).astype(float)
    successes = np.bincount(point.reshape(-1), weights=selected)
    found = shares_among_nearest(points, totals, successes, features, 5)
    for query, share in zip(features, found, strict=True):
        distance = np.sqrt(((features - query) ** 2).sum(axis=1))
        within = distance <= np.sort(distance)[4] + 1e-9
        assert share == pytest.approx(selected[within].mean())
