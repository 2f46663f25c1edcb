"""The judgement of one audit: three values, what each does at the gate, and which decides."""

import pytest

from fairness_audit.measure.counts import Counts
from fairness_audit.records.finding import Verdict
from tests.builders import a_rate
from tests.judging import (
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
from tests.populations import policy_over

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


def test_what_blocks_comes_before_what_is_reviewed() -> None:
    failed = a_check(passed=False, sentence="A score is missing.")
    judgement = judged_counts(gender_policy(), CLOSE, checks=[failed])
    assert judgement.deciding.sentence == "A score is missing."
