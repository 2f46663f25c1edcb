"""The CRM's tables about the company itself and its business customers."""

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from fairness_audit.demo.columns import (
    DAY,
    Times,
    Words,
    generator,
    numbers,
    timestamps,
    with_gaps,
)
from fairness_audit.demo.interest import INDUSTRIES, left_open
from fairness_audit.demo.people import DISTRICTS
from fairness_audit.demo.records import COMPANIES, USERS, amounts, numbered, remarks, some_of
from fairness_audit.demo.timeline import LEAD_TIMELINE, moment
from fairness_audit.demo.wording import FIRST_NAMES, LAST_NAMES, PRODUCT_FAMILIES, PRODUCTS


def user_table(seed: int) -> pa.Table:
    """``crm.users``: the salespeople and those who serve cases."""
    rng = generator(seed, "table of users")
    first = Words.even(rng, [name for names in FIRST_NAMES.values() for name in names], USERS)
    last = Words.even(rng, LAST_NAMES, USERS)
    digits = pc.utf8_lpad(numbered(USERS).cast(pa.string()), 3, "0")
    return pa.table(
        {
            "user_id": numbered(USERS),
            "name": pc.binary_join_element_wise(first.text(), last.text(), " "),
            "email": pc.binary_join_element_wise("user", digits, "@example.com", ""),
            "role": Words.draw(rng, {"sales": 0.7, "service": 0.25, "admin": 0.05}, USERS).text(),
            "is_active": pa.array(rng.random(USERS) < 0.9),
            "created_at": timestamps(_long_ago(rng, USERS)),
        }
    )


def product_table(seed: int) -> pa.Table:
    """``crm.products``."""
    rng, size = generator(seed, "table of products"), len(PRODUCTS)
    return pa.table(
        {
            "product_id": numbered(size),
            "name": pa.array(PRODUCTS),
            "family": Words.even(rng, PRODUCT_FAMILIES, size).text(),
            "list_price": amounts(rng.lognormal(5.0, 1.0, size)),
            "is_active": pa.array(rng.random(size) < 0.9),
        }
    )


def account_table(seed: int, accounts: int) -> pa.Table:
    """``crm.accounts``: the businesses the contacts work for."""
    rng = generator(seed, "table of accounts")
    street = pc.utf8_lpad(pa.array(rng.integers(0, 1000, accounts)).cast(pa.string()), 3, "0")
    district = Words.even(rng, DISTRICTS, accounts).text()
    return pa.table(
        {
            "account_id": numbered(accounts),
            "name": Words.even(rng, COMPANIES, accounts).text(),
            "industry": left_open(rng, Words.draw(rng, INDUSTRIES, accounts)).text(),
            "employees": numbers(
                with_gaps(rng, np.ceil(rng.lognormal(4.0, 1.2, accounts)), 0.1), pa.int32()
            ),
            "postcode": pc.binary_join_element_wise(district, street, ""),
            "owner_id": some_of(rng, USERS, accounts, without=0.05),
            "created_at": timestamps(_long_ago(rng, accounts)),
            "description": remarks(rng, accounts),
        }
    )


def _long_ago(rng: np.random.Generator, size: int) -> Times:
    return moment(LEAD_TIMELINE.history_start) - rng.integers(1, 3000, size) * DAY
