"""COMPAS as Aequitas ships it, from the CRM's tables through the DAG to the published figures."""

import pytest

from fairness_audit.records.finding import Verdict
from fairness_audit.records.measurement import OVERALL
from tests.real.audits import Audit, Installation

TABLE = {  # n, selected, tp, fp, tn, fn
    "African-American": (3696, 2174, 1369, 805, 990, 532),
    "Caucasian": (2454, 854, 505, 349, 1139, 461),
}
RATES = {  # FPR, FNR, FDR, FOR, PPrev
    "African-American": (0.448468, 0.279853, 0.370285, 0.349540, 0.588203),
    "Caucasian": (0.234543, 0.477226, 0.408665, 0.288125, 0.348003),
}
FALSE_POSITIVE_RATES = {
    "Hispanic": (637, 0.214815),
    "Other": (377, 0.147541),
    "Asian": (32, 0.086957),
    "Native American": (18, 0.375),
}
METRICS = (
    "false_positive_rate",
    "false_negative_rate",
    "false_discovery_rate",
    "false_omission_rate",
    "selection_rate",
)
# African-American against Caucasian. The p-values are published rounded to so many digits.
RATIOS = dict(zip(METRICS, (1.912093, 0.586416, 0.906085, 1.213154, 1.690224), strict=True))
P_VALUES = {
    "false_positive_rate": (2.11e-37, 5e-3),
    "false_negative_rate": (8.79e-26, 5e-3),
    "false_discovery_rate": (0.05037, 2e-4),
    "false_omission_rate": (2.31e-4, 5e-3),
}
FAVOURABLE = {
    "African-American": 0.520964,
    "Caucasian": 0.824842,
    "Native American": 0.421700,
}


@pytest.fixture
def compas(installation: Installation) -> Audit:
    return installation.audit("recidivism_risk")


def test_totals(compas: Audit) -> None:
    selected = compas.measured[OVERALL, OVERALL, "selection_rate", None, None]
    labelled = compas.measured[OVERALL, OVERALL, "base_rate", None, None]
    assert (selected.denominator, selected.numerator, labelled.numerator) == (7214, 3317, 3251)


@pytest.mark.parametrize("group", TABLE)
def test_table(compas: Audit, group: str) -> None:
    n, selected, tp, fp, tn, fn = TABLE[group]
    fractions = ((fp, fp + tn), (fn, fn + tp), (fp, fp + tp), (fn, fn + tn), (selected, n))
    for metric, fraction, value in zip(METRICS, fractions, RATES[group], strict=True):
        rate = compas.measured["race", group, metric, None, None]
        assert (rate.numerator, rate.denominator) == fraction
        assert rate.value == pytest.approx(value, abs=5e-7)


@pytest.mark.parametrize("group", FALSE_POSITIVE_RATES)
def test_smaller_groups(compas: Audit, group: str) -> None:
    n, value = FALSE_POSITIVE_RATES[group]
    rate = compas.measured["race", group, "false_positive_rate", None, None]
    assert rate.value == pytest.approx(value, abs=5e-7)
    assert compas.measured["race", group, "selection_rate", None, None].denominator == n


@pytest.mark.parametrize("metric", RATIOS)
def test_ratios(compas: Audit, metric: str) -> None:
    found = compas.measured["race", "African-American", metric, "ratio", "reference"]
    assert (found.reference, found.value) == ("Caucasian", pytest.approx(RATIOS[metric], abs=5e-7))


@pytest.mark.parametrize("metric", P_VALUES)
def test_significance_on_each_metrics_own_denominators(compas: Audit, metric: str) -> None:
    p_value, tolerance = P_VALUES[metric]
    found = compas.measured["race", "African-American", metric, "ratio", "reference"]
    assert found.p_value == pytest.approx(p_value, rel=tolerance)


def test_interval_of_the_false_positive_rate_ratio(compas: Audit) -> None:
    found = compas.measured[
        "race", "African-American", "false_positive_rate", "ratio", "reference"
    ]
    assert (found.low, found.high) == pytest.approx((1.7212, 2.1241), abs=5e-5)


@pytest.mark.parametrize("group", FAVOURABLE)
def test_being_flagged_is_unfavourable(compas: Audit, group: str) -> None:
    found = compas.measured["race", group, "impact_ratio", "ratio", "best"]
    assert (found.reference, found.value) == ("Other", pytest.approx(FAVOURABLE[group], abs=5e-7))


def test_a_clear_breach_fails(compas: Audit) -> None:
    for rule in ("four_fifths", "equal_false_alarms"):
        found = compas.finding(rule, "race", "African-American")
        assert (found.verdict, found.at_gate) == (Verdict.FAIL, "block")


def test_eighteen_people_are_no_evidence(compas: Audit) -> None:
    """The bare four-fifths rule would flag them; of so few no number is told."""
    found = compas.finding("four_fifths", "race", "Native American")
    assert (found.verdict, found.at_gate) == (Verdict.INCONCLUSIVE, "review")
    assert found.evidence.value is None
    assert "fewer than the 30 decisions" in found.sentence
    assert "18" not in found.sentence
