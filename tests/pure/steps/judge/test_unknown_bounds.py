"""A verdict holds wherever those of unknown group belong, or it is none."""

from fractions import Fraction
from itertools import product

import numpy as np
import pytest

from fairness_audit.records.finding import Verdict
from fairness_audit.statistics.proportions import Proportions
from fairness_audit.statistics.sequential import Aim, Limit, Side, TwoRates
from fairness_audit.steps.judge.bounds import AtItsEnds, Beside, Ends, contaminated, unknown_ends
from fairness_audit.steps.judge.tables import Counted
from tests.builders.evidence import ByGroup
from tests.builders.judging import (
    BIASED,
    FAIR,
    a_rule,
    about,
    gender_policy,
    judged_counts,
    share,
)


def counted(*units: tuple[int, int]) -> Counted:
    """Successes of decisions, unit by unit, nobody decided about twice."""
    successes, trials = zip(*units, strict=True)
    return Counted(Proportions.of(successes, trials), np.ones(len(units)))


def rates(ends: tuple[Beside, Beside]) -> list[tuple[tuple[float, float], ...]]:
    return [
        tuple((float(k[0]), float(n[0])) for k, n in (each.own.seen, each.other.seen))
        for each in ends
    ]


# --- the ends ------------------------------------------------------------------------------------


def test_no_way_to_share_out_the_unknown_lies_outside_the_ends() -> None:
    """Every assignment of three unknown successes and two failures to F, M and neither."""
    beside, unknown = Beside(counted((3, 7)), counted((5, 9))), Proportions.of([3], [5])
    low, high = (
        (own[0] / own[1]) / (other[0] / other[1])
        for own, other in rates(unknown_ends(beside, unknown, others_are_known=True))
    )
    found = []
    for good, good_m, bad, bad_m in product(range(4), range(4), range(3), range(3)):
        if good + good_m <= 3 and bad + bad_m <= 2:
            own = (3 + good) / (7 + good + bad)
            found.append(own / ((5 + good_m) / (9 + good_m + bad_m)))
    assert min(found) == pytest.approx(low)
    assert max(found) == pytest.approx(high)


def test_everybody_else_loses_whom_the_group_gains() -> None:
    beside, unknown = Beside(counted((3, 7)), counted((20, 50))), Proportions.of([4], [10])
    assert rates(unknown_ends(beside, unknown, others_are_known=False)) == [
        ((3, 13), (20, 44)),
        ((7, 11), (16, 46)),
    ]


@pytest.mark.parametrize("observed", [(4, 10), (1, 10), (9, 10)])
def test_no_choice_of_the_rows_that_do_not_belong_lies_outside(observed: tuple[int, int]) -> None:
    """One in five rows may be another's: every choice of two."""
    k, n = observed
    low, high = (
        float(each.seen.rate[0]) for each in contaminated(counted(observed), Fraction(1, 5))
    )
    found = [(k - out) / 8 for out in range(3) if out <= k and 2 - out <= n - k]
    assert min(found) == pytest.approx(low)
    assert max(found) == pytest.approx(high)


@pytest.mark.parametrize("side", Side)
@pytest.mark.parametrize("aim", Aim)
def test_the_end_that_says_least_is_asked(side: Side, aim: Aim) -> None:
    """Whichever of the two ends is the truth, no more evidence is counted than it gives."""
    limit = Limit("ratio", 0.8, 1.25)

    def pair(own: int, other: int) -> TwoRates:
        return TwoRates(
            limit, Proportions.of([own] * 8, [100] * 8), Proportions.of([other] * 8, [100] * 8)
        )

    ends = Ends(pair(25, 50), pair(75, 50))
    asked = AtItsEnds(limit, pair(50, 50), ends, ends)
    totals = [each.log_e(side, aim).sum(axis=1).max() for each in (asked, *ends)]
    assert totals[0] == pytest.approx(min(totals[1:]))


# --- verdicts ------------------------------------------------------------------------------------


def test_a_few_unknown_change_no_verdict() -> None:
    few = {"unknown": share(5, 12)}
    fair = {name: counts.map(lambda n: 2 * n) for name, counts in FAIR.items()}
    assert judged_counts(gender_policy(), fair | few).verdict is Verdict.PASS
    assert judged_counts(gender_policy(), BIASED | few).verdict is Verdict.FAIL


@pytest.mark.parametrize("counts", [FAIR, BIASED], ids=["fair", "biased"])
def test_many_unknown_leave_it_open(counts: ByGroup) -> None:
    finding = about(
        judged_counts(gender_policy(), {**counts, "unknown": share(300, 600)}), group="F"
    )
    assert (finding.verdict, finding.at_gate) == (Verdict.INCONCLUSIVE, "review")
    assert "the group of 23 % of the decisions is unknown" in finding.sentence


AT_RANDOM = gender_policy(
    attributes={
        "gender": {
            "provenance": "self_id",
            "reference_group": "M",
            "unknown": {"assume": "at_random", "reason": "who answers was drawn by lot"},
        }
    }
)


def test_where_they_are_assumed_at_random_they_do_not_decide() -> None:
    found = judged_counts(AT_RANDOM, BIASED | {"unknown": share(240, 600)})
    assert about(found, group="F") == about(judged_counts(gender_policy(), BIASED), group="F")
    assert not [each for each in found.findings if each.rule == "unknown_at_random"]


def test_data_that_contradict_that_they_are_unknown_at_random_go_to_review() -> None:
    """Known: 49.5 % selected; unknown: 10 %."""
    judgement = judged_counts(AT_RANDOM, FAIR | {"unknown": share(60, 600)})
    finding = about(judgement, rule="unknown_at_random")
    assert (finding.kind, finding.verdict, finding.at_gate) == (
        "population",
        Verdict.INCONCLUSIVE,
        "review",
    )
    assert judgement.verdict is Verdict.INCONCLUSIVE
    assert finding.sentence == (
        "The policy assumes that the gender of people is unknown at random, but 10.0 % of those"
        " are selected where it is unknown and 49.5 % where it is known; chance does not explain"
        " it, so that the known may not stand for all."
    )


def test_nothing_is_said_of_a_few_unknown() -> None:
    judgement = judged_counts(AT_RANDOM, FAIR | {"unknown": share(0, 29)})
    assert not [each for each in judgement.findings if each.rule == "unknown_at_random"]


def test_where_selection_is_unfavourable_the_unknown_count_the_other_way() -> None:
    """Of 1,600 who were selected all may be women: three tenths more of those selected then."""
    policy = gender_policy(a_rule(), favourable="not_selected")
    kept = {"M": share(4000, 20_000), "F": share(4000, 20_000), "unknown": share(1600, 1600)}
    assert judged_counts(policy, kept).verdict is Verdict.PASS
    assert judged_counts(gender_policy(), kept).verdict is Verdict.INCONCLUSIVE
