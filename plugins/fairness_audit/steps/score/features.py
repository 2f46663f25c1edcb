"""What a model takes, as of each decision: ``sql/features/<model>.sql``.

The file selects from the same canonical objects as the population: ``decision_id``, and the
model's inputs under the names the model knows them by. A protected attribute is never among them.
"""

from pathlib import Path
from typing import Any

import duckdb
import pyarrow.parquet as pq

from fairness_audit.engine.duckdb import exactly, locked_connection, statement
from fairness_audit.errors import PopulationError
from fairness_audit.files import written_whole
from fairness_audit.policy.model import AuditPolicy
from fairness_audit.records.population import Population
from fairness_audit.records.snapshot import Snapshot
from fairness_audit.steps.staging import create_view, stage

_TYPES = {
    "VARCHAR",
    "BOOLEAN",
    "TINYINT",
    "SMALLINT",
    "INTEGER",
    "BIGINT",
    "FLOAT",
    "DOUBLE",
    "DATE",
    "TIMESTAMP",
    "TIMESTAMP WITH TIME ZONE",
}
_ABOUT_THE_AUDIT = {"outcome", "selected", "subject_id", "subject_key", "lost_at"}
_PREFIX = "attr_"


def features_file(sql: Path, model: str) -> Path:
    """The file that says what a model takes."""
    return sql / "features" / f"{model}.sql"


def write_features(
    policy: AuditPolicy, snapshot: Snapshot, decided: Population, *, sql: Path, to: Path
) -> None:
    """Write the inputs of every decision of a population, in the order of its rows.

    Args:
        policy: names the objects and the protected attributes.
        snapshot: the CRM tables.
        decided: the population; its file says which decisions, and in which order.
        sql: folder with ``staging/``, ``features/`` and ``scoring/``.
        to: the Parquet file.

    Raises:
        PopulationError: when the SQL does not give exactly one row per decision, gives a
            protected attribute, or a type that no model takes.
    """
    file = features_file(sql, policy.model)
    bound = {
        "model": policy.model,
        "model_version": decided.model_version,
        "window_start": snapshot.window_start,
        "window_end": snapshot.window_end,
    }
    folders = [to.parent, decided.path.parent, snapshot.folder]
    with locked_connection(folders) as connection:
        stage(connection, policy, snapshot, sql)
        _create_view(connection, policy, file, bound)
        _check_columns(connection, policy, file)
        try:
            _check_totals(connection, decided, sql, file)
            with written_whole(to) as temporary:
                text = statement(sql / "scoring" / "inputs.sql")
                inputs = connection.sql(text, params={"path": exactly(decided.path)})
                inputs.write_parquet(str(temporary), compression="zstd")
        except duckdb.Error as error:  # its own words may hold a person's value
            raise PopulationError(
                f"{file}: {type(error).__name__} on a row; mend what it computes (TRY_CAST gives"
                " NULL for a value that does not fit)"
            ) from None


def _create_view(
    connection: duckdb.DuckDBPyConnection,
    policy: AuditPolicy,
    file: Path,
    bound: dict[str, Any],
) -> None:
    try:
        create_view(connection, "features", file, bound)
    except PopulationError as error:
        if not isinstance(error.__cause__, duckdb.BinderException):
            raise
        raise PopulationError(
            f"{error}\n(what {policy.model} takes is not in the snapshot: name the column in"
            f" source.objects of expectations/{policy.model}/policy.yaml and in"
            f" sql/staging/{policy.source.crm}/, or mend {file.name})"
        ) from error


def _check_columns(connection: duckdb.DuckDBPyConnection, policy: AuditPolicy, file: Path) -> None:
    view = connection.view("features")
    types = dict(zip(view.columns, map(str, view.types), strict=True))
    if types.pop("decision_id", None) is None:
        raise PopulationError(f"{file}: column decision_id is missing")
    if not types:
        raise PopulationError(f"{file}: gives no input; name what the model takes")
    protected = {name.casefold() for name in policy.attributes}
    faults = []
    for name, kind in types.items():
        plain = name.casefold()
        if plain in protected or plain.startswith(_PREFIX):
            faults.append(f"column {name} is a protected attribute; a model never gets one")
        elif plain in _ABOUT_THE_AUDIT:
            faults.append(f"column {name} is what the audit knows, not what a model takes")
        elif kind not in _TYPES:
            known = ", ".join(sorted(_TYPES))
            faults.append(f"column {name} is {kind}; CAST it to one of {known}")
    if faults:
        raise PopulationError(f"{file}: " + "; ".join(faults))


def _check_totals(
    connection: duckdb.DuckDBPyConnection, decided: Population, sql: Path, file: Path
) -> None:
    text = statement(sql / "scoring" / "input_totals.sql")
    ((joined, found),) = connection.sql(text, params={"path": exactly(decided.path)}).fetchall()
    rows = pq.read_metadata(decided.path).num_rows
    if found != rows or joined != rows:
        what = "no inputs" if found < rows else "more than one row of inputs"
        raise PopulationError(
            f"{file}: gives {what} for some decisions of the population; give every decision one"
            " row"
        )
