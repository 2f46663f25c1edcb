"""The people of a run: which groups they are of, and what was decided about them by unit."""

import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from functools import cached_property
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from fairness_audit.engine.duckdb import exactly, locked_connection, statement
from fairness_audit.errors import InputError
from fairness_audit.policy.base import UNKNOWN
from fairness_audit.policy.model import AuditPolicy
from fairness_audit.policy.units import Unit
from fairness_audit.records.evidence import CELLS
from fairness_audit.records.population import Population
from fairness_audit.steps.measure.counting.by_unit import People, Units
from fairness_audit.steps.measure.counting.codes import Combinations, cells_of
from fairness_audit.steps.measure.counting.scan import FILE, check, group_counts

Whole = NDArray[np.int64]


class Met(NamedTuple):
    """Every ordered pair of two decisions about the same person: who, and which two."""

    person: Whole
    first: Whole
    second: Whole


@dataclass(frozen=True)
class RunPeople:
    """The people of the closed units of a run.

    Who changed groups between two decisions is a person in each of them, as where an audit counts.

    Attributes:
        attributes: of the policy, in its order.
        unit: how long units are.
        starts: their first days.
        combinations: the values of all attributes that occur together.
        of: the combination of each person, by its position.
        person: whom each decision is about, by position.
        place: unit and cell of each decision: unit x 6 + cell.
        is_labelled: whether any decision of the run has a known outcome.
    """

    attributes: tuple[str, ...]
    unit: Unit
    starts: tuple[date, ...]
    combinations: tuple[tuple[str, ...], ...]
    of: Whole
    person: Whole
    place: Whole
    is_labelled: bool

    @property
    def places(self) -> int:
        """How many units x cells there are."""
        return len(self.starts) * len(CELLS)

    @cached_property
    def strata(self) -> Whole:
        """Of each combination, by which of its attributes are unknown: who may change places."""
        unknown = [tuple(value == UNKNOWN for value in each) for each in self.combinations]
        number = {pattern: i for i, pattern in enumerate(dict.fromkeys(unknown))}
        return np.array([number[each] for each in unknown], dtype=np.int64)

    @cached_property
    def alike(self) -> list[Whole]:
        """The people of each stratum of the unknown, by position."""
        stratum = self.strata[self.of]
        return [np.flatnonzero(stratum == each) for each in range(self.strata.max() + 1)]

    @cached_property
    def again(self) -> Whole:
        """Who was met again, by position."""
        return np.unique(self.met.person)

    @cached_property
    def met(self) -> Met:
        """All decisions about those whom several are about, two by two."""
        order = np.argsort(self.person, kind="stable")
        lengths = np.bincount(self.person)
        several = lengths[self.person[order]] > 1
        order = order[several]
        size = lengths[self.person[order]]
        begins = np.flatnonzero(np.diff(self.person[order], prepend=-1))
        begin = np.repeat(begins, size[begins]) if len(begins) else begins
        first = np.repeat(np.arange(len(order)), size)
        nth = np.arange(len(first)) - np.repeat(np.cumsum(size) - size, size)
        second = begin[first] + nth
        others = first != second
        first, second = order[first[others]], order[second[others]]
        return Met(self.person[first], first, second)


def people_of(
    policy: AuditPolicy, population: Population, *, sql: Path, counts_from: datetime | None
) -> RunPeople:
    """Read the people of a population, of the closed units of its window alone.

    Args:
        policy: names the attributes, and the unit.
        population: the decisions, with their window.
        sql: folder of the statements.
        counts_from: of what was decided before nothing counts, as in the audit.

    Raises:
        InputError: when no decision lies in a closed unit.
        MeasurementError: when the population is not what the policy is about.
    """
    if population.window_start is None or population.window_end is None:
        raise InputError(f"{population.path}: is of no window (name a run of the pipeline)")
    window = population.window_start, population.window_end
    units = Units.inside(policy.evidence.unit, *window, counts_from)
    if not units.starts:
        raise _nothing(population, units)
    with tempfile.TemporaryDirectory(prefix="fairness-audit-people-") as made:
        folder = Path(made)
        counts = group_counts(population.path, sql=sql, folder=folder)
        check(counts, policy, population)
        with locked_connection([folder, population.path.parent]) as connection:

            def ask(query: str, path: Path, **bound: object) -> pa.Table:
                text = statement(sql / "measure" / f"{query}.sql")
                return connection.sql(
                    text, params={"path": exactly(path)} | bound
                ).to_arrow_table()

            combinations = ask("combinations", folder / FILE)
            rows = ask("subject_decisions", population.path, **units.bound)
    if not rows.num_rows:
        raise _nothing(population, units)
    own, names = _own_combinations(combinations, list(policy.attributes))
    combination = own[People(combinations).at(rows["who"].to_numpy())]
    occurring, combination = np.unique(combination, return_inverse=True)
    names = [names[each] for each in occurring]
    _, subject = np.unique(rows["subject"].to_numpy(), return_inverse=True)
    people, person = np.unique(subject * len(names) + combination, return_inverse=True)
    return RunPeople(
        attributes=tuple(policy.attributes),
        unit=units.unit,
        starts=units.starts,
        combinations=tuple(names),
        of=people % len(names),
        person=person,
        place=rows["unit"].to_numpy().astype(np.int64) * len(CELLS) + cells_of(rows),
        is_labelled=counts["outcome"].null_count < counts.num_rows,
    )


def _own_combinations(
    table: pa.Table, attributes: Sequence[str]
) -> tuple[Whole, list[tuple[str, ...]]]:
    """Of each combination of attributes and strata that of the attributes alone."""
    combined = Combinations(table).of([f"attr_{name}" for name in attributes])
    there, own = np.unique(combined.place, return_inverse=True)
    return own, combined.keys(there)


def _nothing(population: Population, units: Units) -> InputError:
    return InputError(
        f"{population.path}: no decision lies in a closed {units.unit} that counts (name a run"
        " with a longer window)"
    )
