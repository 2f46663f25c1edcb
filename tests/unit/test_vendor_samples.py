"""The sample CRM through every vendor's API: the same decisions, groups and counts as from SQL."""

from collections.abc import Iterator
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from fairness_audit.assemble import assemble
from fairness_audit.connections import Address, source_at
from fairness_audit.demo.crm import load
from fairness_audit.demo.timeline import TODAY
from fairness_audit.demo.vendors.home import vendor_connection, vendor_home
from fairness_audit.demo.vendors.names import Vendor
from fairness_audit.demo.vendors.sample import vendor_state
from fairness_audit.demo.vendors.serving import serving
from fairness_audit.extract import extract
from fairness_audit.policy.load import LoadedPolicy, load_policy
from fairness_audit.records.population import Population
from fairness_audit.sources import Source
from fairness_audit.sources.postgres import PostgresSource
from tests.conftest import fresh_database
from tests.populations import SQL

HOME = Path(__file__).resolve().parents[2]
LEADS = 3_000


@pytest.fixture(scope="module")
def sample_uri(postgres_server: str) -> Iterator[str]:
    with fresh_database(postgres_server) as uri:
        load(uri, leads=LEADS, seed=1)
        yield uri


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
    vendor: Vendor, model: str, sample_uri: str, tmp_path: Path
) -> None:
    """Though it hides converted and archived records by default, and gives deleted ones."""
    loaded = load_policy(HOME / "expectations" / model / "policy.yaml")
    expected = population_of(loaded, PostgresSource(sample_uri), tmp_path / "sql")
    vendor_home(HOME, vendor, tmp_path / "home")
    theirs = load_policy(tmp_path / "home" / "expectations" / model / "policy.yaml")
    with serving(vendor_state(vendor, sample_uri).app()) as address:
        source = source_at(Address.parsed(vendor_connection(vendor, address), tmp_path))
        found = population_of(theirs, source, tmp_path / "api")
    assert expected.rows > LEADS / 4
    assert (found.rows, found.decisions) == (expected.rows, expected.decisions)
    assert found.lost == expected.lost
    assert counted(found) == counted(expected)
