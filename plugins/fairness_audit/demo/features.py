"""What the models may see, under the names that staging gives the CRM's columns."""

from typing import Any

import pandas as pd

from fairness_audit.demo.columns import Floats, Ints, Words
from fairness_audit.demo.customers import Customers
from fairness_audit.demo.leads import Leads


def lead_features(leads: Leads, rows: Ints) -> pd.DataFrame:
    """Everything the CRM knows of these leads that a model might be given."""
    interest = leads.interest
    words = {
        "salutation": leads.people.salutation,
        "lead_source": leads.source,
        "industry": interest.industry,
        "job_level": interest.job_level,
        "budget_stated": interest.budget,
    }
    numbers = {
        "employees": interest.employees,
        "website_visits": interest.visits,
        "email_clicks": interest.clicks,
    }
    return _frame(words, numbers, rows)


def customer_features(customers: Customers, rows: Ints) -> pd.DataFrame:
    """Everything the CRM knows of these customers that a model might be given."""
    habits = customers.habits
    words = {"tier": habits.tier, "district": customers.people.district}
    numbers = {
        "tenure_years": habits.tenure_years,
        "orders_last_year": habits.orders,
        "spend_last_year": habits.spend,
        "newsletter_opens": habits.opens,
    }
    return _frame(words, numbers, rows)


def _frame(words: dict[str, Words], numbers: dict[str, Floats], rows: Ints) -> pd.DataFrame:
    columns: dict[str, Any] = {name: each.take(rows).objects() for name, each in words.items()}
    columns |= {name: each[rows] for name, each in numbers.items()}
    return pd.DataFrame(columns)
