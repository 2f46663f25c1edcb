"""Scheduled fairness audits of CRM models, with signed records and a promotion gate."""

__version__ = "0.1.0"
