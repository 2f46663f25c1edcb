"""Writes `docs/reference.md` from what the code says: `make docs`."""

from fairness_audit.cli.reference.page import reference

__all__ = ["reference"]
