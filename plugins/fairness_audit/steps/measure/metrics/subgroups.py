"""The search for the subgroup that is worst off, with the price of searching paid."""

from itertools import combinations

import numpy as np
import pyarrow as pa

from fairness_audit.policy.metrics import IMPACT_RATIO, WORST_SUBGROUP
from fairness_audit.policy.model import Against, Comparison
from fairness_audit.statistics.significance import p_values
from fairness_audit.steps.measure.counting.groups import Cells
from fairness_audit.steps.measure.counting.plan import Plan
from fairness_audit.steps.measure.figures import estimates
from fairness_audit.steps.measure.figures.columns import joined, shares_of
from fairness_audit.steps.measure.figures.pairs import REST, with_rest
from fairness_audit.steps.measure.figures.table import measurements_table


def worst_subgroup(cells: Cells, plan: Plan) -> pa.Table:
    """The subgroup of up to ``plan.subgroup_depth`` attributes that is most clearly worse off.

    Every combination of values without an unknown one is a subgroup; those of at least
    ``min_group_size`` subjects are held against everybody else. The p-value is that of the worst
    times their number, which holds however the subgroups overlap. Without any there is no row.
    """
    share = IMPACT_RATIO.where(selected_is_favourable=plan.selected_is_favourable)
    looked_at, names, sizes, sides, rests = 0, [], [], [], []
    for depth in range(1, plan.subgroup_depth + 1):
        for parts in combinations(plan.attributes, depth):
            groups = cells.grouping("*".join(parts), parts)
            for pairs in with_rest(groups):
                large = np.flatnonzero(pairs.group.sizes >= plan.min_group_size)
                looked_at += len(large)
                names += [(groups.attribute, pairs.names[i]) for i in large]
                sizes += [(pairs.group.rows[i], pairs.reference.rows[i]) for i in large]
                sides.append(shares_of(share, pairs.group.at(large)))
                rests.append(shares_of(share, pairs.reference.at(large)))
    own, rest = joined(sides), joined(rests)
    p = p_values(own.proportions, rest.proportions)
    worse = np.flatnonzero((own.rate < rest.rate) & np.isfinite(p))
    if not len(worse):
        return measurements_table(_nothing())
    worst = worse[np.lexsort((own.rate[worse], p[worse]))[0]]
    own, rest = (type(own)(*(part[[worst]] for part in each)) for each in (own, rest))
    contrast = estimates.contrast(own, rest, rest, np.zeros(1, dtype=bool))
    found = estimates.ratios(contrast, plan.confidence)
    paid = np.minimum(1.0, found.p_value * looked_at)
    method = found.method + f", bonferroni over {looked_at} subgroups"
    attribute, group = names[worst]
    return measurements_table(
        found._replace(p_value=paid, method=method),
        metric=WORST_SUBGROUP.name,
        attribute=attribute,
        group=group,
        comparison=Comparison.RATIO.value,
        against=Against.REST.value,
        reference=REST,
        numerator=own.numerator,
        denominator=own.denominator,
        reference_numerator=rest.numerator,
        reference_denominator=rest.denominator,
        n=np.array([sizes[worst][0]]),
        reference_n=np.array([sizes[worst][1]]),
    )


def _nothing() -> estimates.Estimates:
    empty = np.zeros(0)
    return estimates.Estimates(empty, empty, empty, empty, np.zeros(0, dtype=object))
