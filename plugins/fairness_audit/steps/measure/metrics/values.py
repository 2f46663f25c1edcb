"""Metrics of numeric outcomes: discount, hours to resolution. A score beside them predicts them.

Sums are made of whole steps of a power of two, at most 2^-40 of the largest size, so they do not
differ from run to run and are off by no more than half a step per row.
"""

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from fairness_audit.errors import MeasurementError
from fairness_audit.policy import gaps
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
from fairness_audit.statistics.weighted import Estimate, ends_of_ratio, log_ratio
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
    gaps.VALUES,
    gaps.VALUE_RATIO,
    *QUANTILES.values(),
    *QUANTILE_GAPS.values(),
    RESIDUAL,
    gaps.RESIDUALS,
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
        yield self._estimated(MEAN, name, sums.n, self._mean(sums))._replace(attribute=attribute)
        if sums.errors:
            row = self._estimated(RESIDUAL, name, sums.errors, self._residual(sums))
            yield row._replace(attribute=attribute)
            row = self._estimated(MAE, name, sums.errors, self._size(sums))
            yield row._replace(attribute=attribute)
            rmse = math.sqrt(sums.error_squares / sums.errors) * self._step
            row = self._row(RMSE, name, sums.errors, rmse, "none")
            yield row._replace(attribute=attribute)

    def _against(self, name: str, own: Sums, reference: str, other: Sums) -> Iterator[Row]:
        for row in self._gaps(name, own, other):
            yield row._replace(reference=reference)

    def _gaps(self, name: str, own: Sums, other: Sums) -> Iterator[Row]:
        sizes, means = (own.n, other.n), (self._mean(own), self._mean(other))
        yield self._welch(gaps.VALUES, name, sizes, means)
        yield self._ratio(gaps.VALUE_RATIO, name, own.n, means)
        if own.errors and other.errors:
            sizes = (own.errors, other.errors)
            residuals = (self._residual(own), self._residual(other))
            yield self._welch(gaps.RESIDUALS, name, sizes, residuals)
            errors = (self._size(own), self._size(other))
            yield self._ratio(MAE_RATIO, name, own.errors, errors)
            squares = _quotient(own.error_squares / own.errors, other.error_squares / other.errors)
            yield self._row(RMSE_RATIO, name, own.errors, math.sqrt(squares), "none")

    def _welch(
        self, metric: Metric, name: str, sizes: tuple[int, int], means: tuple[Estimate, Estimate]
    ) -> Row:
        """The difference of two means: Welch, Biometrika 34 (1947), 28-35."""
        from scipy.special import stdtr, stdtrit

        gap, (a, b) = means[0].value - means[1].value, (each.variance for each in means)
        row = self._row(metric, name, sizes[0], gap, "none")
        if not a + b > 0:
            return row
        error = math.sqrt(a + b)
        freedom = (a + b) ** 2 / (a**2 / (sizes[0] - 1) + b**2 / (sizes[1] - 1))
        half = float(stdtrit(freedom, (1 + self._plan.confidence) / 2)) * error
        p = 2 * float(stdtr(freedom, -abs(gap) / error))
        return row._replace(
            low=gap - half,
            high=gap + half,
            p_value=max(p, 2.3e-308),
            standard_error=error,
            method="welch, welch",
        )

    def _ratio(self, metric: Metric, name: str, n: int, means: tuple[Estimate, Estimate]) -> Row:
        """The ratio of two means; where both are above zero, with an interval of its logarithm."""
        found = log_ratio(*means)
        ratio = _quotient(means[0].value, means[1].value)
        row = self._row(metric, name, n, ratio, "none")
        ends = ends_of_ratio(ratio, found.error, two_sided_quantile(self._plan.confidence))
        if ends is None:
            return row
        low, high = ends
        return row._replace(low=low, high=high, standard_error=found.error, method="delta")

    def _mean(self, sums: Sums) -> Estimate:
        return self._of(sums.n, sums.total, sums.squares)

    def _residual(self, sums: Sums) -> Estimate:
        return self._of(sums.errors, sums.error_total, sums.error_squares)

    def _size(self, sums: Sums) -> Estimate:
        return self._of(sums.errors, sums.error_sizes, sums.error_squares)

    def _of(self, n: int, total: int, squares: int) -> Estimate:
        """A mean and its variance. Whole numbers until the last division: nothing cancels."""
        value = total / n * self._step if n else math.nan
        if n < 2:
            return Estimate(value, math.nan)
        variance = (squares * n - total**2) / (n * (n - 1)) * self._step**2
        return Estimate(value, variance / n)

    def _estimated(self, metric: Metric, name: str, n: int, found: Estimate) -> Row:
        half = two_sided_quantile(self._plan.confidence) * found.error
        if math.isnan(half):
            return self._row(metric, name, n, found.value, "none")
        row = self._row(metric, name, n, found.value, "z")
        low, high = found.value - half, found.value + half
        return row._replace(low=low, high=high, standard_error=found.error)

    def _row(self, metric: Metric, name: str, n: int, value: float, method: str) -> Row:
        stated = f"{method}, error <= {self._step / 2:.2g}" if metric is MEAN else method
        defined = None if math.isnan(value) else value
        return Row.of(metric, self._attribute, name, n=n, value=defined, method=stated)


def _quotient(top: float, bottom: float) -> float:
    return top / bottom if bottom else math.nan
