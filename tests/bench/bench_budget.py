"""False blocks and power over a year of weekly audits, at full size, as a table.

Run by hand (``pytest -s tests/bench/bench_budget.py``).
"""

import numpy as np
import pytest

from tests.builders.budgeted_years import (
    AUDITS,
    SHARES,
    Window,
    found_by_audit,
    share_of_years_with_an_alarm,
    year_p_values,
)

YEARS = 20_000
DRAWS = 200_000
RATES = (0.05, 0.2, 0.5)
RATIOS = (0.5, 0.6, 0.7)


@pytest.mark.timeout(600)
def test_false_blocks_per_year() -> None:
    print(f"\n{YEARS:,} years of {AUDITS} audits of a fair model, 2 x 500 rows a week")
    print(f"{'window':>14} {'rate':>5} {'this budget':>12} {'equal shares':>13} {'each 5 %':>9}")
    equal, fixed = np.full(AUDITS, 0.05 / AUDITS), np.full(AUDITS, 0.05)
    for window in Window:
        for rate in RATES:
            p = year_p_values(np.random.default_rng(2026), YEARS, window, (rate, rate))
            ours, shared, bare = (
                share_of_years_with_an_alarm(p, levels) for levels in (SHARES, equal, fixed)
            )
            print(f"{window.value:>14} {rate:5} {ours:12.2%} {shared:13.2%} {bare:9.2%}")
            assert ours <= 0.05


def test_power_per_audit() -> None:
    print(f"\nshare of {DRAWS:,} single audits that fail, 500 rows per group, reference rate 0.2")
    found = {
        ratio: found_by_audit(np.random.default_rng(2027), DRAWS, (0.2 * ratio, 0.2))
        for ratio in RATIOS
    }
    print(f"{'audit':>5} {'alpha':>9} " + " ".join(f"ratio {ratio:<5}" for ratio in RATIOS))
    for audit in (1, 2, 3, 4, 8, 13, 26, 39, 52):
        power = " ".join(f"{found[ratio][audit - 1]:<11.1%}" for ratio in RATIOS)
        print(f"{audit:5} {SHARES[audit - 1]:9.6f} {power}")
    assert found[0.5][0] >= 0.95
