"""What moves a customer to answer an offer: past orders, loyalty and the newsletters opened.

No column here depends on anything about the person, so the truth is the same for every group.
"""

from dataclasses import dataclass

import numpy as np

from fairness_audit.demo import defects
from fairness_audit.demo.columns import Floats, Rows, Words, generator, with_gaps
from fairness_audit.demo.interest import left_open

TIERS = {"basic": 0.55, "plus": 0.30, "premium": 0.15}
_BY_TIER = {"basic": -0.9, "plus": 0.4, "premium": 1.6}
_UNMOVED = -0.65  # sets the share that answers to about 38 %


@dataclass(frozen=True)
class Habits(Rows):
    """What the CRM knows of a customer's business, and the true chance of an answer."""

    tier: Words
    tenure_years: Floats
    orders: Floats
    spend: Floats
    opens: Floats
    chance: Floats


def draw_habits(seed: int, part: str, size: int) -> Habits:
    """Draw the true values, let them decide the chance, then leave gaps as people do."""
    rng = generator(seed, f"habits of {part}")
    tier = Words.draw(rng, TIERS, size)
    tenure = np.round(rng.gamma(2.0, 2.5, size), 1)
    orders = rng.poisson(rng.gamma(2.0, 2.0, size)).astype(np.float64)
    spend = np.round(orders * rng.lognormal(4.0, 0.6, size), 2)
    opens = rng.binomial(26, rng.beta(1.2, 2.0, size)).astype(np.float64)
    moved = (
        _UNMOVED
        + tier.values(_BY_TIER)
        + 0.5 * (np.log1p(tenure) - 1.6)
        + 1.4 * (np.log1p(orders) - 1.4)
        + 1.6 * (np.log1p(opens) - 2.1)
    )
    return Habits(
        tier=left_open(rng, tier),
        tenure_years=with_gaps(rng, tenure, defects.MISSING_NUMBERS),
        orders=orders,
        spend=spend,
        opens=opens,
        chance=1 / (1 + np.exp(-moved)),
    )
