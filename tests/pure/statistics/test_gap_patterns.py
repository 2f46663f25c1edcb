"""What strata make of a gap: each pattern, and the published tables that the tests rest on."""

import math

import numpy as np
import pytest

from fairness_audit.statistics import stratified
from fairness_audit.statistics.stratified import Tables
from fairness_audit.statistics.within_strata import Gap, Pattern, pattern
from tests.builders.weighted_samples import pattern_of

LARGE = Gap(-0.3, -0.35, -0.25, 1e-9)
NONE = Gap(-0.01, -0.05, 0.03, 0.6)


@pytest.mark.parametrize(
    ("whole", "common", "p_homogeneous", "expected"),
    [
        (LARGE, Gap(0.05, 0.01, 0.09, 0.01), 0.01, Pattern.DIFFERS),
        (NONE, NONE, 0.01, Pattern.DIFFERS),
        (LARGE, Gap(0.05, 0.01, 0.09, 0.01), 0.3, Pattern.REVERSED),
        (LARGE, Gap(0.05, 0.01, 0.09, 0.01), math.nan, Pattern.REVERSED),
        (LARGE, Gap(0.05, -0.02, 0.12, 0.2), 0.3, Pattern.UNCLEAR),
        (NONE, Gap(0.05, 0.01, 0.09, 0.01), 0.3, Pattern.REMAINS),
        (LARGE, Gap(-0.2, -0.25, -0.15, 1e-6), 0.3, Pattern.REMAINS),
        (LARGE, Gap(0.01, -0.04, 0.05, 0.6), 0.3, Pattern.EXPLAINED),
        (LARGE, Gap(0.01, -0.07, 0.05, 0.6), 0.3, Pattern.UNCLEAR),
        (LARGE, Gap(math.nan, math.nan, math.nan, math.nan), 0.01, Pattern.UNCLEAR),
        (NONE, NONE, 0.3, Pattern.UNCLEAR),
    ],
)
def test_the_pattern(whole: Gap, common: Gap, p_homogeneous: float, expected: Pattern) -> None:
    assert pattern(whole, common, p_homogeneous, 0.05) is expected


def tables(*rows: tuple[int, int, int, int]) -> Tables:
    return Tables(*np.array(rows, dtype=float).T)


BERKELEY = tables(
    (89, 19, 512, 313),
    (17, 8, 353, 207),
    (202, 391, 120, 205),
    (131, 244, 138, 279),
    (94, 299, 53, 138),
    (24, 317, 22, 351),
)
"""Women, then men: admitted and rejected, by department (R, UCBAdmissions)."""
RABBITS = tables((0, 6, 0, 5), (3, 3, 0, 6), (6, 0, 2, 4), (5, 1, 6, 0), (2, 0, 5, 0))
"""Cured and dead, given penicillin at once or late, by its level (R, ?mantelhaen.test)."""


@pytest.mark.parametrize(
    ("given", "corrected", "statistic", "p_value"),
    [
        (RABBITS, True, 3.9286, 0.04747),
        (RABBITS, False, 5.6571, 0.01738),
        (BERKELEY, True, 1.4269, 0.2323),
        (BERKELEY, False, 1.5246, 0.2169),
    ],
)
def test_cochran_mantel_haenszel_is_as_r_prints_it(
    given: Tables, corrected: bool, statistic: float, p_value: float
) -> None:
    """R 4.4, mantelhaen.test: the rabbits after Agresti, Categorical Data Analysis (1990)."""
    found = stratified.cochran_mantel_haenszel(given, corrected=corrected)
    assert float(found.statistic) == pytest.approx(statistic, abs=5e-5)
    assert float(found.p_value) == pytest.approx(p_value, abs=5e-5)


def test_woolf_is_as_r_prints_it() -> None:
    """R 4.4, ?mantelhaen.test, whose own Woolf's test adds 1/2 to each count: p 0.0034."""
    found = stratified.woolf(BERKELEY)
    assert (found.freedom, float(found.p_value)) == (5, pytest.approx(0.0034, abs=5e-5))


def test_woolf_by_hand() -> None:
    """Two strata with odds ratios of 4 and 1: weights 1 / Σ 1/n are 2 and 5."""
    found = stratified.woolf(tables((16, 8, 8, 16), (20, 20, 20, 20)), added=0)
    first, second = 1 / (2 / 16 + 2 / 8), 1 / (4 / 20)
    mean = first * math.log(4) / (first + second)
    expected = first * (math.log(4) - mean) ** 2 + second * mean**2
    assert float(found.statistic) == pytest.approx(expected)


def test_one_stratum_tests_no_homogeneity() -> None:
    assert np.isnan(stratified.woolf(tables((5, 5, 5, 5))).p_value)
    assert np.isnan(stratified.breslow_day(tables((5, 5, 5, 5))).p_value)


def test_berkeley_differs_by_department_and_is_not_reversed() -> None:
    assert pattern_of(BERKELEY) is Pattern.DIFFERS


def test_the_common_ratio_of_rates_by_hand() -> None:
    """Two strata of 20: 6/10 against 4/10 and 3/10 against 2/10. Both ratios are 1.5."""
    given = tables((6, 4, 4, 6), (3, 7, 2, 8))
    assert float(stratified.risk_ratio(given)) == pytest.approx(1.5)
    # Σ (m n n' / N² - a c / N) over Σ a n' / N · Σ c n / N
    spread = 10 * 10 * 10 / 400 - 24 / 20 + 5 * 10 * 10 / 400 - 6 / 20
    expected = math.sqrt(spread / ((6 / 2 + 3 / 2) * (4 / 2 + 2 / 2)))
    assert float(stratified.risk_ratio_error(given)) == pytest.approx(expected)


def test_weights_of_one_size_change_no_table() -> None:
    found = stratified.effective(
        Tables(*(7.5 * each for each in BERKELEY)), Tables(*(7.5**2 * each for each in BERKELEY))
    )
    for ours, given in zip(found, BERKELEY, strict=True):
        assert ours == pytest.approx(given)
