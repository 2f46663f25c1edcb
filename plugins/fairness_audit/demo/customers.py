"""Customers, the offers they were sent, and who answered.

Each campaign is announced to all its members by newsletter; a model picks who also gets the
voucher by post. So everybody can answer, and the outcome of every decision is known. Who answers
depends on the customer's business with the company and on nothing about the person, except that
answers were lost where a bias is planted.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from fairness_audit.demo import defects
from fairness_audit.demo.biases import VOUCHERS_UNDELIVERED, PlantedBias, planted_size
from fairness_audit.demo.columns import (
    DAY,
    MINUTE,
    Bools,
    Ints,
    Rows,
    Times,
    Words,
    generator,
    happens,
    without_some,
)
from fairness_audit.demo.habits import Habits, draw_habits
from fairness_audit.demo.people import BELMAR_DISTRICTS, People, draw_people
from fairness_audit.demo.timeline import OFFER_TIMELINE, moment

CUSTOMERS_PER_LEAD = 0.8
FIRST_NUMBER = 500_000_000
"""Customers are numbered apart from leads, as people."""

EVERY = 14  # days between campaigns
_IN_HISTORY = OFFER_TIMELINE.history_days // EVERY
_IN_WINDOW = OFFER_TIMELINE.window_days // EVERY
_SINCE = OFFER_TIMELINE.maturity_days // EVERY
CAMPAIGNS = _IN_HISTORY + _IN_WINDOW + _SINCE
MEMBERS = {"history": 0.22, "window": 0.70, "recent": 0.08}
"""Shares of the members by the period of their campaign; the audiences have grown."""


@dataclass(frozen=True)
class Customers(Rows):
    """One row per CRM record of a customer, duplicates included, each in one campaign.

    ``answered_at`` is NaT for those who did not answer; it may lie after today.
    """

    people: People
    habits: Habits
    created_at: Times
    campaign: Ints  # counts from 0
    decided_at: Times
    answered_at: Times
    duplicate: Bools
    test_record: Bools

    def __len__(self) -> int:
        return len(self.created_at)

    @property
    def responded(self) -> Bools:
        """Answered within the maturity period: the outcome of the decision."""
        return self.answered_at <= self.decided_at + OFFER_TIMELINE.maturity_days * DAY


def campaign_starts() -> Times:
    """The day each campaign starts, a Monday every fortnight."""
    return moment(OFFER_TIMELINE.history_start) + np.arange(CAMPAIGNS) * EVERY * DAY


def draw_customers(seed: int, leads: int, biases: Sequence[PlantedBias]) -> Customers:
    """Draw the customers of a company with so many leads, a few of them entered twice."""
    size = round(leads * CUSTOMERS_PER_LEAD)
    duplicates = round(size * defects.DUPLICATE_CONTACTS)
    customers = _draw_originals(seed, size - duplicates, biases)
    return _with_duplicates(seed, customers, duplicates)


def _draw_originals(seed: int, size: int, biases: Sequence[PlantedBias]) -> Customers:
    rng = generator(seed, "customers")
    campaign = _campaigns(rng, size)
    decided_at = campaign_starts()[campaign] + rng.integers(360, 600, size) * MINUTE
    people = draw_people(seed, "customers", decided_at, FIRST_NUMBER)
    habits = draw_habits(seed, "customers", size)
    joined = moment(OFFER_TIMELINE.history_start) - rng.integers(30, 4000, size) * DAY
    return Customers(
        people=people,
        habits=habits,
        created_at=joined + rng.integers(0, 24 * 60, size) * MINUTE,
        campaign=campaign,
        decided_at=decided_at,
        answered_at=_answers(rng, people, habits, decided_at, biases),
        duplicate=np.zeros(size, dtype=np.bool_),
        test_record=happens(rng, defects.TEST_RECORDS, size),
    )


def _with_duplicates(seed: int, customers: Customers, duplicates: int) -> Customers:
    """The same person entered again: a second record, in the same campaign, that never answers."""
    rng = generator(seed, "duplicate contacts")
    again = customers.take(rng.choice(len(customers), duplicates, replace=False))
    again = replace(
        again,
        created_at=again.created_at + rng.integers(1, 29, duplicates) * DAY,
        answered_at=np.full(duplicates, np.datetime64("NaT"), dtype=again.answered_at.dtype),
        duplicate=np.ones(duplicates, dtype=np.bool_),
        test_record=np.zeros(duplicates, dtype=np.bool_),
    )
    both = customers.joined(again)
    return both.take(np.argsort(both.created_at, kind="stable"))


def _campaigns(rng: np.random.Generator, size: int) -> Ints:
    first = {"history": 0, "window": _IN_HISTORY, "recent": _IN_HISTORY + _IN_WINDOW}
    many = {"history": _IN_HISTORY, "window": _IN_WINDOW, "recent": _SINCE}
    period = Words.draw(rng, MEMBERS, size)
    within = np.floor(rng.random(size) * period.values(many))
    return (period.values(first) + within).astype(np.int64)


def _answers(
    rng: np.random.Generator,
    people: People,
    habits: Habits,
    decided_at: Times,
    biases: Sequence[PlantedBias],
) -> Times:
    size = len(decided_at)
    days = rng.integers(1, OFFER_TIMELINE.maturity_days - 1, size)
    late = happens(rng, defects.LATE_OUTCOMES, size)
    days = np.where(late, rng.integers(OFFER_TIMELINE.maturity_days + 1, 70, size), days)
    answered = rng.random(size) < habits.chance
    undelivered = people.district.among(*BELMAR_DISTRICTS)
    undelivered &= decided_at < moment(OFFER_TIMELINE.window_start)
    answered = without_some(rng, answered, undelivered, planted_size(biases, VOUCHERS_UNDELIVERED))
    times = decided_at + days * DAY + rng.integers(0, 800, size) * MINUTE
    return np.where(answered, times, np.datetime64("NaT"))
