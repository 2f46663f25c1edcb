"""What can be worked out from the numbers that one audit tells, however they are combined.

Every number that is told is a sum over some of the people. Whatever else is a sum of such sums is
told as well: by subtraction, or by any other linear combination.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import product
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from fairness_audit.records.comparison import Comparison
from fairness_audit.records.finding import Finding
from fairness_audit.records.signed.audit import AuditRecord
from fairness_audit.steps.compare.compare import EVERYBODY

Mask = NDArray[np.bool_]

_OUTCOMES: Mapping[str, tuple[bool | None, ...]] = {
    "": (True, False, None),
    ", positive": (True,),
    ", negative": (False,),
    ", known": (True, False),
    ", not known": (None,),
}
_DECISIONS: Mapping[str, tuple[bool, ...]] = {
    "": (True, False),
    ", selected": (True,),
    ", not selected": (False,),
}
_RATES: Mapping[str, tuple[tuple[str, str], str]] = {
    # metric: the outcome and decision that its numerator counts, the outcome of its denominator
    "impact_ratio": (("", ", selected"), ""),
    "selection_rate": (("", ", selected"), ""),
    "true_positive_rate": ((", positive", ", selected"), ", positive"),
    "false_positive_rate": ((", negative", ", selected"), ", negative"),
    "base_rate": ((", positive", ""), ", known"),
}


class Kind(NamedTuple):
    """People of one gender and age band, with one outcome and decision."""

    gender: str | None
    age_band: str | None
    outcome: bool | None
    selected: bool


@dataclass(frozen=True)
class People:
    """How many there are of each kind."""

    counts: Mapping[Kind, int]

    def where(self, group: str = "", outcome: str = "", decision: str = "") -> Mask:
        """Which kinds are of a group (`gender F`, or all), an outcome and a decision."""
        return np.array(
            [
                self._is_of(kind, group)
                and kind.outcome in _OUTCOMES[outcome]
                and kind.selected in _DECISIONS[decision]
                for kind in self.counts
            ]
        )

    @staticmethod
    def _is_of(kind: Kind, group: str) -> bool:
        if not group:
            return True
        grouping, _, name = group.partition(" ")
        own = [getattr(kind, each) or "unknown" for each in grouping.split("*")]
        return name == ("unknown" if "unknown" in own else " * ".join(own))

    def of(self, mask: Mask) -> int:
        """How many there are."""
        return sum(count for count, there in zip(self.counts.values(), mask, strict=True) if there)


def worked_out(
    people: People, record: AuditRecord, changes: Comparison, least: int
) -> dict[str, int]:
    """Every number of fewer people than ``least`` that follows from those that are told."""
    told = np.array([*_told(people, record, changes)], dtype=float)
    groups = ["", *(f"{name} {group}" for name, group in sorted(_groups(people)))]
    found = {}
    for group, outcome, decision in product(groups, _OUTCOMES, _DECISIONS):
        mask = people.where(group, outcome, decision)
        if 0 < people.of(mask) < least and _follows(mask, told):
            found[f"{group or 'everybody'}{outcome}{decision}"] = people.of(mask)
    return found


def _follows(mask: Mask, told: NDArray[np.float64]) -> bool:
    """Whether a sum over these kinds is a combination of the sums that are told."""
    wanted = mask.astype(float)
    weights = np.linalg.lstsq(told.T, wanted, rcond=None)[0]
    return bool(np.abs(told.T @ weights - wanted).max() < 1e-6)


def _groups(people: People) -> set[tuple[str, str]]:
    found = set()
    for kind in people.counts:
        own = {"gender": kind.gender or "unknown", "age_band": kind.age_band or "unknown"}
        found |= set(own.items())
        if "unknown" not in own.values():
            found.add(("gender*age_band", " * ".join(own.values())))
    return found


def _told(people: People, record: AuditRecord, changes: Comparison) -> Iterator[Mask]:
    counts = record.counts
    if counts.audited is not None:
        yield people.where()
    if counts.labelled is not None:
        yield people.where(outcome=", known")
    if counts.selected is not None:
        yield people.where(decision=", selected")
    for finding in record.findings:
        if finding.evidence.denominator is not None and finding.metric in _RATES:
            yield from _of_finding(people, finding)
    for each in changes.groups:
        group = "" if each.attribute == EVERYBODY else f"{each.attribute} {each.group}"
        if each.subjects is not None:
            yield people.where(group)
        if each.selected_before is not None:
            yield people.where(group, decision=", selected")


def _of_finding(people: People, finding: Finding) -> Iterator[Mask]:
    counted, among = _RATES[finding.metric or ""]
    own = people.where(f"{finding.attribute} {finding.group}")
    others = {"overall": people.where(), "rest": ~own}
    other = others.get(finding.reference or "")
    if other is None:
        other = people.where(f"{finding.attribute} {finding.reference}")
    for side in (own, other):
        yield side & people.where(outcome=counted[0], decision=counted[1])
        yield side & people.where(outcome=among)
