"""Assemble: a snapshot in, one row per decision out, and an account of every row that is not."""

from fairness_audit.steps.assemble.assemble import assemble, read_losses

__all__ = ["assemble", "read_losses"]
