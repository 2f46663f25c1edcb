"""What is said of intervals and tests where some subjects are decided about several times."""

from collections.abc import Collection
from functools import reduce

import pyarrow as pa
import pyarrow.compute as pc

LEFT_OUT = "none, not by subject"
"""Method of a figure whose interval and test would take every decision for somebody else's."""

_CHANCE = ("low", "high", "p_value", "standard_error")
_NO_CHANCE = ("manski",)
"""Methods of bounds that have nothing to do with who is in the sample."""


def by_subject(table: pa.Table, *, besides: Collection[str] = ()) -> pa.Table:
    """Measurements that were made by subject, and say so; ``besides`` metrics that were not."""
    rows = pc.is_in(table["metric"], pa.array(sorted(besides), pa.string()))
    if pc.any(rows).as_py():
        left, made = without_chance(table.filter(rows)), table.filter(pc.invert(rows))
        return pa.concat_tables([by_subject(made), left])
    method = table["method"]
    said = pc.binary_join_element_wise(method, pa.scalar("by subject"), ", ")
    return _with(table, "method", pc.if_else(_has_chance(table), said, method))


def without_chance(table: pa.Table) -> pa.Table:
    """Measurements without intervals and tests, for those were not made by subject."""
    lost = _has_chance(table)
    for name in _CHANCE:
        table = _with(table, name, pc.if_else(lost, pa.scalar(None, pa.float64()), table[name]))
    return _with(table, "method", pc.if_else(lost, pa.scalar(LEFT_OUT), table["method"]))


def _has_chance(table: pa.Table) -> pa.ChunkedArray:
    """True of rows with an interval or a test."""
    has_any = reduce(pc.or_, (pc.is_valid(table[name]) for name in _CHANCE))
    bounds = pc.is_in(table["method"], pa.array(_NO_CHANCE))
    return pc.and_not(has_any, bounds)


def _with(table: pa.Table, name: str, values: pa.ChunkedArray) -> pa.Table:
    return table.set_column(table.schema.get_field_index(name), table.schema.field(name), values)
