"""The real tables, loaded once; where they are absent, every test over them is skipped."""

from collections.abc import Iterator

import pytest

from tests.real.audits import Installation
from tests.real.crm_tables import load_crms
from tests.servers.postgres import fresh_database


@pytest.fixture(scope="session")
def crms(postgres_server: str) -> Iterator[str]:
    """URI of a database that holds the real tables as CRMs would."""
    with fresh_database(postgres_server) as uri:
        load_crms(uri)
        yield uri


@pytest.fixture(scope="session")
def installation(
    crms: str, airflow_database: None, tmp_path_factory: pytest.TempPathFactory
) -> Installation:
    """An installation over the real tables."""
    return Installation.over(tmp_path_factory.mktemp("real"), crms)
