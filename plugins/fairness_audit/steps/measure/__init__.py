"""Measure: population in, metrics of every group with intervals and tests out.

One scan counts the population (`scan`); the counts of each group are rolled up from there
(`groups`), so no later cost grows with the rows. Which metrics there are stands in `catalogue`,
what is compared with what in `figures.pairs`, and the statistics in a room of their own.
"""

from pathlib import Path

from fairness_audit.errors import MeasurementError
from fairness_audit.policy.metrics import Needs
from fairness_audit.policy.model import AuditPolicy
from fairness_audit.records.measurement import MeasurementFile
from fairness_audit.records.population import Population
from fairness_audit.steps.measure.audit import all_measurements
from fairness_audit.steps.measure.counting.groups import Cells
from fairness_audit.steps.measure.counting.plan import Plan
from fairness_audit.steps.measure.counting.scan import check, columns_of, group_counts
from fairness_audit.steps.measure.figures.table import read_measurements, write_measurements
from fairness_audit.steps.measure.metrics.representation import disagreements
from fairness_audit.steps.measure.second_opinion import confirm

__all__ = ["measure", "read_measurements"]


def measure(
    policy: AuditPolicy, population: Population, *, sql: Path, folder: Path
) -> MeasurementFile:
    """Measure every group of every grouping of the policy; write ``measurements.parquet``.

    ``sql`` is the folder of the static SQL files, ``folder`` the run's own. The same population
    and policy give the same bytes, whatever the order of the rows.

    Raises:
        MeasurementError: the population lacks a column, was not counted whole, or Fairlearn
            computes a different rate from the same counts.

    """
    columns = columns_of(population.path)
    plan = Plan.of(policy, [need for need in Needs if need.value in columns])
    cells = group_counts(population.path, sql=sql, folder=folder)
    check(cells, policy, population)
    counted = Cells(cells)
    if wrong := list(disagreements(list(counted.groupings(plan)))):
        raise MeasurementError(f"{population.path}: {'; '.join(wrong)} (report it as a defect)")
    rates, *others = all_measurements(
        cells, plan, population.path, sql=sql, folder=folder, has_lists="list" in columns
    )
    confirm(rates, cells, policy)
    path = folder / "measurements.parquet"
    digest, rows = write_measurements(path, [rates, *others])
    everybody = counted.everybody()
    return MeasurementFile(
        path=path,
        digest=digest,
        rows=rows,
        confidence=plan.confidence,
        population_rows=population.rows,
        labelled_rows=int(everybody.decisions.labelled[0]),
        selected_rows=int(everybody.decisions.selected[0]),
    )
