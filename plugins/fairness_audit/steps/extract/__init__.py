"""CRM tables into Parquet: every object the policy names, as of one moment, or nothing at all.

The count at the source, the rows written and the rows in the file must agree: a fairness number
over an unknown population is worthless.
"""

import logging
from datetime import UTC, datetime, timedelta
from pathlib import Path

from fairness_audit.policy.load import LoadedPolicy
from fairness_audit.records.snapshot import Snapshot
from fairness_audit.sources import Source
from fairness_audit.steps.extract.copy import copy_object
from fairness_audit.steps.extract.increments import Increments
from fairness_audit.steps.extract.manifest import (
    emptied,
    previous_snapshot,
    read_snapshot,
    sealed,
    without_pages,
)
from fairness_audit.steps.extract.schema_drift import drift_since
from fairness_audit.steps.extract.scope import select_objects

__all__ = ["extract", "previous_snapshot", "read_snapshot"]

log = logging.getLogger(__name__)


def extract(
    loaded: LoadedPolicy,
    *,
    logical_date: datetime,
    source: Source,
    folder: Path,
    sql: Path,
    previous: Snapshot | None = None,
    kept: Path | None = None,
) -> Snapshot:
    """Copy the policy's objects into ``folder``, and make them visible by a manifest at the end.

    An earlier snapshot in ``folder`` vanishes first and a new one appears only whole: a retry
    cannot leave a mixture of two readings. After an error the folder holds no snapshot; pages that
    were read are kept, so that a retry goes on behind them.

    Args:
        loaded: names the objects, their columns and their window.
        logical_date: the moment the audit is about, with a time zone; it sets the window.
        source: the CRM.
        folder: belongs to this run alone.
        sql: folder with ``extract/``.
        kept: folder in which parts are kept from run to run, for objects that say when their
            rows were modified; without it all rows are read.
        previous: the reading before, which tells whether the tables are still the same.

    Raises:
        SourceError: when the source cannot be read completely and consistently, or its tables
            are others than before and the policy has that fail. It names the place, the object
            and, where the policy is at fault, every such line of it.
    """
    start, end = loaded.policy.window(logical_date.astimezone(UTC))
    with emptied(folder), source.frozen() as crm:
        chosen = select_objects(loaded, crm, start, end)
        drift = drift_since(previous, chosen, loaded)
        increments = None
        if kept is not None:
            increments = Increments(
                kept,
                crm.taken_at,
                sql=sql,
                look_back=timedelta(minutes=loaded.policy.source.look_back_minutes),
                refresh=timedelta(days=loaded.policy.source.refresh_days),
            )
        objects = {
            each.name: copy_object(each, folder, sql=sql, increments=increments) for each in chosen
        }
        snapshot = sealed(
            Snapshot(
                model=loaded.policy.model,
                folder=folder,
                window_start=start,
                window_end=end,
                logical_date=logical_date,
                taken_at=crm.taken_at,
                policy_digest=loaded.digest,
                method_digest=loaded.method.digest,
                objects=objects,
                digest="",
                drift=drift,
            )
        )
    without_pages(folder)
    log.info("snapshot %s: %d objects as of %s", snapshot.digest[:12], len(objects), crm.taken_at)
    return snapshot
