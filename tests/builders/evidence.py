"""Builders for evidence: what audits count of weeks, from counts per group."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any

import numpy as np

from fairness_audit.policy.base import UNKNOWN
from fairness_audit.policy.model import AuditPolicy
from fairness_audit.records.counted_units import Entry
from fairness_audit.records.evidence import CELLS, Evidence, GroupCounts, GroupingCounts
from fairness_audit.records.history import History
from fairness_audit.records.measurement import OVERALL, MeasurementFile
from fairness_audit.records.version_evidence import VersionEvidence, fold
from fairness_audit.steps.measure.counting.counts import Counts
from fairness_audit.steps.measure.counting.plan import group_name

FIRST_WEEK = date(2025, 11, 3)
AS_OF = datetime(2026, 6, 29, tzinfo=UTC)
WEEKS = 26

ByGroup = Mapping[Any, Counts]
"""Counts per group name, or per tuple of group names, one for each attribute of the policy."""


def spread(counts: ByGroup, units: int = WEEKS) -> list[ByGroup]:
    """The counts, as evenly over so many units as whole numbers allow."""
    return [
        {name: _part(each, unit, units) for name, each in counts.items()} for unit in range(units)
    ]


def _part(counts: Counts, unit: int, units: int) -> Counts:
    return counts.map(lambda n: n * (unit + 1) // units - n * unit // units)


def evidence_of(
    policy: AuditPolicy, counts: ByGroup, units: int = WEEKS, first: date = FIRST_WEEK
) -> VersionEvidence:
    """The evidence of one audit that counted these counts, spread over its weeks."""
    return evidence_by_week(policy, spread(counts, units), first)


def evidence_by_week(
    policy: AuditPolicy, weeks: Sequence[ByGroup], first: date = FIRST_WEEK
) -> VersionEvidence:
    """The evidence of one audit that counted these weeks."""
    entry = Entry(AS_OF, None, "0" * 64, counted(policy, weeks, first))
    return fold([entry], unit="week", counts_from=None)


def first_audit(measured: MeasurementFile, as_of: datetime = AS_OF) -> History:
    """The history of a version that was never audited before: what this audit counted."""
    assert measured.evidence is not None
    assert measured.evidence_digest is not None
    content = Evidence.read(measured.evidence.read_bytes())
    entry = Entry(as_of, None, measured.evidence_digest, content)
    return History(as_of, fold([entry], unit=content.unit, counts_from=content.counts_from))


def counted(policy: AuditPolicy, weeks: Sequence[ByGroup], first: date = FIRST_WEEK) -> Evidence:
    """What an audit counts of these weeks, in which nobody is decided about twice."""
    return Evidence(
        model=policy.model,
        model_version="1",
        audited="decisions",
        unit="week",
        starts=tuple(first + timedelta(weeks=i) for i in range(len(weeks))),
        groupings=tuple(
            _grouping(policy, name, parts, weeks) for name, parts in _groupings(policy)
        ),
    )


def _groupings(policy: AuditPolicy) -> Iterator[tuple[str, tuple[str, ...]]]:
    yield OVERALL, ()
    yield from policy.groupings.items()
    for name, parts in policy.searched.items():
        if name not in policy.groupings:
            yield name, parts


def _grouping(
    policy: AuditPolicy, name: str, parts: tuple[str, ...], weeks: Sequence[ByGroup]
) -> GroupingCounts:
    places = [list(policy.attributes).index(part) for part in parts]
    tables: dict[str, np.ndarray[Any, Any]] = {}
    for week, groups in enumerate(weeks):
        for values, counts in groups.items():
            whole = (values,) if isinstance(values, str) else values
            group = group_name(whole[place] for place in places) if parts else OVERALL
            table = tables.setdefault(group, np.zeros((len(CELLS), len(weeks)), dtype=np.int64))
            table[:, week] += counts.cells().astype(np.int64)
    return GroupingCounts(
        grouping=name,
        searched=name not in policy.groupings and name != OVERALL,
        groups=tuple(
            GroupCounts(group=group, **dict(zip(CELLS, table.tolist(), strict=True)))
            for group, table in sorted(tables.items(), key=lambda each: each[0] == UNKNOWN)
            if table.any()
        ),
    )
