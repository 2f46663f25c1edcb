"""Asks the gate where versions are promoted or served.

Its store is a model registry store for MLflow that asks before it promotes:
`mlflow server --registry-store-uri fairness-audit+postgresql://…` loads it by its scheme. Every
way into the registry, REST, pages and clients, meets in the store, so nothing goes round it that
goes through the server. The scheme is our own: where this package is missing, MLflow refuses the
address instead of promoting without asking.
"""

from typing import Any

SCHEME = "fairness-audit+"
"""What stands before the address of the registry's database."""


def guarded_store(store_uri: str | None = None, **_: Any) -> Any:
    """The store behind an address of ours; MLflow calls this by its entry point.

    Raises:
        SettingsError: when the address is none of ours.
    """
    from fairness_audit.guard.store import store_at

    return store_at(store_uri or "")
