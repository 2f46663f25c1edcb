"""Which groups are judged, and that tests made together are paid for together."""

import pytest

from fairness_audit.records.finding import Verdict
from fairness_audit.steps.measure.counting.counts import Counts
from tests.builders.domain import a_policy, a_rate
from tests.builders.judging import (
    BIASED,
    FAIR,
    MEN,
    a_rule,
    about,
    an_impact_ratio,
    gender_policy,
    judged,
    judged_counts,
    measured,
    share,
)

# --- groups --------------------------------------------------------------------------------------


def test_small_groups_are_never_failed_and_cost_the_others_nothing() -> None:
    counts = BIASED | {"X": share(0, 29)}
    judgement = judged_counts(gender_policy(), counts)
    small, large = about(judgement, group="X"), about(judgement, group="F")
    assert small.verdict is Verdict.INCONCLUSIVE
    assert small.evidence.p_adjusted is None
    assert "it has 29 rows that count, and the policy asks for 30" in small.sentence
    assert large.evidence.p_adjusted == large.evidence.p_value


def test_a_small_reference_is_no_ground_to_fail_anybody() -> None:
    judgement = judged_counts(gender_policy(), {"M": share(29, 29), "F": share(1, 1000)})
    assert judgement.verdict is Verdict.INCONCLUSIVE
    assert "group M has 29 rows that count" in judgement.deciding.sentence


def test_the_size_that_counts_is_that_of_the_metric() -> None:
    """1,000 decisions about F, but only 29 positive outcomes."""
    rule = a_rule(id="tpr", metric="true_positive_rate")
    counts = {"M": Counts(tp=400, fp=100, fn=100, tn=400), "F": Counts(tp=0, fn=29, tn=971)}
    finding = about(judged_counts(gender_policy(rule), counts), kind="disparity")
    assert finding.verdict is Verdict.INCONCLUSIVE
    assert "29 rows" in finding.sentence


AT_RANDOM = {
    "gender": {
        "provenance": "self_id",
        "reference_group": "M",
        "unknown": {"assume": "at_random", "reason": "who answers was drawn by lot"},
    }
}


def test_unknown_is_not_judged_but_counts_in_the_rest() -> None:
    counts = FAIR | {"unknown": share(0, 500)}
    assert judged_counts(gender_policy(attributes=AT_RANDOM), counts).verdict is Verdict.PASS
    rest = judged_counts(gender_policy(a_rule(against="rest"), attributes=AT_RANDOM), counts)
    assert about(rest, group="F").evidence.reference_denominator == 1500
    assert {finding.group for finding in rest.findings} == {"M", "F", None}


def test_every_named_grouping_is_judged_and_no_other() -> None:
    rule = a_rule(attributes=["age_band", "gender*age_band"])
    policy = a_policy(rules=[rule], strata=[])
    counts = {(gender, age): share(100, 200) for gender in "MF" for age in ("30-49", "18-29")}
    findings = judged_counts(policy, counts).findings
    judged_groups = {(f.attribute, f.group) for f in findings if f.kind == "disparity"}
    assert judged_groups == {
        ("age_band", "18-29"),
        ("gender*age_band", "F * 18-29"),
        ("gender*age_band", "F * 30-49"),
        ("gender*age_band", "M * 18-29"),
    }


def test_a_missing_reference_group_blocks() -> None:
    counts = {"F": MEN, "X": MEN}
    finding = about(judged_counts(gender_policy(), counts), kind="disparity")
    assert (finding.verdict, finding.at_gate) == (Verdict.INCONCLUSIVE, "block")
    assert finding.sentence == (
        "No group of gender can be judged on its selection rate: the reference group M does not"
        " occur in the population."
    )


@pytest.mark.parametrize(
    ("changes", "at_gate"),
    [
        ({"inconclusive": "allow"}, "allow"),
        ({"inconclusive": "review"}, "review"),
        ({"inconclusive": "review", "severity": "warn"}, "allow"),
    ],
)
def test_no_group_large_enough_to_be_the_best_is_for_the_policy_to_say(
    changes: dict[str, str], at_gate: str
) -> None:
    policy = gender_policy(a_rule(against="best", **changes), min_group_size=2000)
    finding = about(judged_counts(policy, BIASED), kind="disparity")
    assert (finding.verdict, finding.at_gate) == (Verdict.INCONCLUSIVE, at_gate)
    assert "none has the 2,000 rows" in finding.sentence


def test_the_smallest_size_the_policy_asks_for_is_enough() -> None:
    judgement = judged_counts(gender_policy(), {"M": share(30, 30), "F": share(3, 30)})
    assert judgement.verdict is Verdict.FAIL
    assert judgement.deciding.evidence.denominator == 30


def test_a_best_group_that_was_not_measured_blocks() -> None:
    """All groups are just large enough, so that one of them must have been the best."""
    policy = gender_policy(a_rule(against="best", inconclusive="allow"), min_group_size=1000)
    found = [m for m in measured(policy, BIASED) if m.against != "best"]
    judgement = judged(policy, found)
    assert {f.at_gate for f in judgement.findings if f.kind == "disparity"} == {"block"}
    assert about(judgement, group="F").sentence == (
        "Group F (gender) cannot be judged: its selection rate was not measured."
    )


def test_a_value_that_measure_could_not_give_is_inconclusive() -> None:
    found = [
        a_rate("selection_rate", "M", 500, 1000),
        an_impact_ratio("F", (300, 1000), (500, 1000), value=None),
    ]
    finding = about(judged(gender_policy(), found), kind="disparity")
    assert (finding.verdict, finding.at_gate) == (Verdict.INCONCLUSIVE, "block")
    assert finding.sentence.endswith("the disparity is not defined.")


def test_a_ratio_to_zero_blocks_where_nothing_could_be_judged() -> None:
    judgement = judged_counts(
        gender_policy(a_rule(inconclusive="allow")), {"M": share(0, 100), "F": share(50, 100)}
    )
    finding = about(judgement, kind="disparity")
    assert (finding.verdict, finding.at_gate) == (Verdict.INCONCLUSIVE, "block")
    assert "that of group M is zero" in finding.sentence


# --- the family of tests -------------------------------------------------------------------------


def test_all_rules_of_an_audit_are_one_family() -> None:
    rules = [
        a_rule(),
        a_rule(id="points", metric="selection_rate", compare="difference", threshold="1/10"),
        a_rule(id="watched", metric="selection_rate", against="rest", severity="warn"),
    ]
    findings = judged_counts(gender_policy(*rules), BIASED).findings
    tested = [f for f in findings if f.evidence.p_value is not None]
    # F against M twice (impact ratio and selection rate), F and M against the rest.
    assert len(tested) == 4
    p = tested[0].evidence.p_value
    assert all(f.evidence.p_value == pytest.approx(p) for f in tested)
    assert all(f.evidence.p_adjusted == pytest.approx(4 * p) for f in tested)


def test_two_limits_on_one_disparity_test_it_once() -> None:
    rules = [a_rule(threshold="1/2"), a_rule(id="watched", severity="warn")]
    findings = judged_counts(gender_policy(*rules), BIASED).findings
    for finding in (f for f in findings if f.kind == "disparity"):
        assert finding.evidence.p_adjusted == finding.evidence.p_value


def test_benjamini_hochberg_is_used_by_choice() -> None:
    counts = {"M": MEN, "F": share(300, 1000), "X": share(370, 1000)}
    holm = judged_counts(gender_policy(), counts)
    policy = gender_policy(error_rate={"family": "benjamini_hochberg"})
    less_strict = judged_counts(policy, counts)
    weaker = about(holm, group="F").evidence, about(less_strict, group="F").evidence
    assert weaker[0].p_adjusted == weaker[1].p_adjusted == pytest.approx(2 * weaker[0].p_value)
    assert about(less_strict, group="X").evidence.p_adjusted == pytest.approx(
        about(less_strict, group="X").evidence.p_value
    )


def test_choosing_the_best_by_the_data_is_paid_for() -> None:
    """Of three groups three pairs were in the running: each p-value x 3/2, then Holm x 2."""
    counts = {"M": share(480, 1000), "F": share(500, 1000), "X": share(350, 1000)}
    policy = gender_policy(a_rule(against="best"))
    evidence = about(judged_counts(policy, counts), group="X").evidence
    assert evidence.p_adjusted == pytest.approx(3 * evidence.p_value)


def test_a_breach_without_a_p_value_is_inconclusive_and_still_in_the_family() -> None:
    found = [
        a_rate("selection_rate", "M", 500, 1000),
        an_impact_ratio("F", (300, 1000), (500, 1000), p_value=None),
        an_impact_ratio("X", (300, 1000), (500, 1000)),
    ]
    judgement = judged(gender_policy(), found)
    assert about(judgement, group="F").verdict is Verdict.INCONCLUSIVE
    other = about(judgement, group="X").evidence
    assert other.p_adjusted == pytest.approx(2 * other.p_value)
