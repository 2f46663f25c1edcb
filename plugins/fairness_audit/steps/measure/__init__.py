"""Measure: population in, metrics of every group with intervals and tests out.

One scan counts the population (`scan`); the counts of each group are rolled up from there
(`groups`), so no later cost grows with the rows; another counts by calendar units (`evidence`).
Which metrics there are stands in `catalogue`, what is compared with what in `figures.pairs`, and
the statistics in a room of their own.
"""

from datetime import datetime
from pathlib import Path

from fairness_audit.errors import MeasurementError
from fairness_audit.files import write_bytes
from fairness_audit.policy.metrics import Needs
from fairness_audit.policy.model import AuditPolicy
from fairness_audit.records.evidence import Evidence, digest_of_content
from fairness_audit.records.history import Own, ReadEvidence
from fairness_audit.records.measurement import MeasurementFile
from fairness_audit.records.population import Population
from fairness_audit.statistics.small_counts import told
from fairness_audit.steps.measure.audit import all_measurements
from fairness_audit.steps.measure.counting.evidence import evidence_of
from fairness_audit.steps.measure.counting.groups import Cells
from fairness_audit.steps.measure.counting.plan import Plan
from fairness_audit.steps.measure.counting.scan import check, columns_of, group_counts
from fairness_audit.steps.measure.figures.table import read_measurements, write_measurements
from fairness_audit.steps.measure.metrics.representation import disagreements
from fairness_audit.steps.measure.second_opinion import confirm

__all__ = ["measure", "own_evidence", "read_measurements"]

EVIDENCE = "evidence.json"


def measure(
    policy: AuditPolicy,
    population: Population,
    *,
    sql: Path,
    folder: Path,
    counts_from: datetime | None = None,
) -> MeasurementFile:
    """Measure every group of every grouping of the policy; write ``measurements.parquet``.

    ``sql`` is the folder of the static SQL files, ``folder`` the run's own. The same population
    and policy give the same bytes, whatever the order of the rows. What counts as evidence about
    the version is written to ``evidence.json``, readable by its owner alone: its decisions from
    ``counts_from`` on, when it had been trained; None where nobody knows when that was.

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
    everybody = counted.everybody().decisions
    rows_in = int(everybody.n[0])
    labelled, selected = int(everybody.labelled[0]), int(everybody.selected[0])
    wholes = (rows_in, *([population.decisions] if population.decisions else []))
    least = policy.min_group_size
    evidence = _write_evidence(policy, population, sql, folder, counts_from)
    return MeasurementFile(
        path=path,
        digest=digest,
        rows=rows,
        confidence=plan.confidence,
        population_digest=population.digest,
        population_rows=population.rows,
        labelled_rows=told(labelled, *wholes, least=least),
        selected_rows=told(selected, *wholes, least=least),
        all_selected=0 < rows_in == selected,
        evidence=folder / EVIDENCE if evidence else None,
        evidence_digest=evidence,
    )


def own_evidence(file: MeasurementFile, artifact_digest: str, read: ReadEvidence) -> Own:
    """What an audit counted, for its history; refused if the file is not the one that was written.

    Args:
        file: says where it is.
        artifact_digest: of the files of the audited version.
        read: gives what the audits before it counted.

    Raises:
        MeasurementError: when it is not there, or was changed.
    """
    if file.evidence is None or file.evidence_digest is None:
        raise MeasurementError("the measurements are of no window, so that nothing was counted")
    if not file.evidence.is_file():
        raise MeasurementError(f"{file.evidence}: no such file (run the step measure again)")
    content = file.evidence.read_bytes()
    if digest_of_content(content) != file.evidence_digest:
        raise MeasurementError(
            f"{file.evidence}: was changed after it was measured (run the step measure again)"
        )
    return Own(artifact_digest, file.evidence_digest, Evidence.read(content), read)


def _write_evidence(
    policy: AuditPolicy,
    population: Population,
    sql: Path,
    folder: Path,
    counts_from: datetime | None,
) -> str | None:
    """Write it; return its digest. Decisions of no window are evidence of nothing."""
    if population.window_start is None or population.window_end is None:
        return None
    window = population.window_start, population.window_end
    found = evidence_of(
        policy, population, window, sql=sql, folder=folder, counts_from=counts_from
    )
    content = found.content
    write_bytes(folder / EVIDENCE, content, mode=0o600)
    return digest_of_content(content)
