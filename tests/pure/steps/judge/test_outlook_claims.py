"""What is said of when a case will be settled comes true; the whole grid is in the bench."""

import math
from datetime import date, timedelta

import numpy as np
import pytest

from fairness_audit.records.finding import Verdict
from fairness_audit.statistics.outlook import PROBABILITY
from fairness_audit.statistics.proportions import Proportions
from fairness_audit.steps.judge.outlook import _joined
from fairness_audit.steps.judge.tables import Counted
from tests.builders.evidence import FIRST_WEEK
from tests.builders.judging import BIASED, FAIR, a_rule, about, gender_policy, judged_counts, share
from tests.builders.outlooks import Claim, claimed_and_true

LIVES = 800
OPEN = {"M": share(150, 300), "F": share(150, 300)}
POINTS = 0.03


@pytest.mark.parametrize(
    "claim",
    [
        Claim(1.0, 0.5, 0.4, 500),
        Claim(0.95, 0.06, 0.2, 3333),
        Claim(0.6, 0.5, 0.2, 1000),
        Claim(0.7, 0.06, 0.6, 1111),
        Claim(0.5, 0.5, 0.05, 4000, weeks=4),
        Claim(1.0, 0.06, 0.05, 13_333, weeks=4),
    ],
    ids=str,
)
def test_claims_come_true(claim: Claim) -> None:
    found, true = claimed_and_true(claim, LIVES)
    assert found.unit is not None
    assert found.probability is not None
    assert found.probability >= PROBABILITY
    error = math.sqrt(true * (1 - true) / LIVES)
    assert abs(true - found.probability) <= POINTS + 2.5 * error


def test_what_is_to_come_is_worth_as_much_as_what_was_counted() -> None:
    """Ten decisions in two weeks, each worth half of one, are worth five: so is each to come."""
    counted = Counted(Proportions.of([1, 2], [3, 7]), np.full(2, 2.0))
    drawn = Proportions(np.array([[4.0], [5.0]]), np.full((2, 1), 10.0))
    joined = _joined(counted, drawn)
    assert joined.factor.tolist() == [2.0, 2.0, 2.0]
    assert joined.seen.successes.tolist() == [[1.0, 2.0, 4.0], [1.0, 2.0, 5.0]]
    assert joined.seen.trials.tolist() == [[3.0, 7.0, 10.0]] * 2


def test_a_truth_near_the_limit_is_not_settled() -> None:
    for disparity in (0.76, 0.8, 0.84):
        found, _ = claimed_and_true(Claim(disparity, 0.5, 0.4, 50_000), 1)
        assert found == (None, 0.0)


@pytest.mark.parametrize("against", ["reference", "best", "rest", "overall"])
def test_an_open_finding_says_when(against: str) -> None:
    policy = gender_policy(a_rule(against=against), maturity_days=10)
    # To everybody a ratio of 4/5 is one of 2/3 to everybody else, which is sooner told.
    selected = 20 if against == "overall" else 60
    few = dict.fromkeys("MF", share(selected, 2 * selected))
    judgement = judged_counts(policy, few, weeks=8)
    finding = next(each for each in judgement.findings if each.group == "F")
    by, share_of = finding.evidence.settled_by, finding.evidence.settled_with
    assert finding.verdict is Verdict.INCONCLUSIVE
    assert share_of is not None
    assert 0.8 <= share_of <= 1
    assert by is not None
    assert f"; if the true ratio is 1, it will be settled by {by}" in finding.sentence
    # A Monday after the newest week, and the days that outcomes are given.
    weeks = (by - timedelta(days=10) - FIRST_WEEK).days / 7
    assert weeks == int(weeks)
    assert weeks > 8
    assert judgement == judged_counts(policy, few, weeks=8)


def test_what_was_said_of_it_is_what_happens_to_a_fair_model() -> None:
    """The counts go on as even as they were, which is a likely life: it passes by that day."""
    policy = gender_policy(a_rule(), maturity_days=0)
    by = about(judged_counts(policy, OPEN, weeks=8), kind="disparity").evidence.settled_by
    assert isinstance(by, date)
    weeks = (by - FIRST_WEEK).days // 7
    counts = {name: each.map(lambda n, w=weeks: n * w // 8) for name, each in OPEN.items()}
    later = judged_counts(policy, counts, weeks=weeks)
    assert about(later, kind="disparity").verdict is Verdict.PASS


@pytest.mark.parametrize("counts", [FAIR, BIASED])
def test_what_is_settled_says_nothing_of_when(counts: dict[str, object]) -> None:
    evidence = about(judged_counts(gender_policy(), counts), kind="disparity").evidence  # type: ignore[arg-type]
    assert evidence.settled_by is None
    assert evidence.settled_with is None


def test_nor_does_what_nobody_waits_for() -> None:
    for rule in (a_rule(inconclusive="allow"), a_rule(severity="warn")):
        finding = about(judged_counts(gender_policy(rule), OPEN, weeks=8), kind="disparity")
        assert finding.verdict is Verdict.INCONCLUSIVE
        assert finding.evidence.settled_with is None


def test_of_a_group_of_few_only_the_quarter_is_told() -> None:
    """From the exact week anybody could work out how many they are."""
    policy = gender_policy(a_rule(), min_group_size=100, maturity_days=10)
    told = []
    for few in (60, 62, 64, 66):
        judgement = judged_counts(policy, OPEN | {"X": share(few // 2, few)}, weeks=8)
        finding = next(each for each in judgement.findings if each.group == "X")
        by, likely = finding.evidence.settled_by, finding.evidence.settled_with
        assert by is not None
        assert by.month % 3 == 1
        assert by.day <= 7
        assert likely in (0.8, 0.9, 1.0)
        says = f"settled by {by} with at least {100 * likely:.0f} % probability."
        assert finding.sentence.endswith(says)
        told.append(by)
    assert len(set(told)) < len(told)


def test_a_group_of_few_is_settled_by_then() -> None:
    policy = gender_policy(a_rule(), maturity_days=0)
    counts = OPEN | {"X": share(14, 28)}
    finding = next(f for f in judged_counts(policy, counts, weeks=8).findings if f.group == "X")
    by = finding.evidence.settled_by
    assert by is not None
    weeks = (by - FIRST_WEEK).days // 7
    then = {name: each.map(lambda n, w=weeks: n * w // 8) for name, each in counts.items()}
    later = judged_counts(policy, then, weeks=weeks)
    assert next(f for f in later.findings if f.group == "X").verdict is Verdict.PASS


def test_what_three_years_do_not_settle_says_so() -> None:
    few = {"M": share(60, 120), "F": share(60, 120)}
    finding = about(judged_counts(gender_policy(), few, weeks=52), kind="disparity")
    assert finding.evidence.settled_by is None
    assert finding.evidence.settled_with is not None
    assert "at these sizes three years are not enough to settle it" in finding.sentence


def test_where_the_unknown_may_belong_to_anybody_it_takes_longer() -> None:
    known = gender_policy(a_rule(), maturity_days=0)
    some = {**OPEN, "unknown": share(5, 10)}
    sure, unsure = (
        next(f for f in judged_counts(known, each, weeks=8).findings if f.group == "F")
        for each in (OPEN, some)
    )
    assert sure.evidence.settled_by is not None
    assert unsure.evidence.settled_by is not None
    assert unsure.evidence.settled_by >= sure.evidence.settled_by
