"""Measure: population in, metrics of every group with intervals and tests out.

One scan counts the population (`scan`); the counts of each group are rolled up from there
(`groups`), so no later cost grows with the rows. Which rates there are stands in `catalogue`,
what is compared with what in `comparisons`, and the statistics in `intervals`, `ratio_intervals`
and `significance`.
"""

from pathlib import Path

from fairness_audit.measure.agreement import confirm
from fairness_audit.measure.audit import measurements
from fairness_audit.measure.groups import everybody
from fairness_audit.measure.scan import group_counts
from fairness_audit.measure.table import read_measurements, write_measurements
from fairness_audit.policy.model import AuditPolicy
from fairness_audit.records.measurement import OVERALL, MeasurementFile
from fairness_audit.records.population import Population

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
    confidence = float(1 - policy.error_rate.alpha)
    cells = group_counts(policy, population, sql=sql, folder=folder)
    rates, *disparities = measurements(cells, policy, confidence)
    confirm(rates, cells, policy)
    path = folder / "measurements.parquet"
    digest, rows = write_measurements(path, [rates, *disparities])
    total = everybody(cells).counts[OVERALL]
    return MeasurementFile(
        path=path,
        digest=digest,
        rows=rows,
        confidence=confidence,
        population_rows=total.n,
        labelled_rows=total.labelled,
        selected_rows=total.selected,
    )
