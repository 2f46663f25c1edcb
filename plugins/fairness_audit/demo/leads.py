"""Leads: who asked, what the company noted about them, and who really bought.

Who buys depends on the lead's business and interest and on nothing about the person. How the
salespeople rated a lead depends on the person too, where a bias is planted.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from fairness_audit.demo import defects
from fairness_audit.demo.biases import (
    PHONE_RATED_COLD,
    WOMEN_RATED_COLD,
    PlantedBias,
    planted_size,
)
from fairness_audit.demo.columns import (
    DAY,
    MINUTE,
    Bools,
    Rows,
    Times,
    Words,
    generator,
    happens,
    without_some,
)
from fairness_audit.demo.interest import Interest, draw_interest
from fairness_audit.demo.people import AGE_BANDS, People, draw_people
from fairness_audit.demo.timeline import LEAD_TIMELINE, TODAY, moment

INTAKE_BEFORE_WINDOW = 0.28
"""Share of the leads from the year before the window; a new web shop then brought more."""

PHONE = "phone"
SOURCES = {"web": 0.45, "fair": 0.20, "partner": 0.25, PHONE: 0.10}
SOURCES_AGED = {"web": 0.20, "fair": 0.10, "partner": 0.15, PHONE: 0.55}

MATURITY = LEAD_TIMELINE.maturity_days * DAY
_LONGEST_RETURN = 40


@dataclass(frozen=True)
class Leads(Rows):
    """One row per CRM record of a lead, in the order they came in; duplicates included.

    ``wins`` says how the lead ends, ``closes_at`` when: NaT if no opportunity came of it, and
    later than today if it is still open.
    """

    people: People
    interest: Interest
    source: Words
    created_at: Times
    decided_at: Times
    wins: Bools
    closes_at: Times
    rated_hot: Bools
    duplicate: Bools
    erased: Bools
    test_record: Bools

    def __len__(self) -> int:
        return len(self.created_at)

    @property
    def won(self) -> Bools:
        """Won within the maturity period: the outcome of the decision."""
        return self.wins & (self.closes_at <= self.decided_at + MATURITY)


def draw_leads(seed: int, size: int, biases: Sequence[PlantedBias]) -> Leads:
    """Draw ``size`` records of leads, a few of them of people who are in the CRM already."""
    duplicates = round(size * defects.DUPLICATE_LEADS)
    leads = _draw_originals(seed, size - duplicates, biases)
    return _with_duplicates(seed, leads, duplicates)


def _draw_originals(seed: int, size: int, biases: Sequence[PlantedBias]) -> Leads:
    rng = generator(seed, "leads")
    created_at = _arrivals(rng, size)
    decided_at = created_at + rng.integers(5, 120, size) * MINUTE
    people = draw_people(seed, "leads", decided_at, first_number=1)
    interest = draw_interest(seed, "leads", size)
    shares = dict.fromkeys(AGE_BANDS, SOURCES) | {"65+": SOURCES_AGED}
    source = Words.draw_by(rng, people.age_band, shares)
    wins = rng.random(size) < interest.chance
    return Leads(
        people=people,
        interest=interest,
        source=source,
        created_at=created_at,
        decided_at=decided_at,
        wins=wins,
        closes_at=_ends(rng, decided_at, wins),
        rated_hot=_ratings(rng, people, source, interest, biases),
        duplicate=np.zeros(size, dtype=np.bool_),
        erased=happens(rng, defects.ERASED_LEADS, size),
        test_record=happens(rng, defects.TEST_RECORDS, size),
    )


def _with_duplicates(seed: int, leads: Leads, duplicates: int) -> Leads:
    """Some people ask again and are entered again; the first record keeps the opportunity."""
    rng = generator(seed, "duplicate leads")
    long_ago = np.flatnonzero(leads.created_at < moment(TODAY) - _LONGEST_RETURN * DAY)
    again = leads.take(rng.choice(long_ago, duplicates, replace=False))
    later = rng.integers(1, _LONGEST_RETURN, duplicates) * DAY
    nobody = np.zeros(duplicates, dtype=np.bool_)
    again = replace(
        again,
        created_at=again.created_at + later,
        decided_at=again.decided_at + later,
        wins=nobody,
        closes_at=np.full(duplicates, np.datetime64("NaT"), dtype=again.closes_at.dtype),
        duplicate=~nobody,
        erased=nobody,
        test_record=nobody,
    )
    both = leads.joined(again)
    return both.take(np.argsort(both.created_at, kind="stable"))


def _arrivals(rng: np.random.Generator, size: int) -> Times:
    start, window = moment(LEAD_TIMELINE.history_start), moment(LEAD_TIMELINE.window_start)
    last = moment(TODAY) - 3 * 60 * MINUTE
    early = happens(rng, INTAKE_BEFORE_WINDOW, size)
    begin, end = np.where(early, start, window), np.where(early, window, last)
    after = (end - begin).astype(np.int64) * rng.random(size)
    arrivals: Times = begin + after.astype("timedelta64[us]")
    return arrivals


def _ends(rng: np.random.Generator, decided_at: Times, wins: Bools) -> Times:
    """Winners close within the maturity period or, a few, late; of the others some try."""
    size = len(wins)
    days = rng.integers(3, LEAD_TIMELINE.maturity_days - 1, size)
    late = happens(rng, defects.LATE_OUTCOMES, size)
    days = np.where(late, rng.integers(LEAD_TIMELINE.maturity_days + 1, 150, size), days)
    tried = wins | happens(rng, 0.3, size)
    ends = decided_at + days * DAY + rng.integers(0, 600, size) * MINUTE
    return np.where(tried, ends, np.datetime64("NaT"))


def _ratings(
    rng: np.random.Generator,
    people: People,
    source: Words,
    interest: Interest,
    biases: Sequence[PlantedBias],
) -> Bools:
    """What salespeople call hot: right about as often as chance allows, except for the biases."""
    promising = rng.random(len(source)) < interest.chance
    women, phoned = people.gender.among("F"), source.among(PHONE)
    rated = without_some(rng, promising, women, planted_size(biases, WOMEN_RATED_COLD))
    return without_some(rng, rated, phoned, planted_size(biases, PHONE_RATED_COLD))
