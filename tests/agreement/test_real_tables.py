"""Every case of the real tables: counts equal exactly, rates and ratios to 1e-9.

Beside each table lies `expected.json`, computed by other code: the decision, outcome and groups of
each case as SQL over the table, and the counts and rates of each group.
"""

import json
from pathlib import Path
from typing import Any

import duckdb
import pytest

from fairness_audit.policy.base import UNKNOWN
from fairness_audit.records.measurement import Measurement
from fairness_audit.records.population import Population
from fairness_audit.steps.measure import measure, read_measurements
from tests.builders.populations import SQL, policy_over
from tests.builders.shared_data import shared_data

CASES = [
    ("adult", "adult_rf_as_delivered"),
    ("adult", "adult_rf_score_inverted"),
    ("adult", "adult_labels_48842"),
    ("adult", "adult_labels_45222_complete_cases"),
    ("bank-marketing", "bank_rule_R1"),
    ("bank-marketing", "bank_labels"),
    ("compas", "compas_all_7214_medium_or_high"),
    ("compas", "compas_all_7214_high_only"),
    ("compas", "compas_filtered_6172_medium_or_high"),
    ("compas", "compas_for_aequitas_binary"),
    ("complete-journey", "cj_targeted_type_a"),
    ("complete-journey", "cj_targeted_type_c"),
    ("complete-journey", "cj_member_response"),
    ("maven-crm-sales", "maven_closed_won"),
    ("x-education-leads", "leads_profile_index_high"),
    ("x-education-leads", "leads_rule_R2"),
]

COUNTS = {
    "selection_rate": ("selected", "n"),
    "base_rate": ("label_positives", "n"),
    "true_positive_rate": ("tp", "label_positives"),
    "positive_predictive_value": ("tp", "selected"),
}
RATES = {
    "selection_rate": "selection_rate",
    "base_rate": "base_rate",
    "true_positive_rate": "tpr",
    "false_negative_rate": "fnr",
    "false_positive_rate": "fpr",
    "true_negative_rate": "tnr",
    "positive_predictive_value": "precision",
    "false_discovery_rate": "fdr",
    "negative_predictive_value": "npv",
    "false_omission_rate": "false_omission_rate",
    "accuracy": "accuracy",
}


def population_of(case: dict[str, Any], views: dict[str, str], data: Path, to: Path) -> Population:
    """The population of a case: its decision, outcome and groups, by its own SQL."""
    groups = ", ".join(
        f"CAST({attribute['group_sql']} AS VARCHAR) AS attr_{name}"
        for name, attribute in case["attributes"].items()
    )
    path = to / "population.parquet"
    with duckdb.connect() as connection:
        connection.execute("SET file_search_path = $folder", {"folder": str(data)})
        connection.execute(
            f"COPY (SELECT COALESCE({case['decision_sql']}, false) AS selected,"
            f" COALESCE({case['label_sql']}, false) AS outcome, {groups}"
            f" FROM ({views[case['source_view']]}) WHERE {case['cohort_sql']})"
            f" TO '{path}' (FORMAT parquet)"
        )
    counts = {"rows": case["rows"], "decisions": case["rows"]}
    return Population(model="real", model_version="1", path=path, digest="0" * 64, **counts)


@pytest.mark.parametrize(("data", "case_id"), CASES)
def test_case(data: str, case_id: str, tmp_path: Path) -> None:
    file = shared_data(data, "expected.json")
    expected = json.loads(file.read_text())
    case = next(each for each in expected["cases"] if each["id"] == case_id)
    population = population_of(case, expected["source_views"], file.parent, tmp_path)
    references = {
        name: attribute["summary"]["reference"] for name, attribute in case["attributes"].items()
    }
    favourable = "selected" if case["decision_is_favourable"] else "not_selected"
    policy = policy_over(references, favourable=favourable, min_group_size=1)
    found = read_measurements(measure(policy, population, sql=SQL, folder=tmp_path / "run"))
    measured = {
        (each.attribute, each.group, each.metric, each.comparison, each.against): each
        for each in found
    }
    compared = 0
    for attribute, tables in case["attributes"].items():
        groups = {
            UNKNOWN if g == "(null)" else g: theirs for g, theirs in tables["groups"].items()
        }
        # Their highest may be the unknown group, which ours never compares with.
        highest = max(groups, key=lambda group: groups[group]["favourable_rate"])
        held_against = ["reference"] if highest == UNKNOWN else ["reference", "best"]
        for group, theirs in groups.items():
            compared += compare_rates(measured, attribute, group, theirs)
            compared += compare_ratios(measured, attribute, group, theirs, held_against)
    assert compared >= 13 * len(case["attributes"])


def test_every_case_is_compared() -> None:
    folder = shared_data("README.md").parent
    cases = {
        (file.parent.name, case["id"])
        for file in folder.glob("*/expected.json")
        for case in json.loads(file.read_text())["cases"]
    }
    assert set(CASES) == cases


def compare_rates(
    measured: dict[tuple[Any, ...], Measurement],
    attribute: str,
    group: str,
    theirs: dict[str, Any],
) -> int:
    for metric, (numerator, denominator) in COUNTS.items():
        ours = measured[attribute, group, metric, None, None]
        assert (ours.numerator, ours.denominator) == (theirs[numerator], theirs[denominator])
    for metric, name in RATES.items():
        ours = measured[attribute, group, metric, None, None]
        assert ours.value == pytest.approx(theirs[name], abs=1e-9)
    return len(RATES)


def compare_ratios(
    measured: dict[tuple[Any, ...], Measurement],
    attribute: str,
    group: str,
    theirs: dict[str, Any],
    held_against: list[str],
) -> int:
    names = {"reference": "impact_ratio_vs_reference", "best": "impact_ratio_vs_highest"}
    compared = 0
    for against in held_against:
        ours = measured.get((attribute, group, "impact_ratio", "ratio", against))
        if ours is not None:
            assert ours.value == pytest.approx(theirs[names[against]], rel=1e-9)
            compared += 1
    return compared
