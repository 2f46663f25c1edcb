"""The CRM's tables about leads: the leads, and the opportunities that came of them."""

import numpy as np
import pyarrow as pa

from fairness_audit.demo import defects
from fairness_audit.demo.columns import (
    DAY,
    Bools,
    Ints,
    Words,
    generator,
    happens,
    nullable,
    numbers,
    timestamps,
)
from fairness_audit.demo.leads import Leads
from fairness_audit.demo.records import (
    COMPANIES,
    USERS,
    Columns,
    amounts,
    erased,
    identity,
    numbered,
    postcodes,
    remarks,
    some_of,
    until_today,
)
from fairness_audit.demo.timeline import TODAY, moment

STATUSES = ("Open", "Contacted", "Unqualified", "Converted", "Erased")


def opportunity_ids(leads: Leads) -> Ints:
    """The opportunity of each lead, 0 where none came of it."""
    tried = ~np.isnat(leads.closes_at)
    return np.where(tried, np.cumsum(tried), 0)


def buyers(leads: Leads) -> Ints:
    """The leads that have become contacts by today: they bought, and are not erased."""
    bought = leads.wins & (leads.closes_at <= moment(TODAY)) & ~leads.erased
    return np.flatnonzero(bought)


def lead_table(seed: int, leads: Leads, first_contact: int) -> pa.Table:
    """``crm.leads``; buyers become contacts numbered from ``first_contact``."""
    rng, size = generator(seed, "table of leads"), len(leads)
    contacts = np.zeros(size, dtype=np.int64)
    contacts[buyers(leads)] = first_contact + np.arange(len(buyers(leads)))
    opportunities = np.where(leads.erased, 0, opportunity_ids(leads))
    converted_at = np.where(opportunities > 0, leads.decided_at, np.datetime64("NaT"))
    person = identity(leads.people, leads.duplicate)
    person["company"] = Words.even(rng, COMPANIES, size).text()
    person["postcode"] = postcodes(rng, leads.people)
    person["description"] = remarks(rng, size)
    columns = (
        {"lead_id": numbered(size)}
        | erased(person, leads.erased)
        | _business(leads)
        | {
            "rating": _rating(leads),
            "status": _status(rng, leads).text(),
            "owner_id": some_of(rng, USERS, size, without=0.02),
            "converted_contact_id": nullable(contacts, contacts == 0),
            "converted_opportunity_id": nullable(opportunities, opportunities == 0),
            "created_at": timestamps(leads.created_at),
            "converted_at": timestamps(converted_at),
            "is_archived": pa.array(_archived(rng, leads)),
            "is_test": pa.array(leads.test_record),
        }
    )
    kept = ~happens(rng, defects.DELETED_LEADS, size)
    return pa.table(columns).filter(pa.array(kept))


def opportunity_table(seed: int, leads: Leads, accounts: int) -> pa.Table:
    """``crm.opportunities``: open, won and lost."""
    rng = generator(seed, "table of opportunities")
    tried = leads.take(np.flatnonzero(~np.isnat(leads.closes_at)))
    size = len(tried)
    still_open = tried.closes_at > moment(TODAY)
    stage = np.where(still_open, 2, np.where(tried.wins, 0, 1)).astype(np.int16)
    return pa.table(
        {
            "opportunity_id": numbered(size),
            "account_id": some_of(rng, accounts, size, without=0.05),
            "name": Words.even(rng, COMPANIES, size).text(),
            "stage": Words(stage, ("Closed Won", "Closed Lost", "Negotiation")).text(),
            "amount": amounts(rng.lognormal(8.0, 1.0, size)),
            "owner_id": some_of(rng, USERS, size),
            "created_at": timestamps(tried.decided_at),
            "closed_at": timestamps(until_today(tried.closes_at)),
            "is_won": nullable(tried.wins, still_open),
        }
    )


def _business(leads: Leads) -> Columns:
    interest = leads.interest
    return {
        "lead_source": leads.source.text(),
        "industry": interest.industry.text(),
        "job_level": interest.job_level.text(),
        "budget_stated": interest.budget.text(),
        "employees": numbers(interest.employees, pa.int32()),
        "website_visits": numbers(interest.visits, pa.int32()),
        "email_clicks": numbers(interest.clicks, pa.int32()),
    }


def _rating(leads: Leads) -> pa.Array:
    rating = Words(leads.rated_hot.astype(np.int16), ("Cold", "Hot"))
    return rating.without(_age_days(leads) < 7).text()  # not called yet


def _status(rng: np.random.Generator, leads: Leads) -> Words:
    codes = np.where(_age_days(leads) < 14, 0, rng.integers(1, 3, len(leads)))
    codes = np.where(np.isnat(leads.closes_at), codes, STATUSES.index("Converted"))
    codes = np.where(leads.erased, STATUSES.index("Erased"), codes)
    return Words(codes.astype(np.int16), STATUSES)


def _archived(rng: np.random.Generator, leads: Leads) -> Bools:
    old = _age_days(leads) > 365
    return old & ~leads.wins & happens(rng, defects.ARCHIVED, len(leads))


def _age_days(leads: Leads) -> Ints:
    return ((moment(TODAY) - leads.created_at) // DAY).astype(np.int64)
