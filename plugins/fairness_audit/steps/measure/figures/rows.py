"""One line of the results, as every measurement gives it."""

from typing import NamedTuple

from fairness_audit.policy.metrics import Metric


class Row(NamedTuple):
    """A metric of one group, alone or against ``reference``.

    ``reference`` is the name of a group, ``rest``, ``overall``, or None where the metric compares
    nothing. ``value`` is None where the metric is undefined (a zero denominator); ``low`` and
    ``high`` bound it at the plan's confidence, and are None where there is no interval.
    ``standard_error`` is that of the value or, of a ratio, of its natural logarithm.
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
    standard_error: float | None = None

    @classmethod
    def of(
        cls,
        metric: Metric,
        attribute: str,
        group: str,
        *,
        n: int,
        value: float | None,
        method: str = "none",
        reference: str | None = None,
        stratum: str | None = None,
        numerator: float | None = None,
        denominator: float | None = None,
        low: float | None = None,
        high: float | None = None,
        p_value: float | None = None,
        standard_error: float | None = None,
    ) -> "Row":
        """A line about this metric."""
        return cls(
            metric=metric.name,
            code=metric.code,
            attribute=attribute,
            group=group,
            n=n,
            value=value,
            method=method,
            reference=reference,
            stratum=stratum,
            numerator=numerator,
            denominator=denominator,
            low=low,
            high=high,
            p_value=p_value,
            standard_error=standard_error,
        )
