"""Where records are kept."""

from fairness_audit.ledger.heads import Heads
from fairness_audit.ledger.ledger import Entry, Ledger
from fairness_audit.ledger.verified import verified_ledger, verified_records
from fairness_audit.settings import Settings

__all__ = ["Entry", "Ledger", "ledger_of", "verified_ledger", "verified_records"]


def ledger_of(settings: Settings) -> Ledger:
    """The ledger of an installation, with the second place of its signed heads."""
    return Ledger(settings.ledger_url, Heads(settings.heads))
