"""The judgement of one audit: three values, what each does at the gate, and which decides."""

import pytest

from fairness_audit.records.finding import Verdict
from fairness_audit.steps.measure.counting.counts import Counts
from tests.builders.evidence import evidence_by_week
from tests.builders.judging import (
    BIASED,
    CLOSE,
    FAIR,
    a_check,
    a_rule,
    about,
    disparities,
    gender_policy,
    judged,
    judged_counts,
    share,
)
from tests.builders.populations import policy_over

# --- three values --------------------------------------------------------------------------------


def test_a_limit_that_is_shown_to_be_kept_passes() -> None:
    judgement = judged_counts(gender_policy(), FAIR)
    evidence = judgement.deciding.evidence
    assert judgement.verdict is Verdict.PASS
    assert (judgement.deciding.kind, judgement.deciding.at_gate) == ("disparity", "allow")
    assert evidence.pass_evidence is not None
    assert evidence.pass_evidence >= 20
    assert evidence.since is not None
    assert evidence.four_fifths_flag is False


def test_a_limit_that_is_shown_to_be_broken_fails() -> None:
    judgement = judged_counts(gender_policy(), BIASED)
    evidence = judgement.deciding.evidence
    assert judgement.verdict is Verdict.FAIL
    assert judgement.deciding.at_gate == "block"
    assert evidence.value == pytest.approx(0.6, abs=0.001)
    assert evidence.fail_evidence is not None
    assert evidence.fail_needed is not None
    assert evidence.fail_evidence >= evidence.fail_needed >= 20
    assert evidence.threshold == "4/5"
    assert evidence.four_fifths_flag is True
    assert (evidence.numerator, evidence.denominator) == (300, 1000)
    assert (evidence.reference_numerator, evidence.reference_denominator) == (500, 1000)


def test_harm_to_the_reference_group_fails_too() -> None:
    """The reference selected at 26.3 %, seniors at 48.9 %: 1.86 times as often."""
    counts = {"M": share(263, 1000), "F": share(489, 1000)}
    finding = about(judged_counts(gender_policy(), counts), kind="disparity")
    assert (finding.verdict, finding.at_gate) == (Verdict.FAIL, "block")


def test_harm_to_the_reference_group_passes_only_where_that_was_asked_for() -> None:
    counts = {"M": share(263, 1000), "F": share(489, 1000)}
    judgement = judged_counts(gender_policy(a_rule(sides="harm")), counts)
    assert judgement.verdict is Verdict.PASS


@pytest.mark.parametrize(
    ("women", "flag"), [(38, True), (45, False)], ids=["beyond the limit", "within it"]
)
def test_what_is_not_shown_either_way_is_open_and_goes_to_review(women: int, flag: bool) -> None:
    judgement = judged_counts(gender_policy(), CLOSE | {"F": share(women, 100)})
    assert judgement.verdict is Verdict.INCONCLUSIVE
    assert judgement.deciding.at_gate == "review"
    assert judgement.deciding.evidence.four_fifths_flag is flag
    assert judgement.deciding.evidence.since is None


def test_exactly_at_the_limit_fails_at_no_size() -> None:
    """4/5 keeps a limit of 4/5: at 20,000 decisions each a test of equality would not doubt."""
    counts = {"M": share(10_000, 20_000), "F": share(8_000, 20_000)}
    finding = about(judged_counts(gender_policy(), counts), kind="disparity")
    assert finding.verdict is Verdict.INCONCLUSIVE
    assert finding.evidence.fail_evidence is not None
    assert finding.evidence.fail_evidence < 1


def test_a_gap_that_is_clear_but_within_the_limit_passes() -> None:
    """.9 keeps 4/5, and is no equality."""
    counts = {"M": share(10_000, 20_000), "F": share(9_000, 20_000)}
    policy = gender_policy()
    assert judged_counts(policy, counts).verdict is Verdict.PASS


def test_a_difference_fails_only_where_the_policy_asks_for_that() -> None:
    """.78 of 3,000: clearly unequal (EEOC's practice), and not clearly below 4/5."""
    counts = {"M": share(1500, 3000), "F": share(1170, 3000)}
    limit = about(judged_counts(gender_policy(), counts), kind="disparity")
    rule = a_rule(fails_on="difference")
    difference = about(judged_counts(gender_policy(rule), counts), kind="disparity")
    assert limit.verdict is Verdict.INCONCLUSIVE
    assert (difference.verdict, difference.at_gate) == (Verdict.FAIL, "block")


def test_a_clear_difference_within_the_limit_is_no_failure_of_either_kind() -> None:
    """Black against White in 6 RCNY 5-300, five times as many: ratio 0.8432."""
    policy = policy_over({"race": "White"}, rules=[a_rule(fails_on="difference")])
    counts = {"White": share(2060, 3985), "Black": share(850, 1950)}
    finding = about(judged_counts(policy, counts), group="Black")
    assert finding.verdict is not Verdict.FAIL
    assert finding.evidence.value == pytest.approx(0.8432, abs=1e-3)
    assert finding.evidence.fail_evidence is not None
    assert finding.evidence.fail_evidence > 20


@pytest.mark.parametrize("min_group_size", [30, 1])
def test_seven_of_seventeen_against_the_best_is_open(min_group_size: int) -> None:
    """AIAN F against White M in 6 RCNY 5-300: below 4/5, and nobody can tell."""
    policy = gender_policy(a_rule(against="best"), min_group_size=min_group_size)
    finding = about(judged_counts(policy, {"M": share(215, 412), "F": share(7, 17)}), group="F")
    assert (finding.verdict, finding.at_gate) == (Verdict.INCONCLUSIVE, "review")


def test_a_recent_change_is_found_behind_a_good_history() -> None:
    """A year at equality, then the half as often: all weeks together still keep the limit."""
    policy = gender_policy()
    fair, biased = ({"M": share(120, 300), "F": share(n, 300)} for n in (120, 60))
    weeks = [fair] * 46 + [biased] * 6
    finding = about(judged(policy, evidence=evidence_by_week(policy, weeks)), kind="disparity")
    assert finding.verdict is Verdict.FAIL
    assert finding.evidence.value is not None
    assert finding.evidence.value > 0.9


# --- at the gate ---------------------------------------------------------------------------------


def test_a_warning_rule_warns_and_lets_through() -> None:
    judgement = judged_counts(gender_policy(a_rule(severity="warn")), BIASED)
    assert judgement.verdict is Verdict.WARN
    assert judgement.deciding.at_gate == "allow"


def test_a_warning_rule_that_cannot_tell_lets_through_without_passing() -> None:
    judgement = judged_counts(gender_policy(a_rule(severity="warn")), CLOSE)
    assert about(judgement, kind="disparity").at_gate == "allow"
    assert judgement.verdict is Verdict.INCONCLUSIVE


@pytest.mark.parametrize("at_gate", ["allow", "review", "block"])
def test_the_policy_says_what_open_does(at_gate: str) -> None:
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


def test_what_only_warns_takes_no_power_from_what_blocks() -> None:
    alone = judged_counts(gender_policy(), BIASED)
    watched = [
        a_rule(id=f"w{k}", metric="selection_rate", against="rest", severity="warn")
        for k in range(12)
    ]
    among = judged_counts(gender_policy(a_rule(), *watched), BIASED)
    assert about(among, rule="four_fifths") == about(alone, rule="four_fifths")
    assert alone.basis is not None
    assert among.basis is not None
    assert alone.basis.hypotheses == among.basis.hypotheses == 2


def test_all_that_may_block_is_one_family() -> None:
    """With more that may block each needs more evidence."""
    rules = [a_rule(), a_rule(id="points", metric="selection_rate", against="rest")]
    one, more = (judged_counts(gender_policy(*each), CLOSE) for each in (rules[:1], rules))
    needed = [about(each, rule="four_fifths").evidence.fail_needed for each in (one, more)]
    assert needed[0] is not None
    assert needed[1] is not None
    assert needed[0] < needed[1]
    assert more.basis is not None
    assert more.basis.hypotheses == 6


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
        rules=[a_rule(against="best"), a_rule(id="false_alarms", metric="false_positive_rate")],
    )
    judgement = judged_counts(policy, COMPAS)
    assert judgement.verdict is Verdict.FAIL
    flagged = about(judgement, rule="four_fifths", group="African-American")
    assert flagged.verdict is Verdict.FAIL
    few = about(judgement, rule="four_fifths", group="Native American")
    assert few.verdict is Verdict.INCONCLUSIVE
    assert (few.evidence.value, few.evidence.numerator) == (None, None)
    assert about(judgement, rule="four_fifths", group="Caucasian").verdict is not Verdict.FAIL
    alarms = about(judgement, rule="false_alarms", group="African-American")
    assert alarms.verdict is Verdict.FAIL
    assert alarms.evidence.value == pytest.approx(1.912093, abs=0.005)
    assert about(judgement, kind="polarity").verdict is Verdict.PASS


# --- what decides, and in which order it is read -------------------------------------------------


def test_the_strongest_evidence_decides_and_the_rest_is_in_reading_order() -> None:
    counts = BIASED | {"D": share(310, 1000), "X": share(10, 20), "Z": share(505, 1000)}
    judgement = judged_counts(gender_policy(), counts, checks=[a_check()])
    assert [f.verdict.value for f in disparities(judgement)] == [
        "fail",
        "fail",
        "inconclusive",
        "pass",
    ]
    strongest = max(disparities(judgement), key=lambda f: f.evidence.fail_evidence or 0)
    assert judgement.deciding == strongest


def test_what_weighs_the_same_is_read_by_attribute_then_group() -> None:
    policy = policy_over({"gender": "M", "age": "old"}, rules=[a_rule()])
    counts = {
        (gender, age): share(990, 2000)
        for gender in ("Z", "M", "F", "D")
        for age in ("young", "old")
    }
    rest = judged_counts(policy, counts).findings[1:]
    told = [(f.attribute, f.group) for f in rest if f.kind == "disparity"]
    assert told == sorted(told)
    assert len(told) == 3


def test_what_blocks_comes_before_what_is_reviewed() -> None:
    failed = a_check(passed=False, sentence="A score is missing.")
    judgement = judged_counts(gender_policy(), CLOSE, checks=[failed])
    assert judgement.deciding.sentence == "A score is missing."
