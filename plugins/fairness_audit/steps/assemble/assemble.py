"""CRM tables into one row per decision, and a ledger of every row that did not get in.

``sql/staging/<crm>/<object>.sql`` maps a CRM's own columns to ours, and
``sql/population/<model>.sql`` joins them. The population SQL returns every logged decision, with
``lost_at`` naming the filter or join that dropped it; so nothing can be lost without a trace, and
the count is checked against the score log itself.
"""

import hashlib
import logging
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import duckdb

from fairness_audit.engine.duckdb import locked_connection, statement, values_used
from fairness_audit.errors import PopulationError
from fairness_audit.files import sha256_of, write_bytes, written_whole
from fairness_audit.policy.model import AuditPolicy
from fairness_audit.records.population import Loss, Losses, Population
from fairness_audit.records.snapshot import Snapshot
from fairness_audit.statistics.small_counts import told
from fairness_audit.steps.staging import create_view, stage

log = logging.getLogger(__name__)

LOSSES = "losses.json"

_SMALLEST_KEY = 32
_BLOCK = 64  # bytes of a SHA-256 block, RFC 2104

_TYPES = {
    "decision_id": None,
    "subject_key": "VARCHAR",
    "decided_at": "TIMESTAMP WITH TIME ZONE",
    "model_version": "VARCHAR",
    "score": "DOUBLE",
    "selected": "BOOLEAN",
    "outcome": "BOOLEAN",
    "lost_at": "VARCHAR",
}
"""Columns every population SQL returns; None where any type will do."""

_MORE = {"decision": "VARCHAR", "value": "DOUBLE", "rank": "BIGINT", "list": "VARCHAR"}
"""Columns it may return: a decision of several classes, a numeric outcome, a place in a list."""


def assemble(
    policy: AuditPolicy,
    snapshot: Snapshot,
    *,
    sql: Path,
    folder: Path,
    subject_key: bytes,
    model_version: str | None,
    deployed_version: str | None = None,
    candidate: str | None = None,
) -> Population:
    """Write the population of one model version to ``folder/population.parquet``.

    Beside it, readable by its owner alone, lies ``losses.json``: the rows lost, by group.

    Args:
        policy: names the model, its attributes and strata.
        snapshot: the CRM tables, and the window of the decisions.
        sql: folder with ``staging/``, ``population/`` and ``assemble/``.
        folder: the run's own folder; an earlier population in it is replaced.
        subject_key: secret of 32 bytes or more that keys the pseudonyms.
        model_version: the audited version; None for the newest in the score log.
        deployed_version: the version audited when the score log has no decision at all, so that
            an empty window becomes a finding about somebody.
        candidate: a version that is taken for the newest only if there is no other.

    Raises:
        PopulationError: when the SQL does not give exactly one row per logged decision, or lacks
            a column the policy declares.
    """
    if len(subject_key) < _SMALLEST_KEY:
        raise PopulationError(
            f"the subject key has {len(subject_key)} bytes; {_SMALLEST_KEY} or more are needed"
        )
    audited = {
        "model": policy.model,
        "window_start": snapshot.window_start,
        "window_end": snapshot.window_end,
        "maturity_days": policy.maturity_days,
    }
    seen = audited | {"candidate": candidate}
    path, own = folder / "population.parquet", sql / "assemble"
    with locked_connection([folder, snapshot.folder]) as connection:
        stage(connection, policy, snapshot, sql)
        version = model_version or _newest_version(connection, own, seen) or deployed_version
        if version is None:
            raise PopulationError(_nothing_logged(audited))
        totals = _decide_who_is_in(connection, policy, sql, audited | {"model_version": version})
        with written_whole(path) as temporary:
            connection.sql(
                statement(own / "population.sql"), params=_pads(subject_key)
            ).write_parquet(str(temporary), compression="zstd")
        lost = Losses(lost=tuple(_losses(connection, own)))
    write_bytes(folder / LOSSES, lost.model_dump_json().encode(), mode=0o600)
    population = Population(
        model=policy.model,
        model_version=version,
        path=path,
        digest=sha256_of(path),
        losses=folder / LOSSES,
        **_told(totals, policy.min_group_size),
        window_start=snapshot.window_start,
        window_end=snapshot.window_end,
    )
    log.info("%s version %s: %s are in", policy.model, version, population.summary)
    return population


def _told(totals: dict[str, int], least: int) -> dict[str, int | None]:
    """How many are in, were decided about and are people, as far as that may be told.

    Where a few were lost it is those that are in who are told, and not all: what is told of their
    groups adds up to them.
    """
    kept, logged = totals["kept"], totals["decisions"]
    rows = told(kept, least=least)
    return {
        "rows": rows,
        "decisions": None if told(rows or 0, logged, least=least) is None else logged,
        "subjects": told(totals["subjects"], kept, logged, least=least),
    }


def read_losses(population: Population) -> tuple[Loss, ...]:
    """The rows that did not get into a population, by filter or join and by group.

    Raises:
        PopulationError: when they are not there, or cannot be read.
    """
    try:
        if population.losses is None:
            return ()
        return Losses.model_validate_json(population.losses.read_bytes()).lost
    except (OSError, ValueError) as error:
        raise PopulationError(
            f"{population.losses}: cannot be read (run the step assemble again)"
        ) from error


def _decide_who_is_in(
    connection: duckdb.DuckDBPyConnection, policy: AuditPolicy, sql: Path, bound: dict[str, Any]
) -> dict[str, int]:
    """Create the view ``decisions``; return how many were logged, are kept, and about whom."""
    file = sql / "population" / f"{policy.model}.sql"
    create_view(connection, "decisions", file, bound)
    _check_columns(connection, policy, file)
    logged = _row(connection, sql / "assemble" / "logged_decisions.sql", bound)["decisions"]
    totals = _row(connection, sql / "assemble" / "decision_totals.sql", {})
    _check_totals(totals, logged, file)
    return totals


def _losses(connection: duckdb.DuckDBPyConnection, own: Path) -> Iterator[Loss]:
    for step, attribute, group, rows, of in connection.sql(
        statement(own / "losses.sql")
    ).fetchall():
        yield Loss(step=step, attribute=attribute, group=group, rows=rows, of=of)


def _newest_version(
    connection: duckdb.DuckDBPyConnection, own: Path, seen: dict[str, Any]
) -> str | None:
    text = statement(own / "newest_version.sql")
    found = connection.sql(text, params=values_used(text, seen)).fetchall()
    return str(found[0][0]) if found else None


def _nothing_logged(audited: dict[str, Any]) -> str:
    return (
        f"the score log has no decision of {audited['model']} from"
        f" {audited['window_start']:%Y-%m-%d} until {audited['window_end']:%Y-%m-%d} and no"
        " version is deployed; name the version, or check window_days and maturity_days"
    )


def _check_columns(connection: duckdb.DuckDBPyConnection, policy: AuditPolicy, file: Path) -> None:
    view = connection.view("decisions")
    types = dict(zip(view.columns, map(str, view.types), strict=True))
    wanted = _TYPES | {f"attr_{name}": "VARCHAR" for name in policy.attributes}
    wanted |= {f"stratum_{name}": "VARCHAR" for name in policy.strata}
    faults = [f"column {name} is missing" for name in wanted if name not in types]
    wanted |= _MORE
    faults += [
        f"column {name} is not declared in the policy" for name in types if name not in wanted
    ]
    faults += [
        f"column {name} is {types[name]}, not {kind}"
        for name, kind in wanted.items()
        if kind and name in types and types[name] != kind
    ]
    if faults:
        raise PopulationError(f"{file}: " + "; ".join(faults))


def _check_totals(totals: dict[str, int], logged: int, file: Path) -> None:
    if totals["decisions"] != logged or totals["distinct_decisions"] != logged:
        raise PopulationError(
            f"{file}: {_miscounted(totals, logged)};"
            " use LEFT JOINs on unique keys and mark lost rows in lost_at"
        )
    if totals["undecided"] or totals["without_subject"]:
        lacking = {"selected": totals["undecided"], "subject_key": totals["without_subject"]}
        names = " and some no ".join(name for name, rows in lacking.items() if rows)
        raise PopulationError(f"{file}: some kept rows have no {names}; mark them lost in lost_at")


def _miscounted(totals: dict[str, int], logged: int) -> str:
    """Which way the rows are wrong; how many rows are is of how many people, and not told."""
    if totals["distinct_decisions"] < logged:
        return "gives no row for some decisions of the score log"
    if totals["distinct_decisions"] > logged:
        return "gives decisions that are not in the score log"
    return "gives more than one row for some decisions of the score log"


def _row(
    connection: duckdb.DuckDBPyConnection, file: Path, bound: dict[str, Any]
) -> dict[str, int]:
    text = statement(file)
    relation = connection.sql(text, params=values_used(text, bound))
    (values,) = relation.fetchall()
    return dict(zip(relation.columns, values, strict=True))


def _pads(key: bytes) -> dict[str, bytes]:
    """The key combined with the inner and outer pad of HMAC (RFC 2104)."""
    block = (hashlib.sha256(key).digest() if len(key) > _BLOCK else key).ljust(_BLOCK, b"\0")
    return {
        "inner_pad": bytes(byte ^ 0x36 for byte in block),
        "outer_pad": bytes(byte ^ 0x5C for byte in block),
    }
