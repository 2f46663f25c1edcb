"""Every record, appended once, with the heads that prove it whole, and the keys."""

from fairness_audit.ledger.entry import Entry
from fairness_audit.ledger.ledger import Ledger
from fairness_audit.ledger.verified import heads_of, verified_ledger, verified_records

__all__ = ["Entry", "Ledger", "heads_of", "verified_ledger", "verified_records"]
