"""The small tables that Great Expectations judges: counts only, so no row can reach its pages."""

from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from fairness_audit.engine import locked_connection, statement
from fairness_audit.records.population import Population
from fairness_audit.validate.wording import plain


@dataclass(frozen=True)
class Tables:
    """``profile`` has one row about the population, ``groups`` one per attribute and group."""

    profile: pd.DataFrame
    groups: pd.DataFrame


def count(population: Population, sql: Path) -> Tables:
    """Count the population in one scan per table; group names come out as plain text."""
    bound = {"path": str(population.path)}
    with locked_connection([population.path.parent]) as connection:
        profile, groups = (
            connection.sql(statement(sql / "validate" / f"{name}.sql"), params=bound).df()
            for name in ("profile", "groups")
        )
    groups["attribute_group"] = groups["attribute_group"].map(plain)
    return Tables(profile, groups)
