"""The CRM's tables about customers: contacts, campaign members, cases, recommendations."""

import numpy as np
import pyarrow as pa

from fairness_audit.demo import defects
from fairness_audit.demo.columns import (
    DAY,
    MINUTE,
    Bools,
    Times,
    Words,
    generator,
    happens,
    nullable,
    numbers,
    timestamps,
)
from fairness_audit.demo.customers import CAMPAIGNS, EVERY, Customers, campaign_starts
from fairness_audit.demo.habits import Habits, draw_habits
from fairness_audit.demo.lead_tables import buyers
from fairness_audit.demo.leads import Leads
from fairness_audit.demo.people import People
from fairness_audit.demo.records import (
    USERS,
    amounts,
    identity,
    numbered,
    postcodes,
    remarks,
    some_of,
    until_today,
)
from fairness_audit.demo.timeline import TODAY, moment
from fairness_audit.demo.wording import PRODUCTS, SUBJECTS

NOBODY_WAS_BORN_THEN = np.datetime64("1900-01-01", "D")


def contact_tables(
    seed: int, customers: Customers, leads: Leads, accounts: int
) -> tuple[pa.Table, pa.Table]:
    """``crm.contacts``: the customers, and below them the leads that have bought since."""
    new = leads.take(buyers(leads))
    nobody = np.zeros(len(new), dtype=np.bool_)
    habits = draw_habits(seed, "buyers", len(new))
    return (
        _contacts(
            generator(seed, "table of contacts"),
            first=1,
            accounts=accounts,
            people=customers.people,
            habits=customers.habits,
            created_at=customers.created_at,
            duplicate=customers.duplicate,
            test_record=customers.test_record,
        ),
        _contacts(
            generator(seed, "table of buyers"),
            first=len(customers) + 1,
            accounts=accounts,
            people=new.people,
            habits=habits,
            created_at=new.closes_at,
            duplicate=nobody,
            test_record=nobody,
        ),
    )


def _contacts(
    rng: np.random.Generator,
    *,
    first: int,
    accounts: int,
    people: People,
    habits: Habits,
    created_at: Times,
    duplicate: Bools,
    test_record: Bools,
) -> pa.Table:
    size = len(created_at)
    columns = (
        {
            "contact_id": numbered(size, first),
            "account_id": some_of(rng, accounts, size, without=0.05),
        }
        | identity(people, duplicate)
        | {
            "birth_date": _birth_dates(rng, people),
            "postcode": postcodes(rng, people),
            "tier": habits.tier.text(),
            "tenure_years": nullable(habits.tenure_years, np.isnan(habits.tenure_years)),
            "orders_last_year": numbers(habits.orders, pa.int32()),
            "spend_last_year": amounts(habits.spend),
            "newsletter_opens": numbers(habits.opens, pa.int32()),
            "created_at": timestamps(created_at),
            "is_archived": pa.array(happens(rng, 0.05, size)),
            "is_test": pa.array(test_record),
            "notes": remarks(rng, size),
        }
    )
    return pa.table(columns)


def _birth_dates(rng: np.random.Generator, people: People) -> pa.Array:
    size = len(people.number)
    placeholder = happens(rng, defects.PLACEHOLDER_BIRTH_DATES, size)
    dates = np.where(placeholder, NOBODY_WAS_BORN_THEN, people.birth_date)
    return nullable(dates, happens(rng, defects.MISSING_BIRTH_DATES, size))


def campaign_table(seed: int) -> pa.Table:
    """``crm.campaigns``: one every fortnight."""
    rng, starts = generator(seed, "table of campaigns"), campaign_starts()
    product = rng.integers(0, len(PRODUCTS), CAMPAIGNS)
    names = [f"{PRODUCTS[each]} offer {number + 1}" for number, each in enumerate(product)]
    days = starts.astype("datetime64[D]")
    return pa.table(
        {
            "campaign_id": numbered(CAMPAIGNS),
            "name": pa.array(names),
            "channel": pa.repeat("newsletter and post", CAMPAIGNS),
            "product_id": pa.array(product + 1),
            "starts_on": pa.array(days),
            "ends_on": pa.array(days + EVERY * DAY),
            "budget": amounts(np.round(rng.lognormal(9.0, 0.3, CAMPAIGNS), -2)),
        }
    )


def campaign_member_table(customers: Customers) -> pa.Table:
    """``crm.campaign_members``: who was told of an offer, and who answered when."""
    answered_at = until_today(customers.answered_at)
    status = Words((~np.isnat(answered_at)).astype(np.int16), ("Sent", "Responded"))
    return pa.table(
        {
            "member_id": numbered(len(customers)),
            "campaign_id": pa.array(customers.campaign + 1),
            "contact_id": numbered(len(customers)),
            "status": status.text(),
            "added_at": timestamps(customers.decided_at),
            "responded_at": timestamps(answered_at),
        }
    )


def case_table(seed: int, contacts: int) -> pa.Table:
    """``crm.cases``: what customers wrote in about."""
    size = contacts // 5
    rng = generator(seed, "table of cases")
    opened = moment(TODAY) - rng.integers(60, 400 * 24 * 60, size) * MINUTE
    closed = until_today(opened + rng.integers(30, 30 * 24 * 60, size) * MINUTE)
    status = Words(np.isnat(closed).astype(np.int16), ("Closed", "Open"))
    shares = {"normal": 0.7, "high": 0.2, "urgent": 0.1}
    return pa.table(
        {
            "case_id": numbered(size),
            "contact_id": some_of(rng, contacts, size),
            "subject": Words.even(rng, SUBJECTS, size).text(),
            "description": remarks(rng, size),
            "priority": Words.draw(rng, shares, size).text(),
            "status": status.text(),
            "owner_id": some_of(rng, USERS, size, without=0.1),
            "opened_at": timestamps(opened),
            "closed_at": timestamps(closed),
        }
    )


def recommendation_table(seed: int, contacts: int) -> pa.Table:
    """``crm.recommendations_shown``: which product the web shop put in front of whom."""
    size = contacts // 2
    rng = generator(seed, "table of recommendations")
    position = rng.integers(1, 5, size)
    return pa.table(
        {
            "recommendation_id": numbered(size),
            "contact_id": some_of(rng, contacts, size),
            "product_id": some_of(rng, len(PRODUCTS), size),
            "position": pa.array(position.astype(np.int16)),
            "shown_at": timestamps(moment(TODAY) - rng.integers(0, 200 * 24 * 60, size) * MINUTE),
            "clicked": pa.array(rng.random(size) < 0.12 / position),
        }
    )
