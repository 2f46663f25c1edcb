"""Every finding is one sentence that a manager understands, with its numbers."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fairness_audit.policy.metrics import METRICS
from fairness_audit.steps.judge import wording
from fairness_audit.steps.measure.counting.counts import Counts
from fairness_audit.text import one_line
from tests.builders.domain import a_rate
from tests.builders.judging import (
    ByGroup,
    a_check,
    a_rule,
    about,
    an_impact_ratio,
    gender_policy,
    judged,
    judged_counts,
    share,
)

POINTS = a_rule(metric="selection_rate", compare="difference", threshold="1/10")


def sentence(counts: ByGroup, *rules: dict[str, Any], group: str = "F", **policy: Any) -> str:
    judgement = judged_counts(gender_policy(*rules, **policy), counts)
    return about(judgement, kind="disparity", group=group).sentence


def test_a_failure() -> None:
    assert sentence({"M": share(3240, 10000), "F": share(1280, 6000)}) == (
        "Group F (gender) is selected 0.66 times as often as group M (selection rate 21.3 %"
        " against 32.4 %; 95 % interval 0.62 to 0.70), below the chosen limit of 4/5; chance does"
        " not explain it (adjusted p < 0.001)."
    )


def test_a_pass() -> None:
    assert sentence({"M": share(500, 1000), "F": share(490, 1000)}) == (
        "Group F (gender) is selected 0.98 times as often as group M (selection rate 49.0 %"
        " against 50.0 %; 95 % interval 0.90 to 1.07), within the chosen limit of 4/5, and so is"
        " the whole interval."
    )


def test_a_breach_that_chance_may_explain() -> None:
    assert sentence({"M": share(50, 100), "F": share(38, 100)}) == (
        "Group F (gender) is selected 0.76 times as often as group M (selection rate 38.0 %"
        " against 50.0 %; 95 % interval 0.55 to 1.04), below the chosen limit of 4/5, but chance"
        " may explain it (adjusted p = 0.0874); at these sizes only a gap of 19.3 percentage"
        " points or more shows reliably, and the observed gap needs about 268 rows per group."
    )


def test_an_interval_that_leaves_the_limit() -> None:
    assert sentence({"M": share(50, 100), "F": share(45, 100)}) == (
        "Group F (gender) is selected 0.90 times as often as group M (selection rate 45.0 %"
        " against 50.0 %; 95 % interval 0.67 to 1.21), within the chosen limit of 4/5; whether it"
        " stays there is not certain; at these sizes only a gap of 19.3 percentage points or more"
        " shows reliably, and a gap at the limit needs about 388 rows per group."
    )


def test_a_difference_has_a_direction_and_points() -> None:
    less = sentence({"M": share(500, 1000), "F": share(350, 1000)}, POINTS)
    assert less.startswith(
        "Group F (gender) is selected 15.0 percentage points less often than group M (selection"
        " rate 35.0 % against 50.0 %; 95 % interval −19.2 to −10.7 points), beyond the chosen"
        " limit of 10 percentage points (1/10);"
    )
    more = sentence({"M": share(350, 1000), "F": share(500, 1000)}, POINTS)
    assert "15.0 percentage points more often than group M" in more
    assert "+10.7 to +19.2 points" in more
    same = sentence({"M": share(500, 1000), "F": share(500, 1000)}, POINTS)
    assert "is selected as often as group M" in same


@pytest.mark.parametrize(
    ("against", "words"),
    [
        ("reference", "as often as group M ("),
        ("best", "as often as group M, the best placed ("),
        ("rest", "as often as everybody else ("),
        ("overall", "as often as everybody ("),
    ],
)
def test_what_a_group_is_compared_with(against: str, words: str) -> None:
    counts = {"M": share(500, 1000), "F": share(300, 1000)}
    assert words in sentence(counts, a_rule(against=against))


def test_an_error_rate_is_held_against_the_inverse() -> None:
    counts = {"M": Counts(fp=200, tn=800), "F": Counts(fp=400, tn=600)}
    assert sentence(counts, a_rule(metric="false_positive_rate")).startswith(
        "Group F (gender) is selected, although the outcome is negative, 2.00 times as often as"
        " group M (false positive rate 40.0 % against 20.0 %; 95 % interval 1.73 to 2.31), above"
        " the chosen limit of 5/4;"
    )


def test_where_selection_is_unfavourable_the_impact_ratio_is_of_the_others() -> None:
    counts = {"M": share(200, 1000), "F": share(600, 1000)}
    assert sentence(counts, favourable="not_selected").startswith(
        "Group F (gender) gets the favourable decision, not to be selected, 0.50 times as often"
        " as group M (favourable share 40.0 % against 80.0 %;"
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


def test_no_number_is_invented_for_what_was_not_measured() -> None:
    found = [
        a_rate("selection_rate", "M", 500, 1000),
        an_impact_ratio("F", (300, 1000), (500, 1000), reference_numerator=None),
    ]
    finding = about(judged(gender_policy(), found), kind="disparity")
    assert finding.sentence == (
        "Group F (gender) cannot be judged: its selection rate was not measured."
    )


def test_group_names_are_text_on_one_line() -> None:
    name = "A\x00\nB\u202e\u2028<img src=x onerror=1>" + "x" * 200
    counts = {"M": share(500, 1000), name: share(490, 1000)}
    text = sentence(counts, group=name)
    assert "A��B��<img src=x onerror=1>xxx" in text
    assert "x" * 60 not in text
    assert "… (gender) is selected" in text
    assert text.isprintable()


def test_what_a_check_says_is_text_on_one_line() -> None:
    check = a_check(passed=False, sentence="Line one\nline two\x1b[31m" + "x" * 1000)
    judgement = judged_counts(
        gender_policy(), {"M": share(5, 9), "F": share(5, 9)}, checks=[check]
    )
    text = about(judgement, kind="quality").sentence
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
        (wording.rows(1), "1 row"),
        (wording.rows(1240), "1,240 rows"),
        (wording.grouping_name("gender*age_band"), "gender * age band"),
    ],
)
def test_numbers_are_readable(written: str, expected: str) -> None:
    assert written == expected
