"""Airflow's own database: migrated once for all processes of a test run, and copied from there."""

import fcntl
import shutil
from pathlib import Path

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
            settings = Settings.from_environment()
            local.prepare(settings)
            shutil.copy(local.configure(settings) / template.name, template)
    if not (home / ".migrated").exists():
        home.mkdir(parents=True, exist_ok=True, mode=0o700)
        shutil.copy(template, home / template.name)
        (home / ".migrated").touch()
