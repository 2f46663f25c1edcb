"""Whether what is said of when a verdict will be reached comes true, within three points."""

import math

import pytest

from fairness_audit.statistics.outlook import PROBABILITY
from tests.builders.outlooks import Claim, claimed_and_true, claims

LIVES = 4_000
POINTS = 0.03


@pytest.mark.timeout(7200)
@pytest.mark.parametrize("weeks", [0, 2])
def test_claims_come_true(weeks: int) -> None:
    """The table shows all; of one claim alone chance explains two points."""
    print(f"\n{'ratio':>6} {'share':>6} {'rate':>5} {'a week':>7} {'week':>5} {'said':>6}   true")
    off: dict[Claim, float] = {}
    for claim in claims(weeks):
        found, true = claimed_and_true(claim, LIVES)
        told = (f"{claim.disparity:>6}", f"{claim.share:>6}", f"{claim.rate:>5}")
        if found.unit is None or found.probability is None:
            print(*told, f"{claim.per_week:>7,} not within three years")
            continue
        error = math.sqrt(true * (1 - true) / LIVES)
        print(
            *told,
            f"{claim.per_week:>7,} {found.unit:>5} {found.probability:6.2f} {true:6.2f}"
            f" ± {error:.2f}",
        )
        assert found.probability >= PROBABILITY
        off[claim] = abs(true - found.probability) - 2 * error
    assert off
    assert max(off.values()) <= POINTS, max(off, key=lambda each: off[each])
