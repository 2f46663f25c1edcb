"""Who wins and who loses if a candidate replaces the version in production."""

from fairness_audit.comparison.compare import compare

__all__ = ["compare"]
