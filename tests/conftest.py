"""Services for tests: an Airflow of each process's own, a PostgreSQL with a database per test.

Whatever takes long to start is started by the first process that needs it, for all of them.
``FAIRNESS_AUDIT_TEST_POSTGRES`` names a server to use (a URI whose role may create databases);
without it an embedded one is started in a temporary folder.
"""

import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import settings

from fairness_audit.demo.services import stop_postgres
from fairness_audit.pipeline import local as local_airflow
from fairness_audit.settings import Settings
from tests import CHECKOUT
from tests.servers.airflow_database import migrated
from tests.servers.postgres import fresh_database, running_postgres

POSTGRES = "FAIRNESS_AUDIT_TEST_POSTGRES"
SHARED = "FAIRNESS_AUDIT_TEST_SHARED"
"""A folder of this test run; set by the first process of it for those that it starts."""
KEPT = {POSTGRES, SHARED, "FAIRNESS_AUDIT_TEST_MYSQL", "FAIRNESS_AUDIT_SHARED_DATA"}
"""What a person running the tests may set; all else comes from the tests themselves."""

STATE = Path(tempfile.mkdtemp(prefix="fairness-audit-"))

# How long one example takes depends on what else the machine does; a slow test is not a wrong one.
settings.register_profile("unhurried", deadline=None)
settings.load_profile("unhurried")


def pytest_configure(config: pytest.Config) -> None:
    """Give this process an Airflow home of its own, before anything imports Airflow."""
    if not hasattr(config, "workerinput"):
        os.environ[SHARED] = str(STATE / "shared")
        shared().mkdir()
    for name in list(os.environ):
        if name.startswith(("AIRFLOW_", "FAIRNESS_AUDIT_")) and name not in KEPT:
            del os.environ[name]
    os.environ["AIRFLOW_HOME"] = str(STATE / "airflow")
    os.environ["FAIRNESS_AUDIT_HOME"] = str(CHECKOUT)
    os.environ["FAIRNESS_AUDIT_STATE"] = str(STATE)
    local_airflow.configure(Settings.from_environment())


def pytest_unconfigure(config: pytest.Config) -> None:
    """Remove the state of this process; the first also stops what all shared."""
    if not hasattr(config, "workerinput"):
        stop_postgres(postgres_folder())
        shutil.rmtree(postgres_folder(), ignore_errors=True)
    shutil.rmtree(STATE, ignore_errors=True)


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark what is over a whole installation; begin with what takes longest.

    So no process is left alone with it in the end.
    """
    for item in items:
        if room_of(item.path) == "e2e":
            item.add_marker("whole")
    items.sort(key=lambda item: room_of(item.path) != "real")


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Any:
    """A file of tests stays in one process; those over the real tables do so together.

    They look at the same audits, each of which is made once.
    """
    from xdist.scheduler import LoadFileScheduling

    class Scheduling(LoadFileScheduling):
        def _split_scope(self, nodeid: str) -> str:
            file: str = super()._split_scope(nodeid)
            return "tests/real" if file.startswith("tests/real/") else file

    return Scheduling(config, log)


def room_of(path: Path) -> str:
    """The folder of the tests that a test belongs to."""
    return path.relative_to(CHECKOUT / "tests").parts[0]


def shared() -> Path:
    """The folder that all processes of this test run see."""
    return Path(os.environ[SHARED])


def postgres_folder() -> Path:
    """Where the shared PostgreSQL is.

    As root the server runs as another user: it must not lie in a folder of this one's alone, nor
    in pytest's, which the start of a second pytest shuts.
    """
    return Path(f"{shared().parent}-postgres")


@pytest.fixture(scope="session")
def airflow_database() -> None:
    """Airflow's own database, migrated."""
    migrated(Path(os.environ["AIRFLOW_HOME"]), shared())


@pytest.fixture(scope="session")
def postgres_server() -> str:
    """URI of a running PostgreSQL server's maintenance database."""
    return os.environ.get(POSTGRES) or running_postgres(postgres_folder())


@pytest.fixture
def postgres_uri(postgres_server: str) -> Iterator[str]:
    """URI of an empty database of this test's own, dropped afterwards."""
    with fresh_database(postgres_server) as uri:
        yield uri
