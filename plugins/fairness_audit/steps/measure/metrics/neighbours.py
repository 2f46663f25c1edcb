"""Metrics of people alike: would a neighbour from the other group have been decided otherwise?

Features are taken as they are: scale them first if one is to weigh no more than another.

Sources: Black, Yeom & Fredrikson, "FlipTest" (2020), as SageMaker Clarify has it (smclarify,
`posttraining.py`); Zemel et al., "Learning Fair Representations" (2013), as AIF360 has it. Where
neighbours tie, all of them count (`statistics.neighbours`); theirs take whichever come first.
"""

from collections.abc import Iterator

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from fairness_audit.policy.base import UNKNOWN
from fairness_audit.policy.metrics import DIFFERENCE, Direction, Metric, Needs, Range
from fairness_audit.records.measurement import OVERALL
from fairness_audit.statistics.neighbours import shares_among_nearest
from fairness_audit.statistics.proportions import Floats
from fairness_audit.steps.measure.counting.grouped_scan import Scanner, groups_in
from fairness_audit.steps.measure.counting.plan import Plan
from fairness_audit.steps.measure.figures.pairs import REST
from fairness_audit.steps.measure.figures.rows import Row

_NEIGHBOURS = 5
_FEW = 9  # up to so many neighbours to choose from, Clarify asks for the nearest alone

_ALIKE = Range(0.0, 1.0, no_disparity=1.0)

FLIP_TEST = Metric(
    name="flip_test",
    code="FT",
    meaning="share of d selected unlike its neighbours in a, minus the share left out unlike them",
    source="SageMaker Clarify",
    needs=(Needs.SELECTED, Needs.FEATURE),
    range=DIFFERENCE,
    direction=Direction.NEITHER,
)
CONSISTENCY = Metric(
    name="consistency",
    meaning="1 minus the mean distance of a decision from the mean of its 5 nearest,"
    " itself included",
    source="AIF360",
    needs=(Needs.SELECTED, Needs.FEATURE),
    range=_ALIKE,
    direction=Direction.NEITHER,
)
LABEL_CONSISTENCY = Metric(
    name="consistency_labels",
    meaning="the same of the known outcomes",
    source="AIF360",
    needs=(Needs.OUTCOME, Needs.FEATURE),
    range=_ALIKE,
    direction=Direction.NEITHER,
)
DEFINITIONS = (FLIP_TEST, CONSISTENCY, LABEL_CONSISTENCY)


def neighbour_rows(plan: Plan, scan: Scanner) -> Iterator[Row]:
    """The consistency of everybody, and the flip test of every group."""
    first = True
    for attribute, parts in plan.groupings.items():
        table = scan.table("feature_counts", parts)
        points, point = _points(table)
        n = table["n"].to_numpy().astype(np.float64)
        if first:
            yield from _consistencies(plan, table, points, point, n)
            first = False
        if plan.has(Needs.SELECTED):
            groups = np.array(groups_in(table, parts), dtype=object)
            selected = table["selected"].to_numpy().astype(bool)
            totals, chosen = n, np.where(selected, n, 0.0)
            yield from _flips(attribute, plan, groups, points, point, totals, chosen)


def _points(table: pa.Table) -> tuple[Floats, np.ndarray]:
    """The distinct combinations of features, and which of them every row has."""
    names = [name for name in table.column_names if name.startswith("feature_")]
    features = np.column_stack([table[name].to_numpy() for name in names]).astype(np.float64)
    points, point = np.unique(features, axis=0, return_inverse=True)
    return points, point.reshape(-1)


def _per_point(point: np.ndarray, counts: Floats, points: int) -> Floats:
    return np.bincount(point, weights=counts, minlength=points).astype(np.float64)


def _consistencies(
    plan: Plan, table: pa.Table, points: Floats, point: np.ndarray, n: Floats
) -> Iterator[Row]:
    for metric, column in ((CONSISTENCY, "selected"), (LABEL_CONSISTENCY, "outcome")):
        if not plan.has(*metric.needs):
            continue
        counted = np.where(pc.is_valid(table[column]).to_numpy(), n, 0.0)
        successes = np.where(pc.fill_null(table[column], False).to_numpy(), counted, 0.0)
        totals = _per_point(point, counted, len(points))
        own = _per_point(point, successes, len(points))
        there = totals > 0
        totals, own, whole = totals[there], own[there], float(totals.sum())
        near = shares_among_nearest(points[there], totals, own, points[there], _NEIGHBOURS)
        distance = own * (1 - near) + (totals - own) * near
        value = 1 - float(distance.sum()) / whole if whole else None
        yield Row.of(metric, OVERALL, OVERALL, n=int(whole), value=value)


def _flips(
    attribute: str,
    plan: Plan,
    groups: np.ndarray,
    points: Floats,
    point: np.ndarray,
    totals: Floats,
    chosen: Floats,
) -> Iterator[Row]:
    reference = plan.references.get(attribute)
    for name in dict.fromkeys(groups.tolist()):
        if name in (UNKNOWN, reference):
            continue
        d = groups == name
        a = ~d if reference is None else groups == reference
        if not a.any():
            continue
        of_a, selected_of_a, of_d, selected_of_d = (
            _per_point(point[side], each[side], len(points))
            for side in (a, d)
            for each in (totals, chosen)
        )
        there, asked = of_a > 0, of_d > 0
        k = _NEIGHBOURS if of_a.sum() > _FEW else 1
        near = shares_among_nearest(
            points[there], of_a[there], selected_of_a[there], points[asked], k
        )
        would = near > 0.5
        n = float(of_d.sum())
        favoured = float(selected_of_d[asked][~would].sum())
        passed_over = float((of_d - selected_of_d)[asked][would].sum())
        yield Row.of(
            FLIP_TEST,
            attribute,
            name,
            n=int(n),
            value=(favoured - passed_over) / n,
            reference=REST if reference is None else reference,
            numerator=favoured - passed_over,
            denominator=n,
        )
