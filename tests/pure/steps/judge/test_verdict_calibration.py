"""How often a verdict is wrong, by simulation of audits whose truth is known.

The groups are the 14 intersectional cells of New York City's published example (6 RCNY 5-300 ff.).
Seeds are fixed, so a test either always passes or never.
"""

import numpy as np
import pytest
from numpy.typing import NDArray

from fairness_audit.policy.model import Against, AuditPolicy
from fairness_audit.records.measurement import Measurement
from fairness_audit.statistics.proportions import Proportions
from fairness_audit.statistics.significance import p_values
from fairness_audit.steps.judge.allowed_range import AllowedRange
from fairness_audit.steps.judge.cases import parts_of
from fairness_audit.steps.judge.family import Significance
from fairness_audit.steps.judge.ground import Ground, ground_of
from tests.builders.domain import a_rate
from tests.builders.judging import a_rule, gender_policy

Ints = NDArray[np.int64]

CELLS = np.array([205, 412, 226, 87, 321, 24, 115, 190, 385, 164, 32, 295, 17, 98])
NAMES = [f"cell {index:02}" for index in range(len(CELLS))]
SELECTED = np.array([90, 215, 95, 37, 167, 11, 52, 82, 197, 75, 15, 135, 7, 44])
DRAWS = 2_000


def below_four_fifths(own: Ints, n: Ints, other: Ints, other_n: Ints) -> NDArray[np.bool_]:
    """The bare four-fifths rule, exactly."""
    return np.asarray(5 * own * other_n < 4 * other * n)


def bare_rule_flags(selected: Ints) -> NDArray[np.bool_]:
    """True for each audit in which some group is below 4/5 of the best."""
    best = np.argmax(selected / CELLS, axis=1)
    most = np.take_along_axis(selected, best[:, None], axis=1)
    return below_four_fifths(selected, CELLS, most, CELLS[best][:, None]).any(axis=1)


def disparities(selected: Ints, n: Ints, reference: int, against: str) -> list[Measurement]:
    """What `measure` would hand over, without the intervals, which no failure depends on."""
    everybody = np.ones_like(n)
    p = p_values(
        Proportions.of(selected, n),
        Proportions.of(everybody * selected[reference], everybody * n[reference]),
    )
    # Unchecked construction, for speed: there are many thousands of them.
    return [
        Measurement.model_construct(
            metric="impact_ratio", attribute="gender", group=NAMES[i], stratum=None,
            comparison="ratio", against=against, reference=NAMES[reference],
            numerator=int(selected[i]), denominator=int(n[i]),
            reference_numerator=int(selected[reference]),
            reference_denominator=int(n[reference]),
            value=float(selected[i] / n[i]), low=None, high=None, p_value=float(p[i]),
        )
        for i in range(len(n))
        if i != reference
    ]  # fmt: skip


def fails(policy: AuditPolicy, selected: Ints, n: Ints) -> bool:
    """True if some group is found to be below the limit, beyond chance."""
    rule, minimum, error_rate = policy.rules[0], policy.min_group_size, policy.error_rate
    best = int(np.argmax(np.where(n >= minimum, selected / n, -1)))
    reference = (
        best if rule.against is Against.BEST else NAMES.index(policy.reference_of("gender"))
    )
    if not below_four_fifths(selected, n, selected[reference], n[reference]).any():
        return False
    rate = a_rate("selection_rate", NAMES[reference], int(selected[reference]), int(n[reference]))
    found = [rate, *disparities(selected, n, reference, rule.against.value)]
    parts = parts_of(policy, policy.rules, found)
    significance = Significance(parts, min_group_size=minimum, family=error_rate.family)
    limit = AllowedRange.of(rule, selected_is_favourable=True)
    return any(
        ground_of(
            case.measured,
            limit,
            min_group_size=minimum,
            p_adjusted=significance.p_adjusted(case),
            alpha=error_rate.alpha,
        )
        is Ground.BREACH
        for part in parts
        for case in part.cases
    )


def policy_of(against: str, min_group_size: int) -> AuditPolicy:
    return gender_policy(
        a_rule(against=against),
        min_group_size=min_group_size,
        attributes={"gender": {"provenance": "self_id", "reference_group": NAMES[1]}},
    )


@pytest.mark.parametrize("min_group_size", [1, 30])
@pytest.mark.parametrize("against", ["reference", "best"])
@pytest.mark.parametrize("rate", [0.4753, 0.10, 0.05])
def test_a_fair_model_is_failed_in_at_most_one_audit_in_twenty(
    rate: float, against: str, min_group_size: int
) -> None:
    random = np.random.default_rng(144)
    policy = policy_of(against, min_group_size)
    draws = random.binomial(CELLS, rate, (DRAWS, len(CELLS)))
    failed = sum(fails(policy, draw, CELLS) for draw in draws)
    assert failed <= 0.05 * DRAWS
    # Every audit of the same draws would be stopped by the bare rule.
    assert bare_rule_flags(draws).mean() >= 0.95


@pytest.mark.parametrize(("rate", "share"), [(0.4753, 0.971), (0.10, 1.0), (0.05, 1.0)])
def test_the_bare_four_fifths_rule_stops_a_fair_model_nearly_always(
    rate: float, share: float
) -> None:
    draws = np.random.default_rng(5300).binomial(CELLS, rate, (50_000, len(CELLS)))
    assert bare_rule_flags(draws).mean() == pytest.approx(share, abs=0.002)


@pytest.mark.parametrize("against", ["reference", "best"])
def test_half_the_rate_is_found_in_nineteen_of_twenty_audits(against: str) -> None:
    """500 rows per group, selected at 0.2 and at 0.1."""
    n = np.array([500, 500])
    draws = np.random.default_rng(500).binomial(n, [0.1, 0.2], (DRAWS, 2))
    policy = policy_of(against, 30)
    found = sum(fails(policy, draw, n) for draw in draws)
    assert found >= 0.95 * DRAWS


@pytest.mark.parametrize("against", ["reference", "best"])
def test_the_published_example_is_not_failed(against: str) -> None:
    """The bare rule flags it, for seven selected of seventeen."""
    assert bare_rule_flags(SELECTED[None]).all()
    assert not fails(policy_of(against, 1), SELECTED, CELLS)
