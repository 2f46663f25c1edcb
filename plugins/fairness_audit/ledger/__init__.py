"""Every record, appended once, with the heads that prove it whole, and the keys."""

from fairness_audit.ledger.ledger import Entry, Ledger
from fairness_audit.ledger.verified import verified_ledger, verified_records

__all__ = ["Entry", "Ledger", "verified_ledger", "verified_records"]
