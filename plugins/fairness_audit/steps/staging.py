"""A snapshot's tables as our canonical CRM objects: one DuckDB view per object."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import duckdb

from fairness_audit.engine.duckdb import exactly, statement, values_used
from fairness_audit.errors import PopulationError
from fairness_audit.policy.model import AuditPolicy
from fairness_audit.records.snapshot import Snapshot


def stage(
    connection: duckdb.DuckDBPyConnection, policy: AuditPolicy, snapshot: Snapshot, sql: Path
) -> None:
    """Create the view of every object, by ``sql/staging/<crm>/<object>.sql``.

    Raises:
        PopulationError: when a file is missing or does not run.
    """
    for name in policy.source.objects:
        file = sql / "staging" / policy.source.crm / f"{name}.sql"
        create_view(connection, name, file, {"path": exactly(snapshot.path_of(name))})


def create_view(
    connection: duckdb.DuckDBPyConnection, name: str, file: Path, bound: Mapping[str, Any]
) -> None:
    """Create a view by a static SQL file and the bound values that it uses.

    Raises:
        PopulationError: when the file is missing or does not run.
    """
    try:
        text = statement(file)
        connection.sql(text, params=values_used(text, bound)).create_view(name)
    except FileNotFoundError as error:
        raise PopulationError(
            f"{file}: no such file; write the SELECT that gives {name}"
        ) from error
    except duckdb.Error as error:
        raise PopulationError(f"{file}: {error}") from error
