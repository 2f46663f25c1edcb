"""What is measured of a file, as flat results."""

import tempfile
from collections.abc import Callable, Iterator, Mapping
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Any

from fairness_audit.errors import InputError

if TYPE_CHECKING:
    from fairness_audit.steps.measure.counting.input_file import InputFile
    from fairness_audit.steps.measure.counting.people import SubjectKinds
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

OF_SUBJECTS = ("subject", "subjects", "n_effective")
"""Those of a file that says who each row is about: the column, how many there are in the group,
and how many independent decisions theirs are worth to the figure, if it is made of a fraction."""

BESIDE = ("reference_numerator", "reference_denominator", "reference_n")
"""What a sentence says besides."""


def results(
    input_file: "InputFile", plan: "Plan", tell: Callable[[str], None] = lambda _: None
) -> Iterator[dict[str, Any]]:
    """What is measured of a file, one mapping of `KEYS`, `OF_SUBJECTS` and `BESIDE` per result.

    Where rows have subjects, ``most_decisions`` says how many are about one of them at most, and
    ``in_several`` how many have decisions in several groups of the attribute, and
    ``reference_subjects`` how many are on the other side. ``tell`` hears what was taken for
    granted of the file.

    Raises:
        InputError: the file cannot be measured.

    """
    from fairness_audit.installation import Installation
    from fairness_audit.steps.measure.audit import all_measurements, expected_measurements
    from fairness_audit.steps.measure.counting.given_file import write_population
    from fairness_audit.steps.measure.counting.people import SubjectKinds
    from fairness_audit.steps.measure.counting.scan import group_counts, subject_kinds

    sql = Installation.from_environment().settings.sql
    with tempfile.TemporaryDirectory(prefix="fairness-audit-") as temporary:
        folder = Path(temporary).resolve()
        population = folder / "population.parquet"
        write_population(input_file, population, sql=sql, tell=tell)
        cells = group_counts(population, sql=sql, folder=folder / "run")
        _check_references(input_file, plan, cells)
        kinds = None
        if input_file.subject is not None:
            table = subject_kinds(population, sql=sql, folder=folder / "run")
            kinds = SubjectKinds(table, plan.confidence)
        people = _People(input_file.subject, cells, kinds, plan)
        place, several = {"sql": sql, "folder": folder / "run"}, people.kinds_of_several
        lists = input_file.list is not None
        tables = all_measurements(cells, plan, population, has_lists=lists, kinds=several, **place)
        if plan.probabilities:
            expected = expected_measurements(plan, population, kinds=several, **place)
            tables = chain(tables, [expected])
        for table in tables:
            for row in table.to_pylist():
                yield _result(row, plan) | people.about(row)


class _People:
    """Who the rows of a file are about, as its results say it."""

    def __init__(
        self, column: str | None, cells: Any, kinds: "SubjectKinds | None", plan: "Plan"
    ) -> None:
        from fairness_audit.steps.measure.counting.groups import Cells

        self._column, self._kinds = column, kinds
        self._subjects: dict[tuple[str, str | None, str], int] = {}
        self._others: dict[tuple[str, str | None, str], int] = {}
        self._in_several: dict[str, int] = {}
        if kinds is None:
            return
        counted = Cells(cells, kinds)
        for each in (counted.everybody(), *counted.groupings(plan), *counted.strata(plan)):
            if each.people is None:
                continue
            sizes = each.people.own.subjects, each.people.rest.subjects
            for name, own, others in zip(each.names, *sizes, strict=True):
                self._subjects[each.attribute, each.stratum, name] = int(own)
                self._others[each.attribute, each.stratum, name] = int(others)
            if each.stratum is None:
                self._in_several[each.attribute] = each.people.in_several

    @property
    def kinds_of_several(self) -> "SubjectKinds | None":
        """The kinds of subjects, if a subject has several decisions."""
        return self._kinds if self._kinds is not None and self._kinds.most > 1 else None

    def about(self, row: Mapping[str, Any]) -> dict[str, Any]:
        """What a result says of the subjects; empty where nobody knows them."""
        if self._kinds is None:
            return {}
        worth = row["n_effective"]
        if self._kinds.most == 1:
            worth = row["denominator"]
        attribute, stratum, group = row["attribute"], row["stratum"], row["group"]
        return {
            "subject": self._column,
            "subjects": self._subjects.get((attribute, stratum, group)),
            "n_effective": worth,
            "most_decisions": self._kinds.most,
            "in_several": self._in_several.get(attribute, 0),
            "reference_subjects": self._reference(attribute, stratum, group, row["reference"]),
        }

    def _reference(
        self, attribute: str, stratum: str | None, group: str, reference: str | None
    ) -> int | None:
        """How many subjects a group is compared with; None where it is with none, or all."""
        if reference == "rest":
            return self._others.get((attribute, stratum, group))
        return self._subjects.get((attribute, stratum, reference or ""))


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
