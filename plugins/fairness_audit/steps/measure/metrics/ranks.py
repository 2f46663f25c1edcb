"""Metrics of rankings: recommendations, call lists. Rank 1 is the first place.

A row about the first k places names them in ``stratum``: ``top=10``.
"""

import math
from collections.abc import Iterator

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from fairness_audit.errors import MeasurementError
from fairness_audit.policy import gaps
from fairness_audit.policy.base import UNKNOWN
from fairness_audit.policy.metrics import (
    ANY_DIFFERENCE,
    RATIO,
    SHARE,
    Direction,
    Metric,
    Needs,
)
from fairness_audit.records.measurement import OVERALL
from fairness_audit.statistics import intervals, weighted
from fairness_audit.statistics.proportions import Floats, Proportions, two_sided_quantile
from fairness_audit.statistics.weighted import Estimate, ends_of_ratio, log_ratio
from fairness_audit.steps.measure.counting.grouped_scan import Scanner, groups_in
from fairness_audit.steps.measure.counting.plan import Compat, Plan
from fairness_audit.steps.measure.figures.pairs import REST
from fairness_audit.steps.measure.figures.rows import Row

_RANK = (Needs.RANK,)
_TOPS = (1, 3, 5, 10, 20, 50, 100)
_SINGH = "Singh & Joachims 2018"

EXPOSURE = Metric(
    name="exposure",
    code="EXP",
    meaning="mean of 1 / log2(1 + rank) over the group's places",
    source=_SINGH,
    needs=_RANK,
    range=SHARE,
    direction=Direction.HIGHER,
)
PER_LIST = Metric(
    name="mean_exposure_ratio_per_list",
    meaning="mean over the lists with both of the exposure of d over that of a",
    source=_SINGH,
    needs=_RANK,
    range=RATIO,
    direction=Direction.HIGHER,
)
SHARE_IN_TOP = Metric(
    name="share_in_top_k",
    meaning="share of the group's places in the first k",
    source="Holistic AI",
    needs=_RANK,
    range=SHARE,
    direction=Direction.HIGHER,
)
SHARE_OF_TOP = Metric(
    name="share_of_top_k",
    meaning="the group's share of the first k places",
    source="LiFT",
    needs=_RANK,
    range=SHARE,
    direction=Direction.NEITHER,
)
SKEW = Metric(
    name="skew_at_k",
    meaning="ln of its share of the first k places over that of all",
    source="Geyik et al. 2019 (LiFT)",
    needs=_RANK,
    range=ANY_DIFFERENCE,
    direction=Direction.HIGHER,
)
PRECISION = Metric(
    name="precision_at_k",
    code="P@k",
    meaning="share of true outcomes among its first k places",
    source="Holistic AI",
    needs=(Needs.RANK, Needs.OUTCOME),
    range=SHARE,
    direction=Direction.NEITHER,
)
DEFINITIONS = (EXPOSURE, gaps.EXPOSURE, PER_LIST, SHARE_IN_TOP, SHARE_OF_TOP, SKEW, PRECISION)


def ranking_rows(plan: Plan, scan: Scanner, *, has_lists: bool) -> Iterator[Row]:
    """Every metric of the places of every group, over all lists and, if there are, per list."""
    first = True
    for attribute, parts in plan.groupings.items():
        table = scan.table("rank_counts", parts)
        if pc.min(pc.fill_null(table["rank"], 0)).as_py() < 1:
            raise MeasurementError(
                "column rank: some are empty or below 1 (mark those rows lost in sql/population/)"
            )
        ranked = _Ranked(attribute, plan, table, groups_in(table, parts))
        if first:
            yield from ranked.about(OVERALL, OVERALL, ranked.counts.sum(axis=0))
            first = False
        yield from ranked.rows()
        if has_lists:
            lists = scan.table("rank_lists", parts)
            yield from _per_list(attribute, plan, lists, groups_in(lists, parts))
        if plan.has(Needs.OUTCOME) and plan.compat is Compat.LIFT:
            places = scan.table("rank_list_places" if has_lists else "rank_counts", parts)
            yield from _precisions(attribute, plan, places, groups_in(places, parts), ranked.tops)


class _Ranked:
    """Counts by group, outcome (false, true, not known) and rank."""

    def __init__(self, attribute: str, plan: Plan, table: pa.Table, groups: list[str]) -> None:
        self._attribute, self._plan = attribute, plan
        self._names = sorted(set(groups), key=lambda name: (name == UNKNOWN, name))
        self._ranks, place = np.unique(table["rank"].to_numpy(), return_inverse=True)
        outcome = [2 if each is None else int(each) for each in table["outcome"].to_pylist()]
        self.counts = np.zeros((len(self._names), 3, len(self._ranks)))
        group = np.array([self._names.index(name) for name in groups], dtype=np.intp)
        at = (group, np.array(outcome, dtype=np.intp), place)
        np.add.at(self.counts, at, table["n"].to_numpy())
        self._worth = 1 / np.log2(1 + self._ranks)
        longest = int(self._ranks.max(initial=0))
        self.tops = [k for k in _TOPS if k <= longest] or [1]

    def rows(self) -> Iterator[Row]:
        """Every group, alone and against the reference or the rest."""
        everybody = self.counts.sum(axis=0)
        reference = self._plan.references.get(self._attribute)
        for name, counts in zip(self._names, self.counts, strict=True):
            yield from self.about(self._attribute, name, counts)
        for name, counts in zip(self._names, self.counts, strict=True):
            if name in (UNKNOWN, reference):
                continue
            if reference is None:
                yield self._ratio(name, counts, REST, everybody - counts)
            elif reference in self._names:
                other = self.counts[self._names.index(reference)]
                yield self._ratio(name, counts, reference, other)

    def about(self, attribute: str, name: str, counts: Floats) -> Iterator[Row]:
        """The figures of one group."""
        every, total = counts.sum(axis=0), self.counts.sum(axis=(0, 1))
        n = int(every.sum())
        yield self._mean(attribute, name, n, self._exposure(counts))
        for k in self.tops:
            top = self._ranks <= k
            inside, places = float(every[top].sum()), float(total[top].sum())
            yield self._share(SHARE_IN_TOP, attribute, name, k, inside, n)
            if attribute != OVERALL:
                yield self._share(SHARE_OF_TOP, attribute, name, k, inside, places)
                expected = n / total.sum()
                skew = math.log(inside / places / expected) if inside else None
                yield Row.of(SKEW, attribute, name, n=n, value=skew, stratum=f"top={k}")
            if self._plan.has(Needs.OUTCOME) and self._plan.compat is not Compat.LIFT:
                known = float(counts[:2, top].sum())
                relevant = float(counts[1, top].sum())
                yield self._share(PRECISION, attribute, name, k, relevant, known)

    def _mean(self, attribute: str, name: str, n: int, found: Estimate) -> Row:
        row = Row.of(EXPOSURE, attribute, name, n=n, value=found.value if n else None)
        half = two_sided_quantile(self._plan.confidence) * found.error
        if math.isnan(half):
            return row
        low, high = max(0.0, found.value - half), min(1.0, found.value + half)
        return row._replace(low=low, high=high, standard_error=found.error, method="z")

    def _exposure(self, counts: Floats) -> Estimate:
        """The mean worth of a group's places, and its variance if places fall to it at random."""
        places = counts.sum(axis=0)
        return weighted.mean(self._worth, places, places)

    def _ratio(self, name: str, counts: Floats, reference: str, other: Floats) -> Row:
        """Also of groups that share all places: their exposures are then one sample's parts."""
        own, theirs = self._exposure(counts), self._exposure(other)
        found = log_ratio(own, theirs)
        row = Row.of(
            gaps.EXPOSURE,
            self._attribute,
            name,
            n=int(counts.sum()),
            value=None if math.isnan(found.value) else own.value / theirs.value,
            reference=reference,
        )
        if row.value is None:
            return row
        ends = ends_of_ratio(row.value, found.error, two_sided_quantile(self._plan.confidence))
        if ends is None:
            return row
        low, high = ends
        return row._replace(low=low, high=high, standard_error=found.error, method="delta")

    def _share(
        self, metric: Metric, attribute: str, name: str, k: int, top: float, of: float
    ) -> Row:
        share = Proportions(np.array([top]), np.array([of]))
        low, high = intervals.rate_interval(share, self._plan.confidence)
        value = top / of if of else None
        method = "clopper_pearson" if intervals.is_small(share)[0] else "wilson"
        return Row.of(
            metric,
            attribute,
            name,
            n=int(of),
            value=value,
            method=method if of else "none",
            stratum=f"top={k}",
            numerator=top,
            denominator=of,
            low=float(low[0]) if of else None,
            high=float(high[0]) if of else None,
        )


def _per_list(attribute: str, plan: Plan, table: pa.Table, groups: list[str]) -> Iterator[Row]:
    exposure: dict[str, dict[str, tuple[int, int]]] = {}
    for name, row in zip(groups, table.to_pylist(), strict=True):
        each = exposure.setdefault(row["list"], {})
        before = each.get(name, (0, 0))
        each[name] = (before[0] + row["n"], before[1] + int(row["exposure"]))
    reference = plan.references.get(attribute)
    for name in sorted(set(groups) - {UNKNOWN, reference}):
        ratios = [_list_ratio(each, name, reference) for each in exposure.values()]
        yield _mean_ratio(
            attribute, name, reference, plan, [ratio for ratio in ratios if ratio is not None]
        )


def _list_ratio(
    groups: dict[str, tuple[int, int]], name: str, reference: str | None
) -> float | None:
    n, own = groups.get(name, (0, 0))
    if reference is None:
        m = sum(each[0] for each in groups.values()) - n
        other = sum(each[1] for each in groups.values()) - own
    else:
        m, other = groups.get(reference, (0, 0))
    return (own / n) / (other / m) if n and m else None


def _mean_ratio(
    attribute: str, name: str, reference: str | None, plan: Plan, ratios: list[float]
) -> Row:
    row = _mean_over_lists(PER_LIST, attribute, name, plan, ratios)
    return row._replace(reference=reference or REST)


def _precisions(
    attribute: str, plan: Plan, table: pa.Table, groups: list[str], tops: list[int]
) -> Iterator[Row]:
    """As LiFT has it: the mean over the lists that a group is in, 0 where it is not in the top."""
    places: dict[tuple[str, str], dict[str | None, list[tuple[int, bool, int]]]] = {}
    everybody = (OVERALL, OVERALL)
    for name, row in zip(groups, table.to_pylist(), strict=True):
        if row["outcome"] is None:
            continue
        for about in (everybody, (attribute, name)):
            lists = places.setdefault(about, {})
            at = (row["rank"], row["outcome"], row["n"])
            lists.setdefault(row.get("list"), []).append(at)
    if attribute != next(iter(plan.groupings)):
        places.pop(everybody, None)  # it was told with the first
    for about, lists in places.items():
        for k in tops:
            shares = [_precision(each, k) for each in lists.values()]
            row = _mean_over_lists(PRECISION, *about, plan, shares)
            yield row._replace(stratum=f"top={k}")


def _precision(places: list[tuple[int, bool, int]], k: int) -> float:
    inside = [(relevant, n) for rank, relevant, n in places if rank <= k]
    total = sum(n for _, n in inside)
    return sum(n for relevant, n in inside if relevant) / total if total else 0.0


def _mean_over_lists(
    metric: Metric, attribute: str, name: str, plan: Plan, found: list[float]
) -> Row:
    from scipy.special import stdtrit

    count, low, high, error, method = len(found), None, None, None, "none"
    mean = math.fsum(found) / count if count else None
    if count > 1 and mean is not None:
        spread = math.sqrt(math.fsum((each - mean) ** 2 for each in found) / (count - 1) / count)
        half = float(stdtrit(count - 1, (1 + plan.confidence) / 2)) * spread
        low, high, method, error = mean - half, mean + half, "student over lists", spread
    return Row.of(
        metric,
        attribute,
        name,
        n=count,
        value=mean,
        method=method,
        low=low,
        high=high,
        standard_error=error,
    )
