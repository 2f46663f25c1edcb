"""Every query of `sql/measure/` over the rows in the folder of its name."""

from pathlib import Path

import pyarrow.parquet as pq
import pytest
import yaml

from fairness_audit.steps.measure.counting.scan import FILE, group_counts
from tests.builders.populations import SQL, a_population

CASES = Path(__file__).parent


BY_WHAT_IS_MADE_OF_THEM = {
    *("given_faults", "given_feature_faults", "given_population", "weighted_group_counts"),
    *("score_range", "score_counts", "value_range", "value_sums"),
    *("decision_counts", "rank_counts", "rank_lists", "feature_counts", "stratum_rows"),
}
"""Queries that are tested by the metrics of files, in tests/unit and tests/agreement."""


def test_every_query_has_a_case() -> None:
    queries = {path.stem for path in (SQL / "measure").glob("*.sql")}
    cases = {path.parent.name for path in CASES.glob("*/expected.yaml")}
    assert queries == cases | BY_WHAT_IS_MADE_OF_THEM


@pytest.mark.parametrize("query", ["group_counts"])
def test_query(query: str, tmp_path: Path) -> None:
    case = yaml.safe_load((CASES / query / "population.yaml").read_text())
    expected = yaml.safe_load((CASES / query / "expected.yaml").read_text())
    population = a_population(tmp_path, case["columns"], case["rows"])
    cells = group_counts(population.path, sql=SQL, folder=tmp_path / "run")
    assert cells.to_pylist() == expected
    assert pq.read_table(tmp_path / "run" / FILE).to_pylist() == expected
