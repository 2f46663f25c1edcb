"""Metrics of numeric outcomes: discount, hours to resolution. A score beside them predicts them.

Sums are made of whole steps of a power of two, at most 2^-40 of the largest size, so they do not
differ from run to run and are off by no more than half a step per row.
"""

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from fairness_audit.errors import MeasurementError
from fairness_audit.policy.base import UNKNOWN
from fairness_audit.policy.metrics import (
    ANY,
    ANY_DIFFERENCE,
    ANY_RATIO,
    Direction,
    Metric,
    Needs,
    Range,
)
from fairness_audit.records.measurement import OVERALL
from fairness_audit.statistics.proportions import two_sided_quantile
from fairness_audit.steps.measure.counting.grouped_scan import Scanner, groups_in
from fairness_audit.steps.measure.counting.plan import Plan
from fairness_audit.steps.measure.figures.pairs import REST
from fairness_audit.steps.measure.figures.rows import Row

_VALUE = (Needs.VALUE,)
_BOTH = (Needs.VALUE, Needs.SCORE)
_QUANTILES = (10, 25, 50, 75, 90)
_STEPS = 40  # binary digits of the largest value that are kept


def _of_values(
    name: str, meaning: str, *, needs: tuple[Needs, ...], range: Range, code: str | None = None
) -> Metric:
    return Metric(
        name=name,
        code=code,
        meaning=meaning,
        source="Holistic AI",
        needs=needs,
        range=range,
        direction=Direction.NEITHER,
    )


MEAN = _of_values("mean_value", "mean of the values", needs=_VALUE, range=ANY)
MEAN_DIFFERENCE = _of_values(
    "mean_value_difference", "mean value of d minus that of a", needs=_VALUE, range=ANY_DIFFERENCE
)
MEAN_RATIO = _of_values(
    "mean_value_ratio", "mean value of d over that of a", needs=_VALUE, range=ANY_RATIO
)
QUANTILES = {
    q: _of_values(
        f"value_quantile_{q}", f"{q} % of the values lie below it", needs=_VALUE, range=ANY
    )
    for q in _QUANTILES
}
QUANTILE_GAPS = {
    q: _of_values(
        f"value_quantile_{q}_difference",
        f"{q} % quantile of d minus that of a",
        needs=_VALUE,
        range=ANY_DIFFERENCE,
    )
    for q in _QUANTILES
}
RESIDUAL = _of_values("mean_residual", "mean of value minus score", needs=_BOTH, range=ANY)
RESIDUAL_GAP = _of_values(
    "mean_residual_difference",
    "mean residual of d minus that of a",
    needs=_BOTH,
    range=ANY_DIFFERENCE,
)
MAE = _of_values(
    "mean_absolute_error", "mean size of value minus score", code="MAE", needs=_BOTH, range=ANY
)
MAE_RATIO = _of_values(
    "mean_absolute_error_ratio",
    "mean absolute error of d over that of a",
    needs=_BOTH,
    range=ANY_RATIO,
)
RMSE = _of_values(
    "root_mean_squared_error",
    "root of the mean squared residual",
    code="RMSE",
    needs=_BOTH,
    range=ANY,
)
RMSE_RATIO = _of_values(
    "root_mean_squared_error_ratio", "RMSE of d over that of a", needs=_BOTH, range=ANY_RATIO
)
DEFINITIONS = (
    MEAN,
    MEAN_DIFFERENCE,
    MEAN_RATIO,
    *QUANTILES.values(),
    *QUANTILE_GAPS.values(),
    RESIDUAL,
    RESIDUAL_GAP,
    MAE,
    MAE_RATIO,
    RMSE,
    RMSE_RATIO,
)


@dataclass(frozen=True)
class Sums:
    """Counts and sums of values and residuals, in steps; they add up and come apart."""

    n: int = 0
    total: int = 0
    squares: int = 0
    errors: int = 0
    error_total: int = 0
    error_sizes: int = 0
    error_squares: int = 0

    def __add__(self, other: "Sums") -> "Sums":
        return Sums(*(a + b for a, b in zip(self._all(), other._all(), strict=True)))

    def __sub__(self, other: "Sums") -> "Sums":
        return Sums(*(a - b for a, b in zip(self._all(), other._all(), strict=True)))

    def _all(self) -> tuple[int, ...]:
        return (
            self.n,
            self.total,
            self.squares,
            self.errors,
            self.error_total,
            self.error_sizes,
            self.error_squares,
        )


def value_rows(plan: Plan, scan: Scanner) -> Iterator[Row]:
    """Every metric of the values of every group."""
    (extent,) = scan.table("value_range").to_pylist()
    if extent["largest"] is None:
        return
    if not math.isfinite(extent["largest"]):
        raise MeasurementError(
            "column value: some are not finite numbers (make them NULL in sql/population/)"
        )
    largest = max(extent["largest"], extent["largest_error"] or 0.0, 2.0**-900)
    scale = 2.0 ** (_STEPS - math.frexp(largest)[1])
    first = True
    for attribute, parts in plan.groupings.items():
        table = scan.table("value_sums", parts, scale=scale)
        rows, names = table.to_pylist(), groups_in(table, parts)
        groups: dict[str, Sums] = {}
        quantiles: dict[str, list[float]] = {}
        for name, row in zip(names, rows, strict=True):
            given = [row[field] for field in Sums.__dataclass_fields__]
            groups[name] = groups.get(name, Sums()) + Sums(*(int(each or 0) for each in given))
            quantiles[name] = row["quantiles"]
        measured = _Values(attribute, plan, groups, quantiles, 1 / scale)
        if first:
            yield from measured.about(OVERALL, OVERALL, measured.everybody)
            first = False
        yield from measured.rows()


class _Values:
    """The groups of one grouping."""

    def __init__(
        self,
        attribute: str,
        plan: Plan,
        groups: Mapping[str, Sums],
        quantiles: Mapping[str, list[float]],
        step: float,
    ) -> None:
        self._attribute, self._plan, self._groups = attribute, plan, groups
        self._quantiles, self._step = quantiles, step
        self.everybody = sum(groups.values(), start=Sums())

    def rows(self) -> Iterator[Row]:
        """Every group, alone and against the reference or the rest."""
        reference = self._plan.references.get(self._attribute)
        for name, sums in self._groups.items():
            yield from self.about(self._attribute, name, sums)
            if len(self._plan.groupings[self._attribute]) == 1 or name != UNKNOWN:
                for q, value in zip(_QUANTILES, self._quantiles[name], strict=True):
                    yield self._row(QUANTILES[q], name, sums.n, value, "none")
        for name, sums in self._groups.items():
            if name in (UNKNOWN, reference):
                continue
            if reference is None:
                yield from self._against(name, sums, REST, self.everybody - sums)
            elif reference in self._groups:
                yield from self._against(name, sums, reference, self._groups[reference])
                for q, own, other in zip(
                    _QUANTILES, self._quantiles[name], self._quantiles[reference], strict=True
                ):
                    row = self._row(QUANTILE_GAPS[q], name, sums.n, own - other, "none")
                    yield row._replace(reference=reference)

    def about(self, attribute: str, name: str, sums: Sums) -> Iterator[Row]:
        """The figures of one group."""
        mean, variance = self._mean(sums), self._variance(sums)
        half = _half_width(self._plan.confidence, variance / sums.n if sums.n else math.nan)
        row = self._row(MEAN, name, sums.n, mean, "z" if half == half else "none")
        row = row._replace(attribute=attribute)
        yield row._replace(low=mean - half, high=mean + half) if half == half else row
        if sums.errors:
            for metric, value in (
                (RESIDUAL, sums.error_total / sums.errors * self._step),
                (MAE, sums.error_sizes / sums.errors * self._step),
                (RMSE, math.sqrt(sums.error_squares / sums.errors) * self._step),
            ):
                row = self._row(metric, name, sums.errors, value, "none")
                yield row._replace(attribute=attribute)

    def _against(self, name: str, own: Sums, reference: str, other: Sums) -> Iterator[Row]:
        for row in self._gaps(name, own, other):
            yield row._replace(reference=reference)

    def _gaps(self, name: str, own: Sums, other: Sums) -> Iterator[Row]:
        gap = self._mean(own) - self._mean(other)
        low, high, p = self._welch(own, other, gap)
        method = "none" if low is None else "welch, welch"
        row = self._row(MEAN_DIFFERENCE, name, own.n, gap, method)
        yield row._replace(low=low, high=high, p_value=p)
        ratio = _quotient(self._mean(own), self._mean(other))
        yield self._row(MEAN_RATIO, name, own.n, ratio, "none")
        if own.errors and other.errors:
            residuals = own.error_total / own.errors - other.error_total / other.errors
            yield self._row(RESIDUAL_GAP, name, own.errors, residuals * self._step, "none")
            sizes = _quotient(own.error_sizes / own.errors, other.error_sizes / other.errors)
            yield self._row(MAE_RATIO, name, own.errors, sizes, "none")
            squares = _quotient(own.error_squares / own.errors, other.error_squares / other.errors)
            yield self._row(RMSE_RATIO, name, own.errors, math.sqrt(squares), "none")

    def _welch(
        self, own: Sums, other: Sums, gap: float
    ) -> tuple[float | None, float | None, float | None]:
        """Interval and p-value of the difference of means: Welch, Biometrika 34 (1947), 28-35."""
        from scipy.special import stdtr, stdtrit

        if min(own.n, other.n) < 2:
            return None, None, None
        a, b = self._variance(own) / own.n, self._variance(other) / other.n
        if a + b <= 0:
            return None, None, None
        freedom = (a + b) ** 2 / (a**2 / (own.n - 1) + b**2 / (other.n - 1))
        half = float(stdtrit(freedom, (1 + self._plan.confidence) / 2)) * math.sqrt(a + b)
        p = 2 * float(stdtr(freedom, -abs(gap) / math.sqrt(a + b)))
        return gap - half, gap + half, max(p, 2.3e-308)

    def _mean(self, sums: Sums) -> float:
        return sums.total / sums.n * self._step if sums.n else math.nan

    def _variance(self, sums: Sums) -> float:
        if sums.n < 2:
            return math.nan
        # Whole numbers until the last division: nothing cancels.
        return (sums.squares * sums.n - sums.total**2) / (sums.n * (sums.n - 1)) * self._step**2

    def _row(self, metric: Metric, name: str, n: int, value: float, method: str) -> Row:
        stated = f"{method}, error <= {self._step / 2:.2g}" if metric is MEAN else method
        defined = None if math.isnan(value) else value
        return Row.of(metric, self._attribute, name, n=n, value=defined, method=stated)


def _half_width(confidence: float, variance: float) -> float:
    return two_sided_quantile(confidence) * math.sqrt(variance) if variance >= 0 else math.nan


def _quotient(top: float, bottom: float) -> float:
    return top / bottom if bottom else math.nan
