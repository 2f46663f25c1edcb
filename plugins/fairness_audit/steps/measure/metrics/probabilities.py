"""Groups that are known by probabilities alone, as surname-and-place methods give them.

Each rate is estimated by counting a decision in every group as often as it is to be expected
there and, to compare, by counting it in its most probable group alone. The second is what is
mostly done, and is biased where the outcome goes together with how probable a group is.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from fairness_audit.policy.metrics import (
    DIFFERENCE,
    RATES,
    RATIO,
    SHARE,
    Direction,
    Metric,
    Needs,
    Range,
    Rate,
)
from fairness_audit.statistics.expected_groups import Expected, Gap, Share, difference, ratio
from fairness_audit.statistics.proportions import Floats
from fairness_audit.steps.measure.counting.counts import Counts, cell_of
from fairness_audit.steps.measure.counting.grouped_scan import Scanner
from fairness_audit.steps.measure.counting.plan import Plan
from fairness_audit.steps.measure.figures.pairs import REST
from fairness_audit.steps.measure.figures.rows import Row

_SOURCE = "Chen et al. 2019"


@dataclass(frozen=True)
class OfRate:
    """The metrics that a rate becomes where groups are probabilities."""

    weighted: Metric
    difference: Metric
    ratio: Metric
    most_probable: Metric
    most_probable_difference: Metric

    @property
    def all(self) -> tuple[Metric, ...]:
        """In the order in which they are given."""
        return (
            self.weighted,
            self.difference,
            self.ratio,
            self.most_probable,
            self.most_probable_difference,
        )


def _of(rate: Rate) -> OfRate:
    def metric(name: str, meaning: str, range_: Range) -> Metric:
        return Metric(
            name=f"{rate.name}_{name}",
            meaning=meaning,
            source=_SOURCE,
            needs=(*rate.needs, Needs.PROBABILITY),
            range=range_,
            direction=Direction.NEITHER,
        )

    called = rate.phrase.called
    alone = "counting decisions in their most probable group alone; biased"
    return OfRate(
        metric("by_probability", f"{called}, counting decisions by probability", SHARE),
        metric(
            "by_probability_difference",
            f"{called} of d minus that of a, by probability",
            DIFFERENCE,
        ),
        metric("by_probability_ratio", f"{called} of d over that of a, by probability", RATIO),
        metric("of_most_probable", f"{called}, {alone}", SHARE),
        metric(
            "of_most_probable_difference", f"{called} of d minus that of a, {alone}", DIFFERENCE
        ),
    )


BY_PROBABILITY = {rate.name: _of(rate) for rate in RATES}
DEFINITIONS = tuple(metric for each in BY_PROBABILITY.values() for metric in each.all)


def probability_rows(plan: Plan, scan: Scanner) -> Iterator[Row]:
    """Every rate of every group of every attribute that is given by probabilities."""
    first = 0
    for attribute, names in plan.probabilities.items():
        columns = [f"probability_{first + i}" for i in range(len(names))]
        first += len(names)
        sums = scan.table("probability_sums", probabilities=columns).to_pylist()
        products = scan.table("probability_products", probabilities=columns).to_pylist()
        yield from _Measured(attribute, names, sums, products, plan).rows()


class _Measured:
    """The groups of one attribute."""

    def __init__(
        self,
        attribute: str,
        names: Sequence[str],
        sums: Sequence[dict[str, Any]],
        products: Sequence[dict[str, Any]],
        plan: Plan,
    ) -> None:
        self._attribute, self._names, self._plan = attribute, names, plan
        size = len(names)
        expected, self._alone = np.zeros((size, 6)), np.zeros((size, 6))
        for row in sums:
            place = row["place"] - 1, cell_of(row["outcome"], row["selected"])
            expected[place] += row["expected"]
            self._alone[place] += row["most_probable"]
        crossed = np.zeros((size, 6, size, 6))
        for row in products:
            one = row["place"] - 1, cell_of(row["outcome"], row["selected"])
            other = row["other_place"] - 1, cell_of(row["other_outcome"], row["other_selected"])
            crossed[(*one, *other)] += row["product"]
        self._expected = Expected(expected, crossed)
        self._one_each = np.eye(size)

    def rows(self) -> Iterator[Row]:
        """Rate by rate, group by group."""
        for rate in RATES:
            if self._plan.has(*rate.needs):
                metrics = BY_PROBABILITY[rate.name]
                parts = [
                    np.asarray(part(_CELLS), dtype=np.float64)
                    for part in (rate.numerator, rate.denominator)
                ]
                yield from self._of(metrics, *parts)

    def _of(self, metrics: OfRate, numerator: Floats, denominator: Floats) -> Iterator[Row]:
        for i, name in enumerate(self._names):
            share = self._expected.share(self._one_each[i], numerator, denominator)
            low, high = share.interval(self._plan.confidence)
            row = self._row(metrics.weighted, name, share.rate)
            yield _chance(row, float(low[0]), float(high[0]), "linearised")._replace(
                numerator=share.rate * share.trials if share.trials else 0.0,
                denominator=share.trials,
            )
            top, of = float(self._alone[i] @ numerator), float(self._alone[i] @ denominator)
            alone = self._row(metrics.most_probable, name, top / of if of else np.nan)
            yield alone._replace(numerator=top, denominator=of, n=round(self._alone[i].sum()))
            yield from self._against(metrics, i, share, numerator, denominator)

    def _against(
        self, metrics: OfRate, i: int, share: Share, numerator: Floats, denominator: Floats
    ) -> Iterator[Row]:
        """A group against the reference group or, without one, everybody else."""
        reference, others = self._others(i)
        if not others.any():
            return
        other = self._expected.share(others, numerator, denominator)
        confidence, name = self._plan.confidence, self._names[i]
        for metric, gap, method in (
            (metrics.difference, difference(share, other, confidence), "linearised, t"),
            (metrics.ratio, ratio(share, other, confidence), "linearised log, t"),
        ):
            row = self._row(metric, name, gap.value)._replace(reference=reference)
            yield _tested(row, gap, method)
        own, rest = self._alone[i], others @ self._alone
        gap_of = [
            float(each @ numerator) / float(each @ denominator) if each @ denominator else np.nan
            for each in (own, rest)
        ]
        row = self._row(metrics.most_probable_difference, name, gap_of[0] - gap_of[1])
        yield row._replace(reference=reference, n=round(own.sum()))

    def _others(self, i: int) -> tuple[str, Floats]:
        """What a group is compared with, and which groups that is: none, of the reference."""
        reference = self._plan.references.get(self._attribute)
        if reference is None:
            return REST, 1 - self._one_each[i]
        position = self._names.index(reference)
        return reference, self._one_each[position] * (position != i)

    def _row(self, metric: Metric, name: str, value: float) -> Row:
        i = self._names.index(name)
        return Row.of(
            metric,
            self._attribute,
            name,
            n=round(float(self._expected.sums[i].sum())),
            value=None if np.isnan(value) else value,
        )


_CELLS = Counts.from_cells(np.eye(6))
"""One decision of each cell: what a rate counts of them is what it counts of their sums."""


def _chance(row: Row, low: float, high: float, method: str) -> Row:
    if row.value is None or np.isnan(low):
        return row
    return row._replace(low=min(low, row.value), high=max(high, row.value), method=method)


def _tested(row: Row, gap: Gap, method: str) -> Row:
    row = _chance(row, gap.low, gap.high, method)
    return row if np.isnan(gap.p_value) else row._replace(p_value=gap.p_value)
