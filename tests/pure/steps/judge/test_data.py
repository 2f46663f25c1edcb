"""Data that cannot be judged never pass: polarity, faults of the population, failed checks."""

from pathlib import Path

import pytest

from fairness_audit.records.finding import Finding, Verdict
from fairness_audit.records.measurement import MeasurementFile
from fairness_audit.records.population import Population
from fairness_audit.records.validation import ValidationReport
from fairness_audit.steps.judge import judge
from fairness_audit.steps.measure.counting.counts import Counts
from tests.builders.domain import FIRST_AUDIT, a_policy, a_rate
from tests.builders.judging import (
    FAIR,
    MEN,
    a_check,
    a_rule,
    about,
    gender_policy,
    judged,
    judged_counts,
    measured,
    share,
)
from tests.builders.populations import policy_over

# --- polarity ------------------------------------------------------------------------------------


OVERALL = {"attribute": "overall"}


def test_selecting_the_wrong_ones_more_often_cannot_pass() -> None:
    right = Counts(tp=300, fn=100, fp=100, tn=300)
    inverted = Counts(tp=100, fn=300, fp=300, tn=100)
    assert judged_counts(gender_policy(), {"M": right, "F": right}).verdict is Verdict.PASS
    judgement = judged_counts(gender_policy(), {"M": inverted, "F": inverted})
    finding = judgement.deciding
    assert judgement.verdict is Verdict.INCONCLUSIVE
    assert (finding.kind, finding.at_gate) == ("polarity", "block")
    assert finding.sentence == (
        "Score or label look inverted: 25.0 % of those with a positive outcome are selected, and"
        " 75.0 % of those with a negative one."
    )


def polarity(positive: tuple[int, int], negative: tuple[int, int]) -> Finding:
    found = [
        *(m for m in measured(gender_policy(), FAIR) if m.attribute != "overall"),
        a_rate("true_positive_rate", "overall", *positive).model_copy(update=OVERALL),
        a_rate("false_positive_rate", "overall", *negative).model_copy(update=OVERALL),
    ]
    return about(judged(gender_policy(), found), kind="polarity")


def test_polarity_is_compared_exactly() -> None:
    n = 10**17
    equal = polarity((n, 3 * n), (n, 3 * n))
    assert (equal.verdict, equal.at_gate) == (Verdict.PASS, "allow")
    # As floats the two rates are equal.
    assert polarity((n - 1, 3 * n), (n, 3 * n)).verdict is Verdict.INCONCLUSIVE


def test_one_kind_of_outcome_leaves_polarity_open() -> None:
    one_kind = {"M": Counts(tp=500, fn=500), "F": Counts(tp=490, fn=510)}
    open_question = about(judged_counts(gender_policy(), one_kind), kind="polarity")
    assert open_question.at_gate == "allow"
    assert "every known outcome is positive" in open_question.sentence
    rule = a_rule(id="tpr", metric="true_positive_rate")
    needed = about(judged_counts(gender_policy(rule), one_kind), kind="polarity")
    assert (needed.verdict, needed.at_gate) == (Verdict.INCONCLUSIVE, "block")


def test_polarity_that_was_not_measured_blocks() -> None:
    counts = {"M": Counts(tp=300, fn=200, fp=200, tn=300)}
    counts["F"] = counts["M"]
    found = [m for m in measured(gender_policy(), counts) if m.attribute != "overall"]
    judgement = judged(gender_policy(), found)
    assert judgement.verdict is Verdict.INCONCLUSIVE
    assert judgement.deciding.kind == "polarity"


# --- faults of the data --------------------------------------------------------------------------


def test_an_empty_window_never_passes_and_says_why() -> None:
    judgement = judged(gender_policy(), [], rows=0, labelled=0, selected=0, decisions=12)
    assert judgement.verdict is Verdict.INCONCLUSIVE
    assert judgement.deciding.at_gate == "block"
    assert judgement.deciding.sentence == (
        "There is nothing to judge: no decision of version 1 in the window is in the population"
        " (12 rows in the score log)."
    )


def test_without_any_outcome_rules_about_outcomes_cannot_be_judged() -> None:
    tpr = a_rule(id="tpr", metric="true_positive_rate", inconclusive="allow")
    judgement = judged_counts(gender_policy(a_rule(), tpr), FAIR)
    assert judgement.verdict is Verdict.INCONCLUSIVE
    assert judgement.deciding.sentence == (
        "No outcome is known for any of 2,000 rows, so rule tpr cannot be judged."
    )
    assert about(judgement, rule="four_fifths").verdict is Verdict.PASS
    assert judged_counts(gender_policy(), FAIR).verdict is Verdict.PASS


@pytest.mark.parametrize(("selected", "who"), [(1000, "Everybody"), (0, "Nobody")])
def test_one_decision_for_all_never_passes(selected: int, who: str) -> None:
    counts = {"M": share(selected, 1000), "F": share(selected, 1000)}
    judgement = judged_counts(gender_policy(a_rule(inconclusive="allow")), counts)
    assert judgement.verdict is Verdict.INCONCLUSIVE
    assert judgement.deciding.kind == "population"
    assert judgement.deciding.sentence.startswith(f"{who} was selected in 2,000 rows")


def test_one_group_only_never_passes() -> None:
    policy = gender_policy(a_rule(inconclusive="allow"))
    one = judged_counts(policy, {"M": MEN, "unknown": MEN})
    assert one.verdict is Verdict.INCONCLUSIVE
    assert one.deciding.sentence == (
        "Only one group of gender occurs, M, so there is none to compare it with."
    )
    none = judged_counts(policy, {"unknown": MEN})
    assert none.deciding.sentence == "The gender of nobody in the population is known."


def test_an_attribute_no_rule_names_must_still_have_groups() -> None:
    policy = policy_over({"gender": "M", "region": "north"}, rules=[a_rule(attributes=["gender"])])
    counts = {(gender, "north"): counts for gender, counts in FAIR.items()}
    assert judged_counts(policy, counts).deciding.attribute == "region"


def test_an_intersection_needs_groups_only_where_a_rule_is_about_it() -> None:
    counts = {("M", "30-49"): share(400, 800), ("unknown", "18-29"): share(400, 800)}
    counts[("F", "unknown")] = share(400, 800)
    faults = [
        {f.attribute for f in judged_counts(policy, counts).findings if f.kind == "population"}
        for policy in (
            a_policy(strata=[]),
            a_policy(strata=[], rules=[a_rule(attributes=["gender*age_band"])]),
        )
    ]
    assert faults == [set(), {"gender*age_band"}]


def test_a_population_that_was_not_measured_whole_blocks() -> None:
    judgement = judge(
        gender_policy(),
        population=Population(
            model="lead_scoring",
            model_version="1",
            path=Path("p"),
            digest="0",
            rows=2001,
            decisions=2001,
            lost=(),
        ),
        totals=MeasurementFile(
            path=Path("m"),
            digest="0",
            rows=1,
            confidence=0.95,
            population_rows=2000,
            labelled_rows=0,
            selected_rows=990,
        ),
        measurements=measured(gender_policy(), FAIR),
        validation=ValidationReport(checks=(a_check(),), data_docs=Path("d")),
        history=FIRST_AUDIT,
    )
    assert judgement.verdict is Verdict.INCONCLUSIVE
    assert judgement.deciding.sentence == "The population has 2,001 rows, but 2,000 were measured."


# --- checks --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("kind", "severity", "verdict", "at_gate"),
    [
        ("quality", "critical", Verdict.INCONCLUSIVE, "block"),
        ("representation", "critical", Verdict.FAIL, "block"),
        ("label_balance", "critical", Verdict.FAIL, "block"),
        ("quality", "warning", Verdict.WARN, "allow"),
        ("representation", "warning", Verdict.WARN, "allow"),
    ],
)
def test_a_failed_check_weighs_by_kind_and_severity(
    kind: str, severity: str, verdict: Verdict, at_gate: str
) -> None:
    check = a_check(kind=kind, severity=severity, passed=False, sentence="It is so.", group="F")
    judgement = judged_counts(gender_policy(), FAIR, checks=[a_check(), check])
    finding = about(judgement, sentence="It is so.")
    assert (finding.kind, finding.verdict, finding.at_gate) == (kind, verdict, at_gate)
    assert (finding.group, finding.rule) == ("F", check.expectation)
    assert judgement.verdict is verdict
    assert judgement.deciding == finding


def test_an_informative_check_stays_in_the_data_docs() -> None:
    checks = [a_check(), a_check(severity="info", passed=False, sentence="Only so you know.")]
    judgement = judged_counts(gender_policy(), FAIR, checks=checks)
    assert judgement.verdict is Verdict.PASS
    assert "Only so you know." not in {finding.sentence for finding in judgement.findings}


def test_passed_checks_are_on_record_once_per_kind() -> None:
    checks = [a_check(), a_check(), a_check(kind="representation", attribute="gender")]
    judgement = judged_counts(gender_policy(), FAIR, checks=checks)
    assert about(judgement, kind="quality").sentence == "2 checks of data quality passed."
    assert about(judgement, kind="representation").sentence == "1 check of representation passed."


def test_no_validation_is_not_a_passed_one() -> None:
    judgement = judged_counts(gender_policy(), FAIR, checks=[])
    assert judgement.verdict is Verdict.INCONCLUSIVE
    assert (judgement.deciding.kind, judgement.deciding.at_gate) == ("quality", "block")
