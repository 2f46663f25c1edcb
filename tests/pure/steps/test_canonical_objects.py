"""Staging files against the descriptions of their objects, and what is wrong with either."""

from pathlib import Path

import pytest
from typer.testing import CliRunner

from fairness_audit.cli.app import app
from fairness_audit.errors import InputError
from fairness_audit.steps.canonical_objects import CanonicalType, read_object, staging_faults

TESTS = Path(__file__).resolve().parents[2]
HOMES = {"the product's": TESTS.parent / "sql", "the real tables'": TESTS / "real" / "sql"}

DESCRIBED = """\
meaning: A sale that may be made.
columns:
  deal_id:
    type: id
    meaning: The deal; unique.
  closed_on:
    type: date
    meaning: The day it was closed.
  amount:
    type: double
    meaning: What it is worth.
    optional: true
"""

GIVEN = """\
SELECT
    "Id" AS deal_id,
    CAST("CloseDate" AS DATE) AS closed_on,
    CAST("Amount" AS DOUBLE) AS amount,
FROM read_parquet($path)
WHERE NOT "IsDeleted"
"""


def a_home(folder: Path, staging: str = GIVEN, described: str | None = DESCRIBED) -> Path:
    """A folder of SQL with one object of one CRM, described or not."""
    sql = folder / "sql"
    (sql / "staging" / "acme").mkdir(parents=True)
    (sql / "staging" / "acme" / "deal.sql").write_text(staging)
    (sql / "objects").mkdir()
    if described is not None:
        (sql / "objects" / "deal.yaml").write_text(described)
    return sql


def faults_of(folder: Path, staging: str = GIVEN, described: str | None = DESCRIBED) -> list[str]:
    """The faults, without the folder the files are in."""
    sql = a_home(folder, staging, described)
    return [fault.replace(f"{sql}/", "") for fault in staging_faults(sql)]


@pytest.mark.parametrize("home", HOMES.values(), ids=HOMES)
def test_every_staging_file_gives_what_its_object_is(home: Path) -> None:
    assert len(list((home / "staging").glob("*/*.sql"))) > 10
    assert staging_faults(home) == []


@pytest.mark.parametrize("home", HOMES.values(), ids=HOMES)
def test_every_description_is_of_an_object_that_some_crm_has(home: Path) -> None:
    described = {file.stem for file in (home / "objects").glob("*.yaml")}
    assert described == {file.stem for file in (home / "staging").glob("*/*.sql")}


def test_a_file_that_gives_every_column_has_no_fault(tmp_path: Path) -> None:
    assert faults_of(tmp_path) == []


def test_an_optional_column_may_be_absent(tmp_path: Path) -> None:
    assert faults_of(tmp_path, GIVEN.replace('CAST("Amount" AS DOUBLE) AS amount,', "")) == []


@pytest.mark.parametrize(
    ("was", "became", "fault"),
    [
        pytest.param(
            'CAST("CloseDate" AS DATE) AS closed_on,', "",
            "column closed_on is missing (select it: The day it was closed.)",
            id="missing",
        ),
        pytest.param(
            '"IsDeleted"\n', '"IsDeleted"\nORDER BY every_other\n',
            None,
            id="a column that is only sorted by is no output",
        ),
        pytest.param(
            " AS closed_on", ' AS closed_on,\n    "Stage" AS stage',
            "column stage is unknown (describe it in objects/deal.yaml)",
            id="unknown",
        ),
        pytest.param(
            " AS amount", ' AS amount,\n    "CloseDate" AS closd_on',
            "column closd_on is unknown (did you mean closed_on?)",
            id="misspelt",
        ),
        pytest.param(
            'CAST("CloseDate" AS DATE)', 'CAST("CloseDate" AS TIMESTAMPTZ)',
            "column closed_on is TIMESTAMP WITH TIME ZONE, not date (CAST it to DATE)",
            id="another type",
        ),
        pytest.param(
            'CAST("Amount" AS DOUBLE)', "CASE WHEN \"Amount\" > 9 THEN 'much' END",
            "column amount is VARCHAR, not double (CAST it to DOUBLE)",
            id="another type of an optional column",
        ),
        pytest.param(
            'CAST("CloseDate" AS DATE)', '"CloseDate"',
            None,
            id="what is passed on has the type that the CRM gives",
        ),
        pytest.param(
            '"Id" AS deal_id', 'CAST("Id" AS UUID) AS deal_id',
            None,
            id="an id is whatever the CRM's ids are",
        ),
        pytest.param(
            '"Id" AS deal_id', 'CAST("Id" AS DATE) AS deal_id',
            "column deal_id is DATE, not id (CAST it to VARCHAR)",
            id="but no day is an id",
        ),
        pytest.param(
            'CAST("Amount" AS DOUBLE) AS amount', "*",
            "* gives whatever the CRM's table has (name every column)",
            id="star",
        ),
        pytest.param(
            "FROM", "FORM",
            'is not one SELECT (write one): syntax error at or near "("',
            id="syntax",
        ),
        pytest.param(
            'WHERE NOT "IsDeleted"', "; SELECT 1",
            "is not one SELECT (write one): there are several statements, or none",
            id="two statements",
        ),
        pytest.param(
            GIVEN, "DELETE FROM deal\n",
            "is not one SELECT (write one): Only SELECT statements can be serialized to json!",
            id="no SELECT",
        ),
        pytest.param(
            "read_parquet($path)", "deals",
            "does not bind (mend it; where a type is asked for, CAST what the CRM gives):"
            " Catalog Error: Table with name deals does not exist!",
            id="another table",
        ),
        pytest.param(
            "read_parquet($path)", "read_csv('/etc/passwd')",
            "does not bind (mend it; where a type is asked for, CAST what the CRM gives):"
            ' Permission Error: Cannot access file "/etc/passwd" - file system operations are'
            " disabled by configuration",
            id="a file outside",
        ),
    ],
)  # fmt: skip
def test_a_fault_names_file_column_and_cure(
    was: str, became: str, fault: str | None, tmp_path: Path
) -> None:
    assert was in GIVEN
    wanted = [] if fault is None else [f"staging/acme/deal.sql: {fault}"]
    assert faults_of(tmp_path, GIVEN.replace(was, became)) == wanted


def test_a_table_expression_may_take_all_columns_that_the_result_does_not_give(
    tmp_path: Path,
) -> None:
    staging = """\
WITH numbered AS (
    SELECT
        *,
        row_number() OVER (PARTITION BY "Id" ORDER BY "Modified" DESC) AS nth,
    FROM read_parquet($path)
)

SELECT
    "Id" AS deal_id,
    "CloseDate" AS closed_on,
FROM numbered
WHERE nth = 1
"""
    assert faults_of(tmp_path, staging) == []


def test_every_fault_of_every_crm_is_told_at_once(tmp_path: Path) -> None:
    sql = a_home(tmp_path, 'SELECT "Id" AS id, "Stage" AS stage, FROM read_parquet($path)\n')
    other = sql / "staging" / "zenith"
    other.mkdir()
    (other / "deal.sql").write_text("SELECT deal_id, FROM read_parquet($path)\n")
    assert [fault.split(" (")[0].replace(f"{sql}/", "") for fault in staging_faults(sql)] == [
        "staging/acme/deal.sql: column deal_id is missing",
        "staging/acme/deal.sql: column closed_on is missing",
        "staging/acme/deal.sql: column id is unknown",
        "staging/acme/deal.sql: column stage is unknown",
        "staging/zenith/deal.sql: column closed_on is missing",
    ]


def test_an_object_without_a_description_is_a_fault(tmp_path: Path) -> None:
    sql = a_home(tmp_path, described=None)
    assert staging_faults(sql) == [
        f"{sql}/staging/acme/deal.sql: its object is not described (write {sql}/objects/deal.yaml)"
    ]


@pytest.mark.parametrize(
    ("was", "became", "fault"),
    [
        ("type: date", "type: day", "columns.closed_on.type: Input should be 'id', "),
        ("optional: true", "may_lack: true", "columns.amount.may_lack: Extra inputs are not"),
        ("meaning: A sale that may be made.\n", "", "meaning: Field required (add this field)"),
        ("The deal; unique.", "the deal", "columns.deal_id.meaning: String should match"),
        ("  deal_id:", "  Deal Id:", "columns.Deal Id: String should match"),
        (DESCRIBED, "- deal_id\n", "(file): Input should be a valid dictionary"),
        ("columns:", "columns: [", "is not plain YAML (mend its syntax): while parsing"),
        ("columns:", "columns: !!python/name:os.system", "is not plain YAML (mend its syntax):"),
    ],
)
def test_a_malformed_description_is_one_fault_and_no_file_is_held_against_it(
    was: str, became: str, fault: str, tmp_path: Path
) -> None:
    assert was in DESCRIBED
    (told,) = faults_of(tmp_path, "SELECT 1 AS other", DESCRIBED.replace(was, became))
    assert told.startswith(f"objects/deal.yaml: {fault}")
    with pytest.raises(InputError):
        read_object(tmp_path / "sql" / "objects" / "deal.yaml")


@pytest.mark.parametrize("kind", CanonicalType)
def test_what_a_fault_advises_to_cast_to_is_admitted(kind: CanonicalType, tmp_path: Path) -> None:
    described = DESCRIBED.replace("type: date", f"type: {kind}")
    staging = GIVEN.replace('"CloseDate" AS DATE', f'"CloseDate" AS {kind.cast}')
    assert faults_of(tmp_path, staging, described) == []


def test_check_tells_the_faults_of_a_home_and_cannot_say_that_it_is_good(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    home = tmp_path / "home"
    sql = a_home(home, GIVEN.replace(" AS closed_on", " AS closed_at"))
    for name in ("population", "features"):
        (sql / name).symlink_to(HOMES["the product's"] / name)
    (sql / "staging" / "sample").symlink_to(HOMES["the product's"] / "staging" / "sample")
    for file in (HOMES["the product's"] / "objects").glob("*.yaml"):
        (sql / "objects" / file.name).symlink_to(file)
    (home / "expectations").symlink_to(TESTS.parent / "expectations")
    monkeypatch.setenv("FAIRNESS_AUDIT_HOME", str(home))
    checked = CliRunner().invoke(app, ["check"])
    assert checked.exit_code == 2
    assert checked.stderr.splitlines() == [
        f"fairness-audit: {sql}/staging/acme/deal.sql: column closed_on is missing"
        " (select it: The day it was closed.)",
        f"fairness-audit: {sql}/staging/acme/deal.sql: column closed_at is unknown"
        " (did you mean closed_on?)",
    ]
    (sql / "staging" / "acme" / "deal.sql").write_text(GIVEN)
    assert CliRunner().invoke(app, ["check"]).exit_code == 0
