"""A verdict holds wherever those of unknown group belong, or it is none."""

from itertools import product

import pytest

from fairness_audit.policy.metrics import SELECTION_RATE
from fairness_audit.policy.model import Against, Comparison, Rule
from fairness_audit.records.finding import Verdict
from fairness_audit.steps.judge.allowed_range import TwoRates
from fairness_audit.steps.judge.bounds import UnknownRows, ends
from fairness_audit.steps.judge.cases import Case
from tests.builders.judging import BIASED, FAIR, a_rule, about, gender_policy, judged_counts, share


def a_case(against: Against) -> Case:
    rule = Rule(
        id="r",
        metric=SELECTION_RATE,
        compare=Comparison.RATIO,
        against=against,
        threshold="4/5",
    )
    return Case(rule, "gender", "F", None)


@pytest.mark.parametrize("compare", Comparison)
def test_no_way_to_share_out_the_unknown_lies_outside_the_ends(compare: Comparison) -> None:
    """Every assignment of three unknown successes and two failures to F, M and neither."""
    rates = TwoRates(3, 7, 5, 9)
    low, high = (
        end.disparity(compare) for end in ends(a_case(Against.REFERENCE), rates, UnknownRows(3, 2))
    )
    assert low is not None
    assert high is not None
    found = []
    for good, good_m, bad, bad_m in product(range(4), range(4), range(3), range(3)):
        if good + good_m > 3 or bad + bad_m > 2:
            continue
        there = TwoRates(3 + good, 7 + good + bad, 5 + good_m, 9 + good_m + bad_m)
        value = there.disparity(compare)
        assert value is not None
        found.append(value[0] / value[1])
    assert min(found) == pytest.approx(low[0] / low[1])
    assert max(found) == pytest.approx(high[0] / high[1])


def test_everybody_else_loses_whom_the_group_gains() -> None:
    low, high = ends(a_case(Against.REST), TwoRates(3, 7, 20, 50), UnknownRows(4, 6))
    assert low == TwoRates(3, 13, 20, 44)
    assert high == TwoRates(7, 11, 16, 46)


def test_everybody_stays_everybody() -> None:
    low, high = ends(a_case(Against.OVERALL), TwoRates(3, 7, 20, 50), UnknownRows(4, 6))
    assert low == TwoRates(3, 13, 20, 50)
    assert high == TwoRates(7, 11, 20, 50)


def test_a_few_unknown_change_no_verdict() -> None:
    few = {"unknown": share(5, 12)}
    assert judged_counts(gender_policy(), FAIR | few).verdict is Verdict.PASS
    assert judged_counts(gender_policy(), BIASED | few).verdict is Verdict.FAIL


def test_many_unknown_leave_it_open_and_the_sentence_says_between_what() -> None:
    found = judged_counts(gender_policy(), BIASED | {"unknown": share(300, 600)})
    finding = about(found, group="F")
    assert finding.verdict is Verdict.INCONCLUSIVE
    assert finding.evidence.unknown == 600
    assert finding.evidence.unknown_low == pytest.approx((300 / 1300) / (800 / 1300))
    assert finding.evidence.unknown_high == pytest.approx((600 / 1300) / (500 / 1300))
    assert "the group of 600 rows is unknown" in finding.sentence
    assert "from 0.38 to 1.20" in finding.sentence


def test_where_they_are_assumed_at_random_the_bounds_are_shown_and_do_not_decide() -> None:
    unknown = {"assume": "at_random", "reason": "who answers was drawn by lot"}
    attributes = {"gender": {"provenance": "self_id", "reference_group": "M", "unknown": unknown}}
    policy = gender_policy(attributes=attributes)
    found = judged_counts(policy, BIASED | {"unknown": share(300, 600)})
    assert found.verdict is Verdict.FAIL
    assert about(found, group="F").evidence.unknown_high == pytest.approx(1.2)


def test_where_selection_is_unfavourable_the_unknown_count_the_other_way() -> None:
    policy = gender_policy(a_rule(), favourable="not_selected")
    found = judged_counts(policy, FAIR | {"unknown": share(100, 400)})
    evidence = about(found, group="F").evidence
    # Women: 510 of 1,000 not selected; unknown: 300 not selected, 100 selected.
    assert evidence.unknown_low == pytest.approx((510 / 1100) / (800 / 1300))
    assert evidence.unknown_high == pytest.approx((810 / 1300) / (500 / 1100))
