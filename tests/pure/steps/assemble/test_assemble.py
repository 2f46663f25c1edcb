"""One row per decision, and no row lost without a trace."""

import hashlib
import hmac
import shutil
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from fairness_audit.errors import PopulationError
from fairness_audit.records.population import Loss, Population
from fairness_audit.steps.assemble import assemble, read_losses
from tests import CHECKOUT
from tests.builders.domain import a_policy
from tests.builders.snapshots import LOGICAL_DATE, a_snapshot

KEY = bytes(range(32))
POLICY = a_policy(
    min_group_size=1,
    attributes={"gender": {"provenance": "self_id", "reference_group": "M"}},
    intersections=[],
    strata=["segment"],
)
IN_WINDOW = LOGICAL_DATE - timedelta(days=70)

STAGING = """
SELECT decision_id, model, model_version, lead_id, decided_at, score, selected
FROM read_parquet($path)
"""
POPULATION = """
SELECT
    score_log.decision_id,
    CAST(score_log.lead_id AS VARCHAR) AS subject_key,
    score_log.decided_at,
    score_log.model_version,
    score_log.score,
    score_log.selected,
    CAST(NULL AS BOOLEAN) AS outcome,
    CASE score_log.lead_id % 3 WHEN 0 THEN 'M' WHEN 1 THEN '  ' END AS attr_gender,
    'smb' AS stratum_segment,
    CASE WHEN score_log.lead_id > 100 THEN 'test_record' END AS lost_at,
FROM score_log
WHERE
    model = 'lead_scoring'
    AND model_version = $model_version
    AND decided_at >= $window_start
    AND decided_at < $window_end
"""


def a_decision(decision_id: int, lead_id: int, **changes: Any) -> dict[str, Any]:
    decision = {
        "decision_id": decision_id,
        "model": "lead_scoring",
        "model_version": "1",
        "lead_id": lead_id,
        "decided_at": IN_WINDOW,
        "score": 0.5,
        "selected": True,
    }
    return decision | changes


@pytest.fixture
def sql(tmp_path: Path) -> Path:
    folder = tmp_path / "sql"
    (folder / "staging" / "sample").mkdir(parents=True)
    (folder / "population").mkdir()
    shutil.copytree(CHECKOUT / "sql" / "assemble", folder / "assemble")
    (folder / "staging" / "sample" / "score_log.sql").write_text(STAGING)
    (folder / "population" / "lead_scoring.sql").write_text(POPULATION)
    return folder


def assembled(
    tmp_path: Path, sql: Path, decisions: list[dict[str, Any]], **options: Any
) -> Population:
    snapshot = a_snapshot(POLICY, tmp_path / "snapshot", {"score_log": decisions})
    given: dict[str, Any] = {"subject_key": KEY, "model_version": None} | options
    return assemble(POLICY, snapshot, sql=sql, folder=tmp_path, **given)


def test_one_row_per_decision_with_unknown_for_missing_values(tmp_path: Path, sql: Path) -> None:
    population = assembled(tmp_path, sql, [a_decision(1, 3), a_decision(2, 4), a_decision(3, 5)])
    rows = pq.read_table(population.path).to_pylist()
    assert [row["attr_gender"] for row in rows] == ["M", "unknown", "unknown"]
    assert [row["stratum_segment"] for row in rows] == ["smb"] * 3
    assert (population.rows, population.decisions, read_losses(population)) == (3, 3, ())


def test_the_subject_is_a_keyed_pseudonym(tmp_path: Path, sql: Path) -> None:
    population = assembled(tmp_path, sql, [a_decision(1, 42)])
    (row,) = pq.read_table(population.path).to_pylist()
    assert row["subject_id"] == hmac.new(KEY, b"42", hashlib.sha256).hexdigest()
    assert "subject_key" not in row


def test_a_long_key_is_hashed_first_as_hmac_demands(tmp_path: Path, sql: Path) -> None:
    key = bytes(100)
    population = assembled(tmp_path, sql, [a_decision(1, 42)], subject_key=key)
    (row,) = pq.read_table(population.path).to_pylist()
    assert row["subject_id"] == hmac.new(key, b"42", hashlib.sha256).hexdigest()


def test_a_short_key_is_refused(tmp_path: Path, sql: Path) -> None:
    with pytest.raises(PopulationError, match="has 8 bytes; 32 or more are needed"):
        assembled(tmp_path, sql, [a_decision(1, 42)], subject_key=b"too thin")


def test_lost_rows_are_counted_per_group(tmp_path: Path, sql: Path) -> None:
    decisions = [a_decision(1, 3), a_decision(2, 102), a_decision(3, 105), a_decision(4, 103)]
    population = assembled(tmp_path, sql, decisions)
    assert (population.rows, population.decisions) == (1, 4)
    assert read_losses(population) == (
        Loss(step="test_record", attribute="gender", group="M", rows=2, of=3),
        Loss(step="test_record", attribute="gender", group="unknown", rows=1, of=1),
    )


def test_the_newest_version_is_the_one_that_entered_last(tmp_path: Path, sql: Path) -> None:
    later = IN_WINDOW + timedelta(days=1)
    decisions = [
        a_decision(1, 3, model_version="9"),
        a_decision(2, 3, model_version="10", decided_at=later),
        a_decision(3, 3, model_version="9", decided_at=later),
        a_decision(4, 3, model="other", model_version="77", decided_at=later),
    ]
    assert assembled(tmp_path, sql, decisions).model_version == "10"


def test_versions_that_enter_together_are_ordered_as_numbers(tmp_path: Path, sql: Path) -> None:
    decisions = [a_decision(1, 3, model_version="9"), a_decision(2, 3, model_version="10")]
    assert assembled(tmp_path, sql, decisions).model_version == "10"


def test_an_empty_window_is_an_empty_population_of_the_named_version(
    tmp_path: Path, sql: Path
) -> None:
    early = a_decision(1, 3, decided_at=datetime(2020, 1, 1, tzinfo=UTC))
    assert assembled(tmp_path, sql, [early], model_version="1").rows == 0
    assert assembled(tmp_path, sql, [early], deployed_version="4").model_version == "4"
    with pytest.raises(PopulationError, match="no decision of lead_scoring from 2026-03-30"):
        assembled(tmp_path, sql, [early])


@pytest.mark.parametrize(
    ("was", "becomes", "message"),
    [
        (
            "FROM score_log",
            "FROM score_log CROSS JOIN range(2)",
            "gives more than one row for some",
        ),
        ("score_log.selected,", "NULL::BOOLEAN AS selected,", "some kept rows have no selected"),
        ("AS attr_gender", "AS attr_sex", "column attr_gender is missing; column attr_sex is not"),
        ("score_log.score,", "'high' AS score,", "column score is VARCHAR, not DOUBLE"),
        ("FROM score_log", "FROM leads", "leads does not exist"),
    ],
)
def test_sql_that_breaks_the_contract_is_an_error_that_names_the_file(
    tmp_path: Path, sql: Path, was: str, becomes: str, message: str
) -> None:
    file = sql / "population" / "lead_scoring.sql"
    file.write_text(POPULATION.replace(was, becomes, 1))
    with pytest.raises(PopulationError, match=message) as caught:
        assembled(tmp_path, sql, [a_decision(1, 3)])
    assert str(file) in str(caught.value)
    assert not (tmp_path / "population.parquet").exists()


def test_the_same_snapshot_gives_the_same_bytes(tmp_path: Path, sql: Path) -> None:
    decisions = [a_decision(number, number % 50) for number in range(2000)]
    first = assembled(tmp_path, sql, decisions)
    assert assembled(tmp_path, sql, decisions[::-1]).digest == first.digest


def test_hostile_text_stays_text(tmp_path: Path, sql: Path) -> None:
    file = sql / "population" / "lead_scoring.sql"
    hostile = "=1+1 <img onerror=x> ''); DROP TABLE decisions; --"
    text = POPULATION.replace("'smb'", f"'{hostile}'")
    file.write_text(text)
    population = assembled(tmp_path, sql, [a_decision(1, 3)])
    (row,) = pq.read_table(population.path).to_pylist()
    assert row["stratum_segment"] == hostile.replace("''", "'")
