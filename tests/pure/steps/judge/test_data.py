"""Data that cannot be judged never pass: polarity, faults of the population, failed checks."""

from pathlib import Path
from typing import Any

import pytest

from fairness_audit.policy.model import AuditPolicy
from fairness_audit.records.finding import Finding, Judgement, Verdict
from fairness_audit.records.history import History
from fairness_audit.records.measurement import MeasurementFile
from fairness_audit.records.population import Population
from fairness_audit.records.validation import ValidationReport
from fairness_audit.steps.judge import judge
from fairness_audit.steps.measure.counting.counts import Counts
from tests.builders.domain import a_policy
from tests.builders.evidence import AS_OF, evidence_of
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


def of_both(counts: Counts) -> Judgement:
    return judged_counts(gender_policy(), {"M": counts, "F": counts})


def test_selecting_the_wrong_ones_more_often_fails() -> None:
    assert of_both(Counts(tp=300, fn=100, fp=100, tn=300)).verdict is Verdict.PASS
    judgement = of_both(Counts(tp=100, fn=300, fp=300, tn=100))
    finding = judgement.deciding
    assert judgement.verdict is Verdict.FAIL
    assert (finding.kind, finding.at_gate) == ("polarity", "block")
    assert finding.sentence == (
        "Score or label look inverted, and chance does not explain it: 25.0 % of those with a"
        " positive outcome are selected, and 75.0 % of those with a negative one;"
        f" {standing(finding)}."
    )


def standing(finding: Finding) -> str:
    evidence = finding.evidence
    return (
        f"the failure stands since {evidence.since} until later decisions alone show otherwise"
        f" (evidence {evidence.pass_needed:,.0f}), or two people waive it"
    )


def test_selecting_them_a_little_more_often_may_be_chance_and_holds_nothing_up() -> None:
    """.40 against .45 of 240 each: one in seven models that choose alike look so."""
    judgement = of_both(Counts(tp=96, fn=144, fp=108, tn=132))
    finding = about(judgement, kind="polarity")
    assert (finding.verdict, finding.at_gate) == (Verdict.INCONCLUSIVE, "allow")
    assert finding.sentence == (
        "Whether score and label point the same way is not certain yet: 40.0 % of those with a"
        " positive outcome are selected, and 45.0 % of those with a negative one."
    )


def test_selecting_the_right_ones_more_often_is_said() -> None:
    finding = about(of_both(Counts(tp=300, fn=100, fp=100, tn=300)), kind="polarity")
    assert (finding.verdict, finding.at_gate) == (Verdict.PASS, "allow")
    assert finding.sentence == (
        "Score and label point the same way: 75.0 % of those with a positive outcome are selected,"
        " and 25.0 % of those with a negative one."
    )


def test_of_a_few_outcomes_no_rate_is_told() -> None:
    finding = about(of_both(Counts(tp=5, fn=9, fp=300, tn=300)), kind="polarity")
    assert finding.sentence == "Whether score and label point the same way is not certain yet."


def test_one_kind_of_outcome_leaves_polarity_open() -> None:
    one_kind = {"M": Counts(tp=500, fn=500), "F": Counts(tp=490, fn=510)}
    open_question = about(judged_counts(gender_policy(), one_kind), kind="polarity")
    assert open_question.at_gate == "allow"
    assert "every known outcome is positive" in open_question.sentence
    rule = a_rule(id="tpr", metric="true_positive_rate")
    needed = about(judged_counts(gender_policy(rule), one_kind), kind="polarity")
    assert (needed.verdict, needed.at_gate) == (Verdict.INCONCLUSIVE, "block")


# --- faults of the data --------------------------------------------------------------------------


def test_an_empty_window_never_passes_and_says_why() -> None:
    judgement = judged(gender_policy(), [], rows=0, labelled=0, selected=0, decisions=12)
    assert judgement.verdict is Verdict.INCONCLUSIVE
    assert judgement.deciding.at_gate == "block"
    assert judgement.deciding.sentence == (
        "There is nothing to judge: no decision of version 1 in the window is in the population"
        " (some were logged)."
    )


def test_without_any_outcome_rules_about_outcomes_cannot_be_judged() -> None:
    tpr = a_rule(id="tpr", metric="true_positive_rate", inconclusive="allow")
    judgement = judged_counts(gender_policy(a_rule(), tpr), FAIR)
    assert judgement.verdict is Verdict.INCONCLUSIVE
    assert judgement.deciding.sentence == ("No outcome is known, so rule tpr cannot be judged.")
    assert about(judgement, rule="four_fifths").verdict is Verdict.PASS
    assert judged_counts(gender_policy(), FAIR).verdict is Verdict.PASS


@pytest.mark.parametrize(("selected", "who"), [(1000, "Everybody"), (0, "Nobody")])
def test_one_decision_for_all_never_passes(selected: int, who: str) -> None:
    counts = {"M": share(selected, 1000), "F": share(selected, 1000)}
    judgement = judged_counts(gender_policy(a_rule(inconclusive="allow")), counts)
    assert judgement.verdict is Verdict.INCONCLUSIVE
    assert judgement.deciding.kind == "population"
    assert judgement.deciding.sentence == (
        f"{who} was selected, so no two groups were treated differently and nothing about the"
        " model can be judged."
    )


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
    policy = gender_policy()
    evidence = evidence_of(policy, FAIR)
    judgement = judge(
        policy,
        population=Population(
            model="lead_scoring",
            model_version="1",
            path=Path("p"),
            digest="0",
            rows=2000,
            decisions=2000,
        ),
        totals=MeasurementFile(
            path=Path("m"),
            digest="0",
            rows=1,
            confidence=0.95,
            population_digest="1",
            population_rows=2000,
            labelled_rows=0,
            selected_rows=990,
        ),
        measurements=measured(policy, FAIR),
        validation=ValidationReport(checks=(a_check(),), data_docs=Path("d")),
        history=History(AS_OF, evidence),
    )
    assert judgement.verdict is Verdict.INCONCLUSIVE
    assert judgement.deciding.at_gate == "block"
    assert judgement.deciding.sentence == (
        "What was measured is not the population, but another one."
    )


# --- the shares that are held against ------------------------------------------------------------


def referring(**changes: str) -> AuditPolicy:
    """Half are women, by a source that is dated and expires."""
    stated = {"source": "The census of 2021.", "dated": "2021-06-30", "expires": "2031-06-30"}
    reference = stated | changes | {"shares": {"F": "1/2", "M": "1/2"}}
    gender = {"provenance": "self_id", "reference_group": "M", "reference_population": reference}
    return gender_policy(attributes={"gender": gender})


def test_shares_that_have_expired_go_to_review() -> None:
    judgement = judged_counts(referring(expires="2026-06-29"), FAIR)
    finding = about(judgement, rule="reference_population")
    assert judgement.verdict is Verdict.INCONCLUSIVE
    assert (finding.kind, finding.verdict, finding.at_gate) == (
        "representation",
        Verdict.INCONCLUSIVE,
        "review",
    )
    assert finding.sentence == (
        "The shares that the gender is held against are of 2021-06-30 and expired on 2026-06-29"
        " (The census of 2021)."
    )


def test_on_the_day_before_they_hold() -> None:
    judgement = judged_counts(referring(expires="2026-06-30"), FAIR)
    assert judgement.verdict is Verdict.PASS
    assert not [each for each in judgement.findings if each.rule == "reference_population"]


# --- checks --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("kind", "severity", "verdict", "at_gate"),
    [
        ("quality", "critical", Verdict.INCONCLUSIVE, "block"),
        ("representation", "critical", Verdict.INCONCLUSIVE, "block"),
        ("label_balance", "critical", Verdict.INCONCLUSIVE, "block"),
        ("quality", "warning", Verdict.WARN, "allow"),
        ("representation", "warning", Verdict.WARN, "allow"),
    ],
)
def test_a_failed_check_that_holds_no_share_to_a_limit_weighs_by_its_severity(
    kind: str, severity: str, verdict: Verdict, at_gate: str
) -> None:
    check = a_check(kind=kind, severity=severity, passed=False, sentence="It is so.", group="F")
    judgement = judged_counts(gender_policy(), FAIR, checks=[a_check(), check])
    finding = about(judgement, sentence="It is so.")
    assert (finding.kind, finding.verdict, finding.at_gate) == (kind, verdict, at_gate)
    assert (finding.group, finding.rule) == ("F", check.expectation)
    assert judgement.verdict is verdict
    assert judgement.deciding == finding


WOMEN = {"kind": "representation", "expectation": "expect_groups_to_be_represented"}
WOMEN |= {"attribute": "gender", "group": "F", "limit": "4/5", "stated": "1/2"}
WOMEN |= {"sentence": "F has only 30 %."}


def represented(women: int, men: int, **changes: Any) -> Finding:
    counts = {"M": share(men // 2, men), "F": share(women // 2, women)}
    check = a_check(**(WOMEN | {"passed": False} | changes))
    judgement = judged_counts(gender_policy(), counts, checks=[check])
    return about(judgement, kind="representation")


def test_too_few_of_a_group_fail_once_chance_does_not_explain_it() -> None:
    finding = represented(600, 1400)
    assert (finding.verdict, finding.at_gate, finding.group) == (Verdict.FAIL, "block", "F")
    assert finding.sentence == (
        f"F has only 30 %. The limit is broken: chance does not explain it; {standing(finding)}."
    )
    warned = represented(600, 1400, severity="warning")
    assert (warned.verdict, warned.at_gate) == (Verdict.WARN, "allow")


@pytest.mark.parametrize("passed", [True, False])
def test_a_share_near_its_limit_is_open_whatever_these_rows_show(passed: bool) -> None:
    """Drawn from exactly half, .39 of 200 is seen now and then: nobody is stopped by that."""
    finding = represented(78, 122, passed=passed)
    assert (finding.verdict, finding.at_gate) == (Verdict.INCONCLUSIVE, "allow")
    assert finding.sentence == "F has only 30 %. Whether the limit is kept is not certain yet."


def test_a_share_that_is_shown_to_keep_its_limit_passes() -> None:
    finding = represented(2000, 2000)
    assert (finding.verdict, finding.sentence) == (
        Verdict.PASS,
        "1 check of representation passed.",
    )


def test_a_group_that_is_absent_is_too_few() -> None:
    counts = {"M": share(1000, 2000), "F": share(1000, 2000)}
    check = a_check(**(WOMEN | {"group": "X", "stated": "1/5", "passed": False}))
    judgement = judged_counts(gender_policy(), counts, checks=[check])
    assert about(judgement, group="X").verdict is Verdict.FAIL


def test_of_how_many_the_group_is_known_is_a_share_like_others() -> None:
    check = {"kind": "representation", "attribute": "gender", "limit": "1/2", "passed": False}
    few = FAIR | {"unknown": share(4900, 10_000)}
    for counts, verdict in ((FAIR, Verdict.PASS), (few, Verdict.FAIL)):
        judgement = judged_counts(gender_policy(), counts, checks=[a_check(**check)])
        assert about(judgement, kind="representation").verdict is verdict


@pytest.mark.parametrize("limit", ["0", "1"])
@pytest.mark.parametrize(
    ("passed", "verdict"), [(True, Verdict.PASS), (False, Verdict.INCONCLUSIVE)]
)
def test_where_nobody_or_everybody_must_be_known_no_chance_is_asked(
    limit: str, passed: bool, verdict: Verdict
) -> None:
    check = a_check(kind="representation", attribute="gender", limit=limit, passed=passed)
    judgement = judged_counts(gender_policy(), FAIR, checks=[check])
    assert about(judgement, kind="representation").verdict is verdict


@pytest.mark.parametrize(
    ("women", "verdict"), [(150, Verdict.FAIL), (290, Verdict.INCONCLUSIVE), (400, Verdict.PASS)]
)
def test_balance_of_labels_is_judged_by_all_weeks(women: int, verdict: Verdict) -> None:
    """Two groups of 1,000: a gap of ten points to all together is one of twenty to each other."""
    counts = {
        "M": Counts(tp=300, fn=100, fp=300, tn=300),
        "F": Counts(tp=3 * women // 4, fn=women - 3 * women // 4, fp=500 - women // 2,
                    tn=500 - women + women // 2),
    }  # fmt: skip
    check = a_check(
        kind="label_balance", attribute="gender", group="F", limit="1/20", passed=False
    )
    judgement = judged_counts(gender_policy(), counts, checks=[check])
    assert about(judgement, kind="label_balance").verdict is verdict


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
