"""From the fine group counts to the counts of each group of each grouping."""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

import pyarrow as pa

from fairness_audit.errors import MeasurementError
from fairness_audit.measure.counts import Counts
from fairness_audit.policy.base import UNKNOWN
from fairness_audit.policy.model import AuditPolicy
from fairness_audit.records.measurement import OVERALL

_JOINT = " * "
_Tally = dict[tuple[str, ...], Counts]


@dataclass(frozen=True)
class Groups:
    """The groups that one grouping makes of a population, or of one stratum of it.

    ``attribute`` is the grouping's name in the policy (``gender*age_band`` for an intersection),
    ``reference`` its reference group, present in the data or not.
    """

    attribute: str
    counts: dict[str, Counts]
    reference: str | None = None
    stratum: str | None = None

    @cached_property
    def known(self) -> dict[str, Counts]:
        """The groups that are compared: all but the unknown one."""
        return {name: counts for name, counts in self.counts.items() if name != UNKNOWN}

    @cached_property
    def overall(self) -> Counts:
        """Everybody, the unknown included."""
        return Counts.total(self.counts.values())


def everybody(cells: pa.Table) -> Groups:
    """The whole population as one group, also if it is empty."""
    return Groups(OVERALL, {OVERALL: Counts.total(_tally(cells, []).values())})


def groupings(cells: pa.Table, policy: AuditPolicy) -> Iterator[Groups]:
    """Every grouping of the policy: each attribute, then each intersection."""
    for attribute, parts in policy.groupings.items():
        tally = _tally(cells, [f"attr_{part}" for part in parts])
        yield Groups(attribute, _named(attribute, tally), policy.reference_of(attribute))


def strata(cells: pa.Table, policy: AuditPolicy) -> Iterator[Groups]:
    """Everybody, then every attribute, within each value of each stratum.

    Intersections are left out: within a stratum their groups are mostly single persons.
    """
    for stratum in policy.strata:
        column = f"stratum_{stratum}"
        for value, tally in _split(_tally(cells, [column])).items():
            yield Groups(OVERALL, {OVERALL: tally[()]}, stratum=f"{stratum}={value}")
        for attribute in policy.attributes:
            reference = policy.reference_of(attribute)
            for value, tally in _split(_tally(cells, [column, f"attr_{attribute}"])).items():
                counts = _named(attribute, tally)
                yield Groups(attribute, counts, reference, f"{stratum}={value}")


def _tally(cells: pa.Table, columns: Sequence[str]) -> _Tally:
    """The counts of every combination of values of ``columns``, sorted by them."""
    keys = [*columns, "outcome", "selected"]
    sums = cells.group_by(keys, use_threads=False).aggregate([("n", "sum")])
    tally: defaultdict[tuple[str, ...], Counts] = defaultdict(Counts)
    for row in zip(*(sums[name].to_pylist() for name in [*keys, "n_sum"]), strict=True):
        *values, outcome, selected, n = row
        key = tuple(UNKNOWN if value is None else value for value in values)
        tally[key] += Counts.of(outcome=outcome, selected=selected, n=n)
    return dict(sorted(tally.items()))


def _split(tally: _Tally) -> dict[str, _Tally]:
    """A tally per value of its first column."""
    split: defaultdict[str, _Tally] = defaultdict(dict)
    for (first, *others), counts in tally.items():
        split[first][tuple(others)] = counts
    return split


def _named(attribute: str, tally: _Tally) -> dict[str, Counts]:
    """The counts per group name, the unknown group last.

    An intersection's group joins the names of its parts; with an unknown part it is unknown.
    """
    named: dict[str, Counts] = {}
    unknown = [counts for parts, counts in tally.items() if UNKNOWN in parts]
    for parts, counts in tally.items():
        name = _JOINT.join(parts)
        if name in named:
            raise MeasurementError(
                f"grouping {attribute}: two groups are both called {name!r}"
                f" (map group names that contain {_JOINT!r} to others in sql/staging/)"
            )
        if UNKNOWN not in parts:
            named[name] = counts
    if unknown:
        named[UNKNOWN] = Counts.total(unknown)
    return named
