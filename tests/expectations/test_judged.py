"""What each custom expectation sees, by cases that a person can check."""

import re
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fairness_audit.steps.validate import judged
from fairness_audit.steps.validate.judged import GroupCount
from fairness_audit.text import html_safe


def sized(**sizes: int) -> list[GroupCount]:
    return [GroupCount(group, size, size, 0) for group, size in sizes.items()]


@pytest.mark.parametrize(
    ("women", "passed"),
    [(40, True), (39, False)],  # 4/5 of one half is 40 of 100, exactly
)
def test_a_group_is_represented_down_to_exactly_the_ratio(women: int, passed: bool) -> None:
    counts = sized(F=women, M=100 - women)
    seen, _ = judged.representation(counts, {"F": "1/2", "M": "1/2"}, "4/5")
    assert (seen.group, seen.passed) == ("F", passed)
    assert seen.sentence == (
        f"F has {'' if passed else 'only '}{women} % of the decisions with a known group; the"
        " reference population has 50 %, and 4/5 of that is asked for."
    )
    assert (seen.limit, seen.stated) == ("4/5", "1/2")


def test_a_third_of_thirty_is_not_a_rounding_error() -> None:
    counts = sized(A=1, B=2)
    seen, _ = judged.representation(counts, {"A": "5/12", "B": "7/12"}, "4/5")
    assert seen.passed  # 1/3 is exactly 4/5 of 5/12; in floats it falls short


def test_unknown_counts_for_no_group_and_not_in_the_whole() -> None:
    counts = sized(F=40, M=60, unknown=900)
    assert judged.representation(counts, {"F": "1/2", "M": "1/2"}, "4/5")[0].observed == "40 %"


def test_a_group_that_is_absent_is_not_represented() -> None:
    _, seen = judged.representation(sized(F=10), {"F": "1/2", "X": "1/2"}, "4/5")
    assert (seen.group, seen.passed, seen.observed) == ("X", False, "0 %")


def test_nobody_known_represents_nobody() -> None:
    seen = judged.representation(sized(unknown=5), {"F": "1/2", "M": "1/2"}, "4/5")
    assert [each.passed for each in seen] == [False, False]
    assert seen[0].observed == "–"


def test_group_sizes() -> None:
    seen = judged.group_sizes(sized(F=30, X=29, unknown=3), 30)
    assert [(each.group, each.passed) for each in seen] == [("F", True), ("X", False)]
    assert [each.sentence for each in seen] == [
        "F has 30 or more decisions, enough to judge it.",
        "X has fewer than 30 decisions, too few to judge it.",
    ]
    assert {each.limit for each in seen} == {None}


def test_no_known_group_has_a_size() -> None:
    (seen,) = judged.group_sizes(sized(unknown=3), 30)
    assert (seen.group, seen.passed) == (None, False)


@pytest.mark.parametrize(("known", "passed"), [(50, True), (49, False)])
def test_the_share_that_is_known(known: int, passed: bool) -> None:
    (seen,) = judged.known_share(sized(F=known, unknown=100 - known), "1/2")
    assert seen.passed is passed
    assert (seen.limit, seen.stated) == ("1/2", None)


def test_nothing_is_known_of_nobody() -> None:
    (seen,) = judged.known_share([], "0")
    assert not seen.passed


def test_labels_balance_up_to_exactly_the_gap() -> None:
    counts = [GroupCount("F", 100, 100, 10), GroupCount("M", 100, 100, 30)]
    assert [each.passed for each in judged.label_balance(counts, "1/10", 30)] == [True, True]
    seen = judged.label_balance(counts, "9/100", 30)
    assert [each.passed for each in seen] == [False, False]
    assert seen[0].sentence == (
        "F has a positive outcome in 10 % of its decisions with a known outcome, -10 points from"
        " all groups together; 9/100 is allowed."
    )
    assert (seen[0].limit, seen[0].stated) == ("9/100", None)


def test_labels_of_small_and_unknown_groups_are_left_out() -> None:
    counts = [
        GroupCount("F", 100, 100, 20),
        GroupCount("M", 100, 100, 20),
        GroupCount("X", 29, 29, 29),
        GroupCount("unknown", 500, 500, 500),
    ]
    seen = judged.label_balance(counts, "1/10", 30)
    assert [(each.group, each.passed) for each in seen] == [("F", True), ("M", True)]


def test_one_group_cannot_be_balanced() -> None:
    (seen,) = judged.label_balance(sized(F=100), "1/10", 30)
    assert not seen.passed
    assert "cannot be told" in seen.sentence


@given(
    st.integers(1, 500), st.integers(1, 500), st.fractions(Fraction(1, 9), Fraction(8, 9)),
    st.fractions(Fraction(1, 9), 1),
)  # fmt: skip
def test_representation_is_exact(women: int, men: int, share: Fraction, ratio: Fraction) -> None:
    shares = {"F": str(share), "M": str(1 - share)}
    seen, _ = judged.representation(sized(F=women, M=men), shares, str(ratio))
    # women / all >= ratio * share, in whole numbers
    bound = ratio * share
    assert seen.passed == (women * bound.denominator >= bound.numerator * (women + men))


@given(
    st.dictionaries(
        st.sampled_from(["F", "M", "X", "unknown"]),
        st.tuples(*[st.sampled_from([17, 23, 29])] * 3),
        min_size=1,
    )
)
def test_no_number_of_people_is_told(sizes: dict[str, tuple[int, int, int]]) -> None:
    """Of few people each: a share in whole per cent of so many cannot be told from another's."""
    counts = [GroupCount(group, *sorted(each, reverse=True)) for group, each in sizes.items()]
    told = [
        *judged.representation(counts, {"F": "1/2", "M": "1/2"}, "4/5"),
        *judged.group_sizes(counts, 30),
        *judged.known_share(counts, "1/2"),
        *judged.label_balance(counts, "1/10", 1),
        *judged.free_of("no score", 17, 1000),
        *judged.at_least("decisions", 23, 30),
    ]
    for each in told:
        said = re.sub(
            r"(\d+ %|[-+]\d+ points|fewer than \d+|have \d+ known|\d+/\d+)", "", each.sentence
        )
        assert not re.search(r"\d", said), each.sentence


def test_a_defect_of_few_is_told_without_their_number() -> None:
    (few,), (none,) = judged.free_of("no score", 3, 1000), judged.free_of("no score", 0, 1000)
    assert few.sentence == "Less than 1 % of the decisions have no score."
    assert none.sentence == "No decision has no score."


@given(st.text())
def test_text_is_harmless_and_short(text: str) -> None:
    safe = html_safe(text)
    assert not set(safe) & set("<>&\"'`${}\n\r\t\0")
    assert len(safe) <= 60
    assert html_safe(safe) == safe
