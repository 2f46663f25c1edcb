"""The small tables that Great Expectations judges: counts only, so no row can reach its pages."""

from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from fairness_audit.engine.duckdb import exactly, locked_connection, statement
from fairness_audit.policy.base import UNKNOWN
from fairness_audit.policy.model import AuditPolicy
from fairness_audit.records.population import Population
from fairness_audit.text import html_safe


@dataclass(frozen=True)
class Tables:
    """``profile`` has one row about the population, ``groups`` one per attribute and group.

    The column ``least`` of both is the smallest number of people that may be told.
    """

    profile: pd.DataFrame
    groups: pd.DataFrame


SMALL_GROUPS = "other small groups"
"""All groups that are small and not named by the policy, together.

A column that should hold groups may hold free text; a rare value is then of a single person.
"""


def count(policy: AuditPolicy, population: Population, sql: Path) -> Tables:
    """Count the population in one scan per table; group names come out as plain text."""
    bound = {"path": exactly(population.path)}
    with locked_connection([population.path.parent]) as connection:
        profile, groups = (
            connection.sql(statement(sql / "validate" / f"{name}.sql"), params=bound).df()
            for name in ("profile", "groups")
        )
    least = policy.min_group_size
    return Tables(profile.assign(least=least), _named(groups, policy).assign(least=least))


def _named(groups: pd.DataFrame, policy: AuditPolicy) -> pd.DataFrame:
    """The groups under the names that may be shown; those of one name are counted together."""
    shown = {(name, UNKNOWN) for name in policy.attributes}
    for name, attribute in policy.attributes.items():
        stated = attribute.reference_population
        shown |= {(name, html_safe(group)) for group in stated.shares} if stated else set()
        shown.add((name, html_safe(attribute.reference_group)))
    keys = ["attribute", "attribute_group"]
    groups["attribute_group"] = groups["attribute_group"].map(html_safe)
    counted = groups.groupby(keys, as_index=False).sum()
    small = counted["decisions"] < policy.min_group_size
    pairs = zip(*(counted[key] for key in keys), strict=True)
    unnamed = pd.Series([pair not in shown for pair in pairs], counted.index, dtype=bool)
    counted.loc[small & unnamed, "attribute_group"] = SMALL_GROUPS
    return counted.groupby(keys, as_index=False).sum()
