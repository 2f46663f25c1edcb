"""Who wins and who loses if a candidate replaces the version in production."""

from fairness_audit.steps.compare.compare import compare

__all__ = ["compare"]
