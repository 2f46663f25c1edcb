"""One line of the results, as every measurement gives it."""

from typing import TYPE_CHECKING, NamedTuple

from fairness_audit.policy.metrics import Metric

if TYPE_CHECKING:
    from fairness_audit.steps.measure.counting.groups import Groups


class Row(NamedTuple):
    """A metric of one group, alone or against ``reference``.

    ``reference`` is the name of a group, ``rest``, ``overall``, or None where the metric compares
    nothing. ``value`` is None where the metric is undefined (a zero denominator); ``low`` and
    ``high`` bound it at the plan's confidence, and are None where there is no interval.
    ``n`` counts the decisions about the group. ``method`` names how interval and test were made,
    and any error bound of the value.
    """

    metric: str
    code: str | None
    attribute: str
    group: str
    n: int
    value: float | None
    method: str
    reference: str | None = None
    stratum: str | None = None
    numerator: float | None = None
    denominator: float | None = None
    low: float | None = None
    high: float | None = None
    p_value: float | None = None


def summary_row(
    metric: Metric,
    groups: "Groups",
    group: str,
    reference: str | None,
    value: float,
    n: int,
    low: float = float("nan"),
    high: float = float("nan"),
    method: str = "none",
) -> Row:
    """A figure about a group without counts of its own; NaN stands for undefined."""
    return Row(
        metric.name,
        metric.code,
        groups.attribute,
        group,
        n,
        float(value),
        method,
        reference,
        groups.stratum,
        low=low,
        high=high,
    )
