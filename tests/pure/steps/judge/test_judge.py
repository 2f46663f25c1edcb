"""The judgement of one audit: three values, what each does at the gate, and which decides."""

import pytest

from fairness_audit.records.finding import Verdict
from fairness_audit.statistics.power import detectable_gap, n_needed
from fairness_audit.steps.measure.counting.counts import Counts
from tests.builders.domain import a_rate
from tests.builders.judging import (
    BIASED,
    CLOSE,
    FAIR,
    a_check,
    a_rule,
    about,
    an_impact_ratio,
    gender_policy,
    judged,
    judged_counts,
    share,
)
from tests.builders.populations import policy_over

# --- three values --------------------------------------------------------------------------------


def test_an_interval_inside_the_limit_passes() -> None:
    judgement = judged_counts(gender_policy(), FAIR)
    assert judgement.verdict is Verdict.PASS
    assert judgement.deciding.kind == "disparity"
    assert judgement.deciding.at_gate == "allow"
    assert judgement.deciding.evidence.four_fifths_flag is False


def test_a_breach_beyond_chance_fails() -> None:
    judgement = judged_counts(gender_policy(), BIASED)
    evidence = judgement.deciding.evidence
    assert judgement.verdict is Verdict.FAIL
    assert judgement.deciding.at_gate == "block"
    assert evidence.value == pytest.approx(0.6)
    assert evidence.threshold == "4/5"
    assert evidence.four_fifths_flag is True
    assert (evidence.numerator, evidence.denominator) == (300, 1000)
    assert (evidence.reference_numerator, evidence.reference_denominator) == (500, 1000)


def test_a_breach_that_chance_may_explain_is_inconclusive_and_goes_to_review() -> None:
    judgement = judged_counts(gender_policy(), CLOSE)
    deciding = judgement.deciding
    assert judgement.verdict is Verdict.INCONCLUSIVE
    assert deciding.at_gate == "review"
    assert deciding.evidence.four_fifths_flag is True
    assert deciding.evidence.p_value == pytest.approx(0.0874, abs=1e-4)
    assert deciding.evidence.detectable_gap is not None
    assert deciding.evidence.n_needed is not None


@pytest.mark.parametrize("own", [310, 290])
def test_the_detectable_gap_of_a_difference_is_on_the_observed_side(own: int) -> None:
    """From 0.3, a gap upwards is harder to see than one downwards."""
    rule = a_rule(metric="selection_rate", compare="difference", threshold="1/50")
    counts = {"M": share(300, 1000), "F": share(own, 1000)}
    evidence = about(judged_counts(gender_policy(rule), counts), kind="disparity").evidence
    expected = detectable_gap(1000, 1000, 0.3, alpha=0.05, upward=own > 300)
    assert evidence.detectable_gap == expected
    assert evidence.detectable_gap != detectable_gap(1000, 1000, 0.3, alpha=0.05, upward=own < 300)
    assert evidence.n_needed == n_needed(0.32 if own > 300 else 0.28, 0.3, alpha=0.05)


def test_no_rate_at_the_limit_is_above_one() -> None:
    """Five quarters of 0.9 is more than there is."""
    rule = a_rule(metric="false_positive_rate")
    counts = {"M": Counts(fp=90, tn=10), "F": Counts(fp=92, tn=8)}
    evidence = about(judged_counts(gender_policy(rule), counts), kind="disparity").evidence
    assert evidence.n_needed == n_needed(1.0, 0.9, alpha=0.05)


def test_against_everybody_the_rest_is_the_other_sample() -> None:
    """Half of everybody is the group itself: a gap to the rest of 2 is one to everybody of 1."""
    rule = a_rule(metric="selection_rate", compare="difference", against="overall")
    judgement = judged_counts(gender_policy(rule), {"M": share(500, 1000), "F": share(400, 1000)})
    evidence = about(judgement, group="F").evidence
    to_rest = detectable_gap(1000, 1000, 0.5, alpha=0.05 / 2, upward=False)
    assert to_rest is not None
    assert evidence.detectable_gap == to_rest / 2
    assert evidence.n_needed == n_needed(0.0, 0.5, alpha=0.05 / 2)


def test_no_breach_without_evidence_is_inconclusive_too() -> None:
    counts = {"M": share(50, 100), "F": share(45, 100)}
    judgement = judged_counts(gender_policy(), counts)
    assert judgement.verdict is Verdict.INCONCLUSIVE
    assert judgement.deciding.evidence.four_fifths_flag is False


def test_significance_needs_p_strictly_below_alpha() -> None:
    policy = gender_policy(error_rate={"alpha": "1/8"})
    at_alpha = an_impact_ratio("F", (36, 100), (50, 100), p_value=0.125)
    below = at_alpha.model_copy(update={"p_value": 0.12499})
    men = a_rate("selection_rate", "M", 50, 100)
    assert judged(policy, [men, at_alpha]).verdict is Verdict.INCONCLUSIVE
    assert judged(policy, [men, below]).verdict is Verdict.FAIL


def test_a_significant_gap_inside_the_limit_is_no_failure() -> None:
    """Black against White in 6 RCNY 5-300: ratio 0.8432, p 0.0087, interval 0.739 to 0.962."""
    policy = policy_over({"race": "White"}, rules=[a_rule()])
    counts = {"White": share(412, 797), "Black": share(170, 390)}
    finding = about(judged_counts(policy, counts), group="Black")
    assert finding.verdict is Verdict.INCONCLUSIVE
    assert finding.evidence.four_fifths_flag is False
    assert finding.evidence.value == pytest.approx(0.8432, abs=5e-5)
    assert finding.evidence.p_value == pytest.approx(0.0087, abs=5e-5)
    assert finding.evidence.low == pytest.approx(0.739, abs=5e-4)
    assert "there is a gap (adjusted p = 0.00871)" in finding.sentence


@pytest.mark.parametrize("min_group_size", [30, 1])
def test_seven_of_seventeen_against_the_best_is_inconclusive(min_group_size: int) -> None:
    """AIAN F against White M in 6 RCNY 5-300: below 4/5, and nobody can tell."""
    policy = gender_policy(a_rule(against="best"), min_group_size=min_group_size)
    finding = about(
        judged_counts(policy, {"M": share(215, 412), "F": share(7, 17)}), kind="disparity"
    )
    assert finding.verdict is Verdict.INCONCLUSIVE
    assert finding.at_gate == "review"
    assert finding.evidence.four_fifths_flag is True
    assert finding.evidence.value == pytest.approx(0.789, abs=5e-4)


def test_a_warning_rule_warns_and_lets_through() -> None:
    judgement = judged_counts(gender_policy(a_rule(severity="warn")), BIASED)
    assert judgement.verdict is Verdict.WARN
    assert judgement.deciding.at_gate == "allow"


def test_a_warning_rule_that_cannot_tell_lets_through_without_passing() -> None:
    judgement = judged_counts(gender_policy(a_rule(severity="warn")), CLOSE)
    assert judgement.deciding.at_gate == "allow"
    assert judgement.verdict is Verdict.INCONCLUSIVE


@pytest.mark.parametrize("at_gate", ["allow", "review", "block"])
def test_the_policy_says_what_inconclusive_does(at_gate: str) -> None:
    judgement = judged_counts(gender_policy(a_rule(inconclusive=at_gate)), CLOSE)
    assert about(judgement, kind="disparity").at_gate == at_gate


def test_what_the_policy_lets_through_does_not_spoil_a_pass() -> None:
    rules = (
        a_rule(inconclusive="allow"),
        a_rule(id="points", metric="selection_rate", compare="difference", threshold="3/5"),
    )
    judgement = judged_counts(gender_policy(*rules), CLOSE)
    assert judgement.verdict is Verdict.PASS
    assert judgement.deciding.rule == "points"
    assert about(judgement, rule="four_fifths").verdict is Verdict.INCONCLUSIVE


# --- COMPAS --------------------------------------------------------------------------------------


COMPAS = {
    "African-American": Counts(tp=1369, fp=805, tn=990, fn=532),
    "Asian": Counts(tp=6, fp=2, tn=21, fn=3),
    "Caucasian": Counts(tp=505, fp=349, tn=1139, fn=461),
    "Hispanic": Counts(tp=103, fp=87, tn=318, fn=129),
    "Native American": Counts(tp=9, fp=3, tn=5, fn=1),
    "Other": Counts(tp=43, fp=36, tn=208, fn=90),
}


def test_compas_fails_for_the_large_group_and_cannot_tell_of_eighteen_people() -> None:
    policy = policy_over(
        {"race": "Caucasian"},
        favourable="not_selected",
        rules=[
            a_rule(against="best"),
            a_rule(id="false_alarms", metric="false_positive_rate"),
        ],
    )
    judgement = judged_counts(policy, COMPAS)
    assert judgement.verdict is Verdict.FAIL
    flagged = about(judgement, rule="four_fifths", group="African-American")
    assert flagged.verdict is Verdict.FAIL
    assert flagged.reference == "Other"
    assert flagged.evidence.value == pytest.approx(0.520964, abs=5e-7)
    few = about(judgement, rule="four_fifths", group="Native American")
    assert few.verdict is Verdict.INCONCLUSIVE
    assert few.evidence.value == pytest.approx(0.421700, abs=5e-7)
    assert about(judgement, rule="four_fifths", group="Caucasian").verdict is not Verdict.FAIL
    alarms = about(judgement, rule="false_alarms", group="African-American")
    assert alarms.verdict is Verdict.FAIL
    assert alarms.evidence.value == pytest.approx(1.912093, abs=5e-7)
    assert alarms.evidence.threshold == "5/4"
    # Fewer false alarms than the reference group harm nobody.
    assert about(judgement, rule="false_alarms", group="Other").verdict is Verdict.PASS
    assert about(judgement, kind="polarity").verdict is Verdict.PASS


# --- what decides, and in which order it is read -------------------------------------------------


def test_the_strongest_evidence_decides_and_the_rest_is_in_reading_order() -> None:
    counts = BIASED | {"D": share(350, 1000), "X": share(10, 20), "Z": share(505, 1000)}
    judgement = judged_counts(gender_policy(), counts, checks=[a_check()])
    assert [(f.verdict.value, f.group) for f in judgement.findings] == [
        ("fail", "F"),
        ("fail", "D"),
        ("inconclusive", "X"),
        ("pass", "Z"),
        ("pass", None),
    ]


def test_what_weighs_the_same_is_read_by_attribute_then_group() -> None:
    policy = policy_over({"gender": "M", "age": "old"}, rules=[a_rule()])
    counts = {
        (gender, age): share(990, 2000)
        for gender in ("Z", "M", "F", "D")
        for age in ("young", "old")
    }
    findings = judged_counts(policy, counts).findings
    assert [(f.attribute, f.group) for f in findings if f.kind == "disparity"] == [
        ("age", "young"),
        ("gender", "D"),
        ("gender", "F"),
        ("gender", "Z"),
    ]


def test_what_blocks_comes_before_what_is_reviewed() -> None:
    failed = a_check(passed=False, sentence="A score is missing.")
    judgement = judged_counts(gender_policy(), CLOSE, checks=[failed])
    assert judgement.deciding.sentence == "A score is missing."
