"""Three ways to the same rates: SQL and counts, plain Python row by row, and Fairlearn."""

from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fairness_audit.errors import MeasurementError
from fairness_audit.policy import metrics
from fairness_audit.policy.metrics import NAMES, RATES
from fairness_audit.steps.measure.audit import measurements
from fairness_audit.steps.measure.counting.plan import Plan
from fairness_audit.steps.measure.counting.scan import group_counts
from fairness_audit.steps.measure.second_opinion import confirm, opinions
from tests.builders.domain import a_policy
from tests.builders.populations import SQL, Measured, Row, a_population, policy_over

Predicate = Callable[[Row], bool]

ROWS = st.lists(
    st.fixed_dictionaries(
        {
            "attr_gender": st.sampled_from(["F", "M", "unknown"]),
            "attr_age_band": st.sampled_from(["18-29", "30-49", "unknown"]),
            "outcome": st.sampled_from([True, False, None]),
            "selected": st.booleans(),
            "score": st.sampled_from([0.0, 0.5, 1.0, float("nan"), float("inf"), None]),
        }
    ),
    max_size=25,
)


def by_definition(metric: str) -> tuple[Predicate, Predicate]:
    """Who is in the numerator, and who in the denominator, of a rate: in words of its own."""
    true: Predicate = lambda row: row["outcome"] is True  # noqa: E731
    false: Predicate = lambda row: row["outcome"] is False  # noqa: E731
    known: Predicate = lambda row: row["outcome"] is not None  # noqa: E731
    chosen: Predicate = lambda row: row["selected"]  # noqa: E731
    passed_over: Predicate = lambda row: not row["selected"]  # noqa: E731
    return {
        "selection_rate": (chosen, lambda row: True),
        "base_rate": (true, known),
        "true_positive_rate": (chosen, true),
        "false_positive_rate": (chosen, false),
        "false_negative_rate": (passed_over, true),
        "true_negative_rate": (passed_over, false),
        "positive_predictive_value": (true, lambda row: chosen(row) and known(row)),
        "negative_predictive_value": (false, lambda row: passed_over(row) and known(row)),
        "false_discovery_rate": (false, lambda row: chosen(row) and known(row)),
        "false_omission_rate": (true, lambda row: passed_over(row) and known(row)),
        "accuracy": (lambda row: row["outcome"] == row["selected"], known),
    }[metric]


def group_of(row: Row, grouping: str) -> str:
    if grouping == "overall":
        return "overall"
    parts = [row[f"attr_{name}"] for name in grouping.split("*")]
    return "unknown" if "unknown" in parts else " * ".join(parts)


@settings(max_examples=40, deadline=None)
@given(ROWS)
def test_rates_equal_those_counted_row_by_row(rows: list[Row]) -> None:
    policy = a_policy(strata=[], min_group_size=3)
    with TemporaryDirectory() as folder:
        # Measuring compares every rate that Fairlearn has with Fairlearn's, or raises.
        measured = Measured(policy, rows, Path(folder))
    rates = [each for each in measured.those(comparison=None) if each.metric in NAMES]
    groups = {(grouping, group_of(row, grouping)) for grouping in policy.groupings for row in rows}
    assert {(each.attribute, each.group) for each in rates} == groups | {("overall", "overall")}
    for each in rates:
        within = [row for row in rows if group_of(row, each.attribute) == each.group]
        numerator, denominator = by_definition(each.metric)
        counted = [row for row in within if denominator(row)]
        assert each.denominator == len(counted)
        assert each.numerator == sum(numerator(row) for row in counted)
        assert each.n == len(within)
        expected = each.numerator / each.denominator if counted else None
        assert each.value == expected


@settings(max_examples=25, deadline=None)
@given(ROWS)
def test_disparities_follow_from_the_rates(rows: list[Row]) -> None:
    with TemporaryDirectory() as folder:
        measured = Measured(a_policy(strata=[], min_group_size=3), rows, Path(folder))
    shares = {
        (each.metric, each.attribute, each.group): (each.numerator, each.denominator)
        for each in measured.those(comparison=None)
    }
    for each in measured.all:
        if each.comparison is None or each.metric not in NAMES - {"impact_ratio"}:
            continue
        own = shares[each.metric, each.attribute, each.group]
        overall = shares[each.metric, "overall", "overall"]
        if each.against == "overall":
            theirs = overall
        elif each.against == "rest":
            theirs = (overall[0] - own[0], overall[1] - own[1])
        else:
            assert each.reference is not None
            theirs = shares[each.metric, each.attribute, each.reference]
        assert (each.numerator, each.denominator) == own
        assert (each.reference_numerator, each.reference_denominator) == theirs
        assert each.value == pytest.approx(expected_value(each.comparison, own, theirs))


def expected_value(
    comparison: str, own: tuple[int, int], reference: tuple[int, int]
) -> float | None:
    if not own[1] or not reference[1] or (comparison == "ratio" and not reference[0]):
        return None
    if comparison == "difference":
        return own[0] / own[1] - reference[0] / reference[1]
    return own[0] * reference[1] / (own[1] * reference[0])


def cells_of(rows: list[Row], folder: Path) -> pa.Table:
    population = a_population(folder, ["attr_gender"], rows)
    return group_counts(population.path, sql=SQL, folder=folder)


MIXED = [
    {"attr_gender": gender, "outcome": outcome, "selected": selected}
    for gender in ("F", "M", "unknown")
    for outcome in (True, False, None)
    for selected in (True, False)
    for _ in range(1 + len(gender) + 2 * bool(outcome) + selected)
]


def test_fairlearn_is_asked_about_every_group_and_everybody(tmp_path: Path) -> None:
    policy, cells = policy_over({"gender": "M"}), cells_of(MIXED, tmp_path)
    asked = {each.key for each in opinions(cells, policy)}
    not_of_fairlearn = {
        metrics.BASE_RATE,
        metrics.FALSE_DISCOVERY_RATE,
        metrics.FALSE_OMISSION_RATE,
    }
    rates = [rate for rate in RATES if rate not in not_of_fairlearn]
    groups = {("gender", "F"), ("gender", "M"), ("gender", "unknown"), ("overall", "overall")}
    assert asked == {(rate.name, *group) for rate in rates for group in groups}
    measured = next(measurements(cells, Plan.of(policy)))
    assert confirm(measured, cells, policy) == len(asked)


def test_a_disagreement_is_an_error_that_names_both_values(tmp_path: Path) -> None:
    policy, cells = policy_over({"gender": "M"}), cells_of(MIXED, tmp_path)
    rows = next(measurements(cells, Plan.of(policy))).to_pylist()
    for row in rows:
        if (row["metric"], row["group"]) == ("true_positive_rate", "F"):
            right, row["value"] = row["value"], row["value"] + 2e-9
    with pytest.raises(MeasurementError) as error:
        confirm(pa.Table.from_pylist(rows), cells, policy)
    said = str(error.value)
    assert said.startswith(f"true_positive_rate of gender=F: measured {right + 2e-9!r}, but")
    assert f"Fairlearn computes {right!r}" in said


def test_a_group_that_only_one_side_has_is_an_error(tmp_path: Path) -> None:
    policy, cells = policy_over({"gender": "M"}), cells_of(MIXED, tmp_path)
    rows = next(measurements(cells, Plan.of(policy))).to_pylist()
    without = [row for row in rows if row["group"] != "F"]
    with pytest.raises(MeasurementError, match=r"gender=F: measured None"):
        confirm(pa.Table.from_pylist(without), cells, policy)
    extra = [dict(rows[-1], metric="accuracy", attribute="gender", group="Z", value=0.5)]
    with pytest.raises(MeasurementError, match=r"gender=Z: measured 0.5, but Fairlearn.*None"):
        confirm(pa.Table.from_pylist(rows + extra), cells, policy)
