"""The sample CRM through every vendor's API: the same decisions, groups and counts as from SQL."""

from collections.abc import Callable, Iterator
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Any

import duckdb
import psycopg
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from fairness_audit.demo.crm import load
from fairness_audit.demo.timeline import TODAY
from fairness_audit.demo.vendors.home import vendor_connection, vendor_home, vendor_source
from fairness_audit.demo.vendors.names import VENDORS, Vendor
from fairness_audit.demo.vendors.sample import vendor_state
from fairness_audit.demo.vendors.serving import serving
from fairness_audit.policy.load import LoadedPolicy, load_policy
from fairness_audit.records.population import Population
from fairness_audit.records.snapshot import Snapshot
from fairness_audit.sources import Source
from fairness_audit.sources.connections import Address, source_at
from fairness_audit.sources.postgres import PostgresSource
from fairness_audit.steps.assemble import assemble, read_losses
from fairness_audit.steps.extract import extract
from tests import CHECKOUT
from tests.builders.loaded_policies import a_loaded_policy, an_object
from tests.builders.populations import SQL
from tests.servers.postgres import fresh_database

LEADS = 2_000


@pytest.fixture(scope="module")
def sample_uri(postgres_server: str) -> Iterator[str]:
    with fresh_database(postgres_server) as uri:
        load(uri, leads=LEADS, seed=1)
        yield uri


@pytest.fixture(scope="module")
def state_of(sample_uri: str) -> Callable[[Vendor], Any]:
    """The sample as a vendor keeps it."""
    return cache(lambda vendor: vendor_state(vendor, sample_uri))


@pytest.fixture(scope="module")
def by_sql(
    sample_uri: str, tmp_path_factory: pytest.TempPathFactory
) -> Callable[[str], Population]:
    """What SQL gives of a model's decisions."""

    def population(model: str) -> Population:
        loaded = load_policy(CHECKOUT / "expectations" / model / "policy.yaml")
        return population_of(loaded, PostgresSource(sample_uri), tmp_path_factory.mktemp("sql"))

    return cache(population)


def population_of(loaded: LoadedPolicy, source: Source, folder: Path) -> Population:
    snapshot = extract(loaded, logical_date=TODAY, source=source, folder=folder, sql=SQL)
    return assemble(
        loaded.policy,
        snapshot,
        sql=SQL,
        folder=folder,
        subject_key=b"k" * 32,
        model_version="2",
    )


def counted(population: Population) -> list[dict[str, object]]:
    """How many decisions of each kind there are, whoever they are about."""
    table = pq.read_table(population.path)
    kinds = [name for name in table.column_names if name.startswith(("attr_", "stratum_"))]
    kinds += ["outcome", "selected", "score"]
    found: pa.Table = table.group_by(kinds).aggregate([([], "count_all")])
    return sorted(found.to_pylist(), key=repr)


@pytest.mark.parametrize("model", ["lead_scoring", "offer_targeting"])
@pytest.mark.parametrize("vendor", Vendor)
def test_a_vendor_gives_the_population_that_sql_gives(
    vendor: Vendor,
    model: str,
    by_sql: Callable[[str], Population],
    state_of: Callable[[Vendor], Any],
    tmp_path: Path,
) -> None:
    """Though it hides converted and archived records by default, and gives deleted ones."""
    expected = by_sql(model)
    vendor_home(CHECKOUT, vendor, tmp_path / "home")
    theirs = load_policy(tmp_path / "home" / "expectations" / model / "policy.yaml")
    with serving(state_of(vendor).app()) as address:
        source = source_at(Address.parsed(vendor_connection(vendor, address), tmp_path))
        found = population_of(theirs, source, tmp_path / "api")
    assert pq.read_metadata(expected.path).num_rows > LEADS / 4
    assert (found.rows, found.decisions) == (expected.rows, expected.decisions)
    assert read_losses(found) == read_losses(expected)
    assert counted(found) == counted(expected)


PLACES = {
    "score_log": ("ml", "score_log"),
    "self_identification": ("survey", "self_identification"),
    "campaign_member": ("crm", "campaign_members"),
    "opportunity": ("crm", "opportunities"),
    "recommendation": ("crm", "recommendations_shown"),
}


def declared(uri: str) -> dict[str, Any]:
    """Every object of the sample, with all of its columns."""
    found = {}
    with psycopg.connect(uri) as connection:
        for name, named in VENDORS[Vendor.SALESFORCE].objects.items():
            schema, table = PLACES.get(name, ("crm", f"{name}s"))
            columns = [
                row[0]
                for row in connection.execute(
                    "SELECT column_name FROM information_schema.columns"
                    " WHERE table_schema = %s AND table_name = %s ORDER BY ordinal_position",
                    (schema, table),
                )
            ]
            found[name] = an_object(table, columns, schema=schema, key=named.key)
    return found


def staged(snapshot: Snapshot, crm: str) -> dict[str, list[dict[str, Any]]]:
    """What the staging SQL of a CRM makes of each object, but for ids and fractions of time."""
    found = {}
    for name in snapshot.objects:
        query = (SQL / "staging" / crm / f"{name}.sql").read_text()
        with duckdb.connect() as connection:
            connection.execute("SET TimeZone = 'UTC'")
            path = {"path": str(snapshot.path_of(name))}
            table = connection.sql(query, params=path).to_arrow_table()
        rows = [
            {
                column: value.replace(microsecond=0) if isinstance(value, datetime) else value
                for column, value in row.items()
                if not column.endswith("_id") or column == "respondent_id"
            }
            for row in table.to_pylist()
        ]
        found[name] = sorted(rows, key=repr)
    return found


@pytest.mark.parametrize("vendor", Vendor)
def test_every_canonical_object_is_the_same_whoever_keeps_it(
    vendor: Vendor,
    sample_uri: str,
    state_of: Callable[[Vendor], Any],
    tmp_path: Path,
) -> None:
    objects = declared(sample_uri)
    loaded = a_loaded_policy(tmp_path / "sql", **objects)
    at_home = {"folder": tmp_path / "sql" / "run", "sql": SQL, "logical_date": TODAY}
    expected = extract(loaded, source=PostgresSource(sample_uri), **at_home)
    source = vendor_source({"connection": "crm", "objects": objects}, vendor)
    theirs = a_loaded_policy(tmp_path / "api", **source["objects"])
    with serving(state_of(vendor).app()) as address:
        reader = source_at(Address.parsed(vendor_connection(vendor, address), tmp_path))
        there = {"folder": tmp_path / "api" / "run", "sql": SQL, "logical_date": TODAY}
        found = extract(theirs, source=reader, **there)
    ours, same = staged(expected, "sample"), staged(found, vendor.value)
    assert ours.keys() == same.keys() == {path.stem for path in (SQL / "staging/sample").iterdir()}
    for name, rows in ours.items():
        assert rows, name
        assert same[name] == rows, name
