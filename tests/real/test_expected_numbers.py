"""What a DAG run measured equals what other code computed from the files: `expected.json`.

Counts are equal exactly; rates, ratios and differences to 1e-9.
"""

import json
from dataclasses import dataclass
from typing import Any

import pytest

from fairness_audit.policy.base import UNKNOWN
from fairness_audit.records.measurement import OVERALL, Measurement
from tests.builders.shared_data import shared_data
from tests.real.audits import Audit, Installation

CASES = {
    ("coupon_mailing", "1"): ("complete-journey", "cj_targeted_type_a"),
    ("deposit_calls", "1"): ("bank-marketing", "bank_rule_R1"),
    ("recidivism_risk", "1"): ("compas", "compas_for_aequitas_binary"),
    ("income_forecast", "1"): ("adult", "adult_rf_as_delivered"),
    ("income_forecast", "2"): ("adult", "adult_rf_score_inverted"),
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
"""Our name of a rate, and theirs."""


@dataclass(frozen=True)
class Case:
    """A finished audit, and what it is to be."""

    audit: Audit
    expected: dict[str, Any]

    def groups(self, attribute: str) -> dict[str, dict[str, Any]]:
        """What is expected of each group, under our names of the groups."""
        groups: dict[str, dict[str, Any]] = self.expected["attributes"][attribute]["groups"]
        return {UNKNOWN if name == "(null)" else name: each for name, each in groups.items()}

    def known_groups(self, attribute: str) -> dict[str, dict[str, Any]]:
        """The groups that are compared: all but the unknown."""
        groups = self.groups(attribute)
        return {name: each for name, each in groups.items() if name != UNKNOWN}

    def rate(self, attribute: str, group: str, metric: str) -> Measurement:
        """A measured rate."""
        return self.audit.measured[attribute, group, metric, None, None]


@pytest.fixture(params=CASES, ids=" ".join)
def case(installation: Installation, request: pytest.FixtureRequest) -> Case:
    data, case_id = CASES[request.param]
    cases = json.loads(shared_data(data, "expected.json").read_text())["cases"]
    (expected,) = (each for each in cases if each["id"] == case_id)
    return Case(installation.audit(*request.param), expected)


def test_the_same_attributes_groups_and_references(case: Case) -> None:
    policy = case.audit.loaded.policy
    assert set(policy.attributes) == set(case.expected["attributes"])
    for attribute, tables in case.expected["attributes"].items():
        assert policy.reference_of(attribute) == tables["summary"]["reference"]
        measured = {
            group
            for of, group, metric, *_ in case.audit.measured
            if of == attribute and metric == "selection_rate"
        }
        assert measured == set(case.groups(attribute))
    assert policy.selected_is_favourable == case.expected["decision_is_favourable"]


def counts(case: Case, attribute: str, group: str) -> dict[str, int]:
    """The group's counts, read off the fractions of its rates."""
    selected, labelled = (
        case.rate(attribute, group, metric) for metric in ("selection_rate", "base_rate")
    )
    return {
        "n": selected.denominator,
        "selected": selected.numerator,
        "label_positives": labelled.numerator,
        "tp": case.rate(attribute, group, "true_positive_rate").numerator,
        "fn": case.rate(attribute, group, "false_negative_rate").numerator,
        "fp": case.rate(attribute, group, "false_positive_rate").numerator,
        "tn": case.rate(attribute, group, "true_negative_rate").numerator,
    }


def test_counts_are_equal(case: Case) -> None:
    tables = {attribute: case.groups(attribute) for attribute in case.expected["attributes"]}
    tables[OVERALL] = {OVERALL: case.expected["overall"]}
    for attribute, groups in tables.items():
        for group, theirs in groups.items():
            ours = counts(case, attribute, group)
            assert ours == {name: theirs[name] for name in ours}, (attribute, group)


def same(ours: float | None, theirs: float | None) -> bool:
    """To 1e-9; undefined is undefined for both."""
    if ours is None or theirs is None:
        return ours is theirs
    return abs(ours - theirs) <= 1e-9


def test_rates_are_equal(case: Case) -> None:
    for attribute in case.expected["attributes"]:
        for group, theirs in case.groups(attribute).items():
            for metric, name in RATES.items():
                value = case.rate(attribute, group, metric).value
                assert same(value, theirs[name]), (attribute, group, metric)


def test_ratios_and_differences_to_the_reference_are_equal(case: Case) -> None:
    compared = 0
    for attribute in case.expected["attributes"]:
        reference = case.audit.loaded.policy.reference_of(attribute)
        for group, theirs in case.known_groups(attribute).items():
            if group == reference:
                continue
            wanted = {("impact_ratio", "ratio"): theirs["impact_ratio_vs_reference"]}
            ratios = theirs["disparity_vs_reference"]
            differences = theirs["difference_vs_reference"]
            for metric, name in RATES.items():
                if f"{name}_ratio" in ratios:
                    wanted[metric, "ratio"] = ratios[f"{name}_ratio"]
                if name in differences:
                    wanted[metric, "difference"] = differences[name]
            for (metric, comparison), value in wanted.items():
                ours = case.audit.measured[attribute, group, metric, comparison, "reference"]
                assert same(ours.value, value), (attribute, group, metric, comparison)
                compared += 1
    assert compared >= 16 * len(case.expected["attributes"])


def test_impact_ratios_to_the_best_group_are_equal(case: Case) -> None:
    """Theirs may be a group of five; ours has the size that the policy asks for."""
    for attribute in case.expected["attributes"]:
        groups = case.known_groups(attribute)
        large = {
            name: each["favourable_rate"]
            for name, each in groups.items()
            if each["n"] >= case.audit.loaded.policy.min_group_size
        }
        best = max(large, key=lambda name: large[name])
        is_theirs = large[best] == max(each["favourable_rate"] for each in groups.values())
        for group, theirs in groups.items():
            if group == best:
                continue
            ours = case.audit.measured[attribute, group, "impact_ratio", "ratio", "best"]
            assert ours.reference == best
            assert same(ours.value, theirs["favourable_rate"] / large[best])
            if is_theirs:
                assert same(ours.value, theirs["impact_ratio_vs_highest"])


def test_the_unknown_are_counted_and_compared_with_nobody(installation: Installation) -> None:
    measured = installation.audit("deposit_calls").measured
    for attribute, rows in {"job": 330, "marital": 80, "education": 1_731}.items():
        assert measured[attribute, UNKNOWN, "selection_rate", None, None].denominator == rows
        assert not [each for each in measured if each[:2] == (attribute, UNKNOWN) and each[3]]
        assert UNKNOWN not in {
            each.reference for key, each in measured.items() if key[0] == attribute
        }
