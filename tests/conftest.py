"""Services for tests: an Airflow of the session's own, a PostgreSQL with a database per test.

``FAIRNESS_AUDIT_TEST_POSTGRES`` names a server to use (a URI whose role may create databases);
without it an embedded one is started in a temporary folder.
"""

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit
from uuid import uuid4

import psycopg
import pytest
from hypothesis import settings
from psycopg import sql

from fairness_audit.demo.services import pgserver
from fairness_audit.pipeline import local as local_airflow
from fairness_audit.settings import Settings
from tests import CHECKOUT

VARIABLE = "FAIRNESS_AUDIT_TEST_POSTGRES"
KEPT = {VARIABLE, "FAIRNESS_AUDIT_TEST_MYSQL", "FAIRNESS_AUDIT_SHARED_DATA"}
"""What a person running the tests may set; all else comes from the tests themselves."""

STATE = Path(tempfile.mkdtemp(prefix="fairness-audit-"))

# How long one example takes depends on what else the machine does; a slow test is not a wrong one.
settings.register_profile("unhurried", deadline=None)
settings.load_profile("unhurried")


def pytest_configure() -> None:
    """Give this session an Airflow home of its own, before anything imports Airflow."""
    for name in list(os.environ):
        if name.startswith(("AIRFLOW_", "FAIRNESS_AUDIT_")) and name not in KEPT:
            del os.environ[name]
    os.environ["AIRFLOW_HOME"] = str(STATE / "airflow")
    os.environ["FAIRNESS_AUDIT_HOME"] = str(CHECKOUT)
    os.environ["FAIRNESS_AUDIT_STATE"] = str(STATE)
    local_airflow.configure(Settings.from_environment())


def pytest_unconfigure() -> None:
    """Remove the session's state."""
    shutil.rmtree(STATE, ignore_errors=True)


@pytest.fixture(scope="session")
def airflow_database() -> None:
    """Airflow's own database, migrated."""
    local_airflow.prepare(Settings.from_environment())


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[str]:
    """URI of a running PostgreSQL server's maintenance database."""
    if given := os.environ.get(VARIABLE):
        yield given
        return
    # Not under pytest's own temporary folder: as root the server runs as another user, whom the
    # start of a second pytest would shut out of it.
    folder = tempfile.mkdtemp(prefix="fairness-audit-postgres-")
    server = pgserver().get_server(folder, cleanup_mode="delete")
    yield server.get_uri()
    server.cleanup()


@pytest.fixture
def postgres_uri(postgres_server: str) -> Iterator[str]:
    """URI of an empty database of this test's own, dropped afterwards."""
    with fresh_database(postgres_server) as uri:
        yield uri


@contextmanager
def fresh_database(server: str) -> Iterator[str]:
    """Yield the URI of a new empty database on a server; drop it afterwards."""
    name = f"test_{uuid4().hex}"
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
    try:
        yield urlsplit(server)._replace(path=f"/{name}").geturl()
    finally:
        with psycopg.connect(server, autocommit=True) as connection:
            connection.execute(
                sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name))
            )
