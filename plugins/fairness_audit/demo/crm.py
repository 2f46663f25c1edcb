"""The sample CRM: a seeded, invented company in PostgreSQL, as large as asked for."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np
import pyarrow as pa

from fairness_audit.demo.biases import BIASES, PlantedBias
from fairness_audit.demo.company_tables import account_table, product_table, user_table
from fairness_audit.demo.customer_tables import (
    campaign_member_table,
    campaign_table,
    case_table,
    contact_tables,
    recommendation_table,
)
from fairness_audit.demo.customers import Customers, draw_customers
from fairness_audit.demo.database import NamedTable, replace_sample
from fairness_audit.demo.decisions import score_log
from fairness_audit.demo.lead_tables import buyers, lead_table, opportunity_table
from fairness_audit.demo.leads import Leads, draw_leads
from fairness_audit.demo.models import TrainedModel, train_all
from fairness_audit.demo.people import People
from fairness_audit.demo.recipe import LEADS, SEED, Recipe
from fairness_audit.demo.survey_table import survey_table
from fairness_audit.demo.task_table import CASE_COLUMNS, LEAD_COLUMNS, task_table

Say = Callable[[str], None]

LEADS_PER_ACCOUNT = 20


@dataclass(frozen=True)
class SampleCrm:
    """A generated company before it is written: its people, and the models trained on them."""

    recipe: Recipe
    leads: Leads
    customers: Customers
    models: tuple[TrainedModel, ...]


def load(
    uri: str,
    *,
    leads: int = LEADS,
    seed: int = SEED,
    biases: Sequence[PlantedBias] = BIASES,
    say: Say = lambda line: None,
) -> SampleCrm:
    """Generate a company, train its models, and write all of it to PostgreSQL.

    Schemas ``crm``, ``survey``, ``ml`` and ``sample`` of the database are replaced. A million
    leads take under a minute on two cores.

    Raises:
        SourceError: when the database cannot be reached or written.
    """
    sample = generate(Recipe(leads, seed, tuple(biases)))
    say(f"drew {leads:,} leads and trained {len(sample.models)} model versions on their history")
    rows = write(uri, sample)
    say(f"wrote {sum(rows.values()):,} rows into {len(rows)} tables of PostgreSQL")
    return sample


def generate(recipe: Recipe) -> SampleCrm:
    """Draw the people and what they do, and train the models on the older part of it."""
    leads = draw_leads(recipe.seed, recipe.leads, recipe.biases)
    customers = draw_customers(recipe.seed, recipe.leads, recipe.biases)
    return SampleCrm(recipe, leads, customers, train_all(leads, customers))


def write(uri: str, sample: SampleCrm) -> dict[str, int]:
    """Write a generated company to PostgreSQL; return the rows per table."""
    return replace_sample(uri, sample.recipe, tables(sample))


def tables(sample: SampleCrm) -> Iterator[NamedTable]:
    """The tables of the company, each made when it is asked for, to keep memory low."""
    seed, leads, customers = sample.recipe.seed, sample.leads, sample.customers
    accounts = max(len(leads) // LEADS_PER_ACCOUNT, 1)
    contacts = len(customers) + len(buyers(leads))
    crm = partial(NamedTable, "crm")
    yield crm("users", user_table(seed))
    yield crm("products", product_table(seed))
    yield crm("accounts", account_table(seed, accounts))
    yield crm("campaigns", campaign_table(seed))
    for rows in contact_tables(seed, customers, leads, accounts):
        yield crm("contacts", rows)
    rows = lead_table(seed, leads, len(customers) + 1)
    worked_on = rows.select(LEAD_COLUMNS)
    yield crm("leads", rows)
    del rows
    yield crm("campaign_members", campaign_member_table(customers))
    yield crm("opportunities", opportunity_table(seed, leads, accounts))
    cases = case_table(seed, contacts)
    yield crm("cases", cases)
    yield crm("tasks", task_table(seed, worked_on, cases.select(CASE_COLUMNS)))
    yield crm("recommendations_shown", recommendation_table(seed, contacts))
    for rows in _surveys(sample):
        yield NamedTable("survey", "self_identification", rows)
    for rows in score_log(leads, customers, sample.models):
        yield NamedTable("ml", "score_log", rows)


def _surveys(sample: SampleCrm) -> Iterator[pa.Table]:
    leads, customers = sample.leads, sample.customers
    asked: dict[str, People] = {
        "leads": leads.people.take(np.flatnonzero(~leads.duplicate & ~leads.erased)),
        "customers": customers.people.take(np.flatnonzero(~customers.duplicate)),
    }
    first = 1
    for part, people in asked.items():
        rows = survey_table(sample.recipe.seed, part, people, first)
        first += len(rows)
        yield rows
