"""Whether a gap between two groups is no longer what it was in earlier units of the version."""

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from fairness_audit.policy.metrics import Rate
from fairness_audit.records.finding import Finding, Verdict, grouping_name
from fairness_audit.statistics.gap_drift import gap_drift
from fairness_audit.statistics.proportions import Floats, Proportions
from fairness_audit.statistics.small_counts import told
from fairness_audit.steps.judge.bounds import Beside
from fairness_audit.steps.judge.cases import Case, rate_of
from fairness_audit.steps.judge.family import UNITS_A_YEAR
from fairness_audit.steps.judge.pairs import beside_of
from fairness_audit.steps.judge.tables import Tables
from fairness_audit.steps.judge.trial import Trial
from fairness_audit.steps.judge.wording import percent
from fairness_audit.text import one_line

RULE = "drift"


class _Gap(NamedTuple):
    """The gap between a group and another in one rate; rules about the same follow it once."""

    rate: Rate
    grouping: str
    group: str
    other: str


def drift_findings(trial: Trial) -> Iterator[Finding]:
    """One warning for each gap that changed in the last year, or one finding that none did.

    All gaps between two groups that a rule is about are followed together, so that of a version
    whose gaps are steady one is called changed in at most one of twenty years, however much both
    rates wander together. A change is no failure: the gap may have become smaller. It blocks
    nothing.
    """
    tables = trial.tables
    followed = {
        gap: beside
        for part in trial.parts
        for case in part.cases
        for gap, beside in _gaps(tables, case)
        if min(beside.own.decisions, beside.other.decisions) >= tables.policy.min_group_size
    }
    if not followed or not tables.evidence.starts:
        return
    year = UNITS_A_YEAR[tables.evidence.unit]
    own, other = (
        Proportions(*(np.stack(column) for column in zip(*shares, strict=True)))
        for shares in (
            [each.own.worth for each in followed.values()],
            [each.other.worth for each in followed.values()],
        )
    )
    level = len(followed) / float(tables.policy.error_rate.alpha)
    drift = gap_drift(own, other, units_per_year=year, level=level)
    changed = [
        _changed(tables, gap, beside, unit, int(drift.first[at, unit]))
        for at, (gap, beside) in enumerate(followed.items())
        if (unit := _newest(drift.found[at], year)) is not None
    ]
    yield from changed
    if not changed:
        yield _steady(tables, drift.power[:, -1])


def _gaps(tables: Tables, case: Case) -> Iterator[tuple[_Gap, Beside]]:
    rate = rate_of(tables.policy, case.rule)
    if case.others:
        for other, beside in zip(case.others, beside_of(tables, case), strict=True):
            yield _Gap(rate, case.grouping, case.group, other), beside


def _newest(found: NDArray[np.bool_], year: int) -> int | None:
    """The last unit of the last year at which a change was found."""
    units = np.flatnonzero(found)
    return int(units[-1]) if len(units) and units[-1] >= len(found) - year else None


def _changed(tables: Tables, gap: _Gap, beside: Beside, unit: int, first: int) -> Finding:
    starts = tables.evidence.starts
    groups = f"group {one_line(gap.group)} and group {one_line(gap.other)}"
    return Finding(
        rule=RULE,
        kind="drift",
        verdict=Verdict.WARN,
        at_gate="allow",
        metric=gap.rate.name,
        attribute=gap.grouping,
        group=gap.group,
        reference=gap.other,
        sentence=(
            f"The gap in {gap.rate.phrase.called} between {groups} ({grouping_name(gap.grouping)})"
            f" changed, most likely with the {tables.evidence.unit} of {starts[first]}"
            f"{_rates(beside, first, tables.policy.min_group_size)}; found by {starts[unit]}, and"
            " chance does not explain it."
        ),
    )


def _rates(beside: Beside, first: int, least: int) -> str:
    """`: 41.0 % against 40.2 % before, …`; nothing where a time or a group has too few."""
    times = [
        [_counted(each.seen, units) for each in beside]
        for units in (slice(0, first), slice(first, None))
    ]
    counts = [each for time in times for each in time]
    if min(trials for _, trials in counts) < least:
        return ""
    whole = any(told(*each, least=least) is None for each in counts)
    before, after = (
        " against ".join(percent(k / n, whole=whole) for k, n in time) for time in times
    )
    return f": {before} before, {after} since"


def _counted(share: Proportions, units: slice) -> tuple[int, int]:
    return round(float(share.successes[units].sum())), round(float(share.trials[units].sum()))


def _steady(tables: Tables, power: Floats) -> Finding:
    untold = int((power < 1 / 2).sum())
    unit = tables.evidence.unit
    said = (
        f"No gap between two groups is seen to change; for {untold:,} of {len(power):,} gaps there"
        f" are too few decisions a {unit}, or too few {unit}s, to see a change of six percentage"
        " points."
    )
    return Finding(
        rule=RULE,
        kind="drift",
        verdict=Verdict.INCONCLUSIVE if untold else Verdict.PASS,
        at_gate="allow",
        sentence=said if untold else "No gap between two groups changed.",
    )
