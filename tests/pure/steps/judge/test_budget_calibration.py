"""How often a year of audits stops a fair model, and how often one audit finds an unfair one.

Seeds are fixed, so a test either always passes or never.
"""

import numpy as np
import pytest

from fairness_audit.policy.error_rate import ErrorRate
from fairness_audit.records.finding import Verdict
from tests.builders.budgeted_years import (
    AUDITS,
    SHARES,
    Window,
    found_by_audit,
    share_of_years_with_an_alarm,
    year_p_values,
)
from tests.builders.domain import FIRST_AUDIT, a_rate
from tests.builders.judging import about, an_impact_ratio, gender_policy, judged

YEARS = 3_000
DRAWS = 1_000


@pytest.mark.parametrize(
    ("window", "uncorrected"),
    [(Window.FRESH, 0.931), (Window.HALF_YEAR, None), (Window.CUMULATIVE, 0.321)],
)
@pytest.mark.parametrize("rate", [0.05, 0.2, 0.5])
def test_a_fair_model_is_stopped_in_at_most_one_year_in_twenty(
    rate: float, window: Window, uncorrected: float | None
) -> None:
    """52 weekly audits, two groups of 500 rows a week; at a fixed level most years would alarm."""
    p = year_p_values(np.random.default_rng(52), YEARS, window, (rate, rate))
    assert share_of_years_with_an_alarm(p, SHARES) <= 0.05
    fixed = share_of_years_with_an_alarm(p, np.full(AUDITS, 0.05))
    if uncorrected is not None and rate > 0.05:
        assert fixed == pytest.approx(uncorrected, abs=0.03)
    assert fixed > 0.2


def test_the_budget_is_used_and_not_hoarded() -> None:
    """Fresh windows are nearly independent, so hardly anything is lost to the union bound."""
    p = year_p_values(np.random.default_rng(52), YEARS, Window.FRESH, (0.5, 0.5))
    assert share_of_years_with_an_alarm(p, SHARES) > 0.035


def test_the_shares_of_the_simulation_are_those_of_the_default_policy() -> None:
    assert (ErrorRate().audits, float(ErrorRate().alpha)) == (AUDITS, pytest.approx(SHARES.sum()))


def test_half_the_rate_is_found_by_the_first_audit_and_mostly_by_the_last() -> None:
    """500 rows per group, selected at 0.2 and at 0.1."""
    found = found_by_audit(np.random.default_rng(500), 20_000, (0.1, 0.2))
    assert found[0] >= 0.95
    assert found[-1] == pytest.approx(0.76, abs=0.02)
    assert (np.diff(found) <= 0).all()


def test_half_the_rate_is_failed_by_the_judge_itself() -> None:
    """The same through findings and verdicts, with the first audit's share of a year."""
    policy = gender_policy(error_rate={"audits": AUDITS})
    draws = np.random.default_rng(501).binomial(500, [0.1, 0.2], (DRAWS, 2))
    failed = 0
    for women, men in draws.tolist():
        found = [
            a_rate("selection_rate", "M", men, 500),
            an_impact_ratio("F", (women, 500), (men, 500)),
        ]
        judgement = judged(policy, found, rows=1000, labelled=0, history=FIRST_AUDIT)
        failed += about(judgement, kind="disparity").verdict is Verdict.FAIL
    assert failed >= 0.95 * DRAWS
