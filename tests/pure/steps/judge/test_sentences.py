"""Every finding is one sentence that a manager understands, with its numbers.

Intervals are left out of most, and how rare what was seen is: `in_words`.
"""

from collections.abc import Sequence
from datetime import date, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fairness_audit.policy.metrics import METRICS
from fairness_audit.records.finding import Finding, Verdict, grouping_name
from fairness_audit.steps.judge import wording
from fairness_audit.steps.measure.counting.counts import Counts
from fairness_audit.text import one_line
from tests.builders.evidence import FIRST_WEEK, WEEKS, ByGroup, evidence_by_week
from tests.builders.judging import (
    BIASED,
    CLOSE,
    FAIR,
    a_check,
    a_rule,
    about,
    gender_policy,
    in_words,
    judged,
    judged_counts,
    share,
)

POINTS = a_rule(metric="selection_rate", compare="difference", threshold="1/10")
LAST_WEEK = FIRST_WEEK + timedelta(weeks=WEEKS - 1)


def finding(
    counts: ByGroup,
    *rules: dict[str, Any],
    group: str = "F",
    weeks: int = WEEKS,
    **policy: Any,
) -> Finding:
    judgement = judged_counts(gender_policy(*rules, **policy), counts, weeks=weeks)
    return about(judgement, kind="disparity", group=group)


def sentence(counts: ByGroup, *rules: dict[str, Any], **changes: Any) -> str:
    return in_words(finding(counts, *rules, **changes).sentence)


def by_week(weeks: Sequence[ByGroup], *rules: dict[str, Any]) -> str:
    policy = gender_policy(*rules)
    judgement = judged(policy, evidence=evidence_by_week(policy, weeks))
    return in_words(about(judgement, kind="disparity").sentence)


# --- pass ----------------------------------------------------------------------------------------


def test_points_of_a_difference() -> None:
    assert [wording.points(each) for each in (-0.111, 0.25, 0.0)] == ["11.1", "25.0", "0.0"]
    signed = [wording.signed_points(each) for each in (-0.111, 0.25, 0.004)]
    assert signed == ["−11.1", "+25.0", "+0.4"]


def test_a_pass() -> None:
    assert sentence(FAIR) == (
        "Group F (gender) is selected 0.98 times as often as group M (selection rate 49.0 %"
        " against 50.0 %), within the limits of 4/5 and 5/4; a model that breaks one of them would"
        " show this at most once in N."
    )


def test_a_pass_on_one_side() -> None:
    assert sentence(FAIR, a_rule(sides="harm")).endswith(
        ", within the limit of 4/5; a model that breaks it would show this at most once in N."
    )


def test_a_pass_against_every_other_group() -> None:
    three = FAIR | {"X": share(350, 1000)}
    assert sentence(three, a_rule(against="best")).endswith(
        ", within the limit of 4/5, as against every other group that is large enough; a model"
        " that breaks it would show this at most once in N."
    )
    assert "every other group" not in sentence(FAIR, a_rule(against="best"))


# --- fail ----------------------------------------------------------------------------------------


def test_a_failure_by_the_newest_week() -> None:
    counts = {"M": share(3240, 10_000), "F": share(1280, 6000)}
    assert sentence(counts, weeks=1) == (
        "Group F (gender) is selected 0.66 times as often as group M (selection rate 21.3 %"
        " against 32.4 %), below the limit of 4/5; a model that keeps the limit would show this at"
        " most once in N."
    )


def test_a_failure_above_the_limit_names_that_side() -> None:
    counts = {"M": share(1280, 6000), "F": share(3240, 10_000)}
    assert (
        "is selected 1.52 times as often as group M (selection rate 32.4 % against 21.3 %), above"
        " the limit of 5/4; a model that keeps the limit would show this at most once in"
    ) in sentence(counts, weeks=1)


def test_a_failure_that_stands() -> None:
    assert sentence(BIASED) == (
        "Group F (gender) is selected 0.60 times as often as group M (selection rate 30.0 %"
        " against 50.0 %), below the limit of 4/5; it failed with the week of D, by when"
        " a model that keeps the limit would have shown this at most once in N; the failure"
        " stands until later decisions alone show the limit kept (evidence E), or two people"
        " waive it."
    )


def test_a_failure_of_the_newest_weeks_alone() -> None:
    """By all weeks the ratio keeps the limit: to say it is below would be untrue."""
    fair, biased = ({"M": share(120, 300), "F": share(n, 300)} for n in (120, 60))
    assert by_week([fair] * 46 + [biased] * 2) == (
        "Group F (gender) is selected 0.98 times as often as group M (selection rate 39.2 %"
        " against 40.0 %), within the limits of 4/5 and 5/4 by all weeks together, but lately"
        " below the limit of 4/5; a model that keeps the limit would show this at most once in"
        " N."
    )


def test_a_failure_that_later_weeks_have_not_lifted_yet() -> None:
    fair, biased = ({"M": share(120, 300), "F": share(n, 300)} for n in (120, 60))
    close = {"M": share(120, 300), "F": share(100, 300)}
    assert by_week([fair] * 5 + [biased] * 2 + [close]) == (
        "Group F (gender) is selected 0.85 times as often as group M (selection rate 34.2 %"
        " against 40.0 %), within the limits of 4/5 and 5/4 by all weeks together; it failed with"
        " the week of D, below the limit of 4/5, by when a model that keeps the limit"
        " would have shown this at most once in N; the failure stands until later decisions"
        " alone show the limit kept (evidence E), or two people waive it."
    )


def test_a_pass_after_a_failure() -> None:
    fair, biased = ({"M": share(120, 300), "F": share(n, 300)} for n in (120, 30))
    assert by_week([biased, fair, fair]) == (
        "Group F (gender) is selected 0.75 times as often as group M (selection rate 30.0 %"
        " against 40.0 %), below the limit of 4/5 by all weeks together, but lately within the"
        " limits of 4/5 and 5/4; a model that breaks one of them would show this at most once in"
        " N; it failed before, and later decisions alone show this."
    )


def test_a_warning_that_stands_needs_no_waiver() -> None:
    assert sentence(BIASED, a_rule(severity="warn")).endswith(
        "; this stands until later decisions alone show the limit kept (evidence E)."
    )


def test_a_failure_that_refutes_equality_says_so() -> None:
    counts = {"M": share(1500, 3000), "F": share(1170, 3000)}
    assert (
        ", below the limit of 4/5; it failed with the week of D, by when a model without"
        " any difference would have shown this at most once in N; the failure stands"
    ) in sentence(counts, a_rule(fails_on="difference"))


# --- open ----------------------------------------------------------------------------------------


def test_a_breach_that_chance_may_show() -> None:
    assert sentence(CLOSE) == (
        "Group F (gender) is selected 0.76 times as often as group M (selection rate 38.0 %"
        " against 50.0 %), below the limit of 4/5, but a model that keeps the limit may show this"
        " by chance."
    )


def test_a_breach_that_a_model_without_difference_may_show() -> None:
    assert sentence(CLOSE, a_rule(fails_on="difference")).endswith(
        ", below the limit of 4/5, but a model without any difference may show this by chance."
    )


def test_what_may_not_stay_within() -> None:
    assert sentence(CLOSE | {"F": share(45, 100)}) == (
        "Group F (gender) is selected 0.90 times as often as group M (selection rate 45.0 %"
        " against 50.0 %), within the limits of 4/5 and 5/4; whether it stays there is not certain"
        " yet."
    )


def test_where_there_is_no_ratio_none_is_said_to_keep_a_limit() -> None:
    assert sentence({"M": share(0, 40), "F": share(0, 40)}) == (
        "Group F (gender) is selected beyond compare with group M (selection rate 0.0 % against"
        " 0.0 %), and whether it keeps the limits of 4/5 and 5/4 is not certain yet."
    )


def test_where_the_unknown_belong_is_said_to_matter() -> None:
    assert sentence(BIASED | {"unknown": share(300, 600)}).endswith(
        ", below the limit of 4/5, but a model that keeps the limit may show this by chance; the"
        " group of 23 % of the decisions is unknown, and a verdict must hold wherever they"
        " belong."
    )


# --- what is compared ----------------------------------------------------------------------------


def test_a_difference_has_a_direction_and_points() -> None:
    less = sentence({"M": share(500, 1000), "F": share(250, 1000)}, POINTS)
    assert less.startswith(
        "Group F (gender) is selected 25.0 percentage points less often than group M (selection"
        " rate 25.0 % against 50.0 %), beyond the limit of 10 percentage points (1/10);"
    )
    more = sentence({"M": share(250, 1000), "F": share(500, 1000)}, POINTS)
    assert "25.0 percentage points more often than group M" in more
    same = sentence({"M": share(2000, 4000), "F": share(2000, 4000)}, POINTS)
    assert same.endswith(
        "is selected as often as group M (selection rate 50.0 % against 50.0 %), within the limit"
        " of 10 percentage points (1/10); a model that breaks it would show this at most once in"
        " N."
    )


@pytest.mark.parametrize(
    ("against", "words"),
    [
        ("reference", "0.60 times as often as group M (selection rate 30.0 % against 50.0 %)"),
        ("best", "0.60 times as often as group M (selection rate 30.0 % against 50.0 %)"),
        ("rest", "0.60 times as often as everybody else (selection rate 30.0 % against 50.0 %)"),
        ("overall", "0.75 times as often as everybody (selection rate 30.0 % against 40.0 %)"),
    ],
)
def test_what_a_group_is_compared_with(against: str, words: str) -> None:
    assert words in sentence(BIASED, a_rule(against=against))


def test_an_error_rate_may_not_be_higher_either() -> None:
    counts = {"M": Counts(fp=200, tn=800), "F": Counts(fp=400, tn=600)}
    assert sentence(counts, a_rule(metric="false_positive_rate")).startswith(
        "Group F (gender) is selected, although the outcome is negative, 2.00 times as often as"
        " group M (false positive rate 40.0 % against 20.0 %), above the limit of 5/4;"
    )


def test_where_selection_is_unfavourable_the_impact_ratio_is_of_the_others() -> None:
    counts = {"M": share(200, 1000), "F": share(600, 1000)}
    assert sentence(counts, favourable="not_selected").startswith(
        "Group F (gender) gets the favourable decision, not to be selected, 0.50 times as often"
        " as group M (favourable share 40.0 % against 80.0 %), below the limit of 4/5;"
    )


def test_every_metric_has_words_of_its_own() -> None:
    for favourable in (True, False):
        phrases = [each.where(selected_is_favourable=favourable).phrase for each in METRICS]
        assert len({phrase.happens for phrase in phrases}) >= len(METRICS) - favourable


def test_a_ratio_just_below_the_limit_does_not_read_as_the_limit() -> None:
    counts = {"M": share(500_000, 1_000_000), "F": share(399_800, 1_000_000)}
    assert "is selected 0.7996 times" in sentence(counts)
    assert wording.apart_from(0.8, 0.8, 2) == "0.80"
    assert wording.apart_from(0.79999999, 0.8, 2) == "0.800000"


# --- the interval --------------------------------------------------------------------------------


@pytest.mark.parametrize("women", [300, 380, 400, 450, 490, 500, 560, 700])
@pytest.mark.parametrize("rule", [a_rule(), a_rule(sides="harm"), POINTS], ids=str)
def test_the_interval_cannot_disagree_with_the_verdict(women: int, rule: dict[str, Any]) -> None:
    found = finding({"M": share(500, 1000), "F": share(women, 1000)}, rule)
    low, high = found.evidence.low, found.evidence.high
    ends = (0.8, 1.25) if rule["compare"] == "ratio" else (-0.1, 0.1)
    least = -1.0 if low is None else low
    most = 99.0 if high is None or rule.get("sides") == "harm" else high
    is_within = ends[0] <= least and (most <= ends[1] or rule.get("sides") == "harm")
    assert (found.verdict is Verdict.PASS) is is_within
    if found.verdict is Verdict.FAIL:
        assert (high or 99.0) < ends[0] or least > ends[1]


def test_an_interval_is_told_in_the_units_of_its_limit() -> None:
    assert "; 95 % interval 0." in finding(FAIR).sentence
    told = finding({"M": share(500, 1000), "F": share(250, 1000)}, POINTS).sentence
    assert "; 95 % interval −" in told
    assert " points), beyond" in told


# --- text ----------------------------------------------------------------------------------------


def test_group_names_are_text_on_one_line() -> None:
    name = "A\x00\nB\u202e\u2028<img src=x onerror=1>" + "x" * 200
    text = sentence({"M": share(500, 1000), name: share(490, 1000)}, group=name)
    assert "A��B��<img src=x onerror=1>xxx" in text
    assert "x" * 60 not in text
    assert "… (gender) is selected" in text
    assert text.isprintable()


def test_what_a_check_says_is_text_on_one_line() -> None:
    check = a_check(passed=False, sentence="Line one\nline two\x1b[31m" + "x" * 1000)
    text = about(judged_counts(gender_policy(), FAIR, checks=[check]), kind="quality").sentence
    assert text.startswith("Line one�line two�[31mxxx")
    assert len(text) == 500


@given(st.text())
def test_plain_text_is_short_and_printable(text: str) -> None:
    shown = one_line(text)
    assert len(shown) <= 80
    assert "\n" not in shown
    assert one_line(shown) == shown


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        (wording.percent(0.2133), "21.3 %"),
        (wording.percent(0.00042), "0.042 %"),
        (wording.percent(0), "0.0 %"),
        (wording.percent(1), "100.0 %"),
        (wording.p_value(0.0504), "p = 0.0504"),
        (wording.p_value(2e-300), "p < 0.001"),
        (wording.p_value(1.0), "p = 1"),
        (wording.rounded_down(1.0), "1"),
        (wording.rounded_down(21.9), "21"),
        (wording.rounded_down(1299), "1,200"),
        (wording.rounded_down(3e14), "1,000,000"),
        (grouping_name("gender*age_band"), "gender * age band"),
        (wording.outwards(0.51, 0.94), (0.5, 0.95)),
        (wording.outwards(-0.02, None), (-0.05, None)),
    ],
)
def test_numbers_are_readable(written: object, expected: object) -> None:
    assert written == expected


def test_the_last_week_of_these_tests_is_closed() -> None:
    assert date(2026, 4, 27) == LAST_WEEK


@pytest.mark.parametrize("counts", [FAIR, BIASED], ids=["pass", "fail"])
def test_numbers_in_a_sentence_are_those_behind_it(counts: ByGroup) -> None:
    found = finding(counts)
    behind = found.evidence
    shown = behind.fail_evidence if found.verdict is Verdict.FAIL else behind.pass_evidence
    assert shown is not None
    assert behind.pass_needed is not None
    assert f"at most once in {wording.rounded_down(shown)}" in found.sentence
    if found.verdict is Verdict.FAIL:
        assert f"it failed with the week of {behind.since}, by when" in found.sentence
        assert f"(evidence {behind.pass_needed:,.0f})" in found.sentence
