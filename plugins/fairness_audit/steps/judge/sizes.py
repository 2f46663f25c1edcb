"""How many decisions about each group a unit brings, and how they are shared out."""

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Self

import numpy as np

from fairness_audit.policy.base import UNKNOWN
from fairness_audit.policy.metrics import Rate
from fairness_audit.records.counted_units import Group, Place
from fairness_audit.records.measurement import OVERALL
from fairness_audit.records.version_evidence import VersionEvidence
from fairness_audit.statistics.confusion import ConfusionTable

RECENT = 26
"""Units whose mean is taken for what the next will bring."""


@dataclass(frozen=True)
class Sizes:
    """The mean decisions a unit brings, by grouping and group, `UNKNOWN` and `OVERALL` included.

    A rate of a unit is that of all of them: groups differ by what an outlook assumes alone.
    """

    by_group: Mapping[tuple[str, str], ConfusionTable]

    @classmethod
    def seen(cls, evidence: VersionEvidence) -> Self:
        """What the newest units brought on average, those that nobody counted left out."""
        found = {}
        for place in evidence.places:
            if place.stratum is not None:
                continue
            counted = np.flatnonzero(evidence.counted(place))[-RECENT:]
            for group in evidence.groups(place) if counted.size else ():
                found[place.grouping, group.name] = _mean(evidence, place, group, counted)
        return cls(found)

    def of(self, grouping: str, group: str) -> ConfusionTable:
        """A unit's decisions about a group; none about one that never occurs."""
        return self.by_group.get((grouping, group), ConfusionTable())

    def trials(self, rate: Rate, grouping: str, group: str) -> float:
        """A unit's decisions about a group that count for a rate."""
        return float(rate.denominator(self.of(grouping, group)))

    def rate(self, rate: Rate) -> float | None:
        """A rate of everybody; None where nothing counts for it."""
        everybody = self.of(OVERALL, OVERALL)
        trials = float(rate.denominator(everybody))
        return float(rate.numerator(everybody)) / trials if trials else None

    @property
    def per_unit(self) -> float:
        """All decisions of a unit."""
        return float(self.of(OVERALL, OVERALL).n)

    def share(self, grouping: str, group: str) -> float:
        """A group's share of all decisions."""
        return float(self.of(grouping, group).n) / self.per_unit if self.per_unit else 0.0


def stated(
    per_unit: float,
    *,
    shares: Mapping[str, Mapping[str, float]],
    selection_rate: float,
    base_rate: float | None = None,
    true_positive_rate: float | None = None,
) -> Sizes:
    """Sizes as somebody states them.

    Args:
        per_unit: decisions of a unit.
        shares: of each grouping's groups among all decisions; what is left is `UNKNOWN`.
        selection_rate: share of the decisions that select, within (0, 1).
        base_rate: share of outcomes that are true; None where no outcome will be known.
        true_positive_rate: share of true outcomes that are selected; None: the selection rate.

    Raises:
        ValueError: where no decisions have these rates.
    """
    if base_rate is None:
        whole = ConfusionTable(
            selected_unlabelled=selection_rate, not_selected_unlabelled=1 - selection_rate
        )
    else:
        hit = base_rate * (selection_rate if true_positive_rate is None else true_positive_rate)
        whole = ConfusionTable(
            tp=hit,
            fp=selection_rate - hit,
            fn=base_rate - hit,
            tn=1 - selection_rate - base_rate + hit,
        )
    if any(getattr(whole, cell.name) < 0 for cell in fields(whole)) or per_unit <= 0:
        raise ValueError("no decisions have these rates")
    found = {(OVERALL, OVERALL): _times(whole, per_unit)}
    for grouping, groups in shares.items():
        left = 1 - sum(groups.values())
        if left < -1e-9 or min(groups.values(), default=0.0) < 0:
            raise ValueError(f"the shares of {grouping} come to more than all")
        for group, part in {**groups, UNKNOWN: max(0.0, left)}.items():
            if part > 1e-12:
                found[grouping, group] = _times(whole, per_unit * part)
    return Sizes(found)


def _mean(
    evidence: VersionEvidence,
    place: Place,
    group: Group,
    units: np.ndarray[tuple[int], np.dtype[np.intp]],
) -> ConfusionTable:
    table = evidence.counts(place, group)
    return ConfusionTable(
        *(float(getattr(table, cell.name)[units].mean()) for cell in fields(table))
    )


def _times(table: ConfusionTable, factor: float) -> ConfusionTable:
    return ConfusionTable(*(getattr(table, cell.name) * factor for cell in fields(table)))
