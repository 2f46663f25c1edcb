"""What is promised of a version's life holds through every path to a block, by simulation.

Short forms; `tests/bench/bench_lives.py` has them at full size. "At most 5 %" is held to as not
refuted at 1 % by an exact binomial test: Ville's inequality leaves room, so that most find less.
"""

import pytest
from scipy.stats import binomtest

from fairness_audit.policy.model import AuditPolicy
from tests.builders.made_up_years import FAIR, YEAR, Rates, Values, World, lives
from tests.builders.sample_audits import policy_of

RUNS = 120
MODELS = ("lead_scoring", "offer_targeting")
WEEKLY = (120, 1250)


def at_the_limits(values: Values, week: int) -> Rates:
    """Both limits of the shipped rules, exactly, for every gender but the reference."""
    del week
    return FAIR if values[0] == "M" else FAIR.times(4 / 5, points=1 / 10)


def fair(values: Values, week: int) -> Rates:
    """Everybody is treated alike."""
    del values, week
    return FAIR


def women_at(ratio: float, *, from_week: int = 0) -> object:
    """Women are selected less often, from some week on."""

    def rates(values: Values, week: int) -> Rates:
        return FAIR.times(ratio) if values[0] == "F" and week >= from_week else FAIR

    return rates


def at_most(share: float, limit: float) -> bool:
    """True if a share of `RUNS` lives does not refute that it is at most the limit."""
    found = round(share * RUNS)
    return bool(binomtest(found, RUNS, limit, alternative="greater").pvalue > 0.01)


def at_least(share: float, limit: float) -> bool:
    """True if a share of `RUNS` lives does not refute that it is at least the limit."""
    found = round(share * RUNS)
    return bool(binomtest(found, RUNS, limit, alternative="less").pvalue > 0.01)


@pytest.fixture(params=MODELS)
def policy(request: pytest.FixtureRequest) -> AuditPolicy:
    return policy_of(request.param)


@pytest.mark.parametrize("weekly", WEEKLY)
@pytest.mark.parametrize("rates", [fair, at_the_limits, women_at(9 / 10)])
def test_a_compliant_version_is_blocked_in_few_of_its_years(
    policy: AuditPolicy, rates: object, weekly: int
) -> None:
    found = lives(World(policy, rates, weekly), runs=RUNS)

    assert at_most(found.ever(found.failed, YEAR), 0.05)


@pytest.mark.parametrize("weekly", WEEKLY)
def test_a_version_that_breaks_a_limit_passes_in_few_of_its_lives(
    policy: AuditPolicy, weekly: int
) -> None:
    found = lives(World(policy, at_the_limits, weekly), weeks=2 * YEAR, runs=RUNS)

    assert at_most(found.ever(found.passed, 2 * YEAR), 0.05)


def test_a_fair_version_passes_and_an_unfair_one_fails_within_a_quarter_of_such_sizes(
    policy: AuditPolicy,
) -> None:
    of_fair = lives(World(policy, fair, 1250), weeks=26, runs=RUNS)
    of_unfair = lives(World(policy, women_at(3 / 5), 1250), weeks=13, runs=RUNS)

    assert at_least(of_fair.ever(of_fair.passed, 26), 0.9)
    assert at_least(of_unfair.ever(of_unfair.failed, 6), 0.9)


def test_a_change_is_not_hidden_by_a_good_history(policy: AuditPolicy) -> None:
    # About 500 women and as many men a week.
    found = lives(World(policy, women_at(3 / 5, from_week=26), 1064), weeks=32, runs=RUNS)

    assert at_most(found.ever(found.failed, 26), 0.05)
    assert at_least(found.ever(found.failed, 32), 0.9)
