"""What is measured of a file, as flat results."""

import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from fairness_audit.errors import InputError

if TYPE_CHECKING:
    from fairness_audit.steps.measure.counting.input_file import InputFile
    from fairness_audit.steps.measure.counting.plan import Plan

KEYS = (
    "metric",
    "code",
    "attribute",
    "group",
    "reference",
    "stratum",
    "numerator",
    "denominator",
    "value",
    "low",
    "high",
    "p_value",
    "n",
    "method",
)
"""The keys of one result, in order, as JSON and CSV give them."""

BESIDE = ("reference_numerator", "reference_denominator", "reference_n")
"""What a sentence says besides."""


def results(input_file: "InputFile", plan: "Plan") -> Iterator[dict[str, Any]]:
    """What is measured of a file, one mapping of `KEYS` and `BESIDE` per result.

    Raises:
        InputError: the file cannot be measured.

    """
    from fairness_audit.installation import Installation
    from fairness_audit.steps.measure.audit import all_measurements
    from fairness_audit.steps.measure.counting.input_file import write_population
    from fairness_audit.steps.measure.counting.scan import group_counts

    sql = Installation.from_environment().settings.sql
    with tempfile.TemporaryDirectory(prefix="fairness-audit-") as temporary:
        folder = Path(temporary).resolve()
        population = folder / "population.parquet"
        write_population(input_file, population, sql=sql)
        cells = group_counts(population, sql=sql, folder=folder / "run")
        _check_references(input_file, plan, cells)
        for table in all_measurements(
            cells,
            plan,
            population,
            sql=sql,
            folder=folder / "run",
            has_lists=input_file.list is not None,
        ):
            for row in table.to_pylist():
                yield _result(row, plan)


def _result(row: Mapping[str, Any], plan: "Plan") -> dict[str, Any]:
    """A measurement as a result: what is compared with what becomes part of the name."""
    from fairness_audit.policy.metrics import IMPACT_RATIO, WORST_SUBGROUP
    from fairness_audit.records.measurement import whole_if_it_is
    from fairness_audit.steps.measure.rates.disparities import disparity_name

    name = row["metric"]
    is_disparity = row["comparison"] and name != WORST_SUBGROUP.name
    if is_disparity:
        against = row["against"]
        has_reference = row["attribute"] in plan.references
        is_impact_to_best = name == IMPACT_RATIO.name and against == "best"
        is_plain = against == "reference" or (is_impact_to_best and not has_reference)
        name = disparity_name(name, row["comparison"], against, is_plain=is_plain)
    result: dict[str, Any] = {key: row.get(key) for key in (*KEYS, *BESIDE)} | {"metric": name}
    if is_disparity:
        result["code"] = row["code"] if name == "impact_ratio" else None
        if row["group"] == row["reference"]:
            result |= {
                "low": None,
                "high": None,
                "p_value": None,
                "method": "the reference itself",
            }
    for key in ("numerator", "denominator", "reference_numerator", "reference_denominator"):
        result[key] = whole_if_it_is(result[key])
    return result


def _check_references(input_file: "InputFile", plan: "Plan", cells: Any) -> None:
    from fairness_audit.steps.measure.counting.groups import Cells

    for groups in Cells(cells).groupings(plan):
        if groups.reference is not None and groups.reference_position is None:
            there = ", ".join(groups.names[i] for i in groups.known[:20])
            raise InputError(
                f"{input_file.path}: no group {groups.reference!r} of {groups.attribute} to"
                f" compare with (there are {there or 'none'})"
            )
