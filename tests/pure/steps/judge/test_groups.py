"""Which groups are judged, against whom, and for whom the gate waits."""

from fractions import Fraction

import pytest

from fairness_audit.records.finding import Judgement, Verdict
from fairness_audit.steps.measure.counting.counts import Counts
from tests.builders.domain import a_policy
from tests.builders.judging import (
    BIASED,
    FAIR,
    MEN,
    a_rule,
    about,
    disparities,
    gender_policy,
    judged_counts,
    share,
    without_interval,
)

# --- sizes ---------------------------------------------------------------------------------------


def test_small_groups_are_never_failed_and_tell_no_number_of_people() -> None:
    judgement = judged_counts(gender_policy(), BIASED | {"X": share(0, 29)})
    small = about(judgement, group="X")
    assert (small.verdict, small.at_gate) == (Verdict.INCONCLUSIVE, "review")
    assert without_interval(small.sentence) == (
        "Group X (gender) cannot be judged on its selection rate: it has fewer than the 30"
        " decisions that the policy asks for."
    )
    told = small.evidence.model_dump(exclude_none=True)
    assert set(told) <= {"threshold", "low", "high", "settled_with", "share_below"}
    assert 20 * Fraction(told["share_below"]) == 1
    assert about(judgement, group="F").verdict is Verdict.FAIL


def test_of_a_small_group_an_interval_is_told_rounded_outwards_to_five_points() -> None:
    small = about(judged_counts(gender_policy(), FAIR | {"X": share(13, 29)}), group="X")
    low, high = small.evidence.low or 0.0, small.evidence.high
    assert high is not None
    assert low <= 13 / 29 / 0.5 <= high
    assert all(20 * end == pytest.approx(round(20 * end), abs=1e-9) for end in (low, high))
    assert small.sentence.endswith(f"asks for; the ratio is from {low:.2f} to {high:.2f}.")


def test_a_small_reference_is_no_ground_to_fail_anybody() -> None:
    judgement = judged_counts(gender_policy(), {"M": share(29, 29), "F": share(1, 1000)})
    assert judgement.verdict is Verdict.INCONCLUSIVE
    assert "group M has fewer than the 30 decisions" in judgement.deciding.sentence


def test_the_size_that_counts_is_that_of_the_metric() -> None:
    """1,000 decisions about F, but only 29 positive outcomes."""
    rule = a_rule(id="tpr", metric="true_positive_rate")
    counts = {"M": Counts(tp=400, fp=100, fn=100, tn=400), "F": Counts(tp=0, fn=29, tn=971)}
    finding = about(judged_counts(gender_policy(rule), counts), kind="disparity")
    assert finding.verdict is Verdict.INCONCLUSIVE
    assert "it has fewer than the 30 decisions" in finding.sentence


def test_the_smallest_size_the_policy_asks_for_is_enough() -> None:
    policy = gender_policy(min_group_size=200)
    counts = {"M": share(190, 200), "F": share(20, 200)}
    assert judged_counts(policy, counts).verdict is Verdict.FAIL
    smaller = judged_counts(policy, counts | {"F": share(20, 199)})
    assert smaller.verdict is Verdict.INCONCLUSIVE


@pytest.mark.parametrize(
    ("changes", "at_gate"),
    [
        ({"inconclusive": "allow"}, "allow"),
        ({"inconclusive": "review"}, "review"),
        ({"inconclusive": "review", "severity": "warn"}, "allow"),
    ],
)
def test_what_groups_that_are_too_small_do_is_for_the_policy_to_say(
    changes: dict[str, str], at_gate: str
) -> None:
    policy = gender_policy(a_rule(**changes), min_group_size=2000)
    assert about(judged_counts(policy, BIASED), kind="disparity").at_gate == at_gate


def test_the_gate_does_not_wait_for_a_group_of_a_smaller_share_than_it_says() -> None:
    counts = FAIR | {"X": share(20, 40)}
    waits = judged_counts(gender_policy(), counts)
    gate = {"registered_model": "m", "alias": "a", "valid_days": 1, "smallest_share": "1/20"}
    passes = judged_counts(gender_policy(gate=gate), counts)
    assert (waits.verdict, about(waits, group="X").at_gate) == (Verdict.INCONCLUSIVE, "review")
    listed = about(passes, group="X")
    assert (listed.verdict, listed.at_gate) == (Verdict.INCONCLUSIVE, "allow")
    broken = judged_counts(gender_policy(gate=gate), FAIR | {"X": share(0, 100)})
    assert about(broken, group="X").verdict is Verdict.FAIL


# --- whom a group is compared with ---------------------------------------------------------------


AT_RANDOM = {
    "gender": {
        "provenance": "self_id",
        "reference_group": "M",
        "unknown": {"assume": "at_random", "reason": "who answers was drawn by lot"},
    }
}


def test_unknown_is_not_judged_but_counts_in_the_rest() -> None:
    counts = FAIR | {"unknown": share(245, 500)}
    assert judged_counts(gender_policy(attributes=AT_RANDOM), counts).verdict is Verdict.PASS
    rest = judged_counts(gender_policy(a_rule(against="rest"), attributes=AT_RANDOM), counts)
    assert about(rest, group="F").evidence.reference_denominator == 1500
    assert {finding.group for finding in disparities(rest)} == {"M", "F"}


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
    finding = about(judged_counts(gender_policy(), {"F": MEN, "X": MEN}), kind="disparity")
    assert (finding.verdict, finding.at_gate) == (Verdict.INCONCLUSIVE, "block")
    assert finding.sentence == (
        "No group of gender can be judged on its selection rate: the reference group M does not"
        " occur in the population, whose groups are F, X."
    )
    many = {f"group {i:02}": MEN for i in range(14)}
    finding = about(judged_counts(gender_policy(), many), kind="disparity")
    assert finding.sentence.endswith("group 08, group 09 and 4 more.")


def test_a_rule_of_which_nothing_counts_blocks() -> None:
    """Nobody has a positive outcome, so that nobody has a true positive rate."""
    rule = a_rule(id="tpr", metric="true_positive_rate", inconclusive="allow")
    counts = dict.fromkeys("MF", Counts(fp=100, tn=100))
    finding = about(judged_counts(gender_policy(rule), counts), kind="disparity")
    assert (finding.verdict, finding.at_gate) == (Verdict.INCONCLUSIVE, "block")
    assert finding.sentence == (
        "Group F (gender) cannot be judged on its true positive rate: it has no decision that"
        " counts."
    )


def test_a_group_of_which_nothing_counts_is_for_the_policy_to_say_if_others_are_judged() -> None:
    rule = a_rule(id="tpr", metric="true_positive_rate", inconclusive="allow")
    good = Counts(tp=500, fn=500, fp=100, tn=900)
    counts = {"M": good, "F": good, "X": Counts(fp=100, tn=100)}
    finding = about(judged_counts(gender_policy(rule), counts), kind="disparity", group="X")
    assert (finding.verdict, finding.at_gate) == (Verdict.INCONCLUSIVE, "allow")


def test_rates_of_zero_are_no_more_than_open() -> None:
    """No ratio to zero is defined; a difference is."""
    counts = {"M": share(0, 1000), "F": share(300, 1000)}
    finding = about(judged_counts(gender_policy(), counts), kind="disparity")
    assert finding.evidence.value is None
    assert finding.verdict is Verdict.FAIL
    assert without_interval(finding.sentence).startswith(
        "Group F (gender) is selected beyond compare with group M (selection rate 30.0 % against"
        " 0.0 %), above the limit of 5/4;"
    )


# --- against the best ----------------------------------------------------------------------------


BEST = gender_policy(a_rule(against="best"))


def best(**counts: tuple[int, int]) -> Judgement:
    return judged_counts(BEST, {name: share(*each) for name, each in counts.items()})


def test_every_group_is_held_against_every_other() -> None:
    judgement = best(M=(500, 1000), F=(300, 1000), X=(480, 1000))
    found = {f.group: (f.verdict, f.reference) for f in disparities(judgement)}
    assert found["F"][0] is Verdict.FAIL
    assert found["M"][0] is not Verdict.FAIL
    assert judgement.basis is not None
    assert judgement.basis.hypotheses == 6


def test_a_group_fails_against_whom_it_is_worse_off_than_and_not_against_a_small_one() -> None:
    judgement = best(M=(500, 1000), F=(300, 1000), X=(20, 20))
    assert (about(judgement, group="F").verdict, about(judgement, group="F").reference) == (
        Verdict.FAIL,
        "M",
    )


def test_one_small_group_keeps_no_other_from_passing() -> None:
    judgement = best(M=(1000, 2000), F=(980, 2000), X=(5, 10))
    found = {f.group: f.verdict for f in disparities(judgement)}
    assert found == {"M": Verdict.PASS, "F": Verdict.PASS, "X": Verdict.INCONCLUSIVE}
    assert about(judgement, group="M").reference == "F"


def test_nor_does_one_of_a_smaller_share_than_the_gate_waits_for() -> None:
    gate = {"registered_model": "m", "alias": "a", "valid_days": 1, "smallest_share": "1/20"}
    policy = gender_policy(a_rule(against="best"), gate=gate)
    counts = {"M": share(1000, 2000), "F": share(980, 2000), "X": share(20, 40)}
    assert judged_counts(policy, counts).verdict is Verdict.PASS
    assert judged_counts(BEST, counts).verdict is Verdict.INCONCLUSIVE
    worse = counts | {"M": share(200, 2000), "F": share(1000, 2000)}
    assert about(judged_counts(policy, worse), group="M").verdict is Verdict.FAIL


def test_where_all_others_are_small_nothing_can_be_said() -> None:
    finding = about(best(M=(500, 1000), X=(5, 10)), group="M")
    assert finding.verdict is Verdict.INCONCLUSIVE
    assert "group X has fewer than the 30 decisions" in finding.sentence


# --- against everybody ---------------------------------------------------------------------------


def test_a_limit_to_everybody_is_held_by_the_rest_and_told_of_everybody() -> None:
    """Half of everybody is the group: .3 against .5 of the rest is .3 against .4 of all."""
    policy = gender_policy(a_rule(against="overall"))
    counts = {"M": share(1500, 3000), "F": share(900, 3000)}
    finding = about(judged_counts(policy, counts), group="F")
    assert finding.evidence.value == pytest.approx(0.75, abs=0.001)
    assert finding.evidence.reference_numerator == 2400
    assert finding.evidence.reference_denominator == 6000
    assert finding.reference == "overall"
    worse = about(judged_counts(policy, counts | {"F": share(300, 3000)}), group="F")
    assert worse.verdict is Verdict.FAIL


def test_what_no_rate_could_break_passes_and_says_so() -> None:
    """Nine in ten of everybody cannot have five quarters of everybody's rate."""
    rule = a_rule(metric="false_positive_rate", against="overall", sides="harm")
    counts = {"M": Counts(fp=900, tn=900), "F": Counts(fp=60, tn=60)}
    finding = about(judged_counts(gender_policy(rule), counts), group="M")
    assert finding.verdict is Verdict.PASS
    assert finding.evidence.pass_evidence is None
    assert finding.sentence == (
        "Group M (gender) is selected, although the outcome is negative, 1.00 times as often as"
        " everybody (false positive rate 50.0 % against 50.0 %), within the limit of 5/4, which no"
        " rate of so large a group could break."
    )


def test_nor_could_it_a_difference_of_more_than_the_others_share() -> None:
    rule = a_rule(
        metric="selection_rate", compare="difference", against="overall", threshold="1/10"
    )
    counts = {"M": share(950, 1900), "F": share(0, 100)}
    judgement = judged_counts(gender_policy(rule), counts)
    assert about(judgement, group="M").verdict is Verdict.PASS
    assert about(judgement, group="F").verdict is Verdict.FAIL
    assert about(judgement, group="F").evidence.value == pytest.approx(-0.475, abs=0.001)
