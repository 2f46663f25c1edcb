"""What metrics that need more than outcome counts ask of a population: a scan per grouping."""

from typing import Protocol

import pyarrow as pa

from fairness_audit.steps.measure.counting.plan import group_name


class Scanner(Protocol):
    """Runs the static queries of `sql/measure/` over one population."""

    def table(self, query: str, parts: tuple[str, ...] = (), **values: object) -> pa.Table:
        """The result of ``query``; ``parts`` are the attributes that make the grouping."""


def groups_in(table: pa.Table, parts: tuple[str, ...]) -> list[str]:
    """The group of every row of a scan's result."""
    columns = [table[f"attr_{part}"].to_pylist() for part in parts]
    return [group_name(row) for row in zip(*columns, strict=True)]
