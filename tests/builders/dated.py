"""Builders: dated decisions about people, and the evidence that counting them by hand gives."""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from itertools import combinations
from pathlib import Path
from typing import Any

from fairness_audit.policy.model import AuditPolicy
from fairness_audit.records.evidence import (
    CELLS,
    Evidence,
    GroupCounts,
    GroupingCounts,
    digest_of_content,
)
from fairness_audit.records.measurement import MeasurementFile
from fairness_audit.records.population import Population
from fairness_audit.records.subject_sums import PairSums, summed_rates
from tests.builders.populations import a_population

MONDAY = datetime(2026, 3, 2, tzinfo=UTC)
"""Where the first unit of made-up decisions begins."""


def after(days: float) -> datetime:
    """A moment so many days after the Monday."""
    return MONDAY + timedelta(days=days)


@dataclass(frozen=True)
class Decided:
    """One decision about a person, with their groups then; ``more`` is a score, value or rank."""

    at: datetime
    subject: str
    selected: bool
    outcome: bool | None = None
    groups: Mapping[str, str] = field(default_factory=dict)
    more: Mapping[str, float] = field(default_factory=dict)

    @property
    def cell(self) -> str:
        """The cell of the confusion table it falls into."""
        if self.outcome is None:
            return "selected_unlabelled" if self.selected else "not_selected_unlabelled"
        return ("t" if self.outcome == self.selected else "f") + ("p" if self.selected else "n")


def dated_population(
    folder: Path,
    policy: AuditPolicy,
    decisions: Sequence[Decided],
    window: tuple[datetime, datetime],
    **changes: Any,
) -> Population:
    """The decisions of a window, as a step before would give them."""
    inside = [each for each in decisions if window[0] <= each.at < window[1]]
    columns = [*(f"attr_{a}" for a in policy.attributes), *(f"stratum_{s}" for s in policy.strata)]
    rows = [
        {
            "decided_at": each.at,
            "subject_id": each.subject,
            "selected": each.selected,
            "outcome": each.outcome,
            **each.more,
            **{column: each.groups[column.partition("_")[2]] for column in columns},
        }
        for each in inside
    ]
    subjects = len({each.subject for each in inside})
    content = {"window_start": window[0], "window_end": window[1], "subjects": subjects}
    return a_population(folder, columns, rows).model_copy(update=content | changes)


def counted_by_hand(
    policy: AuditPolicy,
    decisions: Iterable[Decided],
    window: tuple[datetime, datetime],
    *,
    counts_from: datetime | None = None,
    **changes: Any,
) -> Evidence:
    """The evidence of an audit, decision by decision, with nothing but loops."""
    starts = _starts(policy.evidence.unit, window)
    unit_of = {}
    for position, start in enumerate(starts):
        for day in range(7 if policy.evidence.unit == "week" else 1):
            unit_of[start + timedelta(days=day)] = position
    counting = [
        (unit_of[each.at.astimezone(UTC).date()], each)
        for each in decisions
        if window[0] <= each.at < window[1]
        and each.at.astimezone(UTC).date() in unit_of
        and (counts_from is None or each.at >= counts_from)
    ]
    share = ("selection_rate",)
    groupings = []
    for name, parts in {"overall": (), **policy.groupings}.items():
        by: By = _by(parts) if parts else lambda _: ("overall", None)
        rates = tuple(rate.name for rate in summed_rates(policy, name))
        groupings.append(_grouping(name, by, counting, starts, policy, rates))
    for stratum in policy.strata:
        for name in policy.attributes:
            by = _by((name,), stratum)
            groupings.append(_grouping(name, by, counting, starts, policy, share, stratum=stratum))
    depth = policy.subgroup_search.depth if policy.subgroup_search else 0
    known = [set(parts) for parts in policy.groupings.values()]
    for size in range(1, depth + 1):
        for parts in combinations(policy.attributes, size):
            if set(parts) not in known:
                name = "*".join(parts)
                groupings.append(
                    _grouping(name, _by(parts), counting, starts, policy, share, searched=True)
                )
    content: dict[str, Any] = {
        "model": "lead_scoring",
        "model_version": "1",
        "audited": "decisions",
        "unit": policy.evidence.unit,
        "counts_from": counts_from,
        "starts": starts,
        "groupings": tuple(groupings),
    }
    return Evidence.model_validate(content | changes)


def with_evidence(
    measurements: MeasurementFile, folder: Path, evidence: Evidence
) -> MeasurementFile:
    """What the step measure gives, with its evidence file in a run's folder."""
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / "evidence.json"
    file.write_bytes(evidence.content)
    bound = {"evidence": file, "evidence_digest": digest_of_content(evidence.content)}
    return measurements.model_copy(update=bound)


By = Callable[[Decided], tuple[str, str | None]]


def _by(parts: Sequence[str], stratum: str | None = None) -> By:
    def group(each: Decided) -> tuple[str, str | None]:
        names = [each.groups[part] for part in parts]
        value = None if stratum is None else each.groups[stratum]
        return ("unknown" if "unknown" in names else " * ".join(names)), value

    return group


def _starts(unit: str, window: tuple[datetime, datetime]) -> tuple[date, ...]:
    """Day by day from before the window: which units lie inside it?"""
    length = timedelta(days=7 if unit == "week" else 1)
    day = window[0].astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    found = []
    while day < window[1]:
        begins = unit == "day" or day.isoweekday() == 1
        if begins and window[0] <= day and day + length <= window[1]:
            found.append(day.date())
        day += timedelta(days=1)
    return tuple(found)


def _grouping(
    name: str,
    by: By,
    counting: Sequence[tuple[int, Decided]],
    starts: Sequence[date],
    policy: AuditPolicy,
    rates: tuple[str, ...],
    **changes: Any,
) -> GroupingCounts:
    of_group: dict[tuple[str, str | None], list[tuple[int, Decided]]] = {}
    for unit, each in counting:
        of_group.setdefault(by(each), []).append((unit, each))
    groups = []
    for (group, value), those in sorted(
        of_group.items(), key=lambda item: (item[0][1] or "", item[0][0] == "unknown", item[0][0])
    ):
        counts = Counter((each.cell, unit) for unit, each in those)
        cells = {cell: tuple(counts[cell, unit] for unit in range(len(starts))) for cell in CELLS}
        sums = {rate: _pairs(rate, those, len(starts)) for rate in rates}
        there = {rate: pairs for rate, pairs in sums.items() if pairs is not None}
        groups.append(GroupCounts(group=group, value=value, subjects=there, **cells))
    return GroupingCounts(grouping=name, rates=rates, groups=tuple(groups), **changes)


IN_RATE: dict[str, tuple[set[str], set[str]]] = {
    "selection_rate": (
        {"tp", "fp", "selected_unlabelled"},
        {"tp", "fp", "fn", "tn", "selected_unlabelled", "not_selected_unlabelled"},
    ),
    "base_rate": ({"tp", "fn"}, {"tp", "fp", "fn", "tn"}),
    "true_positive_rate": ({"tp"}, {"tp", "fn"}),
    "false_positive_rate": ({"fp"}, {"fp", "tn"}),
}
"""The cells of the numerator and the denominator of some rates."""


def _pairs(rate: str, those: Sequence[tuple[int, Decided]], units: int) -> PairSums | None:
    part, whole = IN_RATE[rate]
    m: Counter[tuple[str, int]] = Counter()
    y: Counter[tuple[str, int]] = Counter()
    for unit, each in those:
        m[each.subject, unit] += each.cell in whole
        y[each.subject, unit] += each.cell in part
    people = sorted({each.subject for _, each in those})
    found = []
    for u in range(units):
        for v in range(u, units):
            sums = [
                sum(a[p, u] * b[p, v] for p in people) for a, b in ((m, m), (y, y), (m, y), (y, m))
            ]
            n, k = (sum(each[p, u] for p in people) for each in (m, y))
            if sums != ([n, k, k, k] if u == v else [0, 0, 0, 0]):
                found.append((u, v, *sums))
    if not found:
        return None
    columns = zip(*found, strict=True)
    return PairSums(**dict(zip(PairSums.model_fields, columns, strict=True)))
