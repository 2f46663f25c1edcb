"""One error budget in exact shares, and what an audit gets of it."""

from datetime import UTC, datetime
from fractions import Fraction

import pytest
from fairness_audit.steps.judge.budget import budget_findings, budget_of
from hypothesis import given
from hypothesis import strategies as st

from fairness_audit.policy.error_rate import ErrorRate
from fairness_audit.records.finding import ErrorBudget, Verdict
from fairness_audit.records.history import History
from fairness_audit.statistics.spending import harmonic_share
from tests.builders.domain import a_rate
from tests.builders.judging import a_rule, about, an_impact_ratio, gender_policy, judged

START = datetime(2026, 1, 5, tzinfo=UTC)


def history(*spent: Fraction | None) -> History:
    return History(logical_date=START, period_start=START, spent=spent)


def test_three_audits_share_the_budget_as_six_three_and_two_elevenths() -> None:
    shares = [harmonic_share(audit, 3) for audit in (1, 2, 3, 4)]
    assert shares == [Fraction(6, 11), Fraction(3, 11), Fraction(2, 11), 0]


def test_the_tenth_harmonic_number_is_the_published_one() -> None:
    assert harmonic_share(1, 10) == 1 / Fraction(7381, 2520)  # OEIS A001008 / A002805
    assert harmonic_share(1, 1) == 1


@given(st.integers(1, 300))
def test_the_shares_sum_to_exactly_one_and_fall(audits: int) -> None:
    shares = [harmonic_share(audit, audits) for audit in range(1, audits + 1)]
    assert sum(shares) == 1
    assert all(share == shares[0] / (k + 1) for k, share in enumerate(shares))
    assert harmonic_share(audits + 1, audits) == 0


@pytest.mark.parametrize(("audit", "audits"), [(0, 1), (1, 0), (-1, 5)])
def test_audits_are_counted_from_one(audit: int, audits: int) -> None:
    with pytest.raises(ValueError, match="counted from 1"):
        harmonic_share(audit, audits)


# --- what an audit gets ------------------------------------------------------------------------


def budgets(error_rate: ErrorRate, count: int) -> list[ErrorBudget]:
    """The budgets of audits that follow each other."""
    given: list[ErrorBudget] = []
    for _ in range(count):
        given.append(budget_of(error_rate, history(*(each.alpha for each in given))))
    return given


def test_a_year_of_weekly_audits_spends_alpha_and_not_more() -> None:
    given = budgets(ErrorRate(), 54)
    assert [each.audit for each in given] == list(range(1, 55))
    assert sum(each.alpha for each in given) == given[-1].spent == Fraction(1, 20)
    assert [each.is_spent for each in given[-4:]] == [False, False, True, True]
    assert float(given[0].alpha) == pytest.approx(0.011018, abs=1e-6)
    assert float(given[51].alpha) == pytest.approx(0.000212, abs=1e-6)


def test_one_audit_alone_has_all_of_alpha() -> None:
    first, second = budgets(ErrorRate(alpha=Fraction(1, 8), audits=1), 2)
    assert (first.alpha, second.alpha) == (Fraction(1, 8), 0)


@given(st.lists(st.tuples(st.integers(1, 60), st.integers(1, 250)), min_size=1, max_size=40))
def test_changing_the_policy_within_a_period_buys_nothing(policies: list[tuple[int, int]]) -> None:
    """Under every policy, what was spent stays within the largest alpha there ever was."""
    alphas: list[Fraction] = []
    for audits, thousandths in policies:
        error_rate = ErrorRate(alpha=Fraction(thousandths, 1000), audits=audits)
        alphas.append(budget_of(error_rate, history(*alphas)).alpha)
    assert sum(alphas) <= max(Fraction(thousandths, 1000) for _, thousandths in policies)
    assert min(alphas) >= 0


def test_a_record_that_does_not_say_what_it_spent_counts_with_its_share() -> None:
    error_rate = ErrorRate(audits=3)
    told, untold = Fraction(1, 20) * Fraction(6, 11), None
    assert budget_of(error_rate, history(told)) == budget_of(error_rate, history(untold))
    assert budget_of(error_rate, history(told, None, None)).is_spent


# --- a budget that is spent ---------------------------------------------------------------------

BREACH = [
    a_rate("selection_rate", "M", 500, 1000),
    an_impact_ratio("F", (300, 1000), (500, 1000)),
]
SPENT = history(Fraction(1, 20))


def test_without_a_budget_nothing_fails_and_nothing_passes() -> None:
    judgement = judged(gender_policy(), BREACH, labelled=0, history=SPENT)
    assert judgement.verdict is Verdict.INCONCLUSIVE
    assert judgement.budget is not None
    assert judgement.budget.is_spent
    finding = about(judgement, rule="four_fifths")
    assert (finding.verdict, finding.at_gate) == (Verdict.INCONCLUSIVE, "review")
    assert finding.evidence.detectable_gap is finding.evidence.n_needed is None
    assert finding.sentence.endswith(
        "below the chosen limit of 4/5, but the error budget is spent, so it cannot be called a"
        " failure."
    )
    spent = about(judgement, kind="error_budget")
    assert spent.at_gate == "review"
    assert spent.sentence == (
        "The error budget is spent: this is audit 2 in the 364 days from 2026-01-05, and the"
        " policy shares it among 1; no disparity can be called a failure."
    )


def test_rules_that_let_doubt_through_do_not_open_the_gate_without_a_budget() -> None:
    """Or many audits of one version would be a way past every rule that allows doubt."""
    judgement = judged(
        gender_policy(a_rule(inconclusive="allow")), BREACH, labelled=0, history=SPENT
    )
    assert judgement.verdict is Verdict.INCONCLUSIVE
    assert [f.rule for f in judgement.findings if f.at_gate != "allow"] == ["error_budget"]


def test_the_budget_decides_at_which_level_a_breach_fails() -> None:
    """38 of 100 against 50 of 100: p is 0.087; 0.087 < 1/8 fails, and a share of 1/8 does not."""
    men = a_rate("selection_rate", "M", 50, 100)
    found = [men, an_impact_ratio("F", (38, 100), (50, 100))]
    alone = gender_policy(error_rate={"alpha": "1/8", "audits": 1})
    shared = gender_policy(error_rate={"alpha": "1/8", "audits": 2})
    judgements = [
        judged(policy, found, labelled=0, history=history(*spent))
        for policy, spent in [(alone, ()), (shared, ()), (shared, (Fraction(1, 12),))]
    ]
    verdicts = [about(judgement, rule="four_fifths").verdict for judgement in judgements]
    assert verdicts == [Verdict.FAIL, Verdict.INCONCLUSIVE, Verdict.INCONCLUSIVE]


def test_there_is_no_finding_while_something_is_left() -> None:
    budget = budget_of(ErrorRate(), history())
    assert list(budget_findings(ErrorRate(), budget)) == []
