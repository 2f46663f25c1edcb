"""The queries that read one Salesforce object.

SOQL has no bound values: names are those that describe gave, and all literals are moments.
"""

from collections.abc import Sequence
from datetime import UTC, datetime

from fairness_audit.sources import Scope

CREATED = "CreatedDate"


def rows(name: str, columns: Sequence[str], wanted: Scope, as_of: datetime | None) -> str:
    """Every wanted row. Bulk API 2.0 gives them in no order and allows none."""
    return _query(", ".join(columns), name, _within(wanted, as_of))


def count(name: str, wanted: Scope, as_of: datetime | None) -> str:
    """How many rows that is."""
    return _query("COUNT()", name, _within(wanted, as_of))


def undated(name: str, column: str) -> str:
    """How many rows no window can contain."""
    return _query("COUNT()", name, [f"{column} = NULL"])


def _query(what: str, name: str, limits: Sequence[str]) -> str:
    where = ["WHERE", " AND ".join(limits)] if limits else []
    return " ".join(["SELECT", what, "FROM", name, *where])


def _within(wanted: Scope, as_of: datetime | None) -> list[str]:
    limits = []
    if wanted.window is not None:
        column = wanted.window.column
        limits += [
            f"{column} >= {literal(wanted.window.start)}",
            f"{column} < {literal(wanted.window.end)}",
        ]
    if as_of is not None:
        # Rows that come while pages are read would be in some counts and not in others.
        limits.append(f"{CREATED} <= {literal(as_of)}")
    return limits


def literal(moment: datetime) -> str:
    """A moment as SOQL writes it: 2026-01-31T09:30:00.000Z."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.") + "000Z"
