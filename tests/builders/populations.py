"""Builders: populations in Parquet, and what the product measures on them."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from fairness_audit.policy.model import AuditPolicy
from fairness_audit.records.measurement import Measurement
from fairness_audit.records.population import Population
from fairness_audit.steps.measure import measure, read_measurements
from fairness_audit.steps.measure.counting.counts import Counts
from tests import CHECKOUT
from tests.builders.domain import a_policy

SQL = CHECKOUT / "sql"

Row = Mapping[str, Any]


def a_population(folder: Path, columns: Sequence[str], rows: Iterable[Row]) -> Population:
    """A population in Parquet; rows give ``selected`` and may give ``outcome`` and ``score``.

    It has columns ``value`` and ``rank`` where rows do.

    ``columns`` are the names of the attributes and strata, such as ``attr_gender``.
    """
    rows = list(rows)
    types = {"decision_id": pa.string(), "subject_id": pa.string()}
    types |= {"decided_at": pa.timestamp("us", tz="UTC"), "model_version": pa.string()}
    types |= {"score": pa.float64(), "selected": pa.bool_(), "outcome": pa.bool_()}
    types |= {column: pa.string() for column in columns}
    more = {"value": pa.float64(), "rank": pa.int64()}
    types |= {name: type_ for name, type_ in more.items() if any(name in row for row in rows)}
    constant = {"decided_at": datetime(2026, 1, 5, tzinfo=UTC), "model_version": "1"}
    table = pa.Table.from_pylist(
        [{"decision_id": str(i), "subject_id": f"s{i}"} | constant | dict(rows[i])
         for i in range(len(rows))],
        schema=pa.schema(list(types.items())),
    )  # fmt: skip
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "population.parquet"
    pq.write_table(table, path)
    return Population(
        model="lead_scoring",
        model_version="1",
        path=path,
        digest="0" * 64,
        rows=len(rows),
        decisions=len(rows),
    )


def rows_of(counts: Counts, **values: str) -> list[Row]:
    """The rows that make these counts, each with the given attribute and stratum values."""
    ways = {
        (True, True): counts.tp,
        (False, True): counts.fp,
        (True, False): counts.fn,
        (False, False): counts.tn,
        (None, True): counts.selected_unlabelled,
        (None, False): counts.not_selected_unlabelled,
    }
    return [
        {"outcome": outcome, "selected": selected} | values
        for (outcome, selected), n in ways.items()
        for _ in range(n)
    ]


def decided(selected: int, n: int, **values: str) -> list[Row]:
    """Rows of ``n`` decisions, the first ``selected`` of which select; no outcome is known."""
    counts = Counts(selected_unlabelled=selected, not_selected_unlabelled=n - selected)
    return rows_of(counts, **values)


def policy_over(references: Mapping[str, str], **changes: Any) -> AuditPolicy:
    """A policy over the attributes named, each with its reference group, and nothing else."""
    attributes = {
        name: {"provenance": "self_id", "reference_group": group}
        for name, group in references.items()
    }
    bare: dict[str, Any] = {"attributes": attributes, "intersections": [], "strata": []}
    return a_policy(**(bare | changes))


class Measured:
    """The measurements of one population, and the one that is asked for."""

    def __init__(self, policy: AuditPolicy, rows: Iterable[Row], folder: Path) -> None:
        columns = [f"attr_{name}" for name in policy.attributes]
        columns += [f"stratum_{name}" for name in policy.strata]
        population = a_population(folder, columns, rows)
        self.file = measure(policy, population, sql=SQL, folder=folder / "run")
        self.all = read_measurements(self.file)

    def rate(self, metric: str, group: str, **where: Any) -> Measurement:
        """The rate of one group."""
        return self.one(metric=metric, group=group, comparison=None, **where)

    def ratio(self, metric: str, group: str, against: str, **where: Any) -> Measurement:
        """The ratio of one group's rate to what it is held against."""
        return self.one(metric=metric, group=group, comparison="ratio", against=against, **where)

    def difference(self, metric: str, group: str, against: str, **where: Any) -> Measurement:
        """The difference of one group's rate and what it is held against."""
        where |= {"comparison": "difference", "against": against}
        return self.one(metric=metric, group=group, **where)

    def one(self, **where: Any) -> Measurement:
        """The only measurement that has these values (and, unless named, no stratum)."""
        found = self.those(**where)
        assert len(found) == 1, f"{len(found)} measurements with {where}"
        return found[0]

    def those(self, **where: Any) -> list[Measurement]:
        """The measurements that have these values (and, unless named, no stratum)."""
        where = {"stratum": None} | where
        return [m for m in self.all if all(getattr(m, k) == v for k, v in where.items())]
