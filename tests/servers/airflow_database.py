"""Airflow's own database: migrated once for a test run and copied from there; what it knows."""

import fcntl
import shutil
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

from fairness_audit.pipeline import local
from fairness_audit.settings import Settings


def migrated(home: Path, shared: Path) -> None:
    """Put a migrated database into the home of an Airflow that has none.

    Args:
        home: the home of that Airflow.
        shared: a folder that all processes of the test run see.
    """
    template = shared / "airflow.db"
    with (shared / "airflow.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not template.exists():
            _make(template)
    if not (home / ".migrated").exists():
        home.mkdir(parents=True, exist_ok=True, mode=0o700)
        shutil.copy(template, home / template.name)
        (home / ".migrated").touch()


def known_dags(place: Path) -> Any:
    """Put the DAGs of a file or folder into Airflow's database, as its scheduler knows them."""
    from airflow.dag_processing.dagbag import DagBag, sync_bag_to_db
    from airflow.models.dagbundle import DagBundleModel
    from airflow.utils.session import create_session

    bag = DagBag(place)
    assert bag.import_errors == {}
    with create_session() as session:
        session.merge(DagBundleModel(name="testing"))
    sync_bag_to_db(bag, "testing", None)
    return bag.dags


def _make(template: Path) -> None:
    """Migrate the database of this process's Airflow, which may keep it open; copy it whole."""
    settings = Settings.from_environment()
    local.prepare(settings)
    part = template.with_suffix(".part")
    with (
        closing(sqlite3.connect(local.configure(settings) / template.name)) as database,
        closing(sqlite3.connect(part)) as copy,
    ):
        database.backup(copy)
    part.rename(template)
