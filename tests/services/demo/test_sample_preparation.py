"""The sample in PostgreSQL and its models in the registry: complete, reused, replaced, guarded."""

import importlib
import os
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import psycopg
import pyarrow.parquet as pq
import pytest
from adbc_driver_postgresql import dbapi

from fairness_audit.demo.biases import NO_BIASES
from fairness_audit.demo.crm import generate, load, tables
from fairness_audit.demo.database import NamedTable, holds_sample, replace_sample
from fairness_audit.demo.prepare import prepare
from fairness_audit.demo.recipe import Recipe
from fairness_audit.demo.timeline import TODAY
from fairness_audit.demo.wording import NASTY_REMARKS
from fairness_audit.errors import RegistryError, SourceError
from fairness_audit.registry.mlflow import MlflowRegistry
from fairness_audit.sources.postgres import PostgresSource
from fairness_audit.steps.assemble import read_losses
from fairness_audit.steps.extract import extract
from tests.builders.populations import SQL
from tests.builders.sample_audits import assembled, loaded_policy, sample_population, sample_tables
from tests.servers.postgres import fresh_database

pytestmark = pytest.mark.filterwarnings(
    # MLflow's own use of SQLAlchemy, said when its tables are first used.
    "ignore:The ``noload`` loader strategy is deprecated:sqlalchemy.exc.SADeprecationWarning",
    # MLflow's own type hints, said when its model loaders are imported.
    "ignore:.*Any type hint is inferred as AnyType:UserWarning",
)

SMALL = 2_000
MODELS = {
    ("lead_scoring", 1),
    ("lead_scoring", 2),
    ("offer_targeting", 1),
    ("offer_targeting", 2),
}


@pytest.fixture(scope="module")
def sample_uri(postgres_server: str) -> Iterator[str]:
    """A database with a small sample, for tests that only read it."""
    with fresh_database(postgres_server) as uri:
        load(uri, leads=SMALL, seed=1)
        yield uri


def test_every_row_arrives(sample_uri: str) -> None:
    generated = sample_tables(generate(Recipe(SMALL, 1)))
    with psycopg.connect(sample_uri) as connection:
        for (schema, name), rows in generated.items():
            query = psycopg.sql.SQL("SELECT count(*) FROM {}").format(
                psycopg.sql.Identifier(schema, name)
            )
            assert connection.execute(query).fetchone() == (rows.num_rows,)


def test_text_dates_and_money_arrive_unchanged(sample_uri: str) -> None:
    generated = sample_tables(generate(Recipe(SMALL, 1)))
    names = ["contact_id", "last_name", "postcode", "birth_date", "created_at", "notes"]
    with dbapi.connect(sample_uri) as connection, connection.cursor() as cursor:
        cursor.execute(
            "SELECT contact_id, last_name, postcode, birth_date, created_at, notes"
            " FROM crm.contacts ORDER BY contact_id"
        )
        stored = cursor.fetch_arrow_table()
    written = generated["crm", "contacts"].select(names)
    assert stored.to_pylist() == written.to_pylist()
    assert set(NASTY_REMARKS) <= set(stored["notes"].to_pylist())
    with psycopg.connect(sample_uri) as connection:
        spent = connection.execute(
            "SELECT spend_last_year FROM crm.contacts ORDER BY contact_id"
        ).fetchall()
    assert [row[0] for row in spent] == generated["crm", "contacts"]["spend_last_year"].to_pylist()


def test_every_table_has_a_key(sample_uri: str) -> None:
    with psycopg.connect(sample_uri) as connection:
        without = connection.execute(
            "SELECT table_schema || '.' || table_name FROM information_schema.tables"
            " WHERE table_schema IN ('crm', 'survey', 'ml') AND NOT EXISTS ("
            " SELECT FROM information_schema.table_constraints AS keys"
            " WHERE keys.table_schema = tables.table_schema"
            " AND keys.table_name = tables.table_name AND constraint_type = 'PRIMARY KEY')"
        ).fetchall()
    assert without == []


@pytest.mark.parametrize("model", ["lead_scoring", "offer_targeting"])
def test_what_is_extracted_makes_the_population_that_was_generated(
    model: str, sample_uri: str, tmp_path: Path
) -> None:
    source = PostgresSource(sample_uri)
    loaded, folder = loaded_policy(model), tmp_path / "extracted"
    snapshot = extract(loaded, logical_date=TODAY, source=source, folder=folder, sql=SQL)
    extracted = assembled(snapshot, "2", tmp_path / "extracted")
    crm = sample_tables(generate(Recipe(SMALL, 1)))
    generated = sample_population(model, "2", crm, tmp_path / "generated")
    assert read_losses(extracted) == read_losses(generated)
    rows = pq.read_table(extracted.path)
    assert rows.num_rows > SMALL / 3
    assert rows.equals(pq.read_table(generated.path))


def test_a_loaded_sample_is_known_by_its_recipe(sample_uri: str) -> None:
    assert holds_sample(sample_uri, Recipe(SMALL, 1))
    assert not holds_sample(sample_uri, Recipe(SMALL, 2))
    assert not holds_sample(sample_uri, Recipe(SMALL, 1, NO_BIASES))


def test_an_interrupted_load_is_not_taken_for_a_sample(postgres_uri: str) -> None:
    recipe = Recipe(SMALL, 1)

    def interrupted() -> Iterator[NamedTable]:
        yield from list(tables(generate(recipe)))[:6]
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        replace_sample(postgres_uri, recipe, interrupted())
    assert not holds_sample(postgres_uri, recipe)
    load(postgres_uri, leads=SMALL, seed=1)
    assert holds_sample(postgres_uri, recipe)


def test_a_crm_that_is_not_the_sample_is_left_alone(postgres_uri: str) -> None:
    with psycopg.connect(postgres_uri) as connection:
        connection.execute("CREATE SCHEMA crm")
        connection.execute("CREATE TABLE crm.leads AS SELECT 1 AS lead_id")
    with pytest.raises(SourceError, match=r"would replace: crm \(give the sample a database"):
        load(postgres_uri, leads=SMALL)
    with psycopg.connect(postgres_uri) as connection:
        assert connection.execute("SELECT * FROM crm.leads").fetchall() == [(1,)]


def test_an_address_is_never_repeated_in_an_error() -> None:
    with pytest.raises(SourceError, match="address of the sample CRM cannot be read") as caught:
        load("postgresql://somebody:s3cret@host/crm?nonsense", leads=SMALL)
    assert "s3cret" not in str(caught.value)
    assert caught.value.__cause__ is None
    assert caught.value.__suppress_context__


def test_a_database_that_is_down_is_named_as_the_cause() -> None:
    with pytest.raises(SourceError, match=r"(?s)cannot be written: .*\(check the address"):
        load("postgresql://127.0.0.1:1/nothing", leads=SMALL)


@pytest.fixture
def registry_url(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    return f"sqlite:///{tmp_path / 'mlflow.db'}"


def registered(registry_url: str) -> dict[tuple[str, int], dict[str, str]]:
    client = importlib.import_module("mlflow").MlflowClient(registry_url, registry_url)
    found = client.search_model_versions()
    return {(each.name, int(each.version)): dict(each.tags) for each in found}


def test_preparation_registers_four_versions_once(postgres_uri: str, registry_url: str) -> None:
    said: list[str] = []
    prepare(postgres_uri, registry_url, leads=SMALL, say=said.append)
    assert "MLFLOW_TRACKING_URI" not in os.environ
    before = registered(registry_url)
    assert set(before) == MODELS
    assert len(said) == 3

    prepare(postgres_uri, registry_url, leads=SMALL, say=said.append)
    assert registered(registry_url) == before
    assert len(said) == 4
    assert said[-1].endswith("are ready, reused")

    prepare(postgres_uri, registry_url, leads=SMALL, seed=9)
    after = registered(registry_url)
    assert set(after) == MODELS
    assert after != before


def test_every_version_is_tagged_with_the_digest_of_its_files(
    postgres_uri: str, registry_url: str
) -> None:
    prepare(postgres_uri, registry_url, leads=SMALL)
    mlflow = importlib.import_module("mlflow")
    client = mlflow.MlflowClient(tracking_uri=registry_url, registry_uri=registry_url)
    registry = MlflowRegistry(registry_url)
    digests = set()
    for model, version in MODELS:
        tags = client.get_model_version(model, str(version)).tags
        assert tags["artifact_digest"] == registry.artifact_digest(model, str(version))
        digests.add(tags["artifact_digest"])
    assert len(digests) == len(MODELS)


def test_the_registered_models_made_the_logged_scores(
    postgres_uri: str, registry_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each version, loaded from the registry, scores what the CRM holds as the log says."""
    prepare(postgres_uri, registry_url, leads=SMALL)
    monkeypatch.setenv("MLFLOW_TRACKING_URI", registry_url)
    mlflow = importlib.import_module("mlflow")
    subjects = {
        "lead_scoring": (
            "SELECT log.score, log.selected, subject.*, subject.employees::float8,"
            " subject.website_visits::float8, subject.email_clicks::float8"
            " FROM ml.score_log AS log JOIN crm.leads AS subject ON subject_id = lead_id"
            " WHERE model = 'lead_scoring' AND model_version = %s AND status <> 'Erased'"
        ),
        "offer_targeting": (
            "SELECT log.score, log.selected, subject.*, left(postcode, 2) AS district,"
            " subject.orders_last_year::float8, subject.newsletter_opens::float8,"
            " subject.spend_last_year::float8"
            " FROM ml.score_log AS log JOIN crm.contacts AS subject ON subject_id = contact_id"
            " WHERE model = 'offer_targeting' AND model_version = %s"
        ),
    }
    for name, version in sorted(MODELS):
        model = mlflow.pyfunc.load_model(f"models:/{name}/{version}")
        rows = rows_of(postgres_uri, subjects[name], str(version))
        inputs = model.metadata.get_input_schema().input_names()
        scores = model.predict(rows[inputs])[:, 1]
        assert len(rows) > SMALL / 3
        assert np.allclose(scores, rows["score"], atol=1e-6)
        tags = registered(registry_url)[name, version]
        threshold = float(tags["selection_threshold"])
        assert ((rows["score"] >= threshold) == rows["selected"]).all()


def rows_of(uri: str, query: str, version: str):  # type: ignore[no-untyped-def]
    import pandas as pd

    with psycopg.connect(uri) as connection, connection.cursor() as cursor:
        cursor.execute(query.encode(), (version,))
        names = [each.name for each in cursor.description or ()]
        columns = dict(zip(names, zip(*cursor.fetchall(), strict=True), strict=True))
    return pd.DataFrame({name: list(values) for name, values in columns.items()})


def test_somebody_elses_model_is_left_alone(postgres_uri: str, registry_url: str) -> None:
    client = importlib.import_module("mlflow").MlflowClient(registry_url, registry_url)
    client.create_registered_model("lead_scoring")
    client.create_model_version("lead_scoring", source="file:///nowhere")
    with pytest.raises(RegistryError, match="'lead_scoring' that is not the demo's"):
        prepare(postgres_uri, registry_url, leads=SMALL)
    assert set(registered(registry_url)) == {("lead_scoring", 1)}
