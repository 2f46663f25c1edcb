"""The same subjects decided about twice: against published figures, statsmodels, and by hand."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fairness_audit.statistics.paired import Pairs, mcnemar_mid_p, paired_newcombe

cells = st.integers(0, 80)
tables = st.tuples(cells, cells, cells, cells).filter(lambda table: sum(table) > 0)


def test_the_published_example() -> None:
    """Bentur et al. (2009), airway hyper-responsiveness before and after: 1, 1, 7 and 12.

    Fagerland, Lydersen & Laake, Statistics in Medicine 33 (2014) 2850: -0.507 to -0.026; BMC
    Medical Research Methodology 13 (2013) 91: mid-p 0.039.
    """
    pairs = Pairs.of(both=1, gained=1, lost=7, neither=12)
    low, high = paired_newcombe(pairs, 0.95)
    assert pairs.difference[0] == pytest.approx(-6 / 21)
    assert (low[0], high[0]) == pytest.approx((-0.507, -0.026), abs=5e-4)
    assert mcnemar_mid_p(pairs)[0] == pytest.approx(0.039, abs=5e-4)


def test_by_hand() -> None:
    """Of 100, 30 both, 10 gained, 20 lost, 40 neither: rates 0.5 before and 0.4 after."""
    low, high = paired_newcombe(Pairs.of(30, 10, 20, 40), 0.95)
    z2 = 1.959963984540054**2

    def wilson(x: int) -> tuple[float, float]:
        p = x / 100
        centre = (p + z2 / 200) / (1 + z2 / 100)
        half = math.sqrt(z2 * (p * (1 - p) / 100 + z2 / 40_000)) / (1 + z2 / 100)
        return centre - half, centre + half

    (l1, u1), (l2, u2) = wilson(50), wilson(40)
    phi = (30 * 40 - 10 * 20 - 50) / math.sqrt(50 * 50 * 40 * 60)
    a, b = 0.4 - l2, u1 - 0.5
    assert low[0] == pytest.approx(-0.1 - math.sqrt(a * a - 2 * phi * a * b + b * b))
    a, b = u2 - 0.4, 0.5 - l1
    assert high[0] == pytest.approx(-0.1 + math.sqrt(a * a - 2 * phi * a * b + b * b))


def test_mid_p_by_hand() -> None:
    """One of four changed for the better: 2·(1 + 4)/16 less the chance of just that, 4/16."""
    assert mcnemar_mid_p(Pairs.of(5, 1, 3, 5))[0] == pytest.approx(6 / 16)
    assert mcnemar_mid_p(Pairs.of(5, 0, 5, 5))[0] == pytest.approx(1 / 32)
    assert mcnemar_mid_p(Pairs.of(5, 0, 0, 5))[0] == 1
    assert mcnemar_mid_p(Pairs.of(0, 2, 2, 0))[0] == pytest.approx(1 - 3 / 16)


@given(tables)
def test_mid_p_is_the_exact_p_less_the_chance_of_just_that(
    table: tuple[int, int, int, int],
) -> None:
    from scipy.stats import binom
    from statsmodels.stats.contingency_tables import mcnemar

    both, gained, lost, neither = table
    exact = mcnemar([[both, gained], [lost, neither]], exact=True).pvalue
    point = binom.pmf(gained, gained + lost, 0.5)
    if gained != lost:
        assert mcnemar_mid_p(Pairs.of(*table))[0] == pytest.approx(exact - point)
    else:
        assert exact == pytest.approx(1)


@given(tables)
def test_the_interval_holds_the_difference_and_turns_with_it(
    table: tuple[int, int, int, int],
) -> None:
    both, gained, lost, neither = table
    pairs = Pairs.of(*table)
    low, high = paired_newcombe(pairs, 0.95)
    assert -1 <= low[0] <= pairs.difference[0] + 1e-12
    assert pairs.difference[0] - 1e-12 <= high[0] <= 1
    turned = paired_newcombe(Pairs.of(both, lost, gained, neither), 0.95)
    assert (turned.low[0], turned.high[0]) == pytest.approx((-high[0], -low[0]))


def test_nobody_has_no_rate() -> None:
    pairs = Pairs.of(0, 0, 0, 0)
    assert np.isnan(pairs.difference[0])
    assert np.isnan(paired_newcombe(pairs, 0.95).low[0])


@pytest.mark.parametrize(
    ("p", "gain", "loss"), [(0.4, 0.1, 0.1), (0.3, 0.15, 0.05), (0.1, 0.02, 0.02)]
)
def test_it_covers_what_it_says(p: float, gain: float, loss: float) -> None:
    rng = np.random.default_rng(7)
    drawn = rng.multinomial(200, [p, gain, loss, 1 - p - gain - loss], size=20_000)
    low, high = paired_newcombe(Pairs(*drawn.T.astype(float)), 0.95)
    covered = np.mean((low <= gain - loss) & (gain - loss <= high))
    assert 0.94 <= covered <= 0.99
