"""Every staging and population query of the sample CRM over the rows in the file of its name."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import yaml

from fairness_audit.engine.duckdb import locked_connection, statement, values_used
from tests.builders.sample_audits import SQL

CASES = Path(__file__).parent
STAGING, POPULATION = SQL / "staging" / "sample", SQL / "population"

_TEXT, _NUMBER, _FLAG = pa.string(), pa.int64(), pa.bool_()
_WHEN = pa.timestamp("us", "UTC")
TYPES = {
    "birth_date": pa.date32(),
    "created_at": _WHEN,
    "decided_at": _WHEN,
    "responded_at": _WHEN,
    "answered_at": _WHEN,
    "closed_at": _WHEN,
    "completed_at": _WHEN,
    "opened_at": _WHEN,
    "shown_at": _WHEN,
    "starts_on": pa.date32(),
    "ends_on": pa.date32(),
    "due_on": pa.date32(),
    "list_price": pa.decimal128(12, 2),
    "position": pa.int16(),
    "clicked": _FLAG,
    "score": pa.float64(),
    "selected": _FLAG,
    "employees": _NUMBER,
    "website_visits": _NUMBER,
    "email_clicks": _NUMBER,
    "budget_stated": _FLAG,
    "tenure_years": _NUMBER,
    "orders_last_year": _NUMBER,
    "spend_last_year": pa.float64(),
    "newsletter_opens": _NUMBER,
    "respondent_id": _TEXT,
    "survey_respondent_id": _TEXT,
}
"""Types of the columns whose name does not tell: ids are numbers, `is_…` flags, the rest text."""

DEFAULTS: dict[str, dict[str, Any]] = {
    "score_log": {"model_version": "2", "campaign_id": None},
    "lead": {
        "respondent_id": None,
        "opportunity_id": None,
        "created_at": datetime(2026, 1, 2, tzinfo=UTC),
        "is_test": False,
        "is_erased": False,
        "segment": "small",
    },
    "opportunity": {"closed_at": None, "is_won": None},
    "contact": {
        "respondent_id": None,
        "created_at": datetime(2020, 1, 2, tzinfo=UTC),
        "is_test": False,
        "birth_date": None,
        "tier": "plus",
    },
    "campaign_member": {"responded_at": None},
    "self_identification": {"gender": None, "age_band": None, "ethnic_group": None},
}
"""What a canonical row of a population case is, unless the case says otherwise."""

WINDOW = {
    "window_start": datetime(2026, 1, 1, tzinfo=UTC),
    "window_end": datetime(2026, 2, 1, tzinfo=UTC),
    "model_version": "2",
}
MATURITY = {"lead_scoring": 56, "offer_targeting": 28}


def column_type(name: str) -> pa.DataType:
    if name.endswith("_id") and name not in TYPES:
        return _NUMBER
    return TYPES.get(name, _FLAG if name.startswith("is_") else _TEXT)


def table(rows: list[dict[str, Any]]) -> pa.Table:
    columns = {name: [row[name] for row in rows] for name in rows[0]}
    return pa.table(
        {name: pa.array(values, column_type(name)) for name, values in columns.items()}
    )


def case(kind: str, name: str) -> dict[str, Any]:
    content: dict[str, Any] = yaml.safe_load((CASES / kind / f"{name}.yaml").read_text())
    return content


def names(folder: Path, suffix: str) -> list[str]:
    return sorted(path.stem for path in folder.glob(f"*{suffix}"))


def test_every_query_has_a_case() -> None:
    assert names(STAGING, ".sql") == names(CASES / "staging", ".yaml")
    assert set(MATURITY) == set(names(CASES / "population", ".yaml"))
    assert set(MATURITY) <= set(names(POPULATION, ".sql"))


@pytest.mark.parametrize("name", names(STAGING, ".sql"))
def test_staging(name: str, tmp_path: Path) -> None:
    wanted = case("staging", name)
    path = tmp_path / "rows.parquet"
    pq.write_table(table(wanted["rows"]), path)
    with locked_connection([tmp_path]) as connection:
        found = connection.sql(statement(STAGING / f"{name}.sql"), params={"path": str(path)})
        rows = found.order(found.columns[0]).to_arrow_table().to_pylist()
    expected = wanted["expected"]
    assert sorted(rows, key=str) == sorted(expected, key=str)
    assert list(rows[0]) == list(expected[0])


@pytest.mark.parametrize("name", MATURITY)
def test_population(name: str) -> None:
    wanted = case("population", name)
    expected = wanted.pop("expected")
    with duckdb.connect() as connection:
        connection.execute("SET TimeZone = 'UTC'")
        for view, rows in wanted.items():
            defaults = DEFAULTS[view] | ({"model": name} if view == "score_log" else {})
            connection.register(view, table([defaults | row for row in rows]))
        text = statement(POPULATION / f"{name}.sql")
        bound = WINDOW | {"maturity_days": MATURITY[name]}
        found = connection.sql(text, params=values_used(text, bound))
        rows = found.order("decision_id").to_arrow_table().to_pylist()
    assert [{key: row[key] for key in expected[0]} for row in rows] == expected
    logged = {row["decision_id"]: row for row in wanted["score_log"]}
    for row in rows:
        for column in ("score", "selected", "decided_at"):
            assert row[column] == logged[row["decision_id"]][column]
        assert row["model_version"] == "2"
