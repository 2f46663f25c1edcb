"""The CRM's table of tasks: what salespeople did, or are to do, about leads and cases."""

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from fairness_audit.demo.columns import (
    DAY,
    MINUTE,
    Ints,
    Times,
    Words,
    generator,
    happens,
    nullable,
    timestamps,
)
from fairness_audit.demo.records import USERS, numbered, remarks, until_today
from fairness_audit.demo.timeline import TODAY, moment
from fairness_audit.demo.wording import TASKS

LEAD_COLUMNS = ("lead_id", "owner_id", "created_at", "status")
CASE_COLUMNS = ("case_id", "owner_id", "opened_at")
WITH_TASK = 0.5
"""Share of the leads and cases about which somebody noted a task."""


def task_table(seed: int, leads: pa.Table, cases: pa.Table) -> pa.Table:
    """``crm.tasks``, in the order they were noted.

    Args:
        seed: of the sample.
        leads: ``LEAD_COLUMNS`` of ``crm.leads``; with an erased lead its tasks are gone too.
        cases: ``CASE_COLUMNS`` of ``crm.cases``.
    """
    rng = generator(seed, "table of tasks")
    called = _some(rng, leads.filter(pc.field("status") != "Erased"))
    served = _some(rng, cases)
    size, split = len(called) + len(served), len(called)
    since = np.concatenate([_times(called["created_at"]), _times(served["opened_at"])])
    noted = since + rng.integers(10, 3 * 24 * 60, size) * MINUTE
    created: Times = np.minimum(noted, moment(TODAY))
    done = until_today(created + rng.integers(30, 14 * 24 * 60, size) * MINUTE)
    done = np.where(happens(rng, 0.1, size), np.datetime64("NaT"), done)  # nobody ever did it
    order = np.argsort(created, kind="stable")
    at = np.arange(size)
    kind = Words.draw(rng, {"call": 0.5, "email": 0.3, "todo": 0.2}, size)
    table = {
        "lead_id": nullable(_ids(called, 0, 0, len(served)), at >= split),
        "case_id": nullable(_ids(served, 0, len(called), 0), at < split),
        "owner_id": _owners(rng, pa.chunked_array([*_owned(called), *_owned(served)])),
        "kind": kind.text(),
        "subject": kind.spelled(TASKS).text(),
        "description": remarks(rng, size),
        "priority": Words.draw(rng, {"normal": 0.8, "high": 0.2}, size).text(),
        "status": Words(np.isnat(done).astype(np.int16), ("Completed", "Open")).text(),
        "due_on": pa.array((created + rng.integers(1, 15, size) * DAY).astype("datetime64[D]")),
        "created_at": timestamps(created),
        "completed_at": timestamps(done),
    }
    return pa.table({"task_id": numbered(size)} | _ordered(table, order))


def _some(rng: np.random.Generator, rows: pa.Table) -> pa.Table:
    return rows.filter(pa.array(happens(rng, WITH_TASK, len(rows))))


def _times(column: pa.ChunkedArray) -> Times:
    return np.asarray(column.cast(pa.timestamp("us")).to_numpy())


def _ids(rows: pa.Table, column: int, before: int, after: int) -> Ints:
    return np.pad(rows.column(column).to_numpy(), (before, after))


def _owned(rows: pa.Table) -> list[pa.Array]:
    return list(rows["owner_id"].chunks)


def _owners(rng: np.random.Generator, owners: pa.ChunkedArray) -> pa.ChunkedArray:
    """Whoever owns the record; somebody where nobody does."""
    return pc.coalesce(owners, pa.array(rng.integers(1, USERS + 1, len(owners))))


def _ordered(columns: dict[str, pa.Array], order: Ints) -> dict[str, pa.Array]:
    return {name: column.take(pa.array(order)) for name, column in columns.items()}
