"""Where records are kept."""

from fairness_audit.ledger.ledger import Entry, Ledger
from fairness_audit.ledger.verified import verified_records

__all__ = ["Entry", "Ledger", "verified_records"]
