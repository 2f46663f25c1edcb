"""A second opinion at every run: the headline rates recomputed with Fairlearn.

Fairlearn gets the fine group counts of one attribute at a time, rolled up by pandas, with the
counts or sums of weights as sample weights: neither the roll-up nor the formulas are ours. On all
attributes at once it would take seconds. Its convention of 0 for a zero denominator is not ours,
so undefined rates are not compared.
"""

from collections.abc import Callable, Iterator
from functools import partial
from typing import TYPE_CHECKING, NamedTuple

import pyarrow as pa

from fairness_audit.errors import MeasurementError
from fairness_audit.policy import metrics
from fairness_audit.policy.base import UNKNOWN
from fairness_audit.policy.model import AuditPolicy
from fairness_audit.records.measurement import OVERALL

if TYPE_CHECKING:
    import pandas as pd

TOLERANCE = 1e-9


_Key = tuple[str, str, str]


class Opinion(NamedTuple):
    """A rate of one group as Fairlearn computes it."""

    metric: str
    attribute: str
    group: str
    value: float

    @property
    def key(self) -> _Key:
        """Metric, attribute and group."""
        return self.metric, self.attribute, self.group


def confirm(rates: pa.Table, cells: pa.Table, policy: AuditPolicy) -> int:
    """Compare the headline rates of every attribute; return how many were compared.

    Raises:
        MeasurementError: two ways of computing the same rate differ by more than `TOLERANCE`, or
            one of the two lacks a rate that the other has.

    """
    ours = _headlines(rates, policy)
    undefined = {key for key, value in ours.items() if value is None}
    theirs = {each.key: each.value for each in opinions(cells, policy)}
    compared = sorted((ours.keys() | theirs.keys()) - undefined)
    for key in compared:
        mine, other = ours.get(key), theirs.get(key)
        if mine is None or other is None or not abs(mine - other) <= TOLERANCE:
            metric, attribute, group = key
            raise MeasurementError(
                f"{metric} of {attribute}={group}: measured {mine!r}, but Fairlearn computes"
                f" {other!r} from the same group counts (trust neither; report it as a defect)"
            )
    return len(compared)


def _headlines(rates: pa.Table, policy: AuditPolicy) -> dict[_Key, float | None]:
    """Our own rates of the metrics and attributes that Fairlearn is asked for."""
    metrics = {*_on_all_decisions(), *_on_known_outcomes()}
    attributes = {OVERALL, *policy.attributes}
    return {
        (row["metric"], row["attribute"], row["group"]): row["value"]
        for row in rates.to_pylist()
        if row["stratum"] is None and row["metric"] in metrics and row["attribute"] in attributes
    }


def opinions(cells: pa.Table, policy: AuditPolicy) -> Iterator[Opinion]:
    """Fairlearn's rates of every group of every single attribute, and of everybody."""
    for attribute in policy.attributes:
        counts = _rolled_up(cells, f"attr_{attribute}")
        labelled = counts[counts["outcome"].notna()]
        yield from _recomputed(attribute, counts.assign(outcome=0), _on_all_decisions())
        yield from _recomputed(attribute, labelled, _on_known_outcomes())


def _rolled_up(cells: pa.Table, column: str) -> "pd.DataFrame":
    amount = "weight" if "weight" in cells.column_names else "n"
    frame = cells.select([column, "outcome", "selected", amount]).to_pandas()
    frame["group"] = frame[column].fillna(UNKNOWN)
    groups = frame.groupby(["group", "outcome", "selected"], dropna=False, as_index=False)
    counts: pd.DataFrame = groups[amount].sum()
    return counts.rename(columns={amount: "n"})


def _recomputed(
    attribute: str, counts: "pd.DataFrame", metrics: dict[str, Callable[..., float]]
) -> Iterator[Opinion]:
    from fairlearn.metrics import MetricFrame

    if counts.empty:
        return
    frame = MetricFrame(
        metrics=dict(metrics),
        y_true=counts["outcome"].astype(int),
        y_pred=counts["selected"].astype(int),
        sensitive_features=counts["group"],
        sample_params={metric: {"sample_weight": counts["n"]} for metric in metrics},
    )
    for metric in metrics:
        yield Opinion(metric, OVERALL, OVERALL, float(frame.overall[metric]))
        for group, value in frame.by_group[metric].items():
            yield Opinion(metric, attribute, str(group), float(value))


def _on_all_decisions() -> dict[str, Callable[..., float]]:
    from fairlearn.metrics import selection_rate

    return {metrics.SELECTION_RATE.name: selection_rate}


def _on_known_outcomes() -> dict[str, Callable[..., float]]:
    from fairlearn import metrics as fairlearn
    from sklearn.metrics import accuracy_score, precision_score

    return {
        metrics.TRUE_POSITIVE_RATE.name: fairlearn.true_positive_rate,
        metrics.FALSE_POSITIVE_RATE.name: fairlearn.false_positive_rate,
        metrics.FALSE_NEGATIVE_RATE.name: fairlearn.false_negative_rate,
        metrics.TRUE_NEGATIVE_RATE.name: fairlearn.true_negative_rate,
        metrics.POSITIVE_PREDICTIVE_VALUE.name: partial(precision_score, zero_division=0.0),
        metrics.NEGATIVE_PREDICTIVE_VALUE.name: partial(
            precision_score, pos_label=0, zero_division=0.0
        ),
        metrics.ACCURACY.name: accuracy_score,
    }
