"""What moves a lead to buy: the business, the budget and the interest shown.

No column here depends on anything about the person, so the truth is the same for every group.
"""

from dataclasses import dataclass

import numpy as np

from fairness_audit.demo import defects
from fairness_audit.demo.columns import (
    Floats,
    Rows,
    Words,
    generator,
    happens,
    with_gaps,
)

INDUSTRIES = {"retail": 0.30, "farming": 0.25, "building": 0.20, "public": 0.15, "hotels": 0.10}
JOB_LEVELS = {"staff": 0.45, "manager": 0.35, "director": 0.20}
BUDGETS = {"yes": 0.45, "no": 0.55}

_BY_INDUSTRY = {"retail": -0.2, "farming": 0.6, "building": 0.2, "public": -0.6, "hotels": 0.0}
_BY_JOB = {"staff": -1.1, "manager": 0.3, "director": 1.6}
_BY_BUDGET = {"yes": 1.6, "no": -1.3}
_UNMOVED = -0.75  # sets the share that buys to about 38 %


@dataclass(frozen=True)
class Interest(Rows):
    """What the CRM knows of a lead's business and interest, and the true chance of a sale."""

    industry: Words
    job_level: Words
    budget: Words
    employees: Floats
    visits: Floats
    clicks: Floats
    chance: Floats


def draw_interest(seed: int, part: str, size: int) -> Interest:
    """Draw the true values, let them decide the chance, then leave gaps as people do."""
    rng = generator(seed, f"interest of {part}")
    industry = Words.draw(rng, INDUSTRIES, size)
    job_level = Words.draw(rng, JOB_LEVELS, size)
    budget = Words.draw(rng, BUDGETS, size)
    employees = np.ceil(rng.lognormal(4.0, 1.2, size))
    visits = rng.poisson(rng.gamma(2.0, 2.0, size)).astype(np.float64)
    clicks = rng.poisson(rng.gamma(1.5, 1.5, size)).astype(np.float64)
    moved = (
        _UNMOVED
        + industry.values(_BY_INDUSTRY)
        + job_level.values(_BY_JOB)
        + budget.values(_BY_BUDGET)
        + 0.4 * (np.log10(employees) - 1.7)
        + 0.8 * (np.log1p(visits) - 1.4)
        + 0.7 * (np.log1p(clicks) - 0.9)
    )
    return Interest(
        industry=left_open(rng, industry),
        job_level=left_open(rng, job_level),
        budget=left_open(rng, budget),
        employees=with_gaps(rng, employees, defects.MISSING_NUMBERS),
        visits=visits,
        clicks=clicks,
        chance=1 / (1 + np.exp(-moved)),
    )


def left_open(rng: np.random.Generator, picks: Words) -> Words:
    """A pick list as people leave it: some NULL, some 'unknown'."""
    size = len(picks)
    words = (*picks.words, "unknown")
    unknown = happens(rng, defects.UNKNOWN_PICKS, size)
    codes = np.where(unknown, np.int16(len(words) - 1), picks.codes)
    return Words(codes, words).without(happens(rng, defects.MISSING_PICKS, size))
