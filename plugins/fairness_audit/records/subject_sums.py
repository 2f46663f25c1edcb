"""Sums over people, by pairs of units: what one person's several decisions have in common.

Per group, rate and unit u a subject has m decisions in the rate's denominator, of which y are in
its numerator. A decision that is one of several about a person says less than one about a new
person; how much less follows from the sums over subjects of m m, y y and m y, within a unit and
across two (cluster-robust variance of a ratio: Rao and Scott, Biometrics 48 (1992), 577-585).
"""

from typing import Annotated, Self

import numpy as np
from numpy.typing import NDArray
from pydantic import Field, model_validator

from fairness_audit.policy.metrics import (
    BASE_RATE,
    FALSE_POSITIVE_RATE,
    RATES,
    SELECTION_RATE,
    TRUE_POSITIVE_RATE,
    Rate,
)
from fairness_audit.policy.model import AuditPolicy
from fairness_audit.records.door import Door
from fairness_audit.records.measurement import OVERALL

Wholes = tuple[Annotated[int, Field(ge=0, le=2**53 - 1)], ...]
Whole = NDArray[np.int64]
Truths = NDArray[np.bool_]


class PairSums(Door):
    """Sums over the subjects of one group and rate, one entry per pair of units that is listed.

    ``first`` and ``second`` are positions of units, first <= second, the same where it is one unit
    with itself; m and y are those of a subject in the one, m' and y' in the other: ``mm`` is the
    sum of m m', ``yy`` of y y', ``my`` of m y', ``ym`` of y m'.
    """

    first: Wholes
    second: Wholes
    mm: Wholes
    yy: Wholes
    my: Wholes
    ym: Wholes

    @model_validator(mode="after")
    def _an_entry_per_pair(self) -> Self:
        columns = (self.first, self.second, self.mm, self.yy, self.my, self.ym)
        if len({len(each) for each in columns}) > 1:
            raise ValueError("not an entry for each pair in each")
        pairs = set(zip(self.first, self.second, strict=True))
        if len(pairs) < len(self.first) or any(first > second for first, second in pairs):
            raise ValueError("a pair is there twice, or the later unit first")
        return self


def summed_as(rate: Rate) -> tuple[Rate, bool]:
    """The rate under which the sums of a rate are kept, and whether they are its `of_the_rest`.

    A rate and its complement (true positive and false negative rate) have the same sums, so that
    they are kept once, under the first of `RATES` that counts so.
    """
    for kept in RATES:
        if kept.cells == rate.cells:
            return kept, False
        if tuple((whole - part, whole) for part, whole in kept.cells) == rate.cells:
            return kept, True
    raise ValueError(f"{rate.name} counts as no rate of one group does")


def summed_rates(policy: AuditPolicy, grouping: str) -> tuple[Rate, ...]:
    """The rates whose sums a policy needs of a grouping.

    Those that its rules name, the selection and the base rate; of everybody those that say which
    way score and label point, besides.
    """
    favourable = policy.selected_is_favourable
    named = [rule.metric.where(selected_is_favourable=favourable) for rule in policy.rules]
    of_everybody = (TRUE_POSITIVE_RATE, FALSE_POSITIVE_RATE) if grouping == OVERALL else ()
    wanted = (*named, SELECTION_RATE, BASE_RATE, *of_everybody)
    needed = {summed_as(each)[0].name for each in wanted}
    return tuple(rate for rate in RATES if rate.name in needed)
