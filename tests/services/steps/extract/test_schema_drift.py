"""Tables that are not what they were at the audit before: recorded, or refused, by policy."""

import json
import logging
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import psycopg
import pytest
import yaml
from typer.testing import CliRunner

from fairness_audit.cli.app import app
from fairness_audit.errors import SourceError
from fairness_audit.policy.load import LoadedPolicy, load_policies, load_policy
from fairness_audit.records.signed.dsse import open_envelope
from fairness_audit.records.signed.statement import payload_of, record_of
from fairness_audit.records.snapshot import SchemaChange, Snapshot
from fairness_audit.sources.postgres import PostgresSource
from fairness_audit.steps.extract import extract, previous_snapshot, read_snapshot
from fairness_audit.steps.extract.manifest import MANIFEST, sealed
from tests import CHECKOUT
from tests.builders.loaded_policies import a_loaded_policy, an_object
from tests.builders.populations import SQL
from tests.builders.published import TRUSTED, a_record, an_audit, published
from tests.builders.published import a_loaded_policy as a_published_policy

LOGICAL_DATE = datetime(2026, 6, 29, tzinfo=UTC)
LEADS = an_object("leads", ["id", "name"])


@pytest.fixture
def crm(postgres_uri: str) -> Iterator[psycopg.Connection[Any]]:
    with psycopg.connect(postgres_uri, autocommit=True) as connection:
        connection.execute("CREATE SCHEMA crm")
        connection.execute("CREATE TABLE crm.leads (id integer, name text, amount numeric(8, 2))")
        connection.execute("INSERT INTO crm.leads VALUES (1, 'a', 1), (2, 'b', 2)")
        yield connection


def that_fails(loaded: LoadedPolicy) -> LoadedPolicy:
    """The same policy, by which drift is an error."""
    content = yaml.safe_load(loaded.file.read_text())
    content["source"]["schema_drift"] = "fail"
    loaded.file.write_text(yaml.safe_dump(content, sort_keys=False))
    return load_policy(loaded.file)


def take(loaded: LoadedPolicy, uri: str, run: Path) -> Snapshot:
    """Extract as the task does."""
    return extract(
        loaded,
        logical_date=LOGICAL_DATE,
        source=PostgresSource(uri),
        folder=run / "snapshot",
        sql=SQL,
        previous=previous_snapshot(run, loaded.policy.model),
    )


def changed(column: str, was: str | None, became: str | None) -> SchemaChange:
    return SchemaChange(object="lead", column=column, was=was, became=became)


CHANGES = (
    "ALTER TABLE crm.leads ALTER COLUMN name TYPE varchar(40)",
    "ALTER TABLE crm.leads DROP COLUMN amount",
    "ALTER TABLE crm.leads ADD COLUMN gender text",
)


def test_what_appears_vanishes_and_changes_is_recorded_and_logged(
    crm: psycopg.Connection[Any],
    postgres_uri: str,
    tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
) -> None:
    loaded = a_loaded_policy(tmp_path, lead=LEADS)
    assert take(loaded, postgres_uri, tmp_path / "runs" / "1").drift == ()
    for change in CHANGES:
        crm.execute(change.encode())

    second = take(loaded, postgres_uri, tmp_path / "runs" / "2")

    assert set(second.drift) == {
        changed("name", "text", "character varying(40)"),
        changed("amount", "numeric(8,2)", None),
        changed("gender", None, "text"),
    }
    assert read_snapshot(second.folder) == second
    warnings = [each.message for each in caplog.records if each.levelno == logging.WARNING]
    assert len(warnings) == 3
    assert any("column 'gender' of object lead appeared, as 'text'" in each for each in warnings)
    shown = CliRunner().invoke(app, ["snapshot", "show", str(second.folder)]).stdout
    assert "drift     column 'amount' of object lead vanished" in shown
    assert "1 more at the source, not read" in shown
    assert max(map(len, shown.splitlines())) <= 80
    # The same tables again are no drift: the run before is what counts.
    assert take(loaded, postgres_uri, tmp_path / "runs" / "3").drift == ()


def test_where_the_policy_says_so_drift_is_an_error_that_names_each_change(
    crm: psycopg.Connection[Any], postgres_uri: str, tmp_path: Path
) -> None:
    loaded = that_fails(a_loaded_policy(tmp_path, lead=LEADS))
    take(loaded, postgres_uri, tmp_path / "runs" / "1")
    for change in CHANGES:
        crm.execute(change.encode())
    line = loaded.line_of("source", "schema_drift")
    assert "schema_drift: fail" in loaded.file.read_text().splitlines()[line - 1]

    for _ in range(2):  # and it stays one: nothing was read that could be compared with next
        with pytest.raises(SourceError) as caught:
            take(loaded, postgres_uri, tmp_path / "runs" / "2")
        messages = str(caught.value).splitlines()
        assert len(messages) == 3
        assert all(
            each.startswith(f"{loaded.file}:{line}: source.schema_drift: column ")
            and each.endswith("then run once with schema_drift: warn)")
            for each in messages
        )
    assert not (tmp_path / "runs" / "2" / "snapshot" / MANIFEST).exists()


def test_drift_is_no_content(
    crm: psycopg.Connection[Any], postgres_uri: str, tmp_path: Path
) -> None:
    """Columns that no audit reads come and go; the data that were read are the same."""
    loaded = a_loaded_policy(tmp_path, lead=LEADS)
    first = take(loaded, postgres_uri, tmp_path / "runs" / "1")
    crm.execute("ALTER TABLE crm.leads ADD COLUMN gender text")
    second = take(loaded, postgres_uri, tmp_path / "runs" / "2")
    assert second.drift == (changed("gender", None, "text"),)
    assert second.digest == first.digest


def test_a_column_that_the_policy_begins_to_read_is_no_drift(
    crm: psycopg.Connection[Any], postgres_uri: str, tmp_path: Path
) -> None:
    take(a_loaded_policy(tmp_path, lead=LEADS), postgres_uri, tmp_path / "runs" / "1")
    more = a_loaded_policy(tmp_path, lead=an_object("leads", ["id", "amount"]))
    assert take(more, postgres_uri, tmp_path / "runs" / "2").drift == ()
    crm.execute("CREATE VIEW crm.others AS SELECT 1 AS id")
    other = a_loaded_policy(tmp_path, lead=an_object("others", ["id"]))
    assert take(other, postgres_uri, tmp_path / "runs" / "3").drift == ()


def test_a_manifest_of_before_tells_of_the_columns_it_read(
    crm: psycopg.Connection[Any], postgres_uri: str, tmp_path: Path
) -> None:
    loaded = a_loaded_policy(tmp_path, lead=LEADS)
    first = take(loaded, postgres_uri, tmp_path / "runs" / "1")
    lead = first.objects["lead"].model_copy(update={"source_columns": None, "key": None})
    sealed(first.model_copy(update={"objects": {"lead": lead}}))
    old = json.loads((first.folder / MANIFEST).read_text())
    del old["drift"], old["objects"]["lead"]["source_columns"]
    (first.folder / MANIFEST).write_text(json.dumps(old))
    assert read_snapshot(first.folder).drift == ()
    for change in CHANGES:
        crm.execute(change.encode())

    second = take(loaded, postgres_uri, tmp_path / "runs" / "2")

    assert second.drift == (changed("name", "text", "character varying(40)"),)


def test_a_column_that_arrives_as_another_type_is_drift(
    crm: psycopg.Connection[Any], postgres_uri: str, tmp_path: Path
) -> None:
    loaded = a_loaded_policy(tmp_path, lead=LEADS)
    first = take(loaded, postgres_uri, tmp_path / "runs" / "1")
    lead = first.objects["lead"]
    columns = tuple(each.model_copy(update={"arrow_type": "int64"}) for each in lead.columns[:1])
    lead = lead.model_copy(update={"columns": columns})
    sealed(first.model_copy(update={"objects": {"lead": lead}}))
    drift = take(loaded, postgres_uri, tmp_path / "runs" / "2").drift
    assert drift == (changed("id", "integer as int64", "integer as int32"),)


# --- the run before -----------------------------------------------------------------------------


def test_the_run_before_is_the_one_taken_last_that_can_be_read(tmp_path: Path) -> None:
    loaded = a_published_policy(tmp_path)
    runs = tmp_path / "runs"

    def lies(name: str, days: int, **changes: Any) -> Path:
        folder = runs / name / "snapshot"
        folder.mkdir(parents=True)
        taken_at = LOGICAL_DATE + timedelta(days=days)
        content = {"folder": folder, "taken_at": taken_at} | changes
        sealed(an_audit(loaded)["snapshot"].model_copy(update=content))
        return folder

    assert previous_snapshot(runs / "own", "lead_scoring") is None
    for name, days in (("first", 1), ("third", 3), ("second", 2), ("own", 9)):
        lies(name, days)
    lies("other", 8, model="offer_targeting")
    (lies("damaged", 7) / MANIFEST).write_text("{")
    (runs / "without" / "snapshot").mkdir(parents=True)

    previous = previous_snapshot(runs / "own", "lead_scoring")

    assert previous is not None
    assert previous.folder == runs / "third" / "snapshot"


# --- policy and record --------------------------------------------------------------------------


def test_a_policy_that_does_not_say_has_the_canonical_form_of_before(tmp_path: Path) -> None:
    for loaded in load_policies(CHECKOUT / "expectations"):
        assert "schema_drift" not in loaded.policy.model_dump(mode="json")["source"]
    loaded = a_loaded_policy(tmp_path, lead=LEADS)
    assert that_fails(loaded).digest != loaded.digest


def test_the_record_says_what_changed(tmp_path: Path) -> None:
    loaded = a_published_policy(tmp_path)
    drift = (changed("gender", None, "text"), changed("amount", "numeric", None))
    snapshot = an_audit(loaded)["snapshot"].model_copy(update={"drift": drift})
    file = published(loaded, tmp_path, snapshot=snapshot).file
    assert open_envelope(file.read_bytes(), TRUSTED).record.schema_changes == drift
    assert record_of(payload_of(a_record())).schema_changes is None
